//! A row of a batch as lists show it.

use arrow::array::{Array, ArrayRef, BinaryViewArray, RecordBatch, StructArray};
use tapline_api::{Bytes, EventSummary};
use tapline_model::columns::{ColumnError, EventColumns, field, get, number};
use tapline_model::time;

/// What [`summary`] reads.
pub(crate) const SUMMARY: [&str; 17] = [
    "source",
    "destination",
    "partition",
    "offset",
    "incarnation",
    "position",
    "timestamp",
    "archived_at",
    "key",
    "payload",
    "format",
    "decoded",
    "type",
    "producer",
    "dead_letter",
    "retry",
    "size",
];

/// What [`EventColumns::address`] reads.
pub(crate) const ADDRESS: [&str; 6] = ["source", "destination", "partition", "offset", "incarnation", "position"];

/// Characters of a preview.
const PREVIEW: usize = 400;

/// One row of a list.
pub(crate) fn summary(batch: &RecordBatch, row: usize) -> Result<EventSummary, ColumnError> {
    let columns = EventColumns::new(batch);
    let address = columns.address(row)?;
    let (timestamps, archived) = (columns.micros("timestamp")?, columns.micros("archived_at")?);
    let text = |name| columns.text(name).map(|column| get(column, row).map(str::to_owned));
    Ok(EventSummary {
        address: address.to_string(),
        source: address.source,
        destination: address.destination,
        partition: address.partition,
        position: address.position,
        timestamp: timestamps.is_valid(row).then(|| time::format(timestamps.value(row))),
        archived_at: time::format(archived.value(row)),
        event_type: text("type")?,
        producer: text("producer")?,
        key: binary(columns.binary("key")?, row).map(Bytes::from),
        format: text("format")?.unwrap_or_default(),
        size: columns.int("size")?.value(row),
        preview: body(&columns, row)?.map(preview),
        dead_letter: cause(columns.record("dead_letter")?, row),
        retry: retry(columns.record("retry")?, row),
    })
}

/// A value of a binary column, `None` when null.
pub(crate) fn binary(column: &BinaryViewArray, row: usize) -> Option<&[u8]> {
    column.is_valid(row).then(|| column.value(row))
}

/// What the SQL layer calls `body`: the decoded form, else the payload if it is text.
pub(crate) fn body<'a>(columns: &EventColumns<'a>, row: usize) -> Result<Option<&'a str>, ColumnError> {
    Ok(match get(columns.text("decoded")?, row) {
        Some(text) => Some(text),
        None => binary(columns.binary("payload")?, row).and_then(|payload| std::str::from_utf8(payload).ok()),
    })
}

/// The first characters.
fn preview(body: &str) -> String {
    body.chars().take(PREVIEW).collect()
}

/// Root cause of a dead letter, else whatever else is known of it.
fn cause(record: &StructArray, row: usize) -> Option<String> {
    let text = |name| field(record, name, row).map(str::to_owned);
    let named = || text("root_cause").or_else(|| text("exception")).or_else(|| text("message"));
    record.is_valid(row).then(|| named().or_else(|| text("framework")).unwrap_or_default())
}

fn retry(record: &StructArray, row: usize) -> Option<i32> {
    let attempts = number(record, "attempts", row).and_then(|attempts| i32::try_from(attempts).ok());
    record.is_valid(row).then(|| attempts.unwrap_or(1))
}

/// A field of `dead_letter` or `retry` of any type.
pub(crate) fn field_column<'a>(record: &'a StructArray, name: &str) -> Option<&'a ArrayRef> {
    record.column_by_name(name)
}
