//! The memory of the whole process while it reads a long backlog from many partitions, and whether fresh events are
//! found meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tapline_kit::{Kafka, KafkaConfig, Producer, Record, Tapline};

use crate::traffic;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events of the backlog.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Topics of a hundred partitions.
    #[arg(long, default_value_t = 20)]
    topics: u64,
    /// Settings of `backfill_rate`, one run each.
    #[arg(long, value_delimiter = ',', default_value = "10MB,200MB")]
    rates: Vec<String>,
    /// A line is printed after so many seconds.
    #[arg(long, default_value_t = 10)]
    every: u64,
}

const PARTITIONS: u64 = 100;
/// Events that follow each other in a partition: batches that are not tiny.
const RUN: u64 = 500;
/// A fresh event that is not found by then ends the bench.
const LOST: Duration = Duration::from_secs(60);
/// After the backlog, until memory should be back.
const REST: Duration = Duration::from_secs(150);

pub(crate) fn run(args: &Args) -> Result<()> {
    // Two thousand logs of ten megabytes of index each would be the broker's memory, not ours.
    let index = ("log.index.size.max.bytes".to_owned(), "4096".to_owned());
    let kafka = Kafka::with(&KafkaConfig { extra: vec![index], ..KafkaConfig::default() })?;
    let begun = Instant::now();
    fill(&kafka, args)?;
    println!("{} events in {} partitions, filled in {:.0?}", args.events, args.topics * PARTITIONS, begun.elapsed());
    let mut total = args.events;
    for rate in &args.rates {
        total += watch(&kafka, rate, total, args)?;
    }
    Ok(())
}

fn topic(number: u64) -> String {
    format!("wide.{number}")
}

fn fill(kafka: &Kafka, args: &Args) -> Result<()> {
    let (admin, partitions) = (kafka.admin()?, i32::try_from(PARTITIONS)?);
    for number in 0..args.topics {
        admin.create_topic(&topic(number), partitions, &[("retention.bytes", "-1")])?;
    }
    let producer = Producer::new(kafka.client().set("compression.type", "lz4"))?;
    for number in 0..args.events {
        let place = number / RUN % (args.topics * PARTITIONS);
        let bytes = if number % 10 == 0 { 1_000 } else { 200 };
        let partition = i32::try_from(place % PARTITIONS)?;
        producer.send(&traffic::record(&topic(place / PARTITIONS), partition, number, bytes))?;
    }
    producer.flush()
}

/// One run on an empty archive; how many fresh events it added.
fn watch(kafka: &Kafka, rate: &str, total: u64, args: &Args) -> Result<u64> {
    let source = format!("brokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"{rate}\"", kafka.bootstrap());
    let tapline = Tapline::start(&format!("[sources.wide]\n{source}\n"))?;
    let producer = kafka.producer()?;
    println!("\nbackfill_rate = {rate}; MiB but where said otherwise");
    println!(
        "| s | resident | of that anonymous | most so far | hot rows | archived rows | files | fresh ms, most since |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (begun, mut fresh, mut slowest, mut all) = (Instant::now(), 0, Duration::ZERO, Vec::new());
    let mut due = Duration::ZERO;
    let mut done = None;
    while done.is_none_or(|done: Instant| done.elapsed() < REST) {
        let delay = delay(&tapline, &producer, &format!("FRESH-{rate}-{fresh}"))?;
        fresh += 1;
        slowest = slowest.max(delay);
        all.push(delay);
        let figures = Figures::read(&tapline)?;
        if done.is_none() && figures.archived + figures.hot_rows >= total + fresh {
            println!("| {:.0} | all is there | | | | | | |", begun.elapsed().as_secs_f64());
            done = Some(Instant::now());
        }
        if begun.elapsed() >= due {
            let (seconds, slowest) = (begun.elapsed().as_secs_f64(), std::mem::take(&mut slowest).as_millis());
            println!("| {seconds:.0} | {} | {slowest} |", figures.line());
            due += Duration::from_secs(args.every);
        }
        std::thread::sleep(Duration::from_millis(500).saturating_sub(delay));
    }
    all.sort();
    println!("fresh events: {}, p50 {:?}, most {:?}", all.len(), all[all.len() / 2], all[all.len() - 1]);
    Ok(fresh)
}

/// From produced to found by its ID.
fn delay(tapline: &Tapline, producer: &Producer, id: &str) -> Result<Duration> {
    let record = Record::new(&topic(0), 7, format!("{{\"orderId\":\"{id}\"}}")).key(id.as_bytes());
    let begun = Instant::now();
    producer.send(&record)?;
    while tapline.get(&format!("/api/v1/chains/{id}"))?.0 != 200 {
        ensure!(begun.elapsed() < LOST, "{id} is not found after {LOST:?}:\n{}", tapline.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(begun.elapsed())
}

/// Of the process, at one moment. Memory in bytes.
struct Figures {
    resident: u64,
    anonymous: u64,
    most: u64,
    hot: u64,
    hot_rows: u64,
    archived: u64,
    files: u64,
}

impl Figures {
    fn read(tapline: &Tapline) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", tapline.pid()))?;
        let memory = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a line of the kernel's")?;
            Ok(line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<u64>()? << 10)
        };
        let (_, metrics) = tapline.get("/metrics")?;
        let metrics = metrics.as_str().context("metrics are text")?.to_owned();
        let metric = |name: &str| -> Result<u64> {
            let line =
                metrics.lines().find_map(|line| line.strip_prefix(name)).context("a metric of docs/metrics.md")?;
            Ok(line.trim().parse()?)
        };
        Ok(Self {
            resident: memory("VmRSS")?,
            anonymous: memory("RssAnon")?,
            most: memory("VmHWM")?,
            hot: metric("tapline_hot_bytes ")?,
            hot_rows: metric("tapline_hot_rows ")?,
            archived: metric("tapline_archive_rows ")?,
            files: metric("tapline_archive_files ")?,
        })
    }

    fn line(&self) -> String {
        let [resident, anonymous, most, hot] =
            [self.resident, self.anonymous, self.most, self.hot].map(|one| one >> 20);
        format!("{resident} | {anonymous} | {most} | {hot} | {} | {}", self.archived, self.files)
    }
}
