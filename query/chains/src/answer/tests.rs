//! State, sentences and missing members, each by its rule, and a chain of five thousand.

use std::time::Instant;

use tapline_api::{ChainState, MissingReason};
use tapline_archive::{GapKind, GapRange};

use crate::world::{Event, MS, S, T0, World, event, world, world_of};

/// Orders that take three steps in four seconds; the last one as `tail` makes it, at 100 s.
fn shop(tail: Vec<Event>) -> World {
    let mut events = Vec::new();
    for order in 0..40 {
        events.extend(order_of(order, order * S, 3));
    }
    events.extend(tail);
    world(&events)
}

fn order_of(order: i64, at: i64, steps: usize) -> Vec<Event> {
    let all = ["orders OrderPlaced storefront", "payments OrderPaid payments", "shipping ParcelPacked shipping"];
    let steps = all.iter().take(steps).zip(0i64..);
    let made = steps.map(|(words, step)| {
        let ids = format!("key=ORD-{order:06} message=msg-{order:04}-{step} correlation=corr-{order:06}");
        event(words, at + step * 2 * S).with(&ids)
    });
    made.collect()
}

fn dead(at: i64, attempts: i32) -> Event {
    let ids = "key=ORD-000900 message=msg-0900-0 correlation=corr-000900";
    let origin = ("orders", 0, 40);
    event("orders-dlt OrderPlaced storefront", at).with(ids).dead(origin, "payments", "com.example.BadFormat", attempts)
}

#[test]
fn a_whole_chain_is_complete() {
    let chain = shop(vec![]).chain_at("ORD-000030", 35 * S);
    assert_eq!(chain.state, ChainState::Complete);
    assert_eq!(chain.headline, "Order ORD-000030 is complete: 3 events in 4 s over 3 topics.");
    assert_eq!(chain.detail, "From `OrderPlaced` of `storefront` to `ParcelPacked` of `shipping`, 3 services.");
    assert_eq!(chain.started_at.as_deref(), Some(tapline_model::time::format(T0 + 30 * S).as_str()));
    assert_eq!(chain.ended_at.as_deref(), Some(tapline_model::time::format(T0 + 34 * S).as_str()));
}

#[test]
fn a_chain_waits_before_it_is_stuck() {
    let world = shop(order_of(900, 100 * S, 2));
    let chain = world.chain_at("ORD-000900", 105 * S);
    assert_eq!(chain.state, ChainState::Running);
    assert_eq!(chain.headline, "Order ORD-000900 is under way: 2 events in 2 s over 2 topics, `OrderPaid` came last.");
    let chain = world.chain_at("ORD-000900", 384 * S);
    assert_eq!(chain.state, ChainState::Stuck);
    let headline =
        "Order ORD-000900 waits for `shipping` after `OrderPaid`: `ParcelPacked` has not come for 4 min 42 s.";
    assert_eq!(chain.headline, headline);
    assert!(chain.detail.contains("recent chains that began like this one 100 % had it, usually within 4 s."));
    assert_eq!(chain.missing[0].what, "`ParcelPacked` of `shipping` has not come");
}

#[test]
fn a_step_of_a_slow_clock_is_missed_and_no_time_is_claimed_for_it() {
    let order = |order: i64, packed: bool| {
        let ids = |step: &str| format!("key=ORD-{order:06} message={step}-{order:04} correlation=corr-{order:06}");
        let placed = event("orders OrderPlaced storefront", (10 + order) * S).with(&ids("placed"));
        let ids = format!("{} cause=placed-{order:04}", ids("packed"));
        let packed = packed.then(|| event("shipping ParcelPacked shipping", (7 + order) * S).with(&ids));
        [Some(placed), packed]
    };
    let events: Vec<Event> = (0..60).flat_map(|number| order(number, number != 20)).flatten().collect();
    let chain = world(&events).chain_at("ORD-000020", 3_600 * S);
    assert_eq!(chain.state, ChainState::Stuck);
    assert!(chain.detail.ends_with("recent chains that began like this one 98 % had it."), "{}", chain.detail);
}

