//! What arrives, and what is refused before anything is sent.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Headers, Message};
use serde_json::json;
use tapline_kit::{Kafka, Record, wait_for};

use crate::world::{SOON, ask, broker, dead_letter, everything, header, plan, replay, start, tapline, until};

#[test]
fn bytes_key_and_headers_are_as_they_were_but_for_the_failure() -> Result<()> {
    let kafka = broker(18)?;
    let tapline = tapline(&kafka, 18, "")?;
    let planned = plan(&tapline, &json!({}))?;
    assert_eq!(planned["progress"]["items"], 18, "{planned}");
    let id = start(&tapline, &planned)?;
    until(&tapline, &id, "done")?;
    let arrived = everything(&kafka, "orders")?;
    let expected = dead_letter(0);
    let first = &arrived[&0][0];
    assert_eq!((&first.payload, &first.key), (&expected.payload, &expected.key));
    let (own, ours): (Vec<_>, Vec<_>) = first.headers.iter().partition(|(name, _)| !name.starts_with("tapline-"));
    let kept: Vec<_> = expected.headers.iter().filter(|(name, _)| !name.starts_with("kafka_dlt-")).collect();
    assert_eq!(own, kept);
    let names: Vec<&str> = ours.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "item", "attempt", "origin", "by", "at"].map(|name| format!("tapline-replay-{name}")));
    assert_eq!(header(first, "tapline-replay-id").as_deref(), Some("r-1"));
    assert_eq!(header(first, "tapline-replay-origin").as_deref(), Some("shop/orders-dlt/0/0"));
    let counts: Vec<usize> = arrived.values().map(Vec::len).collect();
    assert_eq!(counts, [3; 6], "each goes to the partition where it failed");
    Ok(())
}

#[test]
fn a_plan_that_no_longer_holds_does_not_start() -> Result<()> {
    let kafka = broker(6)?;
    let tapline = tapline(&kafka, 6, "")?;
    let planned = plan(&tapline, &json!({}))?;
    let path = format!("/api/v1/replays/{}/start", planned["id"].as_str().context("no id")?);
    let (status, refused) = tapline.post(&path, &json!({}))?;
    assert_eq!((status, refused["code"].as_str()), (409, Some("plan_stale")), "without the etag");
    kafka.admin()?.grow_topic("orders", 8)?;
    let (status, refused) = wait_for("the broker to tell of its partitions", SOON, || {
        let (status, refused) = tapline.post(&path, &json!({"etag": planned["etag"]}))?;
        Ok((status != 200 || refused["state"] == "running").then_some((status, refused)))
    })?;
    assert_eq!((status, refused["code"].as_str()), (409, Some("plan_stale")), "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("8 partitions")), "{refused}");
    let (status, _) = tapline.post(&path, &json!({"etag": planned["etag"]}))?;
    assert_eq!(status, 409, "the etag that was read is of another plan");
    let still = replay(&tapline, "r-1")?;
    assert_eq!((still["state"].as_str(), still["progress"]["confirmed"].as_u64()), (Some("planned"), Some(0)));
    assert!(everything(&kafka, "orders")?.is_empty(), "something was sent");
    Ok(())
}

#[test]
fn a_replay_to_where_its_dead_letters_stand_is_refused() -> Result<()> {
    let kafka = broker(6)?;
    let tapline = tapline(&kafka, 6, "")?;
    let planned = plan(&tapline, &json!({"target": {"destination": "orders-dlt"}}))?;
    let bad = planned["plan"]["warnings"].as_array().context("no warnings")?.iter().find(|it| it["level"] == "bad");
    assert_eq!(bad.context("nothing forbids it")?["kind"], "loop", "{planned}");
    let (status, refused) = tapline.post("/api/v1/replays/r-1/start", &json!({"etag": planned["etag"]}))?;
    assert_eq!((status, refused["code"].as_str()), (422, Some("replay_refused")), "{refused}");
    let (status, refused) = tapline.post(
        "/api/v1/replays",
        &json!({
        "select": {"sql": "SELECT address FROM dead_letters"}, "reason": "x", "target": {"destination": "nowhere"}}),
    )?;
    assert_eq!(status, 200, "a plan says what is wrong: {refused}");
    assert_eq!(refused["plan"]["warnings"][0]["kind"], "unknown_target", "{refused}");
    Ok(())
}

/// A consumer that fails with everything, as Spring does: each becomes a dead letter that names where it stood.
fn fail_everything(kafka: &Kafka, stop: &std::sync::atomic::AtomicBool) -> Result<()> {
    let mut config = kafka.client();
    config.set("group.id", "payments").set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&["orders"])?;
    let producer = kafka.producer()?;
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message?;
        let mut record = Record::new("orders-dlt", message.partition(), message.payload().unwrap_or_default());
        record = record.key(message.key().unwrap_or_default());
        for header in message.headers().into_iter().flat_map(Headers::iter) {
            record = record.header(header.key, header.value);
        }
        let record = record
            .header("kafka_dlt-original-topic", Some(b"orders"))
            .header("kafka_dlt-original-partition", Some(&message.partition().to_be_bytes()))
            .header("kafka_dlt-original-offset", Some(&message.offset().to_be_bytes()))
            .header("kafka_dlt-original-consumer-group", Some(b"payments"))
            .header("kafka_dlt-exception-cause-fqcn", Some(b"java.lang.IllegalStateException"));
        producer.send(&record)?;
        producer.flush()?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
    Ok(())
}

