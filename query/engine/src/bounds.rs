//! Holds a query to its memory where DataFusion does not count it.
//!
//! DataFusion counts hash tables, sorts and joins, and works on batches of so many rows, however long these are: one
//! value of ten megabytes beside each of 8,192 rows costs nothing as a view and eighty gigabytes as soon as something
//! is computed from it. Therefore
//!
//! - what computes from rows or copies them gets them in [`portions`] of bounded bytes;
//! - functions whose results may be longer than their arguments tell how long before they begin ([`grow`]), and a
//!   projection that would make too much does it in smaller steps ([`project`]);
//! - what keeps rows without counting them is counted here: lists of views, windows.
//!
//! A single value or row that is too large for any step is the caller's fault and refused.

pub(crate) mod grow;
pub(crate) mod portions;
pub(crate) mod project;
pub(crate) mod weigh;

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, InListExpr, Literal};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions, WindowExpr};
use datafusion::scalar::ScalarValue;

use crate::stop::Stop;
use portions::{Kept, Needs, PortionsExec};
use project::SteppedProjectionExec;

/// Bytes of the rows that are worked on at once.
pub(crate) const PORTION: usize = 16 << 20;

/// Bytes that one step may make of them; also those of one value and of one row of an answer.
pub(crate) const MOST_MADE: usize = 64 << 20;

/// Bytes of a computed text or list that a join or `unnest` may copy to other rows.
const MOST_COPIED: usize = 64 << 10;

/// Rows that a join makes at once when it copies such values.
const COPIED_ROWS: usize = MOST_MADE / MOST_COPIED;

/// Rows that a window may look back at without being counted.
const SMALL_FRAME: u64 = 8_192;

/// More than a step may make.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TooLarge(pub(crate) String);

impl TooLarge {
    pub(crate) fn error(sentence: impl Into<String>) -> DataFusionError {
        DataFusionError::External(Box::new(Self(sentence.into())))
    }

    /// Whether smaller steps may help.
    pub(crate) fn of(error: &DataFusionError) -> Option<&Self> {
        match error.find_root() {
            DataFusionError::External(inner) => inner.downcast_ref(),
            _ => None,
        }
    }
}

/// The plan with bounded steps, and the context to run it in.
pub(crate) fn bounded(
    plan: Arc<dyn ExecutionPlan>,
    stop: &Arc<Stop>,
    context: Arc<TaskContext>,
) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>)> {
    let mut copies = false;
    let plan = plan.transform_up(|node| {
        copies |= is_copying(&node) && node.children().iter().any(|child| has_copied(&child.schema()));
        step(node, stop)
    })?;
    let plan = portioned(plan.data, Needs::default(), stop);
    if !copies {
        return Ok((plan, context));
    }
    let config = context.session_config().clone().with_batch_size(COPIED_ROWS);
    let context = TaskContext::new(
        context.task_id(),
        context.session_id(),
        config,
        context.scalar_functions().clone(),
        context.higher_order_functions().clone(),
        context.aggregate_functions().clone(),
        context.window_functions().clone(),
        context.runtime_env(),
    );
    Ok((plan, Arc::new(context)))
}

fn portioned(plan: Arc<dyn ExecutionPlan>, needs: Needs, stop: &Arc<Stop>) -> Arc<dyn ExecutionPlan> {
    Arc::new(PortionsExec::new(plan, needs, Some(Arc::clone(stop))))
}

fn step(node: Arc<dyn ExecutionPlan>, stop: &Arc<Stop>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
        if projection.expr().iter().all(|column| column.expr.is::<Column>()) {
            return Ok(Transformed::no(node));
        }
        let needs = Needs { constants: constants(&node)?, ..Needs::default() };
        let input = portioned(Arc::clone(projection.input()), needs, stop);
        return Ok(Transformed::yes(Arc::new(SteppedProjectionExec::new(&node, projection.expr(), input))));
    }
    let computes = node.is::<FilterExec>() || node.is::<AggregateExec>() || node.is::<SortExec>();
    let windows = windows(&node);
    if !computes && windows.is_none() && !is_copying(&node) {
        return Ok(Transformed::no(node));
    }
    let mut needs = Needs { constants: constants(&node)?, ..Needs::default() };
    if is_copying(&node) {
        needs.most_copied = Some(MOST_COPIED);
    }
    if let Some(unnest) = node.downcast_ref::<UnnestExec>() {
        needs.unnested = unnest.list_column_indices().iter().map(|list| list.index_in_input_schema).collect();
    }
    if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
        needs.kept = collected(aggregate);
    }
    if let Some(windows) = windows {
        needs.kept = looked_at(windows, &node)?;
    }
    let children = node.children().into_iter();
    let children = children.map(|child| portioned(Arc::clone(child), needs.clone(), stop)).collect();
    Ok(Transformed::yes(
        node.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))?,
    ))
}

/// Whether it repeats the rows of its inputs.
fn is_copying(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<CrossJoinExec>()
        || node.is::<HashJoinExec>()
        || node.is::<NestedLoopJoinExec>()
        || node.is::<SortMergeJoinExec>()
        || node.is::<UnnestExec>()
}

/// Columns whose values are not views: they are copied to each row.
fn has_copied(schema: &SchemaRef) -> bool {
    schema.fields().iter().any(|field| weigh::is_copied(field.data_type()))
}

