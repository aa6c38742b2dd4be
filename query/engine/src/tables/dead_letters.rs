//! `dead_letters`: events that a consumer gave up on, with what their headers say as columns.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{Expr, lit};
use tapline_model::schema;

use super::Table;
use super::events::{column, computed, stored_columns, view};
use crate::functions;

pub(super) const TABLE: Table = Table {
    name: "dead_letters",
    description: "events that a consumer gave up on",
    columns: &COLUMNS,
    make: |stored, _| {
        let kept = stored_columns(&schema::EVENTS).filter(|kept| *kept != column("dead_letter"));
        let columns = kept.chain(computed()).chain(flattened()).chain([origin_address()]);
        Ok(Arc::new(view(stored, Some(column("dead_letter").is_not_null()), columns.collect())?))
    },
};

/// Columns that `events` does not have; the others are those of `events` without `dead_letter`.
pub(crate) const COLUMNS: [(&str, &str); 14] = [
    ("framework", "who says so: `spring_kafka`, `kafka_connect`, `rabbitmq`, ... (all are listed below)"),
    ("origin_destination", "where the event failed"),
    ("origin_partition", "its partition there"),
    ("origin_offset", "its offset there"),
    ("origin_timestamp", "its time there; where only the time of the failure is told, that"),
    ("consumer_group", "who gave up"),
    ("exception", "class of the exception as thrown; where none was, a word for why, such as `expired`"),
    ("root_cause", "class of the innermost exception"),
    ("message", "its message"),
    ("stack", "its stack trace"),
    ("attempts", "how often it was tried"),
    ("stage", "where in the framework it failed"),
    ("fingerprint", "the same for failures of one cause"),
    ("origin_address", "address of the event that failed, in the first life of its destination"),
];

fn flattened() -> impl Iterator<Item = Expr> {
    let fields = match schema::EVENTS.field_with_name("dead_letter").map(|field| field.data_type()) {
        Ok(DataType::Struct(fields)) => fields.iter().map(|field| field.name().clone()).collect(),
        _ => Vec::new(),
    };
    fields.into_iter().map(|name| field(&name).alias(name))
}

fn field(name: &str) -> Expr {
    get_field(column("dead_letter"), name)
}

/// Headers know no incarnation: the origin is looked for in the first life.
fn origin_address() -> Expr {
    let no_position = Expr::Literal(ScalarValue::Utf8View(None), None);
    let arguments = vec![
        column("source"),
        field("origin_destination"),
        lit(1),
        field("origin_partition"),
        field("origin_offset"),
        no_position,
    ];
    functions::address().call(arguments).alias("origin_address")
}
