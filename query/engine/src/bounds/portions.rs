//! Rows in portions of bounded bytes, and a count of what the operator above keeps of them.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, exec_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr, ScalarFunctionExpr};
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
    SortOrderPushdownResult,
};
use futures::{StreamExt, stream};

use super::weigh::{self, Views};
use super::{MOST_MADE, PORTION, TooLarge};
use crate::stop::Stop;

/// What the operator above does with its rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    /// Values that may be repeated for each row.
    pub(crate) constants: Vec<Arc<dyn PhysicalExpr>>,
    /// Values that are not views are repeated: bytes of them that a row may have.
    pub(crate) most_copied: Option<usize>,
    /// Lists whose items become rows.
    pub(crate) unnested: Vec<usize>,
    /// What it keeps without counting it.
    pub(crate) kept: Vec<Kept>,
}

/// Something that is kept.
#[derive(Debug, Clone)]
pub(crate) enum Kept {
    /// The buffers behind the values, each once.
    Buffers(Arc<dyn PhysicalExpr>),
    /// A copy of each value.
    Values(Arc<dyn PhysicalExpr>),
    /// For each row a copy of the longest value.
    Longest(Arc<dyn PhysicalExpr>),
    /// So many bytes for each row.
    Rows(usize),
}

/// Hands on rows in portions. Nothing else changes.
#[derive(Debug, Clone)]
pub(crate) struct PortionsExec {
    input: Arc<dyn ExecutionPlan>,
    needs: Needs,
    stop: Option<Arc<Stop>>,
}

impl PortionsExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, needs: Needs, stop: Option<Arc<Stop>>) -> Self {
        Self { input, needs, stop }
    }

    fn around(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, ..self.clone() })
    }
}

impl DisplayAs for PortionsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortionsExec")
    }
}

impl ExecutionPlan for PortionsExec {
    fn name(&self) -> &'static str {
        "PortionsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(children.pop().map_or_else(|| Arc::clone(&self) as Arc<dyn ExecutionPlan>, |input| self.around(input)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn repartitioned(&self, partitions: usize, config: &ConfigOptions) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        Ok(self.input.repartitioned(partitions, config)?.map(|input| self.around(input)))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let keeper = Keeper {
            reservation: MemoryConsumer::new("rows that are kept").register(context.memory_pool()),
            seen: HashSet::new(),
            rows: 0,
            longest: vec![0; self.needs.kept.len()],
        };
        let input = self.input.execute(partition, context)?;
        let (needs, stop) = (self.needs.clone(), self.stop.clone());
        let portions = input.flat_map(move |batch| match batch.and_then(|batch| portions(batch, &needs)) {
            Ok(portions) => stream::iter(portions).map(Ok).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        });
        let kept = self.needs.kept.clone();
        let counted = portions.scan(keeper, move |keeper, portion| {
            let portion = portion.and_then(|portion| {
                if stop.as_ref().is_some_and(|stop| stop.is_over()) {
                    return exec_err!("the query was stopped");
                }
                let portion = portion.batch()?;
                keeper.count(&portion, &kept)?;
                Ok(portion)
            });
            std::future::ready(Some(portion))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        Ok(Arc::clone(&inputs[0]))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    /// Columns may be chosen below; what computes new ones stays above, where its rows are bounded.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if !projection.expr().iter().all(|column| is_part(&column.expr)) {
            return Ok(None);
        }
        Ok(self.input.try_swapping_with_projection(projection)?.map(|input| self.around(input)))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }

    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        Ok(match self.input.try_pushdown_sort(order)? {
            SortOrderPushdownResult::Exact { inner } => SortOrderPushdownResult::Exact { inner: self.around(inner) },
            SortOrderPushdownResult::Inexact { inner } => {
                SortOrderPushdownResult::Inexact { inner: self.around(inner) }
            }
            SortOrderPushdownResult::Unsupported => SortOrderPushdownResult::Unsupported,
        })
    }
}

/// A column, or a part of one.
fn is_part(expr: &Arc<dyn PhysicalExpr>) -> bool {
    match expr.downcast_ref::<ScalarFunctionExpr>() {
        Some(function) => function.name() == "get_field" && function.args().iter().all(is_part),
        None => expr.is::<Column>() || expr.is::<Literal>(),
    }
}

/// Some rows of a batch.
struct Portion {
    batch: RecordBatch,
    /// Its buffers hold other portions too, which would be counted with each.
    compact: bool,
}

impl Portion {
    fn batch(self) -> Result<RecordBatch> {
        Ok(if self.compact { weigh::compact_batch(&self.batch)? } else { self.batch })
    }
}

fn portions(batch: RecordBatch, needs: &Needs) -> Result<Vec<Portion>> {
    let constants = constant_bytes(&batch, needs)?;
    let most_rows = if constants > 1_024 { (PORTION / constants).max(1) } else { usize::MAX };
    let special = needs.most_copied.is_some();
    let total = weigh::batch(&batch);
    if total <= PORTION && batch.num_rows() <= most_rows && !special {
        return Ok(vec![Portion { batch, compact: false }]);
    }
    check_lists(&batch)?;
    let mut bytes = weigh::batch_rows(&batch);
    if let Some(most) = needs.most_copied {
        check_copies(&batch, needs, most, &mut bytes)?;
    }
    // Rows that show one value many times are not copied for that.
    let compact = total <= held(&batch);
    let mut portions = Vec::new();
    let (mut from, mut sum) = (0, 0usize);
    for (row, bytes) in bytes.into_iter().enumerate() {
        if row > from && (sum.saturating_add(bytes) > PORTION || row - from >= most_rows) {
            portions.push(Portion { batch: batch.slice(from, row - from), compact });
            (from, sum) = (row, 0);
        }
        sum = sum.saturating_add(bytes);
    }
    if from == 0 {
        return Ok(vec![Portion { batch, compact: false }]);
    }
    portions.push(Portion { batch: batch.slice(from, batch.num_rows() - from), compact });
    Ok(portions)
}

