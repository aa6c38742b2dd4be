//! The Arrow schema of `events` as it is stored; the SQL layer adds computed columns on top.
//!
//! Text and binary columns are views (`Utf8View`, `BinaryView`): short values stand inline, and sorting or filtering
//! rows during compaction moves sixteen bytes a value instead of the payload.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// Written to the table's properties; a binary that knows only a lower number refuses the archive.
pub const FORMAT_VERSION: u32 = 1;

/// UTC day of `archived_at`, the Delta partition column (`YYYY-MM-DD`). Not stored inside the files.
pub const DAY: &str = "archived_day";

/// Schema of the stored columns of `events`, in order.
pub static EVENTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8View, true);
    let int = |name: &str| Field::new(name, DataType::Int32, true);
    let long = |name: &str| Field::new(name, DataType::Int64, true);
    let required = |field: Field| field.with_nullable(false);
    Arc::new(Schema::new(vec![
        required(text("source")),
        required(text("system")),
        required(text("destination")),
        int("partition"),
        long("offset"),
        required(int("incarnation")),
        int("leader_epoch"),
        text("position"),
        micros("timestamp"),
        text("timestamp_kind"),
        required(micros("archived_at")),
        Field::new("key", DataType::BinaryView, true),
        Field::new("payload", DataType::BinaryView, true),
        required(Field::new("headers", headers_type(), true)),
        required(text("format")),
        int("schema_id"),
        text("decoded"),
        text("decode_error"),
        text("type"),
        text("producer"),
        text("message_id"),
        text("causation_id"),
        text("correlation_id"),
        text("conversation_id"),
        text("trace_id"),
        text("span_id"),
        text("origin_trace_id"),
        required(Field::new("ids", DataType::List(Arc::new(ids_item())), true)),
        required(int("ids_dropped")),
        Field::new("dead_letter", DataType::Struct(dead_letter_fields()), true),
        Field::new("retry", DataType::Struct(retry_fields()), true),
        text("replay_id"),
        required(int("size")),
    ]))
});

/// Names of the columns of [`EVENTS`], in order.
pub fn names() -> Vec<&'static str> {
    EVENTS.fields().iter().map(|field| field.name().as_str()).collect()
}

/// Microseconds since 1970, UTC.
pub fn micros_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// List of (name, value), order, duplicates and null values kept.
pub fn headers_type() -> DataType {
    DataType::List(Arc::new(headers_item()))
}

pub(crate) fn headers_item() -> Field {
    Field::new("item", DataType::Struct(header_fields()), false)
}

pub(crate) fn header_fields() -> Fields {
    vec![Field::new("name", DataType::Utf8View, false), Field::new("value", DataType::BinaryView, true)].into()
}

pub(crate) fn ids_item() -> Field {
    Field::new("item", DataType::Utf8View, false)
}

pub(crate) fn dead_letter_fields() -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8View, true);
    vec![
        text("framework"),
        text("origin_destination"),
        Field::new("origin_partition", DataType::Int32, true),
        Field::new("origin_offset", DataType::Int64, true),
        micros("origin_timestamp"),
        text("consumer_group"),
        text("exception"),
        text("root_cause"),
        text("message"),
        text("stack"),
        Field::new("attempts", DataType::Int32, true),
        text("stage"),
        text("fingerprint"),
    ]
    .into()
}

pub(crate) fn retry_fields() -> Fields {
    vec![
        Field::new("origin_destination", DataType::Utf8View, true),
        Field::new("origin_partition", DataType::Int32, true),
        Field::new("origin_offset", DataType::Int64, true),
        Field::new("attempts", DataType::Int32, true),
        micros("due_at"),
    ]
    .into()
}

fn micros(name: &str) -> Field {
    Field::new(name, micros_type(), true)
}
