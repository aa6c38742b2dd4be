//! A flood of dead letters of many causes: how long calls take that page and commands make, against what a person waits
//! for without a thought.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tapline_kit::{Kafka, Record, Tapline, wait_for};

use crate::measure::resident_of;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Dead letters.
    #[arg(long, default_value_t = 1_000_000)]
    letters: u64,
    /// Causes; half of all dead letters are of the first.
    #[arg(long, default_value_t = 10_000)]
    causes: u64,
}

/// An answer that takes longer is waited for, in seconds.
const LIMIT: f64 = 1.0;

/// Calls of each kind after the first.
const CALLS: usize = 10;

pub(crate) fn run(args: &Args) -> Result<()> {
    let kafka = Kafka::start()?;
    flood(&kafka, args)?;
    let tapline = Tapline::start(&format!(
        "[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n",
        kafka.bootstrap()
    ))?;
    wait_for("every dead letter", Duration::from_secs(600), || {
        Ok((tapline.sql("SELECT count(*) FROM dead_letters")?[0][0].as_u64() == Some(args.letters)).then_some(()))
    })?;
    println!("{} dead letters of {} causes\n", args.letters, args.causes);
    println!("| call | first s | median s | median / limit of {LIMIT} s |");
    println!("|---|---|---|---|");
    let list = timed(&tapline, "/api/v1/dead-letters")?;
    let open = list["open"].as_u64().context("no count")?;
    ensure!(open == args.causes, "{open} causes");
    let cause = list["causes"][0]["fingerprint"].as_str().context("no cause")?;
    for path in [
        "/api/v1/dead-letters?sort=last&limit=500".to_owned(),
        format!("/api/v1/dead-letters/{cause}"),
        format!("/api/v1/dead-letters/{cause}/members?limit=100"),
        format!("/api/v1/dead-letters/{cause}/apart"),
        "/api/v1/overview".to_owned(),
        "/api/v1/status".to_owned(),
    ] {
        timed(&tapline, &path)?;
    }
    replay(&tapline, cause)?;
    println!("\nresident: {} MiB", resident_of(&tapline.pid().to_string())? >> 20);
    Ok(())
}

/// Plans to put back all of the largest cause, and looks at its items.
fn replay(tapline: &Tapline, cause: &str) -> Result<()> {
    let request = json!({"select": {"fingerprint": cause}, "reason": "bench"});
    let begun = Instant::now();
    let (status, planned) = tapline.post("/api/v1/replays", &request)?;
    ensure!(status == 200, "{status} {planned}");
    let items = planned["progress"]["items"].as_u64().context("no items")?;
    println!("| POST /api/v1/replays, {items} items | {:.2} | – | – |", begun.elapsed().as_secs_f64());
    let path = format!("/api/v1/replays/{}/items?limit=1000", planned["id"].as_str().context("no id")?);
    timed(tapline, &path).map(drop)
}

/// Asks several times; prints the first and the median.
fn timed(tapline: &Tapline, path: &str) -> Result<Value> {
    let mut took = Vec::new();
    let mut last = Value::Null;
    for _ in 0..=CALLS {
        let begun = Instant::now();
        let (status, answer) = tapline.get(path)?;
        took.push(begun.elapsed().as_secs_f64());
        ensure!(status == 200, "{path}: {status} {answer}");
        last = answer;
    }
    let first = took.remove(0);
    took.sort_by(f64::total_cmp);
    let median = took[took.len() / 2];
    println!("| GET {path} | {first:.2} | {median:.2} | **{:.2}** |", median / LIMIT);
    Ok(last)
}

fn flood(kafka: &Kafka, args: &Args) -> Result<()> {
    let admin = kafka.admin()?;
    for topic in ["orders", "orders-dlt"] {
        admin.create_topic(topic, 6, &[("retention.bytes", "-1")])?;
    }
    let producer = kafka.producer()?;
    for number in 0..args.letters {
        producer.send(&letter(number, args.causes))?;
    }
    producer.flush()
}

/// As Spring's recoverer writes it.
fn letter(number: u64, causes: u64) -> Record {
    let cause = if number.is_multiple_of(2) { 0 } else { number / 2 % causes };
    let partition = i32::try_from(number % 6).unwrap_or(0);
    let order = number / 4;
    let payload =
        format!("{{\"orderId\":\"ORD-{order:08}\",\"amount\":{}.10,\"card\":{{\"type\":\"CB\"}}}}", number % 900);
    let class = format!("com.example.shop.Failure{cause}Exception");
    let stack =
        format!("{class}: card type CB is not known\n\tat com.example.shop.Payments.charge(Payments.java:58)\n");
    Record::new("orders-dlt", partition, payload)
        .key(format!("ORD-{order:08}"))
        .header("kafka_dlt-original-topic", Some(b"orders"))
        .header("kafka_dlt-original-partition", Some(&partition.to_be_bytes()))
        .header("kafka_dlt-original-offset", Some(&(number / 6).to_be_bytes()))
        .header("kafka_dlt-original-consumer-group", Some(b"payments"))
        .header("kafka_dlt-exception-cause-fqcn", Some(class.as_bytes()))
        .header("kafka_dlt-exception-message", Some(b"card type CB is not known"))
        .header("kafka_dlt-exception-stacktrace", Some(stack.as_bytes()))
}
