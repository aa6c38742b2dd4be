//! Any events of any time, to another broker: whatever shape they have, they come back as they were.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::json;
use tapline_kit::{Kafka, Record, Tapline, wait_for};

use crate::world::{SOON, everything, plan, start, until, without_ours};

const TOPICS: [&str; 2] = ["orders", "payments"];

/// Every shape that Kafka allows, a second apart, on two partitions.
fn odd(topic: &str, now: i64) -> Vec<Record> {
    let record = || Record { topic: topic.to_owned(), ..Record::default() };
    let shapes = vec![
        Record { key: Some(b"ORD-1".to_vec()), payload: None, ..record() },
        Record { key: None, payload: Some(b"no key".to_vec()), ..record() },
        Record { key: Some(Vec::new()), payload: Some(Vec::new()), ..record() },
        Record { key: None, payload: None, ..record() },
        Record { key: Some(vec![0, 255, 7]), payload: Some((0..=255).collect()), ..record() },
        Record { payload: Some(b"{}".to_vec()), ..record() }
            .key("ORD-2")
            .header("twice", Some(b"a"))
            .header("null", None)
            .header("twice", Some(b""))
            .header("", Some(&[255, 254])),
    ];
    let placed = (0..).zip(shapes.into_iter().cycle().take(60));
    let at = |number: i64| Some(now - 600_000 + number * 1_000);
    placed
        .map(|(number, shape)| Record { partition: Some((number % 2) as i32), timestamp: at(number), ..shape })
        .collect()
}

fn by_partition(records: Vec<Record>) -> BTreeMap<i32, Vec<Record>> {
    let mut all = BTreeMap::<i32, Vec<Record>>::new();
    for record in records {
        all.entry(record.partition.unwrap_or(-1)).or_default().push(record);
    }
    all
}

#[test]
fn a_window_fills_an_empty_broker_with_what_there_was() -> Result<()> {
    let (old, new) = (Kafka::start()?, Kafka::start()?);
    for kafka in [&old, &new] {
        for topic in TOPICS {
            kafka.admin()?.create_topic(topic, 6, &[])?;
        }
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let now = i64::try_from(now)?;
    // What was read last happened first: the order of sending is another one than that of reading.
    let records = TOPICS.map(|topic| (topic, odd(topic, if topic == "orders" { now } else { now - 500 })));
    for (_, records) in &records {
        old.producer()?.send_all(records)?;
    }
    let source = |name: &str, kafka: &Kafka| {
        format!("[sources.{name}]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap())
    };
    let tapline = Tapline::start(&format!("{}{}", source("shop", &old), source("fresh", &new)))?;
    wait_for("all events", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(120)).then_some(()))
    })?;

    let window = "SELECT address FROM events WHERE source = 'shop' AND timestamp >= now() - INTERVAL '1 hour'";
    let planned = plan(&tapline, &json!({"select": {"sql": window}, "target": {"source": "fresh"}, "order": "none"}))?;
    let warnings = planned["plan"]["warnings"].as_array().context("no warnings")?;
    let said =
        warnings.iter().find(|warning| warning["kind"] == "not_restored").context("offsets are not mentioned")?;
    assert!(said["sentence"].as_str().is_some_and(|text| text.contains("Offsets")), "{said}");
    assert_eq!(planned["progress"]["items"], 120, "{planned}");
    let id = start(&tapline, &planned)?;
    until(&tapline, &id, "done")?;

    for (topic, records) in records {
        let arrived: Vec<Record> = everything(&new, topic)?.into_values().flatten().map(without_ours).collect();
        let (arrived, sent) = (by_partition(arrived), by_partition(records));
        for (partition, sent) in &sent {
            let arrived = arrived.get(partition).with_context(|| format!("nothing in {topic}, {partition}"))?;
            for (number, (arrived, sent)) in arrived.iter().zip(sent).enumerate() {
                assert_eq!(arrived, sent, "{number} of {topic}, {partition}");
            }
        }
        assert_eq!(arrived.values().map(Vec::len).sum::<usize>(), 60);
        let still = everything(&old, topic)?.values().map(Vec::len).sum::<usize>();
        assert_eq!(still, 60, "nothing goes where it came from");
    }
    wait_for("the tap to see them marked", SOON, || {
        let marked = "SELECT count(*) FROM events WHERE source = 'fresh' AND replay_id = 'r-1'";
        Ok((tapline.sql(marked)?[0][0].as_u64() == Some(120)).then_some(()))
    })?;
    Ok(())
}
