//! Filling a chunk: borrowed rows go straight into Arrow builders, nothing is allocated for one event.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryViewBuilder, Int32Builder, Int64Builder, ListArray, RecordBatch, StringViewBuilder,
    StructArray, TimestampMicrosecondBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};

use crate::schema;
use crate::texts::{Repeated, Sparse};

/// One header as it came: the name as text, the value as bytes, null kept apart from empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Case kept.
    pub name: &'a str,
    /// `None` is a null value.
    pub value: Option<&'a [u8]>,
}

/// Who set an event's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampKind {
    /// The producer.
    Created,
    /// The broker, when it appended.
    Appended,
    /// Tapline, when it received.
    Received,
}

impl TimestampKind {
    /// The word stored in `timestamp_kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Appended => "appended",
            Self::Received => "received",
        }
    }
}

/// An identifier found in a payload or header that has no column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdPair<'a> {
    /// As spelled, with the enclosing object where the field is a bare `id` (`order.id`).
    pub name: &'a str,
    /// Normalised by [`crate::id::normal_value`].
    pub value: &'a str,
}

/// What a dead letter's headers say. Texts are borrowed from the record or the decoder's scratch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the columns, documented in docs/sql.md")]
pub struct DeadLetterRow<'a> {
    pub framework: &'a str,
    pub origin_destination: Option<&'a str>,
    pub origin_partition: Option<i32>,
    pub origin_offset: Option<i64>,
    /// Microseconds.
    pub origin_timestamp: Option<i64>,
    pub consumer_group: Option<&'a str>,
    pub exception: Option<&'a str>,
    pub root_cause: Option<&'a str>,
    pub message: Option<&'a str>,
    pub stack: Option<&'a str>,
    pub attempts: Option<i32>,
    pub stage: Option<&'a str>,
    pub fingerprint: Option<&'a str>,
}

/// What a retry topic's headers say: the event is on its way again, not given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the columns, documented in docs/sql.md")]
pub struct RetryRow<'a> {
    pub origin_destination: Option<&'a str>,
    pub origin_partition: Option<i32>,
    pub origin_offset: Option<i64>,
    pub attempts: Option<i32>,
    /// Microseconds.
    pub due_at: Option<i64>,
}

/// One row of `events`, borrowed. Field names are the column names of [`schema::EVENTS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the columns, documented in docs/sql.md")]
pub struct EventRow<'a> {
    pub source: &'a str,
    pub system: &'a str,
    pub destination: &'a str,
    pub partition: Option<i32>,
    pub offset: Option<i64>,
    pub incarnation: i32,
    pub leader_epoch: Option<i32>,
    pub position: Option<&'a str>,
    pub timestamp: Option<i64>,
    pub timestamp_kind: Option<TimestampKind>,
    pub archived_at: i64,
    pub key: Option<&'a [u8]>,
    pub payload: Option<&'a [u8]>,
    pub headers: &'a [Header<'a>],
    pub format: &'a str,
    pub schema_id: Option<i32>,
    pub decoded: Option<&'a str>,
    pub decode_error: Option<&'a str>,
    pub r#type: Option<&'a str>,
    pub producer: Option<&'a str>,
    pub message_id: Option<&'a str>,
    pub causation_id: Option<&'a str>,
    pub correlation_id: Option<&'a str>,
    pub conversation_id: Option<&'a str>,
    pub trace_id: Option<&'a str>,
    pub span_id: Option<&'a str>,
    pub origin_trace_id: Option<&'a str>,
    pub ids: &'a [IdPair<'a>],
    pub ids_dropped: i32,
    pub dead_letter: Option<DeadLetterRow<'a>>,
    pub retry: Option<RetryRow<'a>>,
    pub replay_id: Option<&'a str>,
    /// Key, header names and values, and payload, in bytes.
    pub size: i32,
}

/// Rows that Arrow's builders make room for: a chunk of fewer would hold half a megabyte of nothing.
const ROOM: usize = 1024;

/// Collects rows and yields them as one [`RecordBatch`] of [`schema::EVENTS`].
#[derive(Default)]
pub struct EventBuilder {
    rows: usize,
    bytes: usize,
    source: Repeated,
    system: Repeated,
    destination: Repeated,
    partition: Int32Builder,
    offset: Int64Builder,
    incarnation: Int32Builder,
    leader_epoch: Int32Builder,
    position: Sparse,
    timestamp: TimestampMicrosecondBuilder,
    timestamp_kind: Repeated,
    archived_at: TimestampMicrosecondBuilder,
    key: BinaryViewBuilder,
    payload: BinaryViewBuilder,
    headers: HeadersBuilder,
    format: Repeated,
    schema_id: Int32Builder,
    r#type: Repeated,
    producer: Repeated,
    texts: [Sparse; 9],
    ids: StringViewBuilder,
    ids_ends: Vec<i32>,
    ids_dropped: Int32Builder,
    id_text: String,
    dead_letter: DeadLetterBuilder,
    retry: RetryBuilder,
    replay_id: Sparse,
    size: Int32Builder,
}

