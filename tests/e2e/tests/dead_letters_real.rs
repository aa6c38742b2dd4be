//! Dead letters and retries as Spring Kafka and Kafka Connect themselves write them, and what Tapline says of them.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tapline_adapter::{Positions, Start};
use tapline_e2e::{Reader, Seen, options};
use tapline_kit::{Java, Kafka, Record, Tapline, wait_for};

const SOON: Duration = Duration::from_secs(90);

/// Records as the decoder's own tests have them: if a library changes what it writes, these tests fail and tell what.
mod fixtures {
    pub(super) const RECOVERER: &str = include_str!("../../../collector/decode/tests/decode/real/recoverer.txt");
    pub(super) const UNREADABLE: &str = include_str!("../../../collector/decode/tests/decode/real/unreadable.txt");
    pub(super) const RETRY: &str = include_str!("../../../collector/decode/tests/decode/real/retry.txt");
    pub(super) const RETRY_DLT: &str = include_str!("../../../collector/decode/tests/decode/real/retry_dlt.txt");
    pub(super) const CONNECT: &str = include_str!("../../../collector/decode/tests/decode/real/connect.txt");
    pub(super) const CONNECT_TWICE: &str =
        include_str!("../../../collector/decode/tests/decode/real/connect_twice.txt");
}

fn id(number: u32) -> String {
    format!("ORD-{number:08}")
}

/// An order with one more field.
fn order(topic: &str, partition: i32, number: u32, field: &str, value: &str) -> Record {
    let id = id(number);
    Record::new(topic, partition, json!({ "orderId": id, field: value }).to_string()).key(id)
}

/// Nobody can read it, but its key says which order it was.
fn torn(topic: &str, partition: i32, number: u32) -> Record {
    Record::new(topic, partition, format!("{{\"orderId\":\"{}\",", id(number))).key(id(number))
}

fn tapline(kafka: &Kafka) -> Result<Tapline> {
    Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))
}

fn wait_for_dead_letters(count: usize, java: &mut Java, tapline: &Tapline) -> Result<()> {
    let all = || {
        java.ensure_running()?;
        Ok((tapline.sql("SELECT 1 FROM dead_letters")?.len() == count).then_some(()))
    };
    wait_for("all dead letters", SOON, all).with_context(|| format!("the Java program said:\n{}", java.log()))
}

/// What is said of each dead letter, in the order of the orders.
fn said(tapline: &Tapline) -> Result<Value> {
    let rows = tapline.sql(
        "SELECT key_text, framework, origin_address, consumer_group, exception, root_cause, message, attempts, stage \
         FROM dead_letters ORDER BY key_text, archived_at",
    )?;
    Ok(json!(rows))
}

fn same(found: &Value, expected: &Value) -> Result<()> {
    ensure!(found == expected, "found {found:#}\ninstead of {expected:#}");
    Ok(())
}

/// The fingerprints of these orders' dead letters, each once.
fn fingerprints(tapline: &Tapline, orders: &[u32]) -> Result<BTreeSet<String>> {
    let keys = orders.iter().map(|number| format!("'{}'", id(*number))).collect::<Vec<_>>().join(", ");
    let rows = tapline.sql(&format!("SELECT fingerprint FROM dead_letters WHERE key_text IN ({keys})"))?;
    rows.iter().map(|row| Ok(row[0].as_str().context("each has a fingerprint")?.to_owned())).collect()
}

/// How the chain of an order leads from the event that failed to what became of it.
fn failures(tapline: &Tapline, number: u32) -> Result<Value> {
    let (status, chain) = tapline.get(&format!("/api/v1/chains/{}", id(number)))?;
    ensure!(status == 200 && chain["state"] == "failed", "{chain:#}");
    let edges = chain["edges"].as_array().context("a chain has edges")?;
    let failures = edges.iter().filter(|edge| edge["rule"] == "dead_letter");
    Ok(failures.map(|edge| json!([edge["from"], edge["to"]])).collect())
}

/// Where the dead letter of an order stands.
fn grave(tapline: &Tapline, number: u32) -> Result<Value> {
    let rows = tapline.sql(&format!("SELECT address FROM dead_letters WHERE key_text = '{}'", id(number)))?;
    Ok(rows.into_iter().next().context("it has one")?.remove(0))
}

/// The records of a topic with all their headers, which another reader than the server delivers.
fn read(kafka: &Kafka, topic: &str, count: usize) -> Result<Vec<Seen>> {
    let mut wanted = options(Start::Earliest);
    wanted.include = vec![topic.to_owned()];
    let mut reader = Reader::open(kafka, "tapline", &wanted, Positions::new())?;
    reader.until("the topic's records", SOON, |reader| reader.count.0 == count)?;
    Ok(reader.records)
}

