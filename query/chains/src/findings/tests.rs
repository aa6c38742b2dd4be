//! One world for each rule, and worlds in which it must stay silent.

use tapline_api::{Chain, FindingKind};

use crate::world::{Event, MS, S, event, world};

fn chain(events: &[Event]) -> Chain {
    world(events).chain("ORD-000001")
}

/// Sentences of one kind.
fn said(chain: &Chain, kind: FindingKind) -> Vec<&str> {
    chain.findings.iter().filter(|found| found.kind == kind).map(|found| found.sentence.as_str()).collect()
}

fn placed() -> Event {
    event("orders OrderPlaced storefront", 0).with("key=ORD-000001 message=msg-0001 trace=a1")
}

fn paid(after: i64) -> Event {
    event("payments Paid payments", after).with("key=ORD-000001 message=msg-0002 cause=msg-0001 trace=a1")
}

#[test]
fn an_ordinary_chain_has_no_finding() {
    assert_eq!(chain(&[placed(), paid(S)]).findings, []);
}

#[test]
fn one_message_at_two_places_is_a_duplicate() {
    let found = chain(&[placed(), paid(S), paid(S + 40 * MS)]);
    let sentence = "`Paid` stands in `payments` twice, 40 ms apart: both are message `msg-0002`.";
    assert_eq!(said(&found, FindingKind::Duplicate), [sentence]);
    assert_eq!(found.findings[0].evidence, ["shop/payments/0/0", "shop/payments/0/1"]);
    let thrice = chain(&[placed(), paid(S), paid(S), paid(S)]);
    assert!(said(&thrice, FindingKind::Duplicate)[0].contains("3 times: all are message"));
}

#[test]
fn retries_replays_and_copies_to_other_topics_are_no_duplicates() {
    let mut audit = paid(S);
    audit.destination = "audit".into();
    let retried = placed().retry(("orders", 0, 0), 2);
    let found = chain(&[placed(), retried, paid(S), audit, paid(9 * S).with("replay=r-1")]);
    assert_eq!(said(&found, FindingKind::Duplicate), [""; 0]);
}

#[test]
fn one_cause_with_the_same_effect_twice_is_a_duplicate() {
    let again = event("payments Paid payments", 2 * S).with("key=ORD-000001 message=msg-0003 cause=msg-0001 trace=a1");
    let found = chain(&[placed(), paid(S), again.clone()]);
    let sentence = "One cause led to `Paid` twice, under different message ids.";
    assert_eq!(said(&found, FindingKind::Duplicate), [sentence]);
    // A parcel for each article is not the same effect.
    let other = again.with("parcelId=PARCEL-2");
    assert_eq!(said(&chain(&[placed(), paid(S), other]), FindingKind::Duplicate), [""; 0]);
}

#[test]
fn what_was_made_earlier_and_stands_behind_is_out_of_order() {
    let made = |kind: &str, after| event(&format!("shipping {kind} shipping"), after).with("key=ORD-000001");
    let found = chain(&[placed(), made("Dispatched", 2 * S), made("Packed", 2 * S - 300 * MS)]);
    let sentence = "`Packed` stands behind `Dispatched` in `shipping` although it was made 300 ms earlier.";
    assert_eq!(said(&found, FindingKind::OutOfOrder), [sentence]);
    // Another partition, another key or another service's clock proves nothing.
    let elsewhere = made("Packed", S).at(1, 0);
    assert_eq!(said(&chain(&[placed(), made("Dispatched", 2 * S), elsewhere]), FindingKind::OutOfOrder), [""; 0]);
    let other = event("shipping Packed depot", S).with("key=ORD-000001");
    assert_eq!(said(&chain(&[placed(), made("Dispatched", 2 * S), other]), FindingKind::OutOfOrder), [""; 0]);
}

