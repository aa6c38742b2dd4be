//! One message as it stood on the broker, borrowed from the client library's memory.

use tapline_model::{Header, TimestampKind};

/// A message, borrowed until the sink returns. Nothing is allocated for it.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// Topic, stream, queue.
    pub destination: &'a str,
    /// Absent where the system has no partitions.
    pub partition: Option<i32>,
    /// Absent where the system has no offsets.
    pub offset: Option<i64>,
    /// The system's own address where it has no offset.
    pub position: Option<&'a str>,
    /// 1 for the first life of the destination.
    pub incarnation: i32,
    /// Leader epoch of the batch, where known.
    pub leader_epoch: Option<i32>,
    /// Microseconds; `None` when the broker has none (Kafka: -1), or one that no calendar holds.
    pub timestamp: Option<i64>,
    /// In that case what the broker says, milliseconds.
    pub timestamp_outside: Option<i64>,
    /// Who set it.
    pub timestamp_kind: Option<TimestampKind>,
    /// Null and empty differ.
    pub key: Option<&'a [u8]>,
    /// Null is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// In order, with duplicates and nulls.
    pub headers: &'a [Header<'a>],
    /// Headers whose names were not UTF-8 and have U+FFFD in them instead.
    pub repaired_names: usize,
}

impl RawRecord<'_> {
    /// Bytes of key, header names and values, and payload.
    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len));
        self.key.map_or(0, <[u8]>::len) + self.payload.map_or(0, <[u8]>::len) + headers.sum::<usize>()
    }
}

/// Takes records one after the other, by reference: a call, not a channel.
pub trait RecordSink: Send {
    /// Takes one record.
    fn record(&mut self, record: &RawRecord<'_>);
}