fn of(records: &[Seen], number: u32) -> Result<&Seen> {
    let record = records.iter().find(|seen| seen.record.key == Some(id(number).into_bytes()));
    record.with_context(|| format!("{} is not among {records:?}", id(number)))
}

/// That a record has the headers of a fixture, in order; else it is told as one.
fn held_to(fixture: &str, seen: &Seen) -> Result<()> {
    let expected = fixture.lines().filter(|line| !line.starts_with([':', '#']));
    let expected = expected.filter_map(|line| Some(line.split_once(' ')?.0));
    let Record { topic, timestamp, key, payload, headers, .. } = &seen.record;
    if expected.eq(headers.iter().map(|(name, _)| name.as_str())) {
        return Ok(());
    }
    let escaped = |value: &Option<Vec<u8>>| value.as_deref().unwrap_or_default().escape_ascii().to_string();
    let headers = headers.iter().map(|(name, value)| format!("{name} {}\n", escaped(value))).collect::<String>();
    let (at, key, payload) = (timestamp.unwrap_or_default(), escaped(key), escaped(payload));
    anyhow::bail!("now written as:\n:destination {topic}\n:timestamp {at}\n:key {key}\n:payload {payload}\n{headers}")
}

#[test]
fn spring_kafka_dead_letters_and_retries() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    ["orders", "orders-dlt", "parcels", "invoices"].iter().try_for_each(|topic| admin.create_topic(topic, 3, &[]))?;
    kafka.producer()?.send_all(&[
        order("orders", 0, 1, "fault", "none"),
        order("orders", 0, 2, "fault", "tariff"),
        order("orders", 2, 3, "fault", "tariff"),
        order("orders", 2, 4, "fault", "stock"),
        torn("orders", 2, 5),
        order("parcels", 1, 6, "fault", "none"),
        order("parcels", 1, 7, "fault", "tariff"),
        torn("parcels", 2, 8),
        order("invoices", 0, 9, "fault", "stock"),
    ])?;
    let mut java = Java::listeners(&kafka)?;
    let tapline = tapline(&kafka)?;
    wait_for_dead_letters(7, &mut java, &tapline)?;

    spring_causes(&tapline)?;
    spring_retries(&tapline)?;
    ensure!(fingerprints(&tapline, &[2, 3])?.len() == 1, "one cause");
    ensure!(fingerprints(&tapline, &[3, 4, 5, 7, 8, 9])?.len() == 6, "each has another cause, or failed elsewhere");
    same(&failures(&tapline, 2)?, &json!([["shop/orders/0/1", "shop/orders-dlt/0/0"]]))?;
    same(&failures(&tapline, 5)?, &json!([["shop/orders/2/2", "shop/orders-dlt/2/2"]]))?;
    let retries = ["shop/parcels-retry/0/0", "shop/parcels-retry/0/1"];
    let steps = json!([["shop/parcels/1/1", retries[0]], [retries[0], retries[1]], [retries[1], grave(&tapline, 7)?]]);
    same(&failures(&tapline, 7)?, &steps)?;
    drop(java);

    let recovered = read(&kafka, "orders-dlt", 4)?;
    held_to(fixtures::RECOVERER, of(&recovered, 2)?)?;
    held_to(fixtures::UNREADABLE, of(&recovered, 5)?)?;
    held_to(fixtures::RETRY, read(&kafka, "parcels-retry", 2)?.last().context("there are two")?)?;
    held_to(fixtures::RETRY_DLT, of(&read(&kafka, "parcels-dlt", 2)?, 7)?)
}

fn spring_causes(tapline: &Tapline) -> Result<()> {
    const STATE: &str = "java.lang.IllegalStateException";
    const ARGUMENT: &str = "java.lang.IllegalArgumentException";
    const UNSUPPORTED: &str = "java.lang.UnsupportedOperationException";
    const UNREADABLE: &str = "org.springframework.kafka.support.serializer.DeserializationException";
    const PARSE: &str = "com.fasterxml.jackson.core.JsonParseException";
    let (framework, retry) = ("spring_kafka", "spring_retry_topic");
    let end = "Unexpected end-of-input within/between Object entries";
    let priced = |number| format!("cannot price {}", id(number));
    let stock = |number| format!("no stock for {}", id(number));
    let unknown = format!("tariff of {} is unknown", id(7));
    let expected = json!([
        [id(2), framework, "shop/orders/0/1", "pricing", STATE, ARGUMENT, priced(2), null, "listener"],
        [id(3), framework, "shop/orders/2/0", "pricing", STATE, ARGUMENT, priced(3), null, "listener"],
        [id(4), framework, "shop/orders/2/1", "pricing", UNSUPPORTED, UNSUPPORTED, stock(4), null, "listener"],
        [id(5), framework, "shop/orders/2/2", "pricing", UNREADABLE, PARSE, end, null, "deserialization"],
        [id(7), retry, "shop/parcels/1/1", "shipping", ARGUMENT, ARGUMENT, unknown, 3, "listener"],
        [id(8), retry, "shop/parcels/2/0", "shipping", UNREADABLE, PARSE, end, 1, "deserialization"],
        [id(9), retry, "shop/invoices/0/0", "billing", UNSUPPORTED, UNSUPPORTED, stock(9), 2, "listener"],
    ]);
    same(&said(tapline)?, &expected)
}

