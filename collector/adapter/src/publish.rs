//! Writing to a broker: what a replay hands over, record by record, and what became of each.
//!
//! Owns the words: a record on its way out, where it goes, whether it stands on the broker if it failed. Leaves to the
//! replay what is sent, how fast, in which order, what is stamped on it, and when to look whether an uncertain one
//! arrived ([`crate::Source::read`]).

mod partitioner;

use std::time::{Duration, Instant};

use tapline_model::Header;

pub use partitioner::{Detected, Partitioner, crc32, detect, murmur2};

/// What a publisher may write to and how much may be under way.
#[derive(Debug, Clone)]
pub struct PublishOptions {
    /// The only destinations that records are accepted for. Each must exist and be writable when it is opened.
    pub destinations: Vec<String>,
    /// Records handed over and not reported yet.
    pub records: usize,
    /// Their keys, headers and payloads in bytes. One record may be larger: it then travels alone.
    pub bytes: usize,
}

impl Default for PublishOptions {
    fn default() -> Self {
        Self { destinations: Vec::new(), records: 100_000, bytes: 64 << 20 }
    }
}

/// A record to be written, borrowed until [`Publisher::send`] returns. Written as it is: nothing is added, stripped or
/// serialised again.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// One of [`PublishOptions::destinations`].
    pub destination: &'a str,
    /// Where in it.
    pub partition: Partitioning,
    /// Null and empty differ.
    pub key: Option<&'a [u8]>,
    /// Null is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// In order, with duplicates and nulls.
    pub headers: &'a [Header<'a>],
    /// Microseconds since 1970 UTC, of which Kafka keeps milliseconds; `None` is the moment it is handed over.
    pub timestamp: Option<i64>,
}

impl Outgoing<'_> {
    /// Bytes of key, header names and values, and payload.
    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len));
        self.key.map_or(0, <[u8]>::len) + self.payload.map_or(0, <[u8]>::len) + headers.sum::<usize>()
    }
}

/// How a record's partition is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioning {
    /// This one: what a plan that was shown does.
    Explicit(i32),
    /// By the key and the number of partitions when the publisher was opened; any, where the partitioner itself would
    /// choose any.
    ByKey(Partitioner),
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// As given to [`Publisher::send`].
    pub token: u64,
    /// Where it stands, or why not.
    pub outcome: Result<Delivered, PublishError>,
}

/// Where a record stands that the broker acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Partition.
    pub partition: i32,
    /// `None` when only a repetition was acknowledged: it stands there once, but the broker does not tell where.
    pub offset: Option<i64>,
    /// Microseconds: what was sent, or the broker's own time where the destination keeps that one.
    pub timestamp: Option<i64>,
}

/// Why a record was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}{}", said(.detail))]
pub struct PublishError {
    /// Whether it may stand on the broker all the same.
    pub fate: Fate,
    /// What went wrong.
    pub cause: Cause,
    /// The broker's or the client's words, empty if they say no more than the cause.
    pub detail: String,
}

impl PublishError {
    /// Whether this record will fail again however often it is sent. Only a record that is certainly not on the broker
    /// can be: of others the next attempt may tell that they are there.
    pub fn is_permanent(&self) -> bool {
        self.fate != Fate::Uncertain && self.cause.is_permanent()
    }
}

fn said(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

/// Whether a record that failed stands on the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It never left, or what it left in was never taken up. Sending it again duplicates nothing.
    NotSent,
    /// The broker refused it and kept nothing of it.
    Rejected,
    /// It was sent and no answer came. Look before it is sent again.
    Uncertain,
}

