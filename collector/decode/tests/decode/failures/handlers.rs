//! SmallRye, Karafka, Watermill, and what people write themselves.

use tapline_decode::{FailureField, FailureHeader};

use super::{TIMESTAMP, dead, neither};
use crate::fixture::on;

#[test]
fn smallrye_dead_letter_and_delayed_retry() {
    let fixture = on("dead-letter-topic-in").headers([
        ("dead-letter-exception-class-name", "shop.Outer"),
        ("dead-letter-cause-class-name", "shop.Inner"),
        ("dead-letter-reason", "no stock"),
        ("dead-letter-topic", "orders"),
        ("dead-letter-partition", "1"),
        ("dead-letter-offset", "9"),
    ]);
    dead(&fixture, |row| {
        assert_eq!(
            (row.framework, row.exception, row.root_cause),
            ("smallrye", Some("shop.Outer"), Some("shop.Inner"))
        );
        assert_eq!((row.message, row.origin_partition, row.origin_offset), (Some("no stock"), Some(1), Some(9)));
    });
    let retry = on("orders_retry_5000").headers([
        ("delayed-retry-count", "2"),
        ("delayed-retry-topic", "orders"),
        ("delayed-retry-partition", "1"),
        ("delayed-retry-offset", "9"),
    ]);
    retry.decode(|meaning| {
        let row = meaning.retry.unwrap();
        assert_eq!((row.attempts, row.origin_destination, row.origin_offset), (Some(2), Some("orders"), Some(9)));
        assert_eq!(meaning.dead_letter, None);
    });
}

#[test]
fn karafka_renamed_its_headers_twice() {
    for (prefix, join) in [("source", "_"), ("original", "_"), ("original", "-")] {
        let name = |fact: &str| format!("{prefix}{join}{fact}");
        let fixture = on("dead_messages")
            .key("3")
            .header(&name("topic"), "orders")
            .header(&name("partition"), "3")
            .header(&name("offset"), "258")
            .header(&name(&format!("consumer{join}group")), "shop_pricing")
            .header(&name("key"), "ORD-17")
            .header(&name("attempts"), "2");
        dead(&fixture, |row| {
            assert_eq!((row.framework, row.origin_destination), ("karafka", Some("orders")));
            assert_eq!((row.origin_partition, row.origin_offset), (Some(3), Some(258)));
            assert_eq!((row.consumer_group, row.attempts), (Some("shop_pricing"), Some(2)));
        });
        // The dead letter's own key is its partition.
        assert_eq!(fixture.ids(), [format!("{}=ORD-17", name("key"))]);
    }
}

#[test]
fn names_that_mirrors_write_too_need_more() {
    let source = [("source_topic", "orders"), ("source_partition", "1"), ("source_offset", "9")];
    dead(&on("orders_dlq").headers(source), |row| {
        assert_eq!((row.framework, row.origin_offset), ("karafka", Some(9)));
    });
    let counted = [("source_attempts", "3"), ("source_consumer_group", "shop")];
    dead(&on("leftovers").headers(source).headers(counted), |row| {
        assert_eq!((row.attempts, row.consumer_group), (Some(3), Some("shop")));
    });
    on("mirror").headers(source).decode(|meaning| assert_eq!(meaning.dead_letter, None));
    on("mirror").header("x-original-topic", "orders").decode(|meaning| assert_eq!(meaning.dead_letter, None));
    let mirrored = on("mirror").headers([("dlq-original-topic", "orders"), ("dlq-reason", "no")]).headers(source);
    dead(&mirrored, |row| assert_eq!(row.framework, "custom"));
}

#[test]
fn watermill_poison_queue_and_delay() {
    let poisoned = on("poison").headers([
        ("reason_poisoned", "cannot parse order 17"),
        ("topic_poisoned", "orders"),
        ("handler_poisoned", "on_order"),
        ("subscriber_poisoned", "kafka"),
    ]);
    dead(&poisoned, |row| {
        assert_eq!((row.framework, row.stage), ("watermill", Some("on_order")));
        assert_eq!((row.origin_destination, row.message), (Some("orders"), Some("cannot parse order 17")));
    });
    let delayed = on("orders.retry").headers([
        ("topic_poisoned", "orders"),
        ("_watermill_requeuer_retries", "2"),
        ("_watermill_delayed_until", "2026-11-21T03:12:44.5Z"),
    ]);
    delayed.decode(|meaning| {
        let row = meaning.retry.unwrap();
        assert_eq!((row.attempts, row.due_at), (Some(2), Some(TIMESTAMP * 1_000)));
    });
}

#[test]
fn home_grown_headers_by_configuration() {
    let default =
        on("leftovers").headers([("dlq-original-topic", "orders"), ("dlq-reason", "no"), ("dlq-attempts", "3")]);
    dead(&default, |row| assert_eq!((row.framework, row.attempts), ("custom", Some(3))));

    let mut own = on("leftovers").headers([("X-Failed-From", "orders"), ("x-failed-why", "shop.Broken: no")]);
    own = own.header("x-failed-offset", 8i64.to_be_bytes()).header("x-failed-at", "2026-11-21T03:12:44.5Z");
    own.rules.failure_headers = vec![
        FailureHeader { name: "x-failed-from".into(), field: FailureField::OriginTopic },
        FailureHeader { name: "x-failed-why".into(), field: FailureField::Exception },
        FailureHeader { name: "x-failed-offset".into(), field: FailureField::OriginOffset },
        FailureHeader { name: "x-failed-at".into(), field: FailureField::OriginTimestamp },
    ];
    dead(&own, |row| {
        assert_eq!((row.exception, row.message, row.origin_offset), (Some("shop.Broken"), Some("no"), Some(8)));
        assert_eq!(row.origin_timestamp, Some(TIMESTAMP * 1_000));
    });
}

/// What is configured wins over what a framework means by the name.
#[test]
fn configured_names_come_first() {
    let mut own = on("leftovers").headers([("reason_poisoned", "ORD-17"), ("topic_poisoned", "orders")]);
    own.rules.failure_headers = vec![
        FailureHeader { name: "Reason_Poisoned".into(), field: FailureField::Stage },
        FailureHeader { name: "topic_poisoned".into(), field: FailureField::OriginTopic },
    ];
    dead(&own, |row| assert_eq!((row.framework, row.stage, row.message), ("custom", Some("ORD-17"), None)));
    for header in &mut own.rules.failure_headers {
        header.field = FailureField::Ignored;
    }
    neither(&own);
}