#[derive(Default)]
struct HeadersBuilder {
    names: Repeated,
    values: BinaryViewBuilder,
    ends: Vec<i32>,
}

#[derive(Default)]
struct DeadLetterBuilder {
    valid: Vec<bool>,
    /// Rows without one, not yet appended: nearly all are, and so they cost one count instead of a call a column.
    absent: usize,
    texts: [Sparse; 9],
    origin_partition: Int32Builder,
    origin_offset: Int64Builder,
    origin_timestamp: TimestampMicrosecondBuilder,
    attempts: Int32Builder,
}

#[derive(Default)]
struct RetryBuilder {
    valid: Vec<bool>,
    /// As in [`DeadLetterBuilder`].
    absent: usize,
    origin_destination: Sparse,
    origin_partition: Int32Builder,
    origin_offset: Int64Builder,
    attempts: Int32Builder,
    due_at: TimestampMicrosecondBuilder,
}

impl EventBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows appended since the last [`Self::finish`].
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes of keys, headers and payloads appended since the last [`Self::finish`].
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends one row.
    pub fn append(&mut self, row: &EventRow<'_>) {
        self.rows += 1;
        self.bytes += usize::try_from(row.size).unwrap_or(0);
        self.append_place(row);
        self.append_content(row);
        self.append_meaning(row);
        self.dead_letter.append(row.dead_letter.as_ref());
        self.retry.append(row.retry.as_ref());
    }

    fn append_place(&mut self, row: &EventRow<'_>) {
        self.source.append(row.source);
        self.system.append(row.system);
        self.destination.append(row.destination);
        self.partition.append_option(row.partition);
        self.offset.append_option(row.offset);
        self.incarnation.append_value(row.incarnation);
        self.leader_epoch.append_option(row.leader_epoch);
        self.position.append(row.position);
        self.timestamp.append_option(row.timestamp);
        self.timestamp_kind.append_option(row.timestamp_kind.map(TimestampKind::as_str));
        self.archived_at.append_value(row.archived_at);
    }

    fn append_content(&mut self, row: &EventRow<'_>) {
        self.key.append_option(row.key);
        self.payload.append_option(row.payload);
        self.headers.append(row.headers);
        self.format.append(row.format);
        self.schema_id.append_option(row.schema_id);
        self.size.append_value(row.size);
    }

    fn append_meaning(&mut self, row: &EventRow<'_>) {
        self.r#type.append_option(row.r#type);
        self.producer.append_option(row.producer);
        let texts = [
            row.decoded,
            row.decode_error,
            row.message_id,
            row.causation_id,
            row.correlation_id,
            row.conversation_id,
            row.trace_id,
            row.span_id,
            row.origin_trace_id,
        ];
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append(text);
        }
        for id in row.ids {
            self.id_text.clear();
            self.id_text.push_str(id.name);
            self.id_text.push('=');
            self.id_text.push_str(id.value);
            self.ids.append_value(&self.id_text);
        }
        self.ids_ends.push(end_after(&self.ids_ends, row.ids.len()));
        self.ids_dropped.append_value(row.ids_dropped);
        self.replay_id.append(row.replay_id);
    }

    /// Yields the rows and empties the builder.
    pub fn finish(&mut self) -> RecordBatch {
        // New builders each time: a view builder's blocks grow to 2 MiB and stay so, and a chunk of five rows would
        // hold one such block a column.
        let mut full = std::mem::take(self);
        let [decoded, decode_error, ids @ ..] = full.texts.each_mut().map(Sparse::finish);
        let mut columns: Vec<ArrayRef> = vec![
            full.source.finish(),
            full.system.finish(),
            full.destination.finish(),
            Arc::new(full.partition.finish()),
            Arc::new(full.offset.finish()),
            Arc::new(full.incarnation.finish()),
            Arc::new(full.leader_epoch.finish()),
            full.position.finish(),
            Arc::new(full.timestamp.finish().with_timezone("UTC")),
            full.timestamp_kind.finish(),
            Arc::new(full.archived_at.finish().with_timezone("UTC")),
            Arc::new(full.key.finish()),
            Arc::new(full.payload.finish()),
            Arc::new(full.headers.finish()),
            full.format.finish(),
            Arc::new(full.schema_id.finish()),
            decoded,
            decode_error,
            full.r#type.finish(),
            full.producer.finish(),
        ];
        columns.extend(ids);
        columns.push(Arc::new(list(schema::ids_item(), &mut full.ids_ends, Arc::new(full.ids.finish()))));
        columns.push(Arc::new(full.ids_dropped.finish()));
        columns.push(Arc::new(full.dead_letter.finish()));
        columns.push(Arc::new(full.retry.finish()));
        columns.push(full.replay_id.finish());
        columns.push(Arc::new(full.size.finish()));
        if full.rows < ROOM {
            columns.iter_mut().for_each(|column| column.shrink_to_fit());
        }
        #[expect(clippy::expect_used, reason = "every builder got one value a row, in the order of the schema")]
        RecordBatch::try_new(Arc::clone(&schema::EVENTS), columns).expect("builders follow the schema")
    }
}

