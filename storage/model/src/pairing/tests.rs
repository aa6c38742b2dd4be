//! Names of frameworks, and what headers and people make of them.

use proptest::prelude::*;

use super::*;
use crate::role::role;

fn by_name<'a>(names: &[&'a str]) -> Vec<(&'a str, Option<TopicRole>)> {
    names.iter().map(|name| (*name, role(name))).collect()
}

fn origins(names: &[&str]) -> Vec<String> {
    let pairs = pair(by_name(names), &[]);
    pairs.iter().map(|pair| format!("{} <- {}", pair.origin, pair.destination)).collect()
}

#[test]
fn each_spelling_leads_to_its_origin() {
    for name in [
        "orders-dlt",
        "orders.DLT",
        "orders.dlq",
        "orders-DLQ",
        "orders_error",
        "orders_skipped",
        "orders.errors",
        "orders-error",
        "orders.dead-letter",
        "orders.dead",
        "poison-orders",
        "orders.poison_queue",
        "orders/$DeadLetterQueue",
        "orders/Subscriptions/billing/$deadletterqueue",
        "error.orders.billing",
        "dlq.orders",
        "dlq-orders",
        "dead-letter-topic-orders",
        "orders-billing-DLQ",
        "orders-retry",
        "orders-retry-0",
        "orders-retry-1000",
        "orders-retry-16000-0",
        "orders_retry_5000",
        "orders.retry.3",
        "orders-billing-RETRY",
        "retry.orders",
        "billing-orders-delay-30",
        "orders-retry-dlt",
        "orders-dlq.fifo",
    ] {
        assert_eq!(origins(&["billing", "orders", name]), [format!("orders <- {name}")]);
    }
    assert_eq!(
        origins(&["shop.orders", "shop.dead_letter.orders", "retry.shop.orders"]),
        ["shop.orders <- retry.shop.orders", "shop.orders <- shop.dead_letter.orders"]
    );
    let pulsar = ["persistent://public/default/orders", "persistent://public/default/orders-billing-DLQ"];
    assert_eq!(origins(&pulsar), [format!("{} <- {}", pulsar[0], pulsar[1])]);
    assert_eq!(origins(&["orders.fifo", "orders-dlq.fifo"]), ["orders.fifo <- orders-dlq.fifo"]);
}

#[test]
fn the_whole_rest_counts_before_a_part_and_the_longest_of_parts() {
    let names = ["orders", "orders-eu", "payments", "orders-eu-dlt", "orders-eu-billing-DLQ", "orders-payments-DLQ"];
    let expected =
        ["orders <- orders-payments-DLQ", "orders-eu <- orders-eu-billing-DLQ", "orders-eu <- orders-eu-dlt"];
    assert_eq!(origins(&names), expected);
    // Numbers of an origin stay, those of attempts do not count.
    assert_eq!(
        origins(&["orders", "orders-1", "orders-1-retry-0", "orders-1-dlt"]),
        ["orders-1 <- orders-1-retry-0", "orders-1 <- orders-1-dlt"]
    );
    assert_eq!(origins(&["errors", "errors-dlt"]), ["errors <- errors-dlt"]);
}

#[test]
fn names_of_nobody_stay_alone() {
    assert_eq!(origins(&["orders", "dlq", "reorders-dlt", "graveyard", "order-dlt", "dead-letter-topic-in"]), [""; 0]);
}

#[test]
fn roles_count_however_they_were_found() {
    let given = [("orders", None), ("orders.graveyard", Some(TopicRole::DeadLetter)), ("orders-dlt", None)];
    let expected = made("orders", "orders.graveyard", TopicRole::DeadLetter, Reason::Name, 0);
    assert_eq!(pair(given, &[]), [expected]);
}

fn pin(origin: &str, retry: Option<&str>, dead_letter: Option<&str>) -> Pin {
    Pin { origin: origin.into(), retry: retry.map(str::to_owned), dead_letter: dead_letter.map(str::to_owned) }
}

