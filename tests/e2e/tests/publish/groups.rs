//! Consumer groups.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::json;
use tapline_adapter::{GroupFault, GroupKind, GroupOptions, GroupState, Source};
use tapline_e2e::source;
use tapline_kit::kafka::TAPLINE;
use tapline_kit::{Kafka, KafkaConfig, Record, wait_for};

use crate::SOON;

fn consumer(kafka: &Kafka, group: &str, protocol: &str) -> Result<BaseConsumer> {
    let mut config = kafka.client();
    config.set("group.id", group).set("group.protocol", protocol).set("enable.auto.commit", "false");
    Ok(config.set("auto.offset.reset", "earliest").create()?)
}

fn commit(kafka: &Kafka, group: &str, offsets: &[(&str, i32, i64)]) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for (topic, partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    Ok(consumer(kafka, group, "classic")?.commit(&list, CommitMode::Sync)?)
}

/// Joins and reads until it was given all partitions.
fn join(consumer: &BaseConsumer, topic: &str, partitions: usize) -> Result<()> {
    consumer.subscribe(&[topic])?;
    wait_for("the assignment", SOON, || {
        let _ = consumer.poll(Duration::from_millis(50));
        Ok((consumer.assignment()?.count() == partitions).then_some(()))
    })
}

#[test]
fn groups_are_those_that_kafkas_own_client_tells() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    for (topic, partitions) in [("orders", 3), ("payments", 2), ("quiet", 1)] {
        admin.create_topic(topic, partitions, &[])?;
        let filled: Vec<Record> =
            (0..partitions).flat_map(|at| (0..10).map(move |_| Record::new(topic, at, "x"))).collect();
        kafka.producer()?.send_all(&filled)?;
    }
    commit(&kafka, "left", &[("orders", 0, 4), ("orders", 2, 9), ("payments", 1, 1)])?;
    commit(&kafka, "elsewhere", &[("payments", 0, 7)])?;
    let classic = consumer(&kafka, "classic-group", "classic")?;
    let modern = consumer(&kafka, "modern-group", "consumer")?;
    join(&classic, "orders", 3)?;
    join(&modern, "orders", 3)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("orders", 1, Offset::Offset(6))?;
    modern.commit(&list, CommitMode::Sync)?;

    let source = source(&kafka, TAPLINE)?;
    let all = || GroupOptions { include: vec!["*".to_owned()] };
    let mut groups = source.groups(&all())?;
    let listed = groups.list()?;
    let names: Vec<&str> = listed.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["classic-group", "elsewhere", "left", "modern-group"]);
    assert!(listed.hidden.is_empty() && listed.unseen.is_empty() && listed.problems.is_empty(), "{listed:?}");
    let (details, committed) = (groups.describe(&names), groups.committed(&names, None));
    let theirs = admin.groups()?;
    assert_eq!(theirs.len(), names.len());
    for ((name, detail), committed) in names.iter().zip(details).zip(committed) {
        let detail = detail?;
        let offsets: BTreeMap<String, i64> = committed?
            .into_iter()
            .map(|((topic, partition), offset)| (format!("{topic}-{partition}"), offset))
            .collect();
        let ours = json!({
            "type": match detail.group.kind {
                Some(GroupKind::Classic) => "Classic",
                Some(GroupKind::Consumer) => "Consumer",
                None => "unknown",
            },
            "state": match detail.group.state {
                Some(GroupState::Stable) => "Stable",
                Some(GroupState::Empty) => "Empty",
                other => anyhow::bail!("{name} stands at {other:?}"),
            },
            "members": detail.members.len(),
            "offsets": offsets,
        });
        assert_eq!(ours, theirs[*name], "{name}");
    }

    // A group that has committed nothing reads it all the same.
    let readers = groups.reading("orders")?;
    let reading: Vec<_> = readers
        .groups
        .iter()
        .map(|reading| (reading.group.name.as_str(), reading.members, reading.committed.clone()))
        .collect();
    assert_eq!(
        reading,
        [
            ("classic-group", Some(1), BTreeMap::new()),
            ("left", Some(0), BTreeMap::from([(0, 4), (2, 9)])),
            ("modern-group", Some(1), BTreeMap::from([(1, 6)])),
        ]
    );
    assert!(groups.reading("quiet")?.groups.is_empty() && readers.unknown.is_empty());
    assert_eq!(
        groups.committed(&["left"], Some(&[("payments".to_owned(), 1), ("payments".to_owned(), 0)])),
        [Ok(BTreeMap::from([(("payments".to_owned(), 1), 1)]))]
    );

    let some = GroupOptions { include: vec!["*-group".to_owned(), "left".to_owned(), "nobody".to_owned()] };
    let listed = source.groups(&some)?.list()?;
    let names: Vec<&str> = listed.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!((names, listed.unseen), (vec!["classic-group", "left", "modern-group"], vec!["nobody".to_owned()]));
    Ok(())
}

#[test]
fn groups_that_may_not_be_described_are_counted_as_far_as_they_are_known() -> Result<()> {
    let kafka = Kafka::with(&KafkaConfig { acl: true, ..KafkaConfig::default() })?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", 1, &[])?;
    admin.grant(TAPLINE, "Describe", "orders")?;
    commit(&kafka, "billing", &[("orders", 0, 3)])?;
    commit(&kafka, "audit", &[("orders", 0, 1)])?;
    let source = source(&kafka, TAPLINE)?;
    let include = ["*", "billing"].map(str::to_owned).to_vec();
    let mut groups = source.groups(&GroupOptions { include })?;
    let hidden = groups.list()?;
    assert_eq!((hidden.groups.len(), hidden.unseen), (0, vec!["billing".to_owned()]), "no trace of them");

    admin.grant_on(TAPLINE, "Describe", "GROUP", "audit")?;
    let hidden = wait_for("the right", SOON, || Ok(Some(groups.list()?).filter(|list| list.groups.len() == 1)))?;
    assert_eq!((hidden.hidden, hidden.unseen.len()), (vec!["billing".to_owned()], 0));
    let command = hidden.problems[0].command.as_deref().unwrap_or_default();
    assert!(command.ends_with("User:tapline --operation Describe --group billing"), "{command}");
    let readers = groups.reading("orders")?;
    assert_eq!(readers.groups[0].committed, BTreeMap::from([(0, 1)]));
    assert_eq!(readers.unknown, [("billing".to_owned(), GroupFault::Denied)]);

    // Who may describe the cluster sees the names of all.
    admin.grant_on(TAPLINE, "Describe", "CLUSTER", "kafka-cluster")?;
    wait_for("the right", SOON, || Ok(Some(groups.list()?).filter(|list| list.groups.len() == 2)))?;
    assert_eq!(groups.reading("orders")?.unknown, [("billing".to_owned(), GroupFault::Denied)]);
    Ok(())
}
