//! From Kafka into the archive, IDs found, rows and positions committed; the peer only reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tapline_adapter::{Start, TapOptions};
use tapline_archive::{Archive, ArchiveOptions};
use tapline_kafka::{KafkaSource, baseline};
use tapline_kit::Kafka;
use tapline_pipeline::{FeedOptions, PayloadPolicy, Pipeline, Tapped};
use tokio_util::sync::CancellationToken;

use crate::measure::{Cost, cost};
use crate::traffic;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Messages of each size.
    #[arg(long, default_value_t = 2_000_000)]
    messages: u64,
    /// Payload sizes in bytes.
    #[arg(long, value_delimiter = ',', default_value = "200,1000")]
    sizes: Vec<usize>,
    /// Partitions of each topic.
    #[arg(long, default_value_t = 6)]
    partitions: i32,
    /// Runs of each; the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let kafka = Kafka::start()?;
    println!("| payload | messages | librdkafka msg/s | CPU µs | tapline msg/s | CPU µs | ratio | disk / raw |");
    println!("|---|---|---|---|---|---|---|---|");
    for size in &args.sizes {
        let topic = format!("bench-{size}");
        kafka.admin()?.create_topic(&topic, args.partitions, &[("retention.bytes", "-1")])?;
        fill(&kafka, &topic, *size, args)?;
        let mut peers: Vec<Cost> = Vec::new();
        let mut ours: Vec<(Cost, f64)> = Vec::new();
        // Alternating, so that a slow phase of the machine meets both.
        for _ in 0..args.runs {
            peers.push(peer(&kafka, &topic, args)?);
            ours.push(archive(&kafka, &topic, args)?);
        }
        peers.sort_by_key(|cost| cost.wall);
        ours.sort_by_key(|(cost, _)| cost.wall);
        let (peer, (own, disk)) = (peers[peers.len() / 2], ours[ours.len() / 2]);
        let n = args.messages;
        println!(
            "| {size} B | {n} | {:.0} | {:.2} | {:.0} | {:.2} | **{:.2}** | {disk:.2} |",
            peer.rate(n),
            peer.cpu_each(n),
            own.rate(n),
            own.cpu_each(n),
            own.rate(n) / peer.rate(n)
        );
    }
    Ok(())
}

fn fill(kafka: &Kafka, topic: &str, size: usize, args: &Args) -> Result<()> {
    let producer = kafka.producer()?;
    for number in 0..args.messages {
        // A chain's events stand in one partition, as a key would have it.
        let partition = i32::try_from((number / 8) % u64::try_from(args.partitions)?)?;
        producer.send(&traffic::record(topic, partition, number, size))?;
    }
    producer.flush()
}

fn peer(kafka: &Kafka, topic: &str, args: &Args) -> Result<Cost> {
    let read =
        || baseline::drain(&kafka.bootstrap(), topic, args.partitions, args.messages).map_err(anyhow::Error::msg);
    let (drained, cost) = cost(read)?;
    ensure!(drained.records == args.messages && drained.checksum != 0, "the peer read {} records", drained.records);
    Ok(cost)
}

/// The whole path, until the last row is committed.
fn archive(kafka: &Kafka, topic: &str, args: &Args) -> Result<(Cost, f64)> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let archive = runtime.block_on(Archive::open(folder.path(), ArchiveOptions::default()))?;
    let (archived, cost) = cost(|| {
        let cancel = CancellationToken::new();
        let writer = {
            let (archive, cancel) = (Arc::clone(&archive), cancel.clone());
            runtime.spawn(async move { archive.run(cancel).await })
        };
        let mut pipeline = Pipeline::start(vec![tapped(kafka, topic)?], &archive, FeedOptions::default())?;
        wait_for(&archive, args.messages)?;
        pipeline.stop();
        cancel.cancel();
        runtime.block_on(writer)??;
        Ok(archive.figures())
    })?;
    ensure!(archived.rows == args.messages && archived.hot_rows == 0, "archived {archived:?}");
    let disk = (archived.bytes + archived.index_bytes) as f64 / archived.raw_bytes as f64;
    Ok((cost, disk))
}

fn tapped(kafka: &Kafka, topic: &str) -> Result<Tapped> {
    let source = KafkaSource::new("bench", &kafka.bootstrap(), std::collections::BTreeMap::new())?;
    let options = TapOptions {
        include: vec![topic.to_owned()],
        exclude: vec![],
        start: Start::Earliest,
        queue_bytes: 128 << 20,
        backfill_rate: u64::MAX,
        discovery_interval: Duration::from_secs(5),
    };
    Ok(Tapped {
        source: Arc::new(source),
        options,
        rules: tapline_decode::Rules::default(),
        payloads: PayloadPolicy::default(),
    })
}

fn wait_for(archive: &Archive, rows: u64) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(600);
    loop {
        let view = archive.view();
        if view.hot_rows() + view.file_rows() >= rows {
            return Ok(());
        }
        (Instant::now() < deadline).then_some(()).context("the archive did not catch up in ten minutes")?;
        std::thread::sleep(Duration::from_millis(5));
    }
}
