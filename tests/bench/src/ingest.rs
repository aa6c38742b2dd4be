//! From Kafka into the archive, IDs found, rows and positions committed; the peer only reads.

use anyhow::{Result, ensure};
use tapline_kafka::baseline;
use tapline_kit::Kafka;

use crate::measure::{Cost, cost};
use crate::recorder::Recorder;
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
        traffic::fill(&kafka, &topic, args.partitions, args.messages, *size)?;
        let mut peers: Vec<Cost> = Vec::new();
        let mut ours: Vec<(Cost, f64)> = Vec::new();
        // Alternating, so that a slow phase of the machine meets both.
        for _ in 0..args.runs {
            peers.push(peer(&kafka, &topic, args)?);
            ours.push(archive(&kafka, &topic, args.messages)?);
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

fn peer(kafka: &Kafka, topic: &str, args: &Args) -> Result<Cost> {
    let read =
        || baseline::drain(&kafka.bootstrap(), topic, args.partitions, args.messages).map_err(anyhow::Error::msg);
    let (drained, cost) = cost(read)?;
    ensure!(drained.records == args.messages && drained.checksum != 0, "the peer read {} records", drained.records);
    Ok(cost)
}

/// The whole path, from the opening of the archive until the last row is committed; and bytes on disk by raw bytes.
fn archive(kafka: &Kafka, topic: &str, messages: u64) -> Result<(Cost, f64)> {
    let (recorded, cost) = cost(|| {
        let recorder = Recorder::start(kafka, topic)?;
        recorder.wait_for(messages)?;
        recorder.stop()
    })?;
    let archived = recorded.archive.figures();
    ensure!(archived.rows == messages && archived.hot_rows == 0, "archived {archived:?}");
    Ok((cost, (archived.bytes + archived.index_bytes) as f64 / archived.raw_bytes as f64))
}