impl HeadersBuilder {
    fn append(&mut self, headers: &[Header<'_>]) {
        for header in headers {
            self.names.append(header.name);
            self.values.append_option(header.value);
        }
        self.ends.push(end_after(&self.ends, headers.len()));
    }

    fn finish(&mut self) -> ListArray {
        let columns: Vec<ArrayRef> = vec![self.names.finish(), Arc::new(self.values.finish())];
        let pairs = StructArray::new(schema::header_fields(), columns, None);
        list(schema::headers_item(), &mut self.ends, Arc::new(pairs))
    }
}

impl DeadLetterBuilder {
    fn append(&mut self, row: Option<&DeadLetterRow<'_>>) {
        self.valid.push(row.is_some());
        let Some(row) = row else { return self.absent += 1 };
        self.append_absent();
        let texts = [
            Some(row.framework),
            row.origin_destination,
            row.consumer_group,
            row.exception,
            row.root_cause,
            row.message,
            row.stack,
            row.stage,
            row.fingerprint,
        ];
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append(text);
        }
        self.origin_partition.append_option(row.origin_partition);
        self.origin_offset.append_option(row.origin_offset);
        self.origin_timestamp.append_option(row.origin_timestamp);
        self.attempts.append_option(row.attempts);
    }

    fn append_absent(&mut self) {
        let rows = std::mem::take(&mut self.absent);
        self.texts.iter_mut().for_each(|builder| builder.append_nulls(rows));
        self.origin_partition.append_nulls(rows);
        self.origin_offset.append_nulls(rows);
        self.origin_timestamp.append_nulls(rows);
        self.attempts.append_nulls(rows);
    }

    fn finish(&mut self) -> StructArray {
        self.append_absent();
        let [framework, destination, group, exception, root_cause, message, stack, stage, fingerprint] =
            self.texts.each_mut().map(Sparse::finish);
        let columns: Vec<ArrayRef> = vec![
            framework,
            destination,
            Arc::new(self.origin_partition.finish()),
            Arc::new(self.origin_offset.finish()),
            Arc::new(self.origin_timestamp.finish().with_timezone("UTC")),
            group,
            exception,
            root_cause,
            message,
            stack,
            Arc::new(self.attempts.finish()),
            stage,
            fingerprint,
        ];
        StructArray::new(schema::dead_letter_fields(), columns, Some(NullBuffer::from(std::mem::take(&mut self.valid))))
    }
}

impl RetryBuilder {
    fn append(&mut self, row: Option<&RetryRow<'_>>) {
        self.valid.push(row.is_some());
        let Some(row) = row else { return self.absent += 1 };
        self.append_absent();
        self.origin_destination.append(row.origin_destination);
        self.origin_partition.append_option(row.origin_partition);
        self.origin_offset.append_option(row.origin_offset);
        self.attempts.append_option(row.attempts);
        self.due_at.append_option(row.due_at);
    }

    fn append_absent(&mut self) {
        let rows = std::mem::take(&mut self.absent);
        self.origin_destination.append_nulls(rows);
        self.origin_partition.append_nulls(rows);
        self.origin_offset.append_nulls(rows);
        self.attempts.append_nulls(rows);
        self.due_at.append_nulls(rows);
    }

    fn finish(&mut self) -> StructArray {
        self.append_absent();
        let columns: Vec<ArrayRef> = vec![
            self.origin_destination.finish(),
            Arc::new(self.origin_partition.finish()),
            Arc::new(self.origin_offset.finish()),
            Arc::new(self.attempts.finish()),
            Arc::new(self.due_at.finish().with_timezone("UTC")),
        ];
        StructArray::new(schema::retry_fields(), columns, Some(NullBuffer::from(std::mem::take(&mut self.valid))))
    }
}

/// End offset of the next list; a chunk is far below 2^31 items because it is cut by rows and bytes.
fn end_after(ends: &[i32], items: usize) -> i32 {
    ends.last().copied().unwrap_or(0) + i32::try_from(items).unwrap_or(i32::MAX)
}

fn list(item: arrow::datatypes::Field, ends: &mut Vec<i32>, values: ArrayRef) -> ListArray {
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.drain(..)).collect();
    ListArray::new(Arc::new(item), OffsetBuffer::new(offsets.into()), values, None)
}
