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

impl PayloadPolicy {
    /// A limit may be smaller than what would be kept.
    fn cut_at(self) -> usize {
        self.kept.min(self.limit)
    }
}

/// Rows of one source until they are handed to the archive.
pub struct ChunkSink {
    source: String,
    system: &'static str,
    policy: PayloadPolicy,
    decoder: Decoder,
    builder: EventBuilder,
    /// One `archived_at` for a chunk, so that its rows share a day.
    archived_at: i64,
}

impl ChunkSink {
    /// For a source by its configured name.
    pub fn new(source: &str, system: &'static str, rules: Rules, policy: PayloadPolicy) -> Self {
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
    pub fn finish(&mut self) -> RecordBatch {
        self.builder.finish()
    }
}

impl RecordSink for ChunkSink {
    fn record(&mut self, record: &RawRecord<'_>) {
        if self.builder.is_empty() {
            self.archived_at = time::now();
        }
        let size = i32::try_from(record.size()).unwrap_or(i32::MAX);
        let cut = cut(record, self.policy);
        let mut meaning = self.decoder.decode(&cut);
        let notes = notes(record, &meaning, self.policy);
        if notes.is_some() {
            meaning.decode_error = notes.as_deref();
        }
        self.builder.append(&row(&self.source, self.system, self.archived_at, &cut, &meaning, size));
    }
}

/// The record with no more of its payload than is kept.
fn cut<'a>(record: &RawRecord<'a>, policy: PayloadPolicy) -> RawRecord<'a> {
    let kept = |payload: &'a [u8]| if payload.len() > policy.limit { &payload[..policy.cut_at()] } else { payload };
    RawRecord { payload: record.payload.map(kept), ..*record }
}

/// What is wrong with a record besides what the decoder says; with that, if both have something to say.
fn notes(record: &RawRecord<'_>, meaning: &Meaning<'_>, policy: PayloadPolicy) -> Option<String> {
    let payload = record.payload.filter(|payload| payload.len() > policy.limit);
    if payload.is_none() && record.timestamp_outside.is_none() && record.repaired_names == 0 {
        return None;
    }
    // Of a payload that was cut the decoder has nothing to say but that.
    let decoded = meaning.decode_error.filter(|_| payload.is_none()).map(str::to_owned);
    let payload = payload.map(|payload| oversized(payload, policy));
    let timestamp = record.timestamp_outside.map(|millis| format!("timestamp {millis} ms is outside of the calendar"));
    let names = match record.repaired_names {
        0 => None,
        1 => Some("a header name was not UTF-8 and is kept with U+FFFD in it".to_owned()),
        several => Some(format!("{several} header names were not UTF-8 and are kept with U+FFFD in them")),
    };
    Some(payload.into_iter().chain(decoded).chain(timestamp).chain(names).collect::<Vec<_>>().join("; "))
}

fn oversized(payload: &[u8], policy: PayloadPolicy) -> String {
    let (all, hash) = (payload.len(), xxhash_rust::xxh3::xxh3_128(payload));
    format!(
        "payload of {all} bytes is over the limit of {}; the first {} are kept, xxh3-128 of all is {hash:032x}",
        policy.limit,
        policy.cut_at()
    )
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

#[cfg(test)]
mod tests {
    use tapline_model::EventColumns;

    use super::*;

    /// `decode_error` and payload of a record that passed a sink.
    fn passed(record: &RawRecord<'_>, policy: PayloadPolicy) -> (Option<String>, Option<i64>, usize) {
        let mut sink = ChunkSink::new("s", "kafka", Rules::default(), policy);
        sink.record(record);
        let batch = sink.finish();
        let columns = EventColumns::new(&batch);
        let (errors, times) = (columns.text("decode_error").unwrap(), columns.micros("timestamp").unwrap());
        let payload = columns.binary("payload").unwrap().value(0).len();
        (errors.iter().next().flatten().map(str::to_owned), times.iter().next().flatten(), payload)
    }

    fn record(payload: &[u8], timestamp: Option<i64>) -> RawRecord<'_> {
        RawRecord {
            destination: "orders",
            partition: Some(0),
            offset: Some(0),
            position: None,
            incarnation: 1,
            leader_epoch: None,
            timestamp,
            timestamp_outside: None,
            timestamp_kind: None,
            key: None,
            payload: Some(payload),
            headers: &[],
            repaired_names: 0,
        }
    }

    #[test]
    fn a_timestamp_outside_of_the_calendar_is_null_and_noted() {
        let outside = RawRecord { timestamp_outside: Some(i64::MAX), ..record(b"{}", None) };
        let (note, time, _) = passed(&outside, PayloadPolicy::default());
        assert_eq!(note.as_deref(), Some("timestamp 9223372036854775807 ms is outside of the calendar"));
        assert_eq!(time, None);
        assert_eq!(passed(&record(b"{}", Some(-1_000)), PayloadPolicy::default()), (None, Some(-1_000), 2));
    }

    /// It was a fault of the whole source, for ever, which any producer could bring about.
    #[test]
    fn a_header_name_that_is_no_text_is_noted() {
        let repaired = |names| RawRecord { repaired_names: names, ..record(b"{}", None) };
        let note = |names| passed(&repaired(names), PayloadPolicy::default()).0;
        assert_eq!(note(1).as_deref(), Some("a header name was not UTF-8 and is kept with U+FFFD in it"));
        assert_eq!(note(3).as_deref(), Some("3 header names were not UTF-8 and are kept with U+FFFD in them"));
    }

    #[test]
    fn a_payload_and_a_timestamp_are_both_noted() {
        let outside = RawRecord { timestamp_outside: Some(i64::MIN), ..record(&[b'x'; 100], None) };
        let (note, _, kept) = passed(&outside, PayloadPolicy { limit: 10, kept: 1 << 20 });
        let note = note.unwrap();
        assert!(note.starts_with("payload of 100 bytes is over the limit of 10; the first 10 are kept, "), "{note}");
        assert!(note.ends_with("; timestamp -9223372036854775808 ms is outside of the calendar"), "{note}");
        assert_eq!(kept, 10, "a limit below what would be kept is no fault");
    }
}