#[test]
fn without_enough_chains_nothing_is_stuck() {
    let world = world(&order_of(900, 0, 2));
    assert_eq!(world.chain_at("ORD-000900", 30 * S).state, ChainState::Running);
    assert_eq!(world.chain_at("ORD-000900", 3_600 * S).state, ChainState::Complete);
    let mut unlearnt = shop(order_of(900, 100 * S, 2));
    unlearnt.options.sample_rows = 0;
    assert_eq!(unlearnt.chain_at("ORD-000900", 3_600 * S).state, ChainState::Complete);
}

#[test]
fn a_dead_letter_fails_its_chain() {
    let mut tail = order_of(900, 100 * S, 1);
    tail.push(dead(106 * S, 3));
    let chain = shop(tail).chain_at("ORD-000900", 166 * S);
    assert_eq!(chain.state, ChainState::Failed);
    assert_eq!(chain.headline, "Order ORD-000900 failed in `payments`: `BadFormat`.");
    assert_eq!(chain.detail, "It has been in `orders-dlt` for 1 min after 3 attempts.");
    assert_eq!(chain.missing, []);
}

#[test]
fn a_failure_is_told_in_the_words_of_the_domain_before_the_exception() {
    let told = |message: &str| {
        let mut tail = order_of(900, 100 * S, 1);
        tail.push(dead(106 * S, 1).saying(message));
        let chain = shop(tail).chain_at("ORD-000900", 166 * S);
        (chain.headline, chain.detail)
    };
    let (headline, detail) = told("Unrecognized field \"discount\" (class a.Order), not marked as ignorable\n at x");
    assert_eq!(headline, "Order ORD-000900 failed: `payments` could not read the unknown field `discount`.");
    assert_eq!(
        detail,
        "It has been in `orders-dlt` for 1 min. `BadFormat`: Unrecognized field \"discount\" (class a.Order), not marked \
         as ignorable."
    );
    let (headline, detail) = told("no stock for SKU-1");
    assert_eq!(headline, "Order ORD-000900 failed in `payments`: no stock for SKU-1.");
    assert_eq!(detail, "It has been in `orders-dlt` for 1 min. The exception is `BadFormat`.");
}

#[test]
fn a_dead_letter_that_was_put_back_is_replayed() {
    let mut tail = order_of(900, 100 * S, 1);
    tail.push(dead(106 * S, 1));
    let mut again = order_of(900, 200 * S, 3);
    again[0] = again[0].clone().with("replay=r-31");
    tail.extend(again);
    let world = shop(tail);
    let chain = world.chain_at("ORD-000900", 3_600 * S);
    assert_eq!(chain.state, ChainState::Replayed);
    let headline = "Order ORD-000900 failed in `payments` and was put back: 5 events in 1 min 44 s over 4 topics.";
    assert_eq!((chain.headline.as_str(), chain.detail.as_str()), (headline, "It lay dead for 1 min 34 s."));
}

#[test]
fn a_replay_that_dies_again_has_failed() {
    let mut tail = order_of(900, 100 * S, 1);
    tail.push(dead(106 * S, 1));
    tail.push(order_of(900, 200 * S, 1).remove(0).with("replay=r-31"));
    tail.push(dead(206 * S, 1));
    assert_eq!(shop(tail).chain_at("ORD-000900", 3_600 * S).state, ChainState::Failed);
}

#[test]
fn references_and_nothing_are_said() {
    let orders = (0..3)
        .map(|order| event("orders OrderPlaced", order * S).with(&format!("key=ORD-00000{order} customerId=C-4711")));
    let world = world(&orders.collect::<Vec<_>>());
    let chain = world.chain("customerId=C-4711");
    assert_eq!(chain.headline, "`customerId=C-4711` is a reference that at least 3 chains share, not one story.");
    assert_eq!(chain.detail, "Shown are 3 events of 3 that hold it; open one to see its chain.");
    let none = world.chain("ORD-999999");
    assert_eq!(none.headline, "Nothing archived holds `ORD-999999`.");
    assert_eq!(none.detail, "3 events were searched by key, headers and payload identifiers.");
    assert_eq!(none.state, ChainState::Complete);
}

