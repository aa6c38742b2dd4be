//! NATS JetStream and Pulsar.

use super::{TIMESTAMP, dead, neither, put_off};
use crate::fixture::{Fixture, on};

fn advisory(kind: &str, more: &str) -> Fixture {
    let subject = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.pricing";
    on(subject).payload(format!(
        r#"{{"type":"io.nats.jetstream.advisory.v1.{kind}","id":"u5dPq5FmEDDkTHiRFgbqVb","timestamp":"2026-11-21T03:12:44.500123456Z","stream":"ORDERS","consumer":"pricing","stream_seq":258,"deliveries":5{more}}}"#
    ))
}

#[test]
fn nats_points_to_the_message_in_its_stream() {
    dead(&advisory("max_deliver", ""), |row| {
        assert_eq!((row.framework, row.origin_destination, row.origin_offset), ("nats", Some("ORDERS"), Some(258)));
        assert_eq!((row.consumer_group, row.attempts), (Some("pricing"), Some(5)));
        assert_eq!((row.exception, row.root_cause, row.message), (Some("max_deliver"), Some("max_deliver"), None));
        assert_eq!((row.origin_timestamp, row.fingerprint.unwrap().len()), (None, 16));
    });
    let terminated = r#","consumer_seq":7,"reason":"no such tariff","domain":"eu""#;
    dead(&advisory("terminated", terminated), |row| {
        assert_eq!((row.exception, row.message), (Some("terminated"), Some("no such tariff")));
    });
    put_off(&advisory("nak", ""), |row| {
        assert_eq!((row.origin_destination, row.origin_offset), (Some("ORDERS"), Some(258)));
        assert_eq!((row.attempts, row.due_at), (Some(5), None));
    });
}

#[test]
fn other_advisories_are_events() {
    neither(&advisory("consumer_action", ""));
    neither(&on("$JS.EVENT.ADVISORY.API").payload(r#"{"type":"io.nats.jetstream.advisory.v1.max_deliver"}"#));
    neither(&on("orders").payload(r#"{"type":"max_deliver","stream":"ORDERS","stream_seq":1}"#));
    let odd =
        r#"{"type":"io.nats.jetstream.advisory.v1.max_deliver","stream":"ORDERS","stream_seq":1.5e9,"deliveries":-1}"#;
    dead(&on("advisories").payload(odd), |row| {
        assert_eq!((row.origin_destination, row.origin_offset, row.attempts), (Some("ORDERS"), None, None));
    });
}

fn pulsar(destination: &str) -> Fixture {
    on(destination).headers([
        ("RECONSUMETIMES", "3"),
        ("DELAY_TIME", "10000"),
        ("REAL_TOPIC", "persistent://public/default/orders-partition-2"),
        ("ORIGIN_MESSAGE_ID", "12:34:2"),
        ("ORIGIN_MESSAGE_IDY_TIME", "12:34:2"),
    ])
}

#[test]
fn pulsar_dead_letters_and_retries_by_the_topic_s_name() {
    dead(&pulsar("persistent://public/default/orders-billing-DLQ"), |row| {
        assert_eq!((row.framework, row.attempts), ("pulsar", Some(3)));
        assert_eq!(row.origin_destination, Some("persistent://public/default/orders"));
        assert_eq!((row.origin_partition, row.origin_offset, row.consumer_group), (Some(2), None, Some("billing")));
    });
    let mut retry = pulsar("persistent://public/default/orders-billing-RETRY");
    retry.timestamp = Some(TIMESTAMP * 1_000);
    put_off(&retry, |row| {
        assert_eq!((row.attempts, row.due_at), (Some(3), Some((TIMESTAMP + 10_000) * 1_000)));
        assert_eq!(row.origin_partition, Some(2));
    });
    let named = pulsar("graveyard").header("REAL_SUBSCRIPTION", "billing");
    dead(&named, |row| assert_eq!(row.consumer_group, Some("billing")));
    neither(&pulsar("persistent://public/default/orders"));
    // Given up without a retry topic: nothing was counted.
    dead(&on("orders-billing-DLQ").header("REAL_TOPIC", "orders"), |row| {
        assert_eq!((row.origin_destination, row.consumer_group, row.attempts), (Some("orders"), Some("billing"), None));
    });
    neither(&on("orders").headers([("RECONSUMETIMES", "1"), ("DELAY_TIME", "10")]));
}
