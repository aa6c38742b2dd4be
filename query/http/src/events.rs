//! Events: lists, counts over time, one in full, the live tail. All four understand the same [`filter`].
//!
//! Rows are read straight from a snapshot of the archive ([`search`]), newest first and no more than the answer
//! needs; the SQL shown beside them finds the same rows and is there to be taken further.

pub(crate) mod columns;
pub(crate) mod cursor;
pub(crate) mod detail;
pub(crate) mod filter;
pub(crate) mod headers;
pub(crate) mod histogram;
pub(crate) mod list;
pub(crate) mod search;
pub(crate) mod tail;

#[cfg(test)]
pub(crate) mod tests {
    //! Rows for tests of what reads batches.

    use arrow::array::RecordBatch;
    use tapline_model::{EventBuilder, EventRow, TimestampKind};

    /// A row of `shop/orders/0` at an offset and a time.
    pub(crate) fn event(offset: i64, timestamp: i64) -> EventRow<'static> {
        EventRow {
            source: "shop",
            system: "kafka",
            destination: "orders",
            partition: Some(0),
            offset: Some(offset),
            incarnation: 1,
            leader_epoch: None,
            position: None,
            timestamp: Some(timestamp),
            timestamp_kind: Some(TimestampKind::Created),
            archived_at: timestamp,
            key: None,
            payload: None,
            headers: &[],
            format: "null",
            schema_id: None,
            decoded: None,
            decode_error: None,
            r#type: None,
            producer: None,
            message_id: None,
            causation_id: None,
            correlation_id: None,
            conversation_id: None,
            trace_id: None,
            span_id: None,
            origin_trace_id: None,
            ids: &[],
            ids_dropped: 0,
            dead_letter: None,
            retry: None,
            replay_id: None,
            size: 1,
        }
    }

    /// Rows with their types.
    pub(crate) fn events(rows: &[(EventRow<'static>, String)]) -> RecordBatch {
        let mut builder = EventBuilder::new();
        for (row, kind) in rows {
            builder.append(&EventRow { r#type: Some(kind), ..*row });
        }
        builder.finish()
    }
}
