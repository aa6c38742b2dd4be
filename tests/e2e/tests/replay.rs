//! Dead letters put back on a real Kafka: what arrives, how often, in which order, after whatever interruption.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};
use tapline_kit::{Kafka, Record, Tapline, wait_for};

const SOON: Duration = Duration::from_secs(120);
const PARTITIONS: i32 = 6;
/// CI's share; `cargo xtask crash replay --kills 100` is the long form.
const KILLS: u64 = 20;
/// Items for each kill: at the rate of [`RATE`] as long as the longest time before one.
const ITEMS_A_KILL: u64 = 3_000;
const RATE: u64 = 5_000;

/// A dead letter as Spring's recoverer writes it: of order `number / 3`, the third part of it that failed.
fn dead_letter(number: u64) -> Record {
    let partition = i32::try_from(number % 6).unwrap_or(0);
    let key = format!("ORD-{:08}", number / 18 * 6 + number % 6);
    let payload = format!("{{\"orderId\":\"{key}\",\"part\":{number},\"amount\":1.10}}");
    Record::new("orders-dlt", partition, payload)
        .key(key)
        .header("content-type", Some(b"application/json"))
        .header("tenant", None)
        .header("kafka_dlt-original-topic", Some(b"orders"))
        .header("kafka_dlt-original-partition", Some(&partition.to_be_bytes()))
        .header("kafka_dlt-original-offset", Some(&(1_000_000 + number / 6).to_be_bytes()))
        .header("kafka_dlt-original-consumer-group", Some(b"payments"))
        .header("kafka_dlt-exception-cause-fqcn", Some(b"java.lang.IllegalStateException"))
        .header("kafka_dlt-exception-message", Some(b"card type CB is not known"))
        .header("tenant", Some(b"b"))
}

fn broker(dead: u64) -> Result<Kafka> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", PARTITIONS, &[])?;
    admin.create_topic("orders-dlt", PARTITIONS, &[])?;
    let records: Vec<Record> = (0..dead).map(dead_letter).collect();
    kafka.producer()?.send_all(&records)?;
    Ok(kafka)
}

fn tapline(kafka: &Kafka, dead: u64, more: &str) -> Result<Tapline> {
    let tapline = Tapline::start(&format!(
        "{more}[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n",
        kafka.bootstrap()
    ))?;
    wait_for("all dead letters", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM dead_letters")?[0][0].as_u64() == Some(dead)).then_some(()))
    })?;
    Ok(tapline)
}

fn ask(tapline: &Tapline, path: &str, body: &Value) -> Result<Value> {
    let (status, answer) = tapline.post(path, body)?;
    ensure!(status == 200, "{path}: {status} {answer}\n{}", tapline.log());
    Ok(answer)
}

fn plan(tapline: &Tapline, more: &Value) -> Result<Value> {
    let mut body =
        json!({"select": {"sql": "SELECT address FROM dead_letters"}, "reason": "the fix is out", "who": "mara"});
    let fields = body.as_object_mut().context("an object")?;
    fields.extend(more.as_object().cloned().unwrap_or_default());
    ask(tapline, "/api/v1/replays", &body)
}

fn start(tapline: &Tapline, plan: &Value) -> Result<String> {
    let id = plan["id"].as_str().context("no id")?.to_owned();
    ask(tapline, &format!("/api/v1/replays/{id}/start"), &json!({"etag": plan["etag"], "who": "mara"}))?;
    Ok(id)
}

fn replay(tapline: &Tapline, id: &str) -> Result<Value> {
    Ok(tapline.get(&format!("/api/v1/replays/{id}"))?.1)
}

fn until(tapline: &Tapline, id: &str, state: &str) -> Result<Value> {
    wait_for(state, SOON, || {
        let now = replay(tapline, id)?;
        Ok((now["state"] == state).then_some(now))
    })
    .with_context(|| format!("{}\n{}", replay(tapline, id).unwrap_or_default(), tapline.log()))
}