/// What went wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// By itself, not because of the others that it travelled with.
    #[error("it is larger than the destination takes (`max.message.bytes`)")]
    TooLarge,
    /// Too old or too far in the future for the destination, or one that the client cannot write.
    #[error("its timestamp is not accepted")]
    InvalidTimestamp,
    /// For example without a key on a compacted topic, or against a policy of the cluster.
    #[error("the broker refused the record")]
    InvalidRecord,
    /// The right to write is missing.
    #[error("the right to write to the destination is missing")]
    Denied,
    /// It is not there any more, or the publisher was not opened for it.
    #[error("the destination is not one of this publisher's, or does not exist any more")]
    UnknownDestination,
    /// It has fewer partitions.
    #[error("the destination has no such partition")]
    UnknownPartition,
    /// A record of its batch was refused, and all others with it. Which one is not always told: it may be this one. Sent
    /// while nothing else is under way, it learns its own cause.
    #[error("it travelled with a record that was refused, or is that record; send it alone")]
    Companion,
    /// No acknowledgement within the time that the client is given (`delivery.timeout.ms`).
    #[error("it was not acknowledged in time")]
    TimedOut,
    /// By [`Publisher::give_up`].
    #[error("it was given up before it was acknowledged")]
    GivenUp,
    /// The client lost what it needs to go on without duplicates; another publisher must be opened.
    #[error("the publisher cannot go on")]
    Closed,
    /// Everything else, such as too few replicas.
    #[error("it was not written")]
    Other,
}

impl Cause {
    fn is_permanent(self) -> bool {
        match self {
            Self::TooLarge
            | Self::InvalidTimestamp
            | Self::InvalidRecord
            | Self::Denied
            | Self::UnknownDestination
            | Self::UnknownPartition => true,
            Self::Companion | Self::TimedOut | Self::GivenUp | Self::Closed | Self::Other => false,
        }
    }
}

/// Why a record was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// As much as allowed is under way: collect reports, then send it again.
    #[error("as much as allowed is under way; collect reports first")]
    Full,
    /// It was not sent; its token will not be reported.
    #[error(transparent)]
    Refused(PublishError),
}

/// Writes records. Owned by one thread of a replay. Dropping it closes its connections: what has not left is not sent,
/// what has left without an answer may arrive, and neither is reported; [`Publisher::flush`] or [`Publisher::give_up`]
/// come before.
pub trait Publisher: Send {
    /// Hands a record over; does not wait. Its token is reported exactly once. Records of one partition arrive in the
    /// order in which they were sent, but one that failed is overtaken by those after it.
    ///
    /// # Errors
    /// [`SendError::Full`] is no fault of the record. Otherwise it can be told at once that it will not be written.
    fn send(&mut self, record: &Outgoing<'_>, token: u64) -> Result<(), SendError>;

    /// Adds what became known to `reports`, waiting at most `wait` for the first.
    fn collect(&mut self, wait: Duration, reports: &mut Vec<Report>);

    /// Records taken and not reported yet.
    fn in_flight(&self) -> usize;

    /// Ends the attempt for all that is under way, for good. What has not left is reported at once, as not sent; what has
    /// left within some seconds, as it is answered or as uncertain.
    fn give_up(&mut self);

    /// What stands in the way at the moment, such as a broker that cannot be reached, in a sentence.
    fn problem(&self) -> Option<String>;

    /// Collects until nothing is under way, at most for `wait`. Whether that was reached.
    fn flush(&mut self, wait: Duration, reports: &mut Vec<Report>) -> bool {
        let deadline = Instant::now() + wait;
        while self.in_flight() > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            self.collect(left.min(Duration::from_millis(100)), reports);
            if left.is_zero() {
                break;
            }
        }
        self.in_flight() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_not_there_is_permanent() {
        let error = |fate, cause| PublishError { fate, cause, detail: String::new() };
        assert!(error(Fate::Rejected, Cause::TooLarge).is_permanent());
        assert!(error(Fate::NotSent, Cause::UnknownPartition).is_permanent());
        assert!(!error(Fate::Uncertain, Cause::Denied).is_permanent());
        assert!(!error(Fate::Rejected, Cause::Companion).is_permanent());
        assert!(!error(Fate::NotSent, Cause::TimedOut).is_permanent());
    }

    #[test]
    fn the_brokers_words_follow_the_cause() {
        let error = |detail: &str| PublishError {
            fate: Fate::Rejected,
            cause: Cause::InvalidTimestamp,
            detail: detail.to_owned(),
        };
        assert_eq!(error("").to_string(), "its timestamp is not accepted");
        assert_eq!(error("older than an hour").to_string(), "its timestamp is not accepted: older than an hour");
    }
}
