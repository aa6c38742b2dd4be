//! Reading without being noticed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::AdapterError;
use crate::record::RecordSink;

/// Where reading begins for a destination that the archive does not know yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The oldest message kept.
    Earliest,
    /// Only what comes from now on.
    Latest,
    /// At this broker time, microseconds since 1970 UTC.
    At(i64),
}

/// The two ways of reading, kept apart so that a backlog never delays fresh rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// From the end as it stood when the tap began.
    Live,
    /// What lies between the resume point and where the live lane began; rate limited.
    Backfill,
}

/// Where one partition's reading stands in the archive: the next offset to read in each range still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    /// The destination's identity on the broker (Kafka topic id), if known: another one is another incarnation.
    pub destination_id: Option<String>,
    /// 1 for the first life of the destination.
    pub incarnation: i32,
    /// The next offset the live lane reads.
    pub next: i64,
    /// The part still to be filled behind the live lane: next offset and end (exclusive).
    pub backfill: Option<(i64, i64)>,
}

/// Resume points by destination and partition; absent entries start as [`TapOptions::start`] says.
pub type Positions = BTreeMap<(String, i32), ResumePoint>;

/// What a tap reads and how hard.
#[derive(Debug, Clone)]
pub struct TapOptions {
    /// Globs of destinations to read.
    pub include: Vec<String>,
    /// Globs of destinations to leave out.
    pub exclude: Vec<String>,
    /// For destinations without a resume point.
    pub start: Start,
    /// Bound for the client library's own queues, bytes, over all partitions.
    pub queue_bytes: usize,
    /// Bytes a second for [`Lane::Backfill`].
    pub backfill_rate: u64,
    /// How often new destinations and partitions are looked for; at most 10 s.
    pub discovery_interval: Duration,
}

/// Offsets that will never be delivered, as a half-open range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Topic.
    pub destination: String,
    /// Partition.
    pub partition: i32,
    /// 1 for the first life of the destination.
    pub incarnation: i32,
    /// First offset missing.
    pub from: i64,
    /// First offset after.
    pub to: i64,
    /// What can be known.
    pub reason: UndeliveredReason,
}

/// Why offsets were not delivered, as far as a client can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndeliveredReason {
    /// Removed by retention, or with their destination, before they were read.
    Expired,
    /// Compaction, a transaction marker or an abort: clients cannot tell them apart.
    NotDelivered,
}

/// What one poll did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Polled {
    /// Records handed to the sinks.
    pub records: usize,
    /// Their keys, headers and payloads in bytes.
    pub bytes: usize,
    /// Holes seen between delivered offsets.
    pub undelivered: Vec<Undelivered>,
    /// Partitions whose resume point moved, with where they stand after the records just handed over. When a destination
    /// has another life, the last point of the former one stands before the first of the new one.
    pub moved: Vec<((String, i32), ResumePoint)>,
}

/// A running tap. Owned by one thread of the pipeline; dropping it closes its connections.
pub trait Tap: Send {
    /// Hands what has arrived to `sinks`, waiting at most `wait` for the first record, at most `max_records` records.
    /// Many records are shared among all sinks, each taking its share on a thread of its own; few go to the first.
    /// There is at least one sink.
    ///
    /// The broker is slowed by not calling this. A fault of one partition does not end the others; a fault of the
    /// connection is returned and the call may be repeated.
    fn poll(
        &mut self,
        lane: Lane,
        wait: Duration,
        max_records: usize,
        sinks: &mut [&mut dyn RecordSink],
    ) -> Result<Polled, AdapterError>;

    /// How the tap stands, for the page: cheap, called every second.
    fn facts(&self) -> crate::source::SourceFacts;
}