/// What the expressions of a node hold beside columns. They may become as long as a batch.
fn constants(node: &Arc<dyn ExecutionPlan>) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
    let mut found = Vec::new();
    node.apply_expressions(&mut |root| {
        gather_constants(root, &mut found);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn gather_constants(expr: &Arc<dyn PhysicalExpr>, found: &mut Vec<Arc<dyn PhysicalExpr>>) {
    if let Some(list) = expr.downcast_ref::<InListExpr>() {
        return gather_constants(list.expr(), found);
    }
    let children = expr.children();
    if children.is_empty() && !expr.is::<Column>() {
        found.push(Arc::clone(expr));
    }
    children.into_iter().for_each(|child| gather_constants(child, found));
}

/// Arguments of aggregates that keep the arrays they are given, and count of views only the sixteen bytes.
fn collected(aggregate: &AggregateExec) -> Vec<Kept> {
    let keeping = aggregate.aggr_expr().iter().filter(|one| one.fun().name() == "array_agg");
    if aggregate.mode().input_mode() == datafusion::physical_plan::aggregates::AggregateInputMode::Partial {
        let columns = aggregate.input().schema();
        return match keeping.count() {
            0 => Vec::new(),
            _ => all_columns(&columns),
        };
    }
    keeping.flat_map(|one| one.expressions()).map(Kept::Buffers).collect()
}

fn all_columns(schema: &SchemaRef) -> Vec<Kept> {
    let columns = schema.fields().iter().enumerate();
    columns.map(|(at, field)| Kept::Buffers(Arc::new(Column::new(field.name(), at)))).collect()
}

fn windows(node: &Arc<dyn ExecutionPlan>) -> Option<&[Arc<dyn WindowExpr>]> {
    let whole = node.downcast_ref::<WindowAggExec>().map(WindowAggExec::window_expr);
    whole.or_else(|| node.downcast_ref::<BoundedWindowAggExec>().map(BoundedWindowAggExec::window_expr))
}

/// What windows keep: their rows, and texts that are repeated in each row of their results.
fn looked_at(windows: &[Arc<dyn WindowExpr>], node: &Arc<dyn ExecutionPlan>) -> Result<Vec<Kept>> {
    let mut kept = Vec::new();
    let streams = node.is::<BoundedWindowAggExec>() && windows.iter().all(looks_around);
    if !streams {
        let input = node.children().first().map(|input| input.schema());
        kept.extend(input.iter().flat_map(all_columns));
        kept.push(Kept::Rows(16 * windows.len()));
    }
    for window in windows {
        let field = window.field()?;
        if !weigh::is_long(field.data_type()) {
            continue;
        }
        let function = function_of(window);
        if matches!(field.data_type(), DataType::List(_) | DataType::LargeList(_)) || function == "string_agg" {
            return Err(TooLarge::error(format!(
                "`{function}` over a window is refused, its results have no bound; use it with GROUP BY"
            )));
        }
        let each = matches!(function.as_str(), "lag" | "lead");
        let values = window.expressions().into_iter();
        kept.extend(values.map(|value| if each { Kept::Values(value) } else { Kept::Longest(value) }));
    }
    Ok(kept)
}

fn function_of(window: &Arc<dyn WindowExpr>) -> String {
    window.name().split('(').next().unwrap_or_default().to_lowercase()
}

/// Whether a window keeps only the few rows around the current one, or none.
fn looks_around(window: &Arc<dyn WindowExpr>) -> bool {
    let distance = |value: &Arc<dyn PhysicalExpr>| match value.downcast_ref::<Literal>()?.value() {
        ScalarValue::Int64(rows) => rows.map(i64::unsigned_abs),
        _ => None,
    };
    match function_of(window).as_str() {
        "row_number" | "rank" | "dense_rank" => true,
        "lag" | "lead" => {
            window.expressions().get(1).is_none_or(|value| distance(value).is_some_and(|rows| rows <= SMALL_FRAME))
        }
        _ => is_small(window.get_window_frame()),
    }
}

fn is_small(frame: &WindowFrame) -> bool {
    let few = |rows: &ScalarValue| match rows {
        ScalarValue::UInt64(rows) => *rows,
        _ => None,
    };
    let is_few = |rows: &ScalarValue| rows.is_null() || few(rows).is_some_and(|rows| rows <= SMALL_FRAME);
    let unbounded = |bound: &WindowFrameBound| matches!(bound, WindowFrameBound::Preceding(rows) if rows.is_null());
    let end_small = match &frame.end_bound {
        WindowFrameBound::CurrentRow | WindowFrameBound::Preceding(_) => true,
        WindowFrameBound::Following(rows) => !rows.is_null() && few(rows).is_some_and(|rows| rows <= SMALL_FRAME),
    };
    let start_small = match &frame.start_bound {
        WindowFrameBound::CurrentRow => true,
        WindowFrameBound::Preceding(rows) => unbounded(&frame.start_bound) || is_few(rows),
        WindowFrameBound::Following(rows) => is_few(rows),
    };
    let rows = matches!(frame.units, WindowFrameUnits::Rows);
    start_small && end_small && (rows || unbounded(&frame.start_bound))
}
