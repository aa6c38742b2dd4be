//! A broker with dead letters, Tapline beside it, and what stands on a topic afterwards as somebody else reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};
use tapline_kit::{Kafka, Record, Tapline, wait_for};

pub(crate) const SOON: Duration = Duration::from_secs(120);
const PARTITIONS: i32 = 6;

/// A dead letter as Spring's recoverer writes it: of order `number / 3`, the third part of it that failed.
pub(crate) fn dead_letter(number: u64) -> Record {
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

pub(crate) fn broker(dead: u64) -> Result<Kafka> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", PARTITIONS, &[])?;
    admin.create_topic("orders-dlt", PARTITIONS, &[])?;
    let records: Vec<Record> = (0..dead).map(dead_letter).collect();
    kafka.producer()?.send_all(&records)?;
    Ok(kafka)
}

pub(crate) fn tapline(kafka: &Kafka, dead: u64, more: &str) -> Result<Tapline> {
    let tapline = Tapline::start(&format!(
        "{more}[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n",
        kafka.bootstrap()
    ))?;
    wait_for("all dead letters", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM dead_letters")?[0][0].as_u64() == Some(dead)).then_some(()))
    })?;
    Ok(tapline)
}

pub(crate) fn ask(tapline: &Tapline, path: &str, body: &Value) -> Result<Value> {
    let (status, answer) = tapline.post(path, body)?;
    ensure!(status == 200, "{path}: {status} {answer}\n{}", tapline.log());
    Ok(answer)
}

pub(crate) fn plan(tapline: &Tapline, more: &Value) -> Result<Value> {
    let mut body =
        json!({"select": {"sql": "SELECT address FROM dead_letters"}, "reason": "the fix is out", "who": "mara"});
    let fields = body.as_object_mut().context("an object")?;
    fields.extend(more.as_object().cloned().unwrap_or_default());
    ask(tapline, "/api/v1/replays", &body)
}

pub(crate) fn start(tapline: &Tapline, plan: &Value) -> Result<String> {
    let id = plan["id"].as_str().context("no id")?.to_owned();
    ask(tapline, &format!("/api/v1/replays/{id}/start"), &json!({"etag": plan["etag"], "who": "mara"}))?;
    Ok(id)
}

pub(crate) fn replay(tapline: &Tapline, id: &str) -> Result<Value> {
    Ok(tapline.get(&format!("/api/v1/replays/{id}"))?.1)
}

pub(crate) fn until(tapline: &Tapline, id: &str, state: &str) -> Result<Value> {
    wait_for(state, SOON, || {
        let now = replay(tapline, id)?;
        Ok((now["state"] == state).then_some(now))
    })
    .with_context(|| format!("{}\n{}", replay(tapline, id).unwrap_or_default(), tapline.log()))
}

/// A record as somebody else reads it.
fn arrived(message: &BorrowedMessage<'_>) -> Record {
    let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Record {
        topic: message.topic().to_owned(),
        partition: Some(message.partition()),
        key: bytes(message.key()),
        payload: bytes(message.payload()),
        headers: headers.map(|it| (it.key.to_owned(), bytes(it.value))).collect(),
        timestamp: message.timestamp().to_millis(),
    }
}

/// The first header of that name, as text.
pub(crate) fn header(record: &Record, name: &str) -> Option<String> {
    let (_, value) = record.headers.iter().find(|(known, _)| known == name)?;
    Some(String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned())
}

/// Without the headers that say that it was put back.
pub(crate) fn without_ours(mut record: Record) -> Record {
    record.headers.retain(|(name, _)| !name.starts_with("tapline-replay-"));
    record
}

/// Everything on a topic, by partition, in order.
pub(crate) fn everything(kafka: &Kafka, topic: &str) -> Result<BTreeMap<i32, Vec<Record>>> {
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
    let mut all = BTreeMap::<i32, Vec<Record>>::new();
    while left > 0 {
        let message = consumer.poll(Duration::from_secs(20)).context("records are missing")??;
        all.entry(message.partition()).or_default().push(arrived(&message));
        left -= 1;
    }
    Ok(all)
}
