//! `lag_history`: how far consumer groups were behind, one row a group, partition and minute, thinner with age.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use tapline_history::{History, HistoryError, Part, Wanted, seconds};

use super::Table;
use super::system::{TEXT, micros};

pub(super) const TABLE: Table = Table {
    name: "lag_history",
    description: "how far consumer groups were behind: a row a group and partition when that changes, one a minute at most \
                  and one in ten minutes at least; of five minutes after two days, of half an hour after two weeks the one \
                  with the greatest lag",
    columns: &[
        ("source", "name of the source"),
        ("group_name", "id of the group"),
        ("destination", "what it reads"),
        ("partition", "and of that"),
        ("at", "when the broker was asked"),
        ("state", "`ok`, `warn`, `stall`, `stop`, `rewind`, `never_committed`, `data_loss`, `ahead`"),
        ("committed", "the next offset that it read; null where it never committed"),
        ("lag", "records not read; null where it never committed"),
        ("seconds_behind", "since the first of them was written; null where nobody knew"),
    ],
    make: |_, facts| Ok(Arc::new(LagHistory { schema: shown(), history: facts.lag_history() })),
};

fn shown() -> SchemaRef {
    let columns = [
        ("source", TEXT),
        ("group_name", TEXT),
        ("destination", TEXT),
        ("partition", DataType::Int32),
        ("at", micros()),
        ("state", TEXT),
        ("committed", DataType::Int64),
        ("lag", DataType::Int64),
        ("seconds_behind", DataType::Float64),
    ];
    Arc::new(Schema::new(columns.map(|(name, kind)| Field::new(name, kind, true)).to_vec()))
}

/// Rows of the history that stand for a partition.
#[derive(Debug)]
struct LagHistory {
    schema: SchemaRef,
    history: Option<Arc<History>>,
}

#[async_trait]
impl TableProvider for LagHistory {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Filters only narrow what is read here; DataFusion applies them to every row.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = wanted(filters);
        let parts = match self.history.clone() {
            // Files are opened.
            Some(history) => {
                let wanted = wanted.clone();
                let parts = tokio::task::spawn_blocking(move || history.parts(&wanted)).await;
                parts.map_err(external)?.map_err(external)?
            }
            None => Vec::new(),
        };
        // Without any partition DataFusion cannot read a table.
        let none: &[Vec<Part>] = if parts.is_empty() { &[Vec::new()] } else { &[] };
        let each = parts.len().div_ceil(state.config().target_partitions().max(1)).max(1);
        let chunks = parts.chunks(each).map(<[Part]>::to_vec).chain(none.iter().cloned());
        let streams = chunks.map(|parts| {
            let (schema, wanted) = (Arc::clone(&self.schema), wanted.clone());
            Arc::new(Parts { schema, parts, wanted }) as Arc<dyn PartitionStream>
        });
        let schema = Arc::clone(&self.schema);
        Ok(Arc::new(StreamingTableExec::try_new(schema, streams.collect(), projection, [], false, limit)?))
    }
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What filters say that leaves files and pages out. What is not understood narrows nothing.
fn wanted(filters: &[Expr]) -> Wanted {
    let mut wanted = Wanted { whole: Some(false), ..Wanted::default() };
    for filter in filters {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { continue };
        let (Expr::Column(column), Expr::Literal(value, _)) = (left.as_ref(), right.as_ref()) else { continue };
        match (column.name.as_str(), op) {
            ("source", Operator::Eq) => wanted.source = text(value),
            ("group_name", Operator::Eq) => wanted.group = text(value),
            ("at", Operator::Gt | Operator::GtEq) => wanted.from = wanted.from.max(moment(value)),
            ("at", Operator::Lt) => wanted.to = earlier(wanted.to, moment(value)),
            ("at", Operator::LtEq) => wanted.to = earlier(wanted.to, moment(value).map(|at| at.saturating_add(1))),
            _ => {}
        }
    }
    wanted
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

fn text(value: &ScalarValue) -> Option<String> {
    value.try_as_str().flatten().map(str::to_owned)
}

fn moment(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::TimestampMicrosecond(at, _) => *at,
        _ => None,
    }
}

/// Files that are read one after the other.
#[derive(Debug)]
struct Parts {
    schema: SchemaRef,
    parts: Vec<Part>,
    wanted: Wanted,
}

impl PartitionStream for Parts {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let rows = stream.tx();
        let (schema, parts, wanted) = (Arc::clone(&self.schema), self.parts.clone(), self.wanted.clone());
        stream.spawn_blocking(move || {
            for part in parts {
                // What is damaged is left out, as everywhere.
                let told = |error: &HistoryError| {
                    tracing::warn!(error = error as &dyn std::error::Error, "lag history is left out");
                };
                let Ok(run) = part.read(&wanted).inspect_err(told) else { continue };
                for batch in run.map_while(|batch| batch.inspect_err(told).ok()) {
                    let shown = show(&schema, &batch)?;
                    // Nobody waits for it any more.
                    if rows.blocking_send(Ok(shown)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// A stored batch as it is shown.
fn show(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let tenths = batch.columns().get(8).and_then(|column| column.as_primitive_opt::<Decimal128Type>());
    let tenths = tenths.ok_or_else(|| ArrowError::SchemaError("seconds are not told as tenths".to_owned()))?;
    let seconds: Float64Array = tenths.iter().map(|tenths| tenths.map(seconds)).collect();
    let mut columns: Vec<ArrayRef> = batch.columns()[..8].to_vec();
    columns.push(Arc::new(seconds));
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn filters_leave_out_what_cannot_be_wanted() {
        let at = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
        let filters = [
            col("group_name").eq(lit("billing")),
            col("source").eq(lit(ScalarValue::Utf8View(Some("shop".to_owned())))),
            col("at").gt_eq(at(5)),
            col("at").gt(at(3)),
            col("at").lt_eq(at(9)),
            col("lag").gt(lit(7_i64)),
        ];
        let wanted = wanted(&filters);
        assert_eq!((wanted.group.as_deref(), wanted.source.as_deref()), (Some("billing"), Some("shop")));
        assert_eq!((wanted.from, wanted.to, wanted.whole), (Some(5), Some(10), Some(false)));
    }
}