/// Whatever is put aside is not given up, also under names that say neither.
fn spring_retries(tapline: &Tapline) -> Result<()> {
    let rows = tapline.sql(
        "SELECT destination, retry['origin_destination'], retry['origin_partition'], retry['origin_offset'], \
         retry['attempts'], dead_letter IS NULL FROM events \
         WHERE destination IN ('parcels-retry', 'invoices-later') ORDER BY destination, \"offset\"",
    )?;
    let expected = json!([
        ["invoices-later", "invoices", 0, 0, 1, true],
        ["parcels-retry", "parcels", 1, 1, 1, true],
        ["parcels-retry", "parcels", 1, 1, 2, true],
    ]);
    same(&json!(rows), &expected)?;
    let due = tapline.sql(
        "SELECT r.retry['due_at'] >= o.timestamp + interval '200 ms' FROM events r JOIN events o \
         ON o.destination = r.retry['origin_destination'] AND o.key = r.key",
    )?;
    same(&json!(due), &json!([[true], [true], [true]]))?;
    same(
        &json!(tapline.sql("SELECT DISTINCT destination FROM dead_letters ORDER BY 1")?),
        &json!([["invoices-unpaid"], ["orders-dlt"], ["parcels-dlt"]]),
    )
}

const LEDGER: &str = "name=ledger\nconnector.class=org.apache.kafka.connect.file.FileStreamSinkConnector\n\
    topics=payments\nfile=ledger.txt\ntransforms=cents\ntransforms.cents.spec=cents:int32\n\
    transforms.cents.type=org.apache.kafka.connect.transforms.Cast$Value\nerrors.tolerance=all\n\
    errors.deadletterqueue.topic.name=ledger-dlq\nerrors.deadletterqueue.topic.replication.factor=1\n\
    errors.deadletterqueue.context.headers.enable=true\n";

#[test]
fn kafka_connect_dead_letters() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("payments", 3, &[])?;
    let producer = kafka.producer()?;
    producer.send_all(&[
        order("payments", 1, 1, "cents", "17"),
        torn("payments", 1, 2),
        order("payments", 1, 3, "cents", "many"),
        order("payments", 2, 4, "cents", "lots"),
    ])?;
    let mut java = Java::connector(&kafka, LEDGER)?;
    let tapline = tapline(&kafka)?;
    wait_for_dead_letters(3, &mut java, &tapline)?;

    let (framework, group) = ("kafka_connect", "connect-ledger");
    let data = "org.apache.kafka.connect.errors.DataException";
    let number = "java.lang.NumberFormatException";
    let parse = "com.fasterxml.jackson.core.JsonParseException";
    let end = "Unexpected end-of-input within/between Object entries";
    let range = |value| format!("Value ({value}) was out of range for requested data type");
    let cast = "TRANSFORMATION";
    let mut expected = vec![
        json!([id(2), framework, "shop/payments/1/1", group, data, parse, end, null, "VALUE_CONVERTER"]),
        json!([id(3), framework, "shop/payments/1/2", group, data, number, range("many"), null, cast]),
        json!([id(4), framework, "shop/payments/2/0", group, data, number, range("lots"), null, cast]),
    ];
    same(&said(&tapline)?, &json!(expected))?;
    ensure!(fingerprints(&tapline, &[3, 4])?.len() == 1, "one cause");
    ensure!(fingerprints(&tapline, &[2, 3])?.len() == 2, "two causes");
    same(&failures(&tapline, 2)?, &json!([["shop/payments/1/1", grave(&tapline, 2)?]]))?;

    // Put back with all its headers, it fails once more.
    let given_up = read(&kafka, "ledger-dlq", 3)?;
    let put_back = Record { topic: "payments".to_owned(), partition: Some(0), ..of(&given_up, 3)?.record.clone() };
    producer.send_all(&[put_back])?;
    wait_for_dead_letters(4, &mut java, &tapline)?;
    drop(java);
    expected.insert(2, expected[1].clone());
    same(&said(&tapline)?, &json!(expected))?;
    ensure!(fingerprints(&tapline, &[3, 4])?.len() == 1, "still one cause");
    held_to(fixtures::CONNECT, of(&given_up, 2)?)?;
    let all = read(&kafka, "ledger-dlq", 4)?;
    held_to(fixtures::CONNECT_TWICE, all.last().context("there are four")?)
}