/// Refuses lists that show more than any answer may hold: most of what computes with lists copies what they show.
fn check_lists(batch: &RecordBatch) -> Result<()> {
    let mut bytes = vec![0; batch.num_rows()];
    for column in batch.columns().iter().filter(|column| weigh::is_copied(column.data_type())) {
        weigh::add(column, Views::Shown, &mut bytes);
    }
    match bytes.into_iter().find(|bytes| *bytes > MOST_MADE) {
        Some(bytes) => Err(TooLarge::error(format!(
            "the lists and computed texts of one row have {bytes} bytes, more than {MOST_MADE}; gather fewer rows, or \
             parts of them with substr"
        ))),
        None => Ok(()),
    }
}

/// Bytes of the constants of one row.
fn constant_bytes(batch: &RecordBatch, needs: &Needs) -> Result<usize> {
    let mut sum = 0usize;
    for constant in &needs.constants {
        if let ColumnarValue::Scalar(value) = constant.evaluate(batch)? {
            sum = sum.saturating_add(value.size());
        }
    }
    Ok(sum)
}

/// Refuses rows that must not be repeated; of others counts what they become.
fn check_copies(batch: &RecordBatch, needs: &Needs, most: usize, bytes: &mut [usize]) -> Result<()> {
    let mut copied = vec![0; batch.num_rows()];
    for (at, column) in batch.columns().iter().enumerate() {
        if weigh::is_copied(column.data_type()) && !needs.unnested.contains(&at) {
            weigh::add(column, Views::Shared, &mut copied);
        }
    }
    let list_lengths = needs.unnested.iter().map(|at| lengths(batch.column(*at)));
    let longest = list_lengths.reduce(|all, one| all.into_iter().zip(one).map(|(a, b)| a.max(b)).collect());
    for (row, copied) in copied.into_iter().enumerate() {
        if copied > most {
            return Err(TooLarge::error(format!(
                "a computed text or list of {copied} bytes would be repeated in each row that it is joined with, more \
                 than {most}; join first and compute then, or shorten it with substr"
            )));
        }
        let Some(longest) = &longest else { continue };
        let made = longest[row].saturating_mul(copied + 16 * batch.num_columns());
        if made > MOST_MADE {
            return Err(TooLarge::error(format!(
                "a list of {} items would become rows of {made} bytes, more than {MOST_MADE}; name fewer columns beside it",
                longest[row]
            )));
        }
        bytes[row] = bytes[row].saturating_add(made);
    }
    Ok(())
}

/// Items of each list.
fn lengths(array: &ArrayRef) -> Vec<usize> {
    match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().offsets().lengths().collect(),
        DataType::LargeList(_) => array.as_list::<i64>().offsets().lengths().collect(),
        DataType::FixedSizeList(_, size) => vec![usize::try_from(*size).unwrap_or(0); array.len()],
        _ => vec![1; array.len()],
    }
}

/// Bytes behind a batch, shared ones once.
fn held(batch: &RecordBatch) -> usize {
    let mut seen = HashSet::new();
    batch.columns().iter().map(|column| new_bytes(&column.to_data(), &mut seen)).sum()
}

/// Bytes of buffers that were not seen before.
fn new_bytes(data: &ArrayData, seen: &mut HashSet<usize>) -> usize {
    let buffers = data.buffers().iter().filter(|buffer| seen.insert(buffer.data_ptr().as_ptr() as usize));
    let own: usize = buffers.map(|buffer| buffer.capacity()).sum();
    own + data.child_data().iter().map(|child| new_bytes(child, seen)).sum::<usize>()
}

/// Counts what is kept, against the memory of all queries.
struct Keeper {
    reservation: MemoryReservation,
    seen: HashSet<usize>,
    rows: usize,
    longest: Vec<usize>,
}

impl Keeper {
    fn count(&mut self, batch: &RecordBatch, kept: &[Kept]) -> Result<()> {
        if kept.is_empty() {
            return Ok(());
        }
        self.rows += batch.num_rows();
        let mut more = 0;
        for (kept, longest) in kept.iter().zip(&mut self.longest) {
            let array = |value: &Arc<dyn PhysicalExpr>| value.evaluate(batch)?.into_array(batch.num_rows());
            more += match kept {
                Kept::Rows(bytes) => bytes * batch.num_rows(),
                Kept::Buffers(value) => new_bytes(&array(value)?.to_data(), &mut self.seen),
                Kept::Values(value) => weigh::total(&array(value)?, Views::Shown),
                Kept::Longest(value) => {
                    let before = *longest * (self.rows - batch.num_rows());
                    *longest = weigh::rows(&array(value)?, Views::Shown).into_iter().fold(*longest, usize::max);
                    (*longest).saturating_mul(self.rows).saturating_sub(before)
                }
            };
        }
        self.reservation.try_grow(more)
    }
}
