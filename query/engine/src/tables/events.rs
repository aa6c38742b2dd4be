//! `events`: the stored columns, and those computed from them.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::{Column, Result};
use datafusion::datasource::provider_as_source;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use tapline_model::schema;

use super::Table;
use crate::functions;
use crate::provider::StoredEvents;

pub(super) const TABLE: Table = Table {
    name: "events",
    description: "every message that passed, hot and archived as one",
    columns: &COLUMNS,
    make: |stored, _| Ok(Arc::new(view(stored, None, stored_columns(&schema::EVENTS).chain(computed()).collect())?)),
};

const COLUMNS: [(&str, &str); 36] = [
    ("source", "configured name of the broker or receiver"),
    ("system", "kind of the source, in OpenTelemetry's spelling: `kafka`"),
    ("destination", "topic, stream, queue"),
    ("partition", "null where the system has none"),
    ("offset", "null where the system has none"),
    ("incarnation", "1 for the first life of a destination; one more each time it was deleted and made anew"),
    ("leader_epoch", "the broker's, null when not known"),
    ("position", "the system's own address, where that is not an offset"),
    ("timestamp", "broker's time; null when the record has none, or one outside of the years 1 to 9999"),
    ("timestamp_kind", "`created` by the producer, `appended` by the broker, `received` by Tapline"),
    ("archived_at", "when Tapline took it in"),
    ("key", "bytes as they were; null and empty differ"),
    ("payload", "bytes as they were; null is a tombstone"),
    ("headers", "name and value of each, order, duplicates and null values kept"),
    ("format", "what the payload is: `json`, `text`, `binary`, ..."),
    ("schema_id", "number in the schema registry"),
    ("decoded", "JSON view of a payload that is not JSON text itself"),
    ("decode_error", "why the payload could not be decoded, or what of the record could not be kept"),
    ("type", "event type"),
    ("producer", "service that sent it, when known"),
    ("message_id", "the message's own ID"),
    ("causation_id", "the message that caused it"),
    ("correlation_id", "the exchange it belongs to"),
    ("conversation_id", "the conversation it belongs to"),
    ("trace_id", "W3C, B3 and others: 32 hexadecimal digits"),
    ("span_id", "16 hexadecimal digits"),
    ("origin_trace_id", "the trace in which the event was born (CloudEvents)"),
    ("ids", "other identifiers found, as `name=value`"),
    ("ids_dropped", "identifiers beyond the 64 that are kept"),
    ("dead_letter", "what a dead letter's headers say; null for other events"),
    ("retry", "what a retry topic's headers say; null for other events"),
    ("replay_id", "the replay that put it here"),
    ("size", "bytes of key, headers and payload"),
    ("address", "`source/destination/partition/position`, as the page and the API write it"),
    ("key_text", "`key` as text; null if it is not UTF-8"),
    ("body", "`decoded` or else `payload` as text; null if that is not UTF-8; what JSON operators work on"),
];

/// A view over the snapshot: `keep` filters, `columns` are shown.
pub(super) fn view(stored: &Arc<StoredEvents>, keep: Option<Expr>, columns: Vec<Expr>) -> Result<ViewTable> {
    let source = provider_as_source(Arc::clone(stored) as Arc<dyn TableProvider>);
    let mut plan = LogicalPlanBuilder::scan("stored_events", source, None)?;
    if let Some(keep) = keep {
        plan = plan.filter(keep)?;
    }
    Ok(ViewTable::new(plan.project(columns)?.build()?, None))
}

/// Columns as they stand.
pub(super) fn stored_columns(schema: &Schema) -> impl Iterator<Item = Expr> + '_ {
    schema.fields().iter().map(|field| column(field.name()))
}

/// A stored column. Names are taken as they are: `offset` and `partition` are words of SQL.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// Columns computed from stored ones.
pub(super) fn computed() -> impl Iterator<Item = Expr> {
    let address = functions::address().call(functions::ADDRESS_COLUMNS.map(column).to_vec());
    let text = |name: &str| functions::text().call(vec![column(name)]);
    let body = coalesce(vec![column("decoded"), text("payload")]);
    [address.alias("address"), text("key").alias("key_text"), body.alias("body")].into_iter()
}
