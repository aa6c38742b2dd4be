//! Copies records, with their meaning, straight into Arrow builders.

use arrow::array::RecordBatch;
use tapline_adapter::{RawRecord, RecordSink};
use tapline_decode::{Decoder, Meaning, Rules};
use tapline_model::{EventBuilder, EventRow, time};

/// How much of a payload is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadPolicy {
    /// Longer payloads are cut to [`Self::kept`] bytes and described; bytes.
    pub limit: usize,
    /// What is kept of those.
    pub kept: usize,
}

impl Default for PayloadPolicy {
    fn default() -> Self {
        Self { limit: 64 << 20, kept: 1 << 20 }
    }
}

/// Rows of one source until they are handed to the archive.
pub(crate) struct ChunkSink {
    source: String,
    system: &'static str,
    policy: PayloadPolicy,
    decoder: Decoder,
    builder: EventBuilder,
    /// One `archived_at` for a chunk, so that its rows share a day.
    archived_at: i64,
}

impl ChunkSink {
    pub(crate) fn new(source: &str, system: &'static str, rules: Rules, policy: PayloadPolicy) -> Self {
        let decoder = Decoder::new(rules);
        Self { source: source.to_owned(), system, policy, decoder, builder: EventBuilder::new(), archived_at: 0 }
    }

    /// Rows collected.
    pub(crate) fn rows(&self) -> usize {
        self.builder.len()
    }

    /// Bytes of keys, headers and payloads collected.
    pub(crate) fn bytes(&self) -> usize {
        self.builder.bytes()
    }

    /// Yields the rows and empties the sink.
    pub(crate) fn finish(&mut self) -> RecordBatch {
        self.builder.finish()
    }
}

impl RecordSink for ChunkSink {
    fn record(&mut self, record: &RawRecord<'_>) {
        if self.builder.is_empty() {
            self.archived_at = time::now();
        }
        let size = size(record);
        match record.payload {
            Some(payload) if payload.len() > self.policy.limit => {
                let note = oversized(payload, self.policy);
                let cut = RawRecord { payload: Some(&payload[..self.policy.kept]), ..*record };
                let meaning = Meaning { decode_error: Some(&note), ..self.decoder.decode(&cut) };
                let row = row(&self.source, self.system, self.archived_at, &cut, &meaning, size);
                self.builder.append(&row);
            }
            _ => {
                let meaning = self.decoder.decode(record);
                let row = row(&self.source, self.system, self.archived_at, record, &meaning, size);
                self.builder.append(&row);
            }
        }
    }
}

fn oversized(payload: &[u8], policy: PayloadPolicy) -> String {
    let (all, hash) = (payload.len(), xxhash_rust::xxh3::xxh3_128(payload));
    format!(
        "payload of {all} bytes is over the limit of {}; the first {} are kept, xxh3-128 of all is {hash:032x}",
        policy.limit, policy.kept
    )
}

fn size(record: &RawRecord<'_>) -> i32 {
    let headers = record.headers.iter().map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len));
    let all = record.key.map_or(0, <[u8]>::len) + record.payload.map_or(0, <[u8]>::len) + headers.sum::<usize>();
    i32::try_from(all).unwrap_or(i32::MAX)
}

fn row<'a>(
    source: &'a str,
    system: &'a str,
    archived_at: i64,
    record: &RawRecord<'a>,
    meaning: &Meaning<'a>,
    size: i32,
) -> EventRow<'a> {
    EventRow {
        source,
        system,
        destination: record.destination,
        partition: record.partition,
        offset: record.offset,
        incarnation: record.incarnation,
        leader_epoch: record.leader_epoch,
        position: record.position,
        timestamp: record.timestamp,
        timestamp_kind: record.timestamp_kind,
        archived_at,
        key: record.key,
        payload: record.payload,
        headers: record.headers,
        format: meaning.format,
        schema_id: meaning.schema_id,
        decoded: meaning.decoded,
        decode_error: meaning.decode_error,
        r#type: meaning.r#type,
        producer: meaning.producer,
        message_id: meaning.message_id,
        causation_id: meaning.causation_id,
        correlation_id: meaning.correlation_id,
        conversation_id: meaning.conversation_id,
        trace_id: meaning.trace_id,
        span_id: meaning.span_id,
        origin_trace_id: meaning.origin_trace_id,
        ids: meaning.ids,
        ids_dropped: meaning.ids_dropped,
        dead_letter: meaning.dead_letter,
        retry: meaning.retry,
        replay_id: meaning.replay_id,
        size,
    }
}
