//! What is known of a destination before anything is sent.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tapline_adapter::{AdapterError, Ended, Source};
use tapline_e2e::source;
use tapline_kit::kafka::TAPLINE;
use tapline_kit::{Kafka, KafkaConfig, Record, wait_for};
use tapline_model::TimestampKind;

use crate::{LIMITS, Payloads, SOON, range, record, send_all, to};

#[test]
fn facts_are_those_of_the_broker() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    let settings = [
        ("retention.ms", "86400000"),
        ("cleanup.policy", "compact,delete"),
        ("message.timestamp.type", "LogAppendTime"),
        ("max.message.bytes", "2000000"),
    ];
    admin.create_topic("orders", 2, &settings)?;
    admin.create_topic("plain", 1, &[])?;
    kafka
        .producer()?
        .send_all(&(0..10).map(|n| Record::new("orders", 0, "x").key(format!("{n}"))).collect::<Vec<_>>())?;
    admin.delete_records("orders", 0, 4)?;
    let facts = source(&kafka, TAPLINE)?.destinations(&["orders", "plain"])?;
    let mut facts = facts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter();
    let (orders, plain) = (facts.next().context("orders")?, facts.next().context("plain")?);
    let places: Vec<_> = orders.partitions.iter().map(|at| (at.partition, at.led, at.start, at.end)).collect();
    assert_eq!(places, [(0, true, Some(4), Some(10)), (1, true, Some(0), Some(0))]);
    let known = orders.settings.context("no settings")?;
    assert_eq!(known.retention, Some(Duration::from_secs(86_400)));
    assert!(known.compacts && known.deletes);
    assert_eq!((known.timestamps, known.max_message_bytes), (TimestampKind::Appended, 2_000_000));
    // Kafka 4's own defaults.
    assert_eq!((known.accepts_before, known.accepts_after), (None, Some(Duration::from_secs(3_600))));
    assert_eq!((orders.writable, &orders.problems), (Some(true), &Vec::new()));
    // librdkafka writes it in the other alphabet of Base64.
    let id = orders.id.map(|id| id.replace('+', "-").replace('/', "_"));
    assert_eq!(json!(id), admin.snapshot()?.topics["orders"]["id"]);
    let plain = plain.settings.context("no settings")?;
    assert_eq!((plain.retention, plain.timestamps), (Some(Duration::from_secs(7 * 86_400)), TimestampKind::Created));

    // What was removed is told as such.
    let mut found = Payloads::default();
    let outcome = source(&kafka, TAPLINE)?.read(&[range("orders", 0, 2, 6)], LIMITS, &mut found)?;
    assert!(matches!(outcome[0].ended, Ended::Expired(4)) && outcome[0].records == 2, "{outcome:?}");
    Ok(())
}

#[test]
fn a_missing_right_is_told_before_anything_is_sent_with_what_grants_it() -> Result<()> {
    let kafka = Kafka::with(&KafkaConfig { acl: true, ..KafkaConfig::default() })?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", 1, &[])?;
    admin.create_topic("secret", 1, &[])?;
    admin.grant(TAPLINE, "Describe", "orders")?;
    let source = source(&kafka, TAPLINE)?;
    let grant = |operation: &str, topic: &str| {
        let bootstrap = kafka.bootstrap();
        format!(
            "kafka-acls --bootstrap-server {bootstrap} --add --allow-principal User:tapline --operation {operation} \
             --topic {topic}"
        )
    };
    let facts = source.destination("orders")?;
    assert_eq!(facts.writable, Some(false));
    let commands: Vec<_> = facts.problems.iter().filter_map(|problem| problem.command.clone()).collect();
    assert_eq!(commands, [grant("Write", "orders"), grant("DescribeConfigs", "orders")]);
    let error = source.publisher(&to(&["orders"])).err().context("it was opened without the right")?;
    let command = grant("Write", "orders");
    assert_eq!(error.to_string(), format!("the right to write topic `orders` is missing; `{command}` grants it"));
    let hidden = source.destination("secret").err().context("it may not be described")?;
    assert!(
        matches!(&hidden, AdapterError::Denied { command: Some(command), .. } if *command == grant("Describe", "secret")),
        "{hidden}"
    );

    admin.grant(TAPLINE, "Write", "orders")?;
    // Rights take a moment to reach a broker.
    let mut publisher = wait_for("the right", SOON, || Ok(source.publisher(&to(&["orders"])).ok()))?;
    let reports = send_all(&mut *publisher, (0..100).map(|_| record("orders", b"x")))?;
    assert!(reports.values().all(|report| report.outcome.is_ok()));

    let unread = source.read(&[range("orders", 0, 0, 1)], LIMITS, &mut Payloads::default())?;
    assert!(matches!(&unread[0].ended, Ended::Failed(AdapterError::Denied { .. })), "{unread:?}");
    Ok(())
}
