//! Events put back at a rate that was asked for, as the broker's clock saw them arrive, against that rate.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tapline_kit::{Kafka, Tapline, wait_for};

use crate::traffic;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events a second.
    #[arg(long, value_delimiter = ',', default_value = "5,20,200,2000,20000")]
    rates: Vec<u64>,
    /// Of each rate.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

const PARTITIONS: i32 = 6;

/// Longest wait for what is read or sent.
const SOON: Duration = Duration::from_secs(300);

pub(crate) fn run(args: &Args) -> Result<()> {
    let kafka = Kafka::start()?;
    let most = args.rates.iter().max().context("no rate")? * args.seconds;
    traffic::fill(&kafka, "bench", PARTITIONS, most, 200)?;
    for rate in &args.rates {
        kafka.admin()?.create_topic(
            &target(*rate),
            PARTITIONS,
            &[("message.timestamp.type", "LogAppendTime"), ("retention.ms", "-1")],
        )?;
    }
    let tapline = Tapline::start(&format!(
        "[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n",
        kafka.bootstrap()
    ))?;
    wait_for("every event", SOON, || Ok((count(&tapline, "bench")? == most).then_some(())))?;
    println!("| asked | events | arrived a second | slowest second | fastest second | arrived / asked |");
    println!("|---|---|---|---|---|---|");
    for rate in &args.rates {
        row(&tapline, *rate, rate * args.seconds)?;
    }
    Ok(())
}

fn target(rate: u64) -> String {
    format!("paced-{rate}")
}

fn count(tapline: &Tapline, topic: &str) -> Result<u64> {
    let rows = tapline.sql(&format!("SELECT count(*) FROM events WHERE destination = '{topic}'"))?;
    rows[0][0].as_u64().context("no count")
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn row(tapline: &Tapline, rate: u64, events: u64) -> Result<()> {
    let (target, sql) =
        (target(rate), format!("SELECT address FROM events WHERE destination = 'bench' LIMIT {events}"));
    let request = json!({
        "select": {"sql": sql}, "target": {"destination": target}, "rate": rate, "order": "none", "reason": "bench",
    });
    let plan = post(tapline, "/api/v1/replays", &request)?;
    let id = plan["id"].as_str().context("no id")?;
    post(tapline, &format!("/api/v1/replays/{id}/start"), &json!({"etag": plan["etag"]}))?;
    wait_for("what was put back to be read", SOON, || Ok((count(tapline, &target)? == events).then_some(())))?;
    let span = format!(
        "SELECT arrow_cast(max(timestamp), 'Int64') - arrow_cast(min(timestamp), 'Int64') FROM events \
         WHERE destination = '{target}'"
    );
    let seconds = tapline.sql(&span)?[0][0].as_f64().context("no span")? / 1e6;
    // Whole seconds since the first: the last is not whole.
    let each = format!(
        "SELECT count(*), (arrow_cast(timestamp, 'Int64') - arrow_cast(begun, 'Int64')) / 1000000 AS second \
         FROM events, (SELECT min(timestamp) AS begun FROM events WHERE destination = '{target}') \
         WHERE destination = '{target}' GROUP BY second ORDER BY second"
    );
    let mut each: Vec<u64> = tapline.sql(&each)?.iter().filter_map(|row| row[0].as_u64()).collect();
    each.pop();
    let arrived = (events - 1) as f64 / seconds;
    println!(
        "| {rate}/s | {events} | {arrived:.1} | {} | {} | **{:.3}** |",
        if each.len() as f64 + 1.0 < seconds { &0 } else { each.iter().min().unwrap_or(&0) },
        each.iter().max().unwrap_or(&0),
        arrived / rate as f64
    );
    Ok(())
}

fn post(tapline: &Tapline, path: &str, body: &Value) -> Result<Value> {
    let (status, answer) = tapline.post(path, body)?;
    ensure!(status == 200, "{path}: {status} {answer}");
    Ok(answer)
}
