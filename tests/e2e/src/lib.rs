//! What tests share: one that reads everything a tap delivers and keeps it for comparison, and a shop whose consumer rests
//! when it is told to.

pub mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tapline_adapter::{
    Lane, Positions, RawRecord, RecordSink, Source, SourceFacts, Start, Tap, TapOptions, Undelivered,
};
use tapline_kafka::KafkaSource;
use tapline_kit::{Kafka, Record};

/// A record as a tap delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Comparable with what was produced.
    pub record: Record,
    /// Where it stood.
    pub offset: i64,
    /// Life of the topic.
    pub incarnation: i32,
    /// Which lane delivered it.
    pub lane: Lane,
    /// When it was delivered.
    pub at: Instant,
}

/// A tap and all that it delivered.
pub struct Reader {
    tap: Box<dyn Tap>,
    /// Records in the order of delivery; empty if they are only counted.
    pub records: Vec<Seen>,
    /// How many were delivered, and their bytes.
    pub count: (usize, usize),
    /// Holes in the order in which they were told.
    pub undelivered: Vec<Undelivered>,
    /// Where each partition stands, as the archive would keep it.
    pub positions: Positions,
    /// Records asked for at once.
    pub batch: usize,
    keep: bool,
}

impl Reader {
    /// Opens a tap on the topics that match.
    pub fn open(kafka: &Kafka, user: &str, options: &TapOptions, resume: Positions) -> Result<Self> {
        let tap = source(kafka, user)?.tap(options, resume.clone())?;
        let (records, undelivered) = (Vec::new(), Vec::new());
        Ok(Self { tap, records, count: (0, 0), undelivered, positions: resume, batch: 1_000, keep: true })
    }

    /// Counts records instead of keeping them.
    pub fn counting(mut self) -> Self {
        self.keep = false;
        self
    }

    /// Reads both lanes until `done`.
    pub fn until(&mut self, what: &str, timeout: Duration, mut done: impl FnMut(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + timeout;
        while !done(self) {
            if Instant::now() >= deadline {
                bail!("{what} did not happen; {} records, facts {:?}", self.count.0, self.tap.facts());
            }
            self.poll(Lane::Live, Duration::from_millis(20))?;
            self.poll(Lane::Backfill, Duration::ZERO)?;
        }
        Ok(())
    }

    /// Reads one lane once.
    pub fn poll(&mut self, lane: Lane, wait: Duration) -> Result<()> {
        let mut sink = Keep { records: &mut self.records, lane, keep: self.keep };
        let polled = self.tap.poll(lane, wait, self.batch, &mut [&mut sink])?;
        self.count.0 += polled.records;
        self.count.1 += polled.bytes;
        self.undelivered.extend(polled.undelivered);
        self.positions.extend(polled.moved);
        Ok(())
    }

    /// How the tap stands.
    pub fn facts(&self) -> SourceFacts {
        self.tap.facts()
    }

    /// How many partitions are being read.
    pub fn reading(&self) -> usize {
        self.facts().places.len()
    }

    /// What was delivered of a topic, by address. Fails if an address was delivered twice.
    pub fn by_address(&self, topic: &str) -> Result<BTreeMap<(i32, i32, i64), Record>> {
        let mut all = BTreeMap::new();
        for seen in self.records.iter().filter(|seen| seen.record.topic == topic) {
            let partition = seen.record.partition.context("Kafka has partitions")?;
            let address = (seen.incarnation, partition, seen.offset);
            if all.insert(address, seen.record.clone()).is_some() {
                bail!("{topic} {address:?} was delivered twice");
            }
        }
        Ok(all)
    }
}

/// The broker as a source, for a user of the kit.
pub fn source(kafka: &Kafka, user: &str) -> Result<KafkaSource> {
    let client = kafka.credentials(user).into_iter().collect();
    Ok(KafkaSource::new("test", &kafka.bootstrap(), client)?)
}

/// Everything, from the beginning, with quick discovery.
pub fn options(start: Start) -> TapOptions {
    TapOptions {
        include: vec!["*".to_owned()],
        exclude: Vec::new(),
        start,
        queue_bytes: 64 << 20,
        backfill_rate: 100 << 20,
        discovery_interval: Duration::from_millis(500),
    }
}

/// Memory of this process that is resident, bytes.
pub fn resident() -> Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS in /proc/self/status")?;
    let kilobytes: usize = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes << 10)
}

struct Keep<'a> {
    records: &'a mut Vec<Seen>,
    lane: Lane,
    keep: bool,
}

impl RecordSink for Keep<'_> {
    fn record(&mut self, record: &RawRecord<'_>) {
        if !self.keep {
            return;
        }
        let headers = record.headers.iter().map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)));
        self.records.push(Seen {
            record: Record {
                topic: record.destination.to_owned(),
                partition: record.partition,
                key: record.key.map(<[u8]>::to_vec),
                payload: record.payload.map(<[u8]>::to_vec),
                headers: headers.collect(),
                timestamp: record.timestamp.map(|microseconds| microseconds / 1000),
            },
            offset: record.offset.unwrap_or(-1),
            incarnation: record.incarnation,
            lane: self.lane,
            at: Instant::now(),
        });
    }
}