#[test]
fn an_effect_before_its_cause_shows_the_clocks_difference() {
    let found = chain(&[placed(), paid(-12 * MS)]);
    let sentence = "The clock of `payments` is at least 12 ms behind that of `storefront`.";
    assert_eq!(said(&found, FindingKind::ClockSkew), [sentence]);
    assert_eq!(said(&chain(&[placed(), paid(-MS)]), FindingKind::ClockSkew), [""; 0]);
    let mut same = paid(-12 * MS);
    same.service = Some("storefront".into());
    let found = chain(&[placed(), same]);
    assert_eq!(said(&found, FindingKind::ClockSkew), [""; 0]);
    let sentence = "`Paid` carries a time 12 ms before its cause `OrderPlaced`.";
    assert_eq!(said(&found, FindingKind::OutOfOrder), [sentence]);
}

#[test]
fn the_service_that_drops_the_trace_is_named() {
    let mut lost = paid(S);
    lost.trace = None;
    let found = chain(&[placed(), lost.clone()]);
    let sentence = "`payments` lost the trace: `Paid` carries no trace context, `OrderPlaced` before it does.";
    assert_eq!(said(&found, FindingKind::LostTrace), [sentence]);
    assert_eq!(found.findings[0].evidence, ["shop/orders/0/0", "shop/payments/0/0"]);
    let mut untraced = placed();
    untraced.trace = None;
    assert_eq!(said(&chain(&[untraced, lost]), FindingKind::LostTrace), [""; 0]);
}

#[test]
fn without_causes_only_the_first_that_lost_the_trace_is_named() {
    let step = |words: &str, after| event(words, after).with("key=ORD-000001");
    let found = chain(&[
        placed(),
        step("payments Paid payments", S),
        step("mail Mailed mail", 2 * S).with("trace=a1"),
        step("shipping Packed shipping", 3 * S),
    ]);
    let said = said(&found, FindingKind::LostTrace);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("`payments` lost the trace"), "{}", said[0]);
}

#[test]
fn many_attempts_are_a_storm() {
    let origin = ("orders", 0, 0);
    let hop = |attempt: i32| {
        let mut hop = placed().retry(origin, attempt);
        (hop.destination, hop.time) = ("orders-retry".into(), Some(crate::world::T0 + i64::from(attempt) * S));
        hop
    };
    let storm: Vec<Event> = std::iter::once(placed()).chain((2..8).map(hop)).collect();
    assert_eq!(said(&chain(&storm), FindingKind::RetryStorm), ["`OrderPlaced` was tried 6 times within 5 s."]);
    assert_eq!(said(&chain(&storm[..4]), FindingKind::RetryStorm), [""; 0]);
    let dead = event("orders-dlt OrderPlaced", S).with("key=ORD-000001").dead(origin, "pay", "Bad", 12);
    assert_eq!(said(&chain(&[placed(), dead]), FindingKind::RetryStorm), ["`OrderPlaced` was tried 12 times."]);
}

#[test]
fn a_message_replayed_again_and_again_is_a_loop() {
    let replayed = |n: i64| {
        let mut event = placed().with(&format!("replay=r-{n}"));
        event.time = event.time.map(|time| time + n * 60 * S);
        event
    };
    let found = chain(&[placed(), replayed(1), replayed(2), replayed(3)]);
    assert_eq!(said(&found, FindingKind::ReplayLoop), ["`OrderPlaced` was replayed 3 times."]);
    assert_eq!(said(&chain(&[placed(), replayed(1), replayed(2)]), FindingKind::ReplayLoop), [""; 0]);
}

#[test]
fn tombstones_new_lives_and_schemas_are_said() {
    let mut tombstone = event("orders", 3 * S).with("key=ORD-000001");
    tombstone.tombstone = true;
    let mut reborn = event("payments Paid payments", S).with("key=ORD-000001");
    (reborn.incarnation, reborn.schema) = (2, Some(7));
    let mut newer = event("payments Paid payments", 2 * S).with("key=ORD-000001");
    newer.schema = Some(8);
    let found = chain(&[placed(), reborn, newer, tombstone]);
    assert_eq!(said(&found, FindingKind::Tombstone), ["`orders` deletes key `ORD-000001`: a tombstone."]);
    let sentence = "`payments` was deleted and made anew: members are from its life 2.";
    assert_eq!(said(&found, FindingKind::Recreated), [sentence]);
    let sentence = "`Paid` in `payments` changed from schema 7 to 8 on the way.";
    assert_eq!(said(&found, FindingKind::SchemaChange), [sentence]);
}
