//! Alerts on a real Kafka: what fires, who is told, and what becomes of it when receivers, the broker or Tapline fail.

#[path = "alerts/crash.rs"]
mod crash;
#[path = "alerts/delivery.rs"]
mod delivery;
#[path = "alerts/held.rs"]
mod held;
#[path = "alerts/rules.rs"]
mod rules;

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use tapline_kit::{Kafka, Record, Tapline, wait_for};

/// Longest wait for something that takes a few looks, a second each.
const SOON: Duration = Duration::from_secs(90);

/// A look each second, told at once, and no other rules.
const QUICK: &str = "interval = \"1s\"\ndefaults = false\ngroup_wait = \"0s\"\ngroup_interval = \"1s\"";

/// Fires for every group with more than fifty unread.
const BEHIND: &str = "[alerts.rules.Behind]\nexpr = \"kafka_consumergroup_group_sum_lag > 50\"\n\
    labels = { severity = \"critical\" }\nannotations = { next_step = \"look at {{ $labels.group }}\" }";

fn commit(kafka: &Kafka, group: &str, offset: i64) -> Result<()> {
    let mut config = kafka.client();
    config.set("group.id", group).set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("orders", 0, Offset::Offset(offset))?;
    Ok(consumer.commit(&list, CommitMode::Sync)?)
}

/// A broker with a hundred orders, of which `billing` has read ten.
fn shop() -> Result<Kafka> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let orders: Vec<Record> = (0..100).map(|_| Record::new("orders", 0, "x")).collect();
    kafka.producer()?.send_all(&orders)?;
    commit(&kafka, "billing", 10)?;
    Ok(kafka)
}

/// The part of a configuration with these lines in its section of alerts, and what follows it.
fn config(kafka: &Kafka, alerts: &str, more: &str) -> String {
    let brokers = kafka.bootstrap();
    format!(
        "[lag]\ninterval = \"1s\"\n[alerts]\n{alerts}\n{more}\n\
         [sources.shop]\nbrokers = \"{brokers}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n"
    )
}

/// A channel that is told at this address of the machine itself.
fn webhook(name: &str, url: &str) -> String {
    format!("[alerts.channels.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nallow_private = true\n")
}

fn alerts(tapline: &Tapline) -> Result<Value> {
    Ok(tapline.get("/api/v1/alerts")?.1)
}

/// All alerts once they stand so.
fn until(tapline: &Tapline, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut last = Value::Null;
    let seen = wait_for(what, SOON, || {
        last = alerts(tapline)?;
        Ok(holds(&last).then(|| last.clone()))
    });
    seen.with_context(|| format!("it stands so: {last}\n{}", tapline.log()))
}

/// How the first alert of a rule stands.
fn state<'a>(all: &'a Value, rule: &str) -> Option<&'a str> {
    let found = all["alerts"].as_array()?.iter().find(|alert| alert["rule"] == rule)?;
    found["state"].as_str()
}

fn fires(all: &Value, rule: &str) -> bool {
    state(all, rule) == Some("firing")
}
