//! From the moment a producer hands a message over until a look-up by its ID finds it in the archive's view.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tapline_adapter::{Start, TapOptions};
use tapline_archive::{Archive, ArchiveOptions};
use tapline_kafka::KafkaSource;
use tapline_kit::{Kafka, Record};
use tapline_model::id;
use tapline_pipeline::{FeedOptions, PayloadPolicy, Pipeline, Tapped};
use tokio_util::sync::CancellationToken;

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
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let archive = runtime.block_on(Archive::open(folder.path(), ArchiveOptions::default()))?;
    let cancel = CancellationToken::new();
    let writer = {
        let (archive, cancel) = (Arc::clone(&archive), cancel.clone());
        runtime.spawn(async move { archive.run(cancel).await })
    };
    let mut pipeline = Pipeline::start(vec![tapped(&kafka)?], &archive, FeedOptions::default())?;
    let stop = CancellationToken::new();
    let producer = kafka.producer()?;
    let load = spawn_load(&kafka, args.load, stop.clone())?;
    let delays = (0..args.messages).map(|number| delay(&producer, &archive, number)).collect::<Result<Vec<f64>>>();
    stop.cancel();
    load.join().map_err(|_| anyhow::anyhow!("the load's thread panicked"))??;
    pipeline.stop();
    cancel.cancel();
    runtime.block_on(writer)??;
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

fn tapped(kafka: &Kafka) -> Result<Tapped> {
    let source = KafkaSource::new("bench", &kafka.bootstrap(), std::collections::BTreeMap::new())?;
    let options = TapOptions {
        include: vec!["fresh".to_owned()],
        exclude: vec![],
        start: Start::Earliest,
        queue_bytes: 128 << 20,
        backfill_rate: 10_000_000,
        discovery_interval: Duration::from_secs(5),
    };
    let payloads = PayloadPolicy::default();
    Ok(Tapped { source: Arc::new(source), options, rules: tapline_decode::Rules::default(), payloads })
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