#[test]
fn subjects_are_named_by_the_id_or_the_first_type() {
    let world = world(&[
        event("orders com.shop.OrderPlaced", 0).with("key=ORD-000001 correlation=corr-01"),
        event("payments com.shop.Paid", S).with("key=PAY-000001 invoiceNo=INV-4711 correlation=corr-01"),
    ]);
    for (query, subject) in [
        ("ORD-000001", "Order ORD-000001 is"),
        ("INV-4711", "Invoice INV-4711 is"),
        ("PAY-000001", "The chain of `PAY-000001` is"),
        ("corr-01", "The chain of `corr-01` is"),
        ("shop/payments/0/0", "The chain of `Paid` is"),
    ] {
        let headline = world.chain(query).headline;
        assert!(headline.starts_with(subject), "{query}: {headline}");
    }
}

#[test]
fn a_cause_that_is_not_there_is_missing() {
    let effect = |after: i64| event("payments Paid", after).with("key=ORD-000001 message=msg-0002 cause=msg-0001");
    let late = world(&[event("other Begin", 0), effect(600 * S)]).chain("ORD-000001");
    assert_eq!(late.missing.len(), 1);
    assert_eq!(late.missing[0].what, "message `msg-0001`, which `Paid` declares as its cause");
    assert_eq!(late.missing[0].reason, MissingReason::NotSeen);
    assert_eq!(late.missing[0].named_by.as_deref(), Some("shop/payments/0/0"));
    // The archive begins there: the cause stood before it.
    let early = world(&[effect(0)]).chain("ORD-000001").missing.remove(0);
    assert_eq!(early.reason, MissingReason::NotSeen);
    let what = "message `msg-0001`, which `Paid` declares as its cause, probably from before reading began";
    assert_eq!(early.what, what);
}

#[test]
fn an_origin_that_is_not_there_is_explained_by_the_positions() {
    let letter = |offset| event("orders-dlt", 0).with("key=ORD-000001").dead(("orders", 0, offset), "pay", "Bad", 1);
    let mut world = world(&[event("orders OrderPlaced", 0).at(0, 50), letter(7)]);
    let reason = |world: &World| world.chain("ORD-000001").missing[0].reason;
    let what = |world: &World| world.chain("ORD-000001").missing[0].what.clone();
    let named = "the event at `orders`/0/7, which `orders-dlt` names as its origin";
    for (kind, expected) in [
        (GapKind::Expired, MissingReason::Expired),
        (GapKind::Erased, MissingReason::Erased),
        (GapKind::Excluded, MissingReason::Gap),
        (GapKind::NotDelivered, MissingReason::Gap),
    ] {
        let orders = world.ledger.sources.get_mut("shop").unwrap().destination("orders", 1);
        orders.partitions.entry(0).or_default().gaps = vec![GapRange { from: 5, to: 9, kind, seen_at: T0 }];
        assert_eq!((reason(&world), what(&world).as_str()), (expected, named));
    }
    let orders = world.ledger.sources.get_mut("shop").unwrap().destination("orders", 1);
    let partition = orders.partitions.entry(0).or_default();
    (partition.gaps, partition.backfill) = (vec![], Some((3, 40)));
    assert_eq!(reason(&world), MissingReason::NotSeen);
    let orders = world.ledger.sources.get_mut("shop").unwrap().destination("orders", 1);
    orders.partitions.entry(0).or_default().backfill = Some((20, 40));
    assert_eq!(what(&world), format!("{named}, from before reading began"));
}