#[test]
fn a_consumer_that_fails_everything_again_stops_it() -> Result<()> {
    const DEAD: u64 = 600;
    let kafka = broker(DEAD)?;
    let tapline = tapline(&kafka, DEAD, "")?;
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let consumer = scope.spawn(|| fail_everything(&kafka, &stop));
        let outcome = (|| {
            let id = start(&tapline, &plan(&tapline, &json!({"rate": 20}))?)?;
            let stopped = until(&tapline, &id, "stopped")?;
            assert!(stopped["why"].as_str().is_some_and(|why| why.contains("came back dead")), "{stopped}");
            let sent = stopped["progress"]["confirmed"].as_u64().unwrap_or(0);
            assert!(sent < DEAD / 2, "it stopped only after {sent} of {DEAD}");
            wait_for("every outcome", SOON, || {
                let progress = replay(&tapline, &id)?["progress"].clone();
                Ok((progress["failed_again"] == progress["confirmed"]).then_some(()))
            })?;
            let path = format!("/api/v1/replays/{id}/items?outcome=failed_again&limit=1");
            let item = tapline.get(&path)?.1["items"][0].clone();
            let evidence = item["evidence"].as_str().context("no evidence")?;
            assert!(evidence.starts_with("shop/orders-dlt/"), "{item}");
            Ok(())
        })();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        consumer.join().ok().context("the consumer panicked")??;
        outcome
    })
}

#[test]
fn pause_resume_canary_and_cancel() -> Result<()> {
    const DEAD: u64 = 600;
    let kafka = broker(DEAD)?;
    let tapline = tapline(&kafka, DEAD, "")?;
    let id = start(&tapline, &plan(&tapline, &json!({"canary": 25, "rate": 100}))?)?;
    let paused = until(&tapline, &id, "paused")?;
    assert_eq!(paused["progress"]["confirmed"], 25, "{paused}");
    ask(&tapline, &format!("/api/v1/replays/{id}/resume"), &json!({"who": "mara"}))?;
    let held = ask(&tapline, &format!("/api/v1/replays/{id}/pause"), &json!({"who": "jo", "reason": "wait"}))?;
    assert_eq!(held["state"], "paused", "{held}");
    ask(&tapline, &format!("/api/v1/replays/{id}/resume"), &json!({"who": "mara"}))?;
    let over = ask(&tapline, &format!("/api/v1/replays/{id}/cancel"), &json!({"who": "jo"}))?;
    assert_eq!(over["state"], "cancelled", "{over}");
    let (status, refused) = tapline.post(&format!("/api/v1/replays/{id}/resume"), &json!({}))?;
    assert_eq!((status, refused["code"].as_str()), (409, Some("replay_state")));
    let sent = over["progress"]["confirmed"].as_u64().context("no count")?;
    let arrived: usize = everything(&kafka, "orders")?.values().map(Vec::len).sum();
    assert_eq!(arrived as u64, sent, "what it says was sent is what stands there");
    let actions: Vec<&str> =
        over["history"].as_array().into_iter().flatten().filter_map(|entry| entry["action"].as_str()).collect();
    for action in ["replay.plan", "replay.start", "replay.resume", "replay.pause", "replay.cancel"] {
        assert!(actions.contains(&action), "{action} is not in {actions:?}");
    }
    let again = plan(&tapline, &json!({}))?;
    let warned = again["plan"]["warnings"].as_array().context("no warnings")?;
    let before = warned.iter().find(|it| it["kind"] == "replayed_before").context("nothing of r-1")?;
    assert_eq!(before["items"], sent, "{before}");

    let (_, causes) = tapline.get("/api/v1/dead-letters")?;
    let rest = plan(&tapline, &json!({"select": {"fingerprint": causes["causes"][0]["fingerprint"]}}))?;
    assert_eq!(rest["progress"]["items"], DEAD - sent, "a cause is put back as far as it waits: {rest}");
    let query = rest["plan"]["sql"].as_str().context("no query")?;
    let chosen = tapline.sql(&format!("SELECT count(*) FROM ({query})"))?;
    assert_eq!(chosen[0][0], DEAD - sent, "and its query says so: {query}");
    Ok(())
}
