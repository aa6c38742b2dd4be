//! A projection that takes smaller steps when its results are large.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};

use super::weigh::{self, Views};
use super::{MOST_MADE, TooLarge};

/// Computed columns of one row: each is bounded by [`MOST_MADE`], and there may be many.
const MOST_OF_A_ROW: usize = 4 * MOST_MADE;

/// Computes columns from the rows of its input.
#[derive(Debug, Clone)]
pub(crate) struct SteppedProjectionExec {
    /// As DataFusion planned it: for names, order and partitions.
    planned: Arc<dyn ExecutionPlan>,
    columns: Arc<[Arc<dyn PhysicalExpr>]>,
    input: Arc<dyn ExecutionPlan>,
}

impl SteppedProjectionExec {
    pub(crate) fn new(
        planned: &Arc<dyn ExecutionPlan>,
        columns: &[ProjectionExpr],
        input: Arc<dyn ExecutionPlan>,
    ) -> Self {
        let columns = columns.iter().map(|column| Arc::clone(&column.expr)).collect();
        Self { planned: Arc::clone(planned), columns, input }
    }
}

impl DisplayAs for SteppedProjectionExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.planned.fmt_as(kind, f)
    }
}

impl ExecutionPlan for SteppedProjectionExec {
    fn name(&self) -> &'static str {
        "ProjectionExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.planned.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.planned.apply_expressions(visit)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self { input, ..Self::clone(&self) }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, columns) = (self.schema(), Arc::clone(&self.columns));
        let input = self.input.execute(partition, context)?;
        let made = Arc::clone(&schema);
        let steps = input.flat_map(move |batch| match batch {
            Ok(batch) => stream::iter(Steps::new(&made, &columns, batch)).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, steps)))
    }
}

/// The results of one batch, computed as they are asked for.
struct Steps {
    schema: SchemaRef,
    columns: Arc<[Arc<dyn PhysicalExpr>]>,
    /// What is to be done, the next last.
    left: Vec<RecordBatch>,
}

impl Steps {
    fn new(schema: &SchemaRef, columns: &Arc<[Arc<dyn PhysicalExpr>]>, batch: RecordBatch) -> Self {
        Self { schema: Arc::clone(schema), columns: Arc::clone(columns), left: vec![batch] }
    }
}

impl Iterator for Steps {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let batch = self.left.pop()?;
            let result = compute(&self.schema, &self.columns, &batch);
            let half = batch.num_rows() / 2;
            match result {
                Err(error) if half > 0 && TooLarge::of(&error).is_some() => {
                    self.left.push(batch.slice(half, batch.num_rows() - half));
                    self.left.push(batch.slice(0, half));
                }
                Err(error) => {
                    self.left.clear();
                    return Some(Err(error));
                }
                done => return Some(done),
            }
        }
    }
}

fn compute(schema: &SchemaRef, columns: &[Arc<dyn PhysicalExpr>], batch: &RecordBatch) -> Result<RecordBatch> {
    let most = if batch.num_rows() > 1 { MOST_MADE } else { MOST_OF_A_ROW };
    let mut made = 0usize;
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for column in columns {
        let value = column.evaluate(batch)?;
        if !column.is::<Column>() {
            made = made.saturating_add(match &value {
                ColumnarValue::Scalar(value) => value.size().saturating_mul(batch.num_rows()),
                ColumnarValue::Array(array) => weigh::total(array, Views::Shown),
            });
            if made > most {
                return Err(TooLarge::error(format!(
                    "the computed columns of one row have more than {MOST_OF_A_ROW} bytes; ask for fewer, or shorten them \
                     with substr"
                )));
            }
        }
        arrays.push(value.into_array(batch.num_rows())?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}
