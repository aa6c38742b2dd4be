//! What a plan must know of the destination that it would write to, and of records that it looks up in one.

use std::time::Duration;

use tapline_model::TimestampKind;

use crate::error::{AdapterError, Remedy};

/// A destination as the broker describes it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationFacts {
    /// Its name.
    pub name: String,
    /// Its identity (Kafka topic id), where the broker tells one: another one is another life.
    pub id: Option<String>,
    /// By number.
    pub partitions: Vec<PartitionFacts>,
    /// `None` where they are not told: the reason is in `problems`, unless the system has none.
    pub settings: Option<DestinationSettings>,
    /// Whether this client may write to it; `None` where the broker does not tell.
    pub writable: Option<bool>,
    /// Rights that are missing to write to it or to know it fully, each with what grants it.
    pub problems: Vec<Remedy>,
}

/// One partition of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionFacts {
    /// Number.
    pub partition: i32,
    /// Whether a broker leads it: without, nothing can be written.
    pub led: bool,
    /// The oldest offset kept.
    pub start: Option<i64>,
    /// The next offset to be written, open transactions included.
    pub end: Option<i64>,
}

/// Settings that decide whether a record is accepted and how long it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestinationSettings {
    /// `retention.ms`; `None` is for ever. Without `cleanup.policy=delete` it says nothing.
    pub retention: Option<Duration>,
    /// Whether `retention.bytes` bounds a partition. Without `cleanup.policy=delete` it says nothing.
    pub bounded_in_bytes: bool,
    /// Whether `cleanup.policy` has `delete`.
    pub deletes: bool,
    /// Whether `cleanup.policy` has `compact`: records need a key, and replace those with the same.
    pub compacts: bool,
    /// `message.timestamp.type`: whose time a record gets.
    pub timestamps: TimestampKind,
    /// `max.message.bytes`: of a batch after compression.
    pub max_message_bytes: u64,
    /// `message.timestamp.before.max.ms`: records older than this are refused; `None` accepts all.
    pub accepts_before: Option<Duration>,
    /// `message.timestamp.after.max.ms`: records further in the future are refused; `None` accepts all.
    pub accepts_after: Option<Duration>,
}

/// Records to be looked up by their addresses: one, or those between two offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetRange {
    /// Topic.
    pub destination: String,
    /// Which life of it the offsets belong to (Kafka topic id); `None` takes whichever is there.
    pub destination_id: Option<String>,
    /// Told with each record as it is given here: 1 for the first life.
    pub incarnation: i32,
    /// Partition.
    pub partition: i32,
    /// First offset.
    pub from: i64,
    /// First offset after.
    pub to: i64,
}

/// How hard records are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// For all ranges together.
    pub wait: Duration,
    /// Keys, headers and payloads, for all ranges together. The record that exceeds it is still handed on.
    pub bytes: usize,
}

/// What was found of a range.
#[derive(Debug)]
pub struct RangeRead {
    /// Records handed to the sink.
    pub records: usize,
    /// How it ended.
    pub ended: Ended,
}

/// How looking up a range ended.
#[derive(Debug)]
pub enum Ended {
    /// All that the broker has of it was handed on; offsets that did not come are markers or were compacted away.
    Whole,
    /// As `Whole`, but the broker no longer has what stood before this offset.
    Expired(i64),
    /// The destination is another one by now: its identity is not the one asked for.
    Replaced,
    /// The time or the number of bytes was used up.
    Cut,
    /// It cannot be read.
    Failed(AdapterError),
}