#[test]
fn what_stood_before_the_first_position_has_not_expired() {
    let letter = |offset| event("orders-dlt", 0).with("key=ORD-000001").dead(("orders", 0, offset), "pay", "Bad", 1);
    let orders = [40, 41, 43].map(|offset| event("orders OrderPlaced", 0).at(0, offset));
    let with = |offset: i64, hole: u64| {
        let mut world = world(&[orders.as_slice(), &[letter(offset)]].concat());
        let orders = world.ledger.sources.get_mut("shop").unwrap().destination("orders", 1);
        orders.partitions.entry(0).or_default().single_holes = hole;
        world.chain("ORD-000001").missing.remove(0)
    };
    let before = with(39, 1);
    assert_eq!(before.reason, MissingReason::NotSeen);
    assert!(before.what.ends_with("names as its origin, from before reading began"), "{}", before.what);
    let hole = with(42, 1);
    assert_eq!(hole.reason, MissingReason::Gap, "a marker or an aborted record: {}", hole.what);
}

#[test]
fn members_that_could_not_be_read_are_missing() {
    let world = world_of(&order_of(900, 0, 3), (2, 2));
    let file = &world.view.files[0];
    file.mark_damaged("12 bytes instead of 4711");
    let chain = world.chain("ORD-000900");
    assert_eq!(chain.members.len(), 1);
    assert!(
        chain.missing.iter().any(|missing| missing.reason == MissingReason::Gap && missing.what.contains(&file.path))
    );
}

#[test]
fn budgets_end_the_walk_and_say_so() {
    let mut world = shop(vec![]);
    world.options.max_members = 2;
    world.options.hub_rows = 1;
    let chain = world.chain("shop/orders/0/3");
    assert!(!chain.hubs.is_empty(), "three rows are a hub where two are allowed");
    let mut world = shop(vec![]);
    world.options.max_lookups = 1;
    let chain = world.chain("ORD-000003");
    assert!(chain.truncated);
    assert!(chain.headline.starts_with("Order ORD-000003 has more events than are shown: "), "{}", chain.headline);
    assert!(chain.missing.iter().any(|missing| missing.reason == MissingReason::Budget));
}

#[test]
fn hubs_show_their_newest_rows() {
    let mut world = shop((0..30).map(|n| event("ticks Tick", (200 + n) * S).with("tenantId=T-0001")).collect());
    world.options.hub_rows = 20;
    world.options.direct_rows = 5;
    let chain = world.chain("tenantId=T-0001");
    assert_eq!((chain.members.len(), chain.hubs[0].rows, chain.truncated), (5, 30, true));
    assert_eq!(chain.headline, "`tenantId=T-0001` stands on 30 events: a hub, not one story.");
    assert_eq!(chain.ended_at.as_deref(), Some(tapline_model::time::format(T0 + 229 * S).as_str()));
}

#[test]
fn five_thousand_members_are_told() {
    let made = (0..5_000i64).map(|n| {
        let cause = if n > 0 { format!(" cause=msg-{:06}", n / 2) } else { String::new() };
        let ids = format!("key=item-{n:06} message=msg-{n:06} correlation=corr-big{cause}");
        event("items ItemHandled worker", n * 10 * MS).with(&ids)
    });
    let world = world(&made.collect::<Vec<_>>());
    let mut options = world.options.clone();
    // The machine that runs the tests may be slow: here only the result counts. The time is measured below.
    options.time_budget = std::time::Duration::from_secs(600);
    let begun = Instant::now();
    let chain = crate::chain(&world.view, &world.ledger, "msg-002500", T0 + 3_600 * S, &options).unwrap();
    println!("5,000 members in {:?}", begun.elapsed());
    assert_eq!((chain.members.len(), chain.truncated, chain.hubs.len()), (5_000, false, 0));
    let causes = chain.edges.iter().filter(|edge| edge.rule == tapline_api::EdgeRule::Causation).count();
    assert_eq!((causes, chain.edges.len()), (4_999, 4_999));
    assert!(chain.headline.contains("5,000 events"));
}
