//! Dead letters that only tell where the event that failed stands, as share groups write them.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tapline_kit::{Kafka, Record, Tapline, wait_for};

use crate::world::{SOON, everything, header, plan, start, tapline, until, without_ours};

/// Of what stands in partition 3 of a topic.
fn pointer(topic: &str, offset: &[u8]) -> Record {
    Record { topic: "dlq.orders".to_owned(), partition: Some(3), ..Record::default() }
        .header("__dlq.errors.topic", Some(topic.as_bytes()))
        .header("__dlq.errors.partition", Some(b"3"))
        .header("__dlq.errors.offset", Some(offset))
        .header("__dlq.errors.group", Some(b"pickers"))
}

/// A share group's dead letter holds neither key nor payload: nothing could be put back.
#[test]
fn a_dead_letter_that_only_points_to_its_event_puts_that_event_back() -> Result<()> {
    let kafka = Kafka::start()?;
    for topic in ["orders", "dlq.orders"] {
        kafka.admin()?.create_topic(topic, 6, &[])?;
    }
    let failed = Record::new("orders", 3, "{\"orderId\":\"ORD-7\"}").key("ORD-7").header("tenant", Some(b"b"));
    let producer = kafka.producer()?;
    producer.send_all(&[Record::new("orders", 3, "{}").key("ORD-1"), failed.clone()])?;
    producer.send_all(&[pointer("orders", b"1"), pointer("orders", b"4000")])?;
    let tapline = tapline(&kafka, 2, "")?;
    let planned = plan(&tapline, &json!({}))?;
    assert_eq!((&planned["progress"]["items"], &planned["plan"]["by_key"]), (&json!(1), &json!([])), "{planned}");
    let left = planned["plan"]["warnings"].as_array().context("no warnings")?;
    let left = left.iter().find(|warning| warning["kind"] == "left_out").context("the other one is not told")?;
    assert_eq!(left["addresses"][0], "shop/dlq.orders/3/1", "{left}");
    let id = start(&tapline, &planned)?;
    until(&tapline, &id, "done")?;
    let item = tapline.get(&format!("/api/v1/replays/{id}/items"))?.1["items"][0].clone();
    assert_eq!((&item["address"], &item["key"]), (&json!("shop/dlq.orders/3/0"), &json!("ORD-7")), "{item}");
    let arrived = everything(&kafka, "orders")?.remove(&3).context("nothing in its partition")?.remove(2);
    assert_eq!(header(&arrived, "tapline-replay-origin").as_deref(), Some("shop/dlq.orders/3/0"));
    assert_eq!(without_ours(Record { timestamp: None, ..arrived }), failed);
    let edge = json!(["shop/dlq.orders/3/0", "shop/orders/3/2", "replay"]);
    wait_for("the story to go on from the dead letter", SOON, || {
        let (_, chain) = tapline.get("/api/v1/chains/ORD-7")?;
        let edges = chain["edges"].as_array().into_iter().flatten();
        let mut found = edges.map(|it| json!([it["from"], it["to"], it["rule"]]));
        Ok(found.any(|it| it == edge).then_some(()))
    })?;
    let (_, causes) = tapline.get("/api/v1/dead-letters")?;
    assert_eq!(causes["causes"][0]["waiting"], 1, "what was put back waits no more: {causes}");
    Ok(())
}

/// What is not tapped is looked up where a dead letter points to it, before the broker removes it; but what is excluded.
#[test]
fn an_event_that_no_tap_read_is_kept_before_its_broker_removes_it() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    for topic in ["orders", "secrets", "dlq.orders"] {
        admin.create_topic(topic, 6, &[])?;
    }
    let failed = Record::new("orders", 3, "{\"orderId\":\"ORD-7\"}").key("ORD-7").header("tenant", Some(b"b"));
    let producer = kafka.producer()?;
    producer.send_all(&[failed.clone(), Record::new("secrets", 3, "{}").key("S-1")])?;
    let topics = ["orders", "secrets", "nowhere"].map(|topic| pointer(topic, b"0"));
    producer.send_all(&topics)?;
    producer.send_all(&[pointer("orders", b"4000")])?;
    let source = format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap());
    let mut tapline = Tapline::start(&format!("{source}topics = [\"dlq.*\"]\nexclude = [\"secrets\"]\n"))?;
    let kept = wait_for("the event to be kept on the disk", SOON, || {
        let (status, event) = tapline.get("/api/v1/events/shop/orders/3/0")?;
        Ok((status == 200 && event["stored"] == "archived").then_some(event))
    })?;
    assert_eq!(kept["payload"]["content"], "{\"orderId\":\"ORD-7\"}", "{kept}");
    assert_eq!(tapline.get("/api/v1/events/shop/secrets/3/0")?.0, 404, "what is excluded is never read");
    assert_eq!(tapline.sql("SELECT count(*) FROM events WHERE destination = 'orders'")?[0][0], 0, "no tap read it");
    let edges = |tapline: &Tapline| -> Result<Value> {
        let (_, chain) = tapline.get("/api/v1/chains/ORD-7")?;
        let edges = chain["edges"].as_array().into_iter().flatten();
        Ok(edges.map(|edge| json!([edge["from"], edge["to"], edge["rule"]])).collect())
    };
    let failed_so = json!(["shop/orders/3/0", "shop/dlq.orders/3/0", "dead_letter"]);
    assert_eq!(edges(&tapline)?, json!([failed_so]), "the order's story is found though its topic is not read");
    admin.delete_records("orders", 3, 1)?;
    tapline.kill9()?;
    tapline.restart()?;
    wait_for("the dead letters to be read again", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM dead_letters")?[0][0] == 4).then_some(()))
    })?;
    let planned = plan(&tapline, &json!({}))?;
    assert_eq!(planned["progress"]["items"], 1, "{planned}");
    let left = planned["plan"]["warnings"].as_array().context("no warnings")?;
    let left = left.iter().find(|warning| warning["kind"] == "left_out").context("the others are not told")?;
    assert_eq!(left["items"], 3, "{left}");
    let id = start(&tapline, &planned)?;
    until(&tapline, &id, "done")?;
    let arrived = everything(&kafka, "orders")?.remove(&3).context("nothing in its partition")?.remove(0);
    assert_eq!(without_ours(Record { timestamp: None, ..arrived }), failed);
    Ok(())
}
