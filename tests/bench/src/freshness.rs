//! From the moment a producer hands a message over until a look-up by its ID finds it in the archive's view.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tapline_archive::Archive;
use tapline_kit::{Kafka, Record};
use tapline_model::id;
use tokio_util::sync::CancellationToken;

use crate::recorder::Recorder;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Messages measured.
    #[arg(long, default_value_t = 2_000)]
    messages: usize,
    /// Messages a second beside them.
    #[arg(long, default_value_t = 1_000)]
    load: u64,
}

/// What design asks for, in milliseconds.
const GOAL_P99: f64 = 500.0;

pub(crate) fn run(args: &Args) -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("fresh", 6, &[])?;
    let recorder = Recorder::start(&kafka, "fresh")?;
    let stop = CancellationToken::new();
    let producer = kafka.producer()?;
    let load = spawn_load(&kafka, args.load, stop.clone())?;
    let delays =
        (0..args.messages).map(|number| delay(&producer, recorder.archive(), number)).collect::<Result<Vec<f64>>>();
    stop.cancel();
    load.join().map_err(|_| anyhow::anyhow!("the load's thread panicked"))??;
    recorder.stop()?;
    report(delays?)
}

fn delay(producer: &tapline_kit::Producer, archive: &Archive, number: usize) -> Result<f64> {
    let marker = format!("FRESH-{number:08}");
    let payload = format!("{{\"orderId\":\"{marker}\",\"n\":{number}}}");
    let record = Record::new("fresh", i32::try_from(number % 6)?, payload).key(marker.as_bytes());
    let begun = Instant::now();
    producer.send(&record)?;
    let hash = id::hash_value(&marker);
    while archive.view().lookup(hash, 1).total == 0 {
        (begun.elapsed() < Duration::from_secs(30)).then_some(()).context("a message did not appear in 30 s")?;
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

fn spawn_load(kafka: &Kafka, rate: u64, stop: CancellationToken) -> Result<std::thread::JoinHandle<Result<()>>> {
    let producer = kafka.producer()?;
    Ok(std::thread::spawn(move || {
        let mut number = 0;
        while !stop.is_cancelled() {
            for _ in 0..rate.div_ceil(100) {
                let partition = i32::try_from(number % 6)?;
                producer.send(&crate::traffic::record("fresh", partition, number, 1_000))?;
                number += 1;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        producer.flush()
    }))
}

fn report(mut delays: Vec<f64>) -> Result<()> {
    delays.sort_by(f64::total_cmp);
    let at = |share: usize| delays[(delays.len() * share / 1_000).min(delays.len() - 1)];
    println!("| messages | p50 ms | p90 ms | p99 ms | max ms | p99 / goal of {GOAL_P99} ms |");
    println!("|---|---|---|---|---|---|");
    let (n, p99) = (delays.len(), at(990));
    println!("| {n} | {:.1} | {:.1} | {p99:.1} | {:.1} | **{:.2}** |", at(500), at(900), at(1_000), p99 / GOAL_P99);
    Ok(())
}