#[test]
fn a_pin_counts_before_a_name() {
    let pins = [pin("orders", Some("again"), Some("graveyard")), pin("payments", None, Some("orders-dlt"))];
    let pairs = pair(by_name(&["orders", "payments", "graveyard", "orders-dlt", "orders-retry"]), &pins);
    let expected = [
        made("orders", "again", TopicRole::Retry, Reason::Pinned, 0),
        made("orders", "orders-retry", TopicRole::Retry, Reason::Name, 0),
        made("orders", "graveyard", TopicRole::DeadLetter, Reason::Pinned, 0),
        made("payments", "orders-dlt", TopicRole::DeadLetter, Reason::Pinned, 0),
    ];
    assert_eq!(pairs, expected);
}

fn dead<'a>(destination: &'a str, origin: &'a str, count: u64) -> Observed<'a> {
    Observed { destination, role: TopicRole::DeadLetter, origin, count }
}

#[test]
fn headers_count_before_names_and_beside_pins() {
    let pins = [pin("orders", None, Some("graveyard"))];
    let names = ["orders", "payments", "graveyard", "orders-dlt", "orders-retry", "payments-dlt"];
    let seen = [
        // Everybody's dead letters.
        dead("graveyard", "payments", 3),
        dead("graveyard", "orders", 17),
        // The name lies, or it is confirmed.
        dead("orders-dlt", "shipments", 2),
        dead("payments-dlt", "payments", 4),
        dead("payments-dlt", "payments", 1),
        Observed { destination: "again", role: TopicRole::Retry, origin: "orders", count: 5 },
        // What is no evidence.
        dead("orders-retry", "payments", 0),
        dead("orders", "orders", 9),
    ];
    let pairs = confirm(pair(by_name(&names), &pins), seen);
    let expected = [
        made("orders", "again", TopicRole::Retry, Reason::Headers, 5),
        made("orders", "orders-retry", TopicRole::Retry, Reason::Name, 0),
        made("orders", "graveyard", TopicRole::DeadLetter, Reason::Pinned, 17),
        made("payments", "graveyard", TopicRole::DeadLetter, Reason::Headers, 3),
        made("payments", "payments-dlt", TopicRole::DeadLetter, Reason::Headers, 5),
        made("shipments", "orders-dlt", TopicRole::DeadLetter, Reason::Headers, 2),
    ];
    assert_eq!(pairs, expected);
    let words: Vec<&str> = [Reason::Pinned, Reason::Headers, Reason::Name].map(Reason::as_str).into();
    assert_eq!(words, ["pinned", "headers", "name"]);
}

proptest! {
    #[test]
    fn any_names_are_paired_at_most_once(names in proptest::collection::btree_set(
        "(\\PC|[-._/]|dlq|dead|letter|topic|retry|orders|delay|[0-9]|\\.fifo){0,9}", 0..12)) {
        let given: Vec<&str> = names.iter().map(String::as_str).collect();
        let pairs = pair(by_name(&given), &[]);
        for pair in &pairs {
            prop_assert!(names.contains(&pair.origin) && role(&pair.origin).is_none());
            prop_assert_eq!(role(&pair.destination), Some(pair.role));
        }
        let destinations: BTreeSet<&str> = pairs.iter().map(|pair| &*pair.destination).collect();
        prop_assert_eq!(destinations.len(), pairs.len());
    }

    #[test]
    fn a_framework_s_name_leads_back(origin in "[a-z]{3,8}([.-][a-z]{3,8}){0,3}", attempt in 0..9u32) {
        prop_assume!(role(&origin).is_none() && !origin.split(['.', '-']).any(crate::role::is_word));
        for name in [format!("{origin}-dlt"), format!("{origin}-retry-{attempt}"), format!("error.{origin}.billing"), format!("{origin}_error")] {
            let pairs = pair(by_name(&[&origin, &name]), &[]);
            prop_assert_eq!(&pairs[0].origin, &origin);
        }
    }

    #[test]
    fn a_name_of_nothing_but_roles_takes_no_time(words in 0..200usize) {
        let name = vec!["dead-letter"; words].join("-");
        let _ = pair(by_name(&["orders", &name]), &[]);
    }
}