/// A record as somebody else reads it.
struct Arrived {
    key: String,
    payload: String,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Arrived {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        Self {
            key: text(message.key()),
            payload: text(message.payload()),
            headers: headers.map(|it| (it.key.to_owned(), it.value.map(<[u8]>::to_vec))).collect(),
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        let value = &self.headers.iter().find(|(known, _)| known == name)?.1;
        Some(String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned())
    }
}

/// Everything on a topic, by partition, in order.
fn everything(kafka: &Kafka, topic: &str) -> Result<BTreeMap<i32, Vec<Arrived>>> {
    let mut config = kafka.client();
    config.set("group.id", "independent").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let (mut list, mut left) = (TopicPartitionList::new(), 0);
    for partition in 0..PARTITIONS {
        let (low, high) = consumer.fetch_watermarks(topic, partition, Duration::from_secs(20))?;
        left += high - low;
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let mut all = BTreeMap::<i32, Vec<Arrived>>::new();
    while left > 0 {
        let message = consumer.poll(Duration::from_secs(20)).context("records are missing")??;
        all.entry(message.partition()).or_default().push(Arrived::of(&message));
        left -= 1;
    }
    Ok(all)
}

#[test]
fn killed_at_random_a_replay_sends_nothing_twice_and_forgets_nothing() -> Result<()> {
    let kills = std::env::var("TAPLINE_CRASH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let items = kills * ITEMS_A_KILL;
    let kafka = broker(items)?;
    let mut tapline = tapline(&kafka, items, "[replays]\nsettle = \"1s\"\n")?;
    let id = start(&tapline, &plan(&tapline, &json!({"rate": RATE}))?)?;
    let (mut random, mut killed) = (StdRng::from_os_rng(), 0);
    while killed < kills && replay(&tapline, &id)?["state"] == "running" {
        // The moment is what is random here: before a write, between a write and its sending, before an answer.
        std::thread::sleep(Duration::from_millis(random.random_range(10..600))); // tidy: wait
        tapline.kill9()?;
        killed += 1;
        tapline.restart()?;
        let now = replay(&tapline, &id)?;
        if now["state"] == "paused" {
            ask(&tapline, &format!("/api/v1/replays/{id}/resume"), &json!({"who": "mara"}))?;
        }
    }
    let done = until(&tapline, &id, "done")?;
    ensure!(killed * 2 >= kills, "it was over after {killed} kills");
    assert_eq!(done["progress"]["confirmed"], items, "{done}");

    let mut seen = HashMap::<String, u64>::new();
    let mut last = HashMap::<String, u64>::new();
    for (partition, records) in everything(&kafka, "orders")? {
        for record in records {
            *seen.entry(record.header("tapline-replay-item").context("not one of ours")?).or_default() += 1;
            let payload: Value = serde_json::from_str(&record.payload)?;
            let number = payload["part"].as_u64().context("no part")?;
            assert_eq!(record.payload, String::from_utf8(dead_letter(number).payload.context("a payload")?)?);
            let before = last.insert(record.key.clone(), number);
            assert!(before.is_none_or(|before| before < number), "{} of partition {partition}: order", record.key);
        }
    }
    let twice: Vec<&String> = seen.iter().filter(|(_, times)| **times > 1).map(|(item, _)| item).collect();
    assert!(twice.is_empty(), "{} of {items} stand there twice, after {killed} kills", twice.len());
    assert_eq!(seen.len() as u64, items, "some are missing, after {killed} kills");
    Ok(())
}

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
    assert_eq!(first.payload.as_bytes(), expected.payload.as_deref().unwrap_or_default());
    let (own, ours): (Vec<_>, Vec<_>) = first.headers.iter().partition(|(name, _)| !name.starts_with("tapline-"));
    let kept: Vec<_> = expected.headers.iter().filter(|(name, _)| !name.starts_with("kafka_dlt-")).collect();
    assert_eq!(own, kept);
    let names: Vec<&str> = ours.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "item", "attempt", "origin", "by", "at"].map(|name| format!("tapline-replay-{name}")));
    assert_eq!(first.header("tapline-replay-id").as_deref(), Some("r-1"));
    assert_eq!(first.header("tapline-replay-origin").as_deref(), Some("shop/orders-dlt/0/0"));
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
    Ok(())
}
