//! Stops joins that would not notice that their time is over.
//!
//! A task can be aborted only where it yields, and DataFusion's operators yield with every batch they make, except one:
//! a nested loop join whose filter rejects nearly everything compares for hours without making any. Its filter is
//! therefore asked to look at the clock.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder};

/// When a query must end.
#[derive(Debug)]
pub(crate) struct Stop {
    deadline: Instant,
    dropped: AtomicBool,
}

impl Stop {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { deadline, dropped: AtomicBool::new(false) }
    }

    /// Nobody listens any more.
    pub(crate) fn drop_query(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    /// Whether the time is over.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Whether the time is over, or nobody listens.
    pub(crate) fn is_over(&self) -> bool {
        self.dropped.load(Ordering::Acquire) || self.is_late()
    }
}

/// The plan, with the filters of its nested loop joins looking at `stop`.
pub(crate) fn stoppable(plan: Arc<dyn ExecutionPlan>, stop: &Arc<Stop>) -> Result<Arc<dyn ExecutionPlan>> {
    let watched = plan.transform_up(|node| {
        let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() else { return Ok(Transformed::no(node)) };
        let Some(filter) = join.filter() else { return Ok(Transformed::no(node)) };
        let watched =
            NestedLoopJoinExecBuilder::new(Arc::clone(join.left()), Arc::clone(join.right()), *join.join_type())
                .with_filter(Some(watched(filter, stop)))
                .with_projection_ref(join.projection().clone())
                .build()?;
        Ok(Transformed::yes(Arc::new(watched) as Arc<dyn ExecutionPlan>))
    });
    Ok(watched?.data)
}

fn watched(filter: &JoinFilter, stop: &Arc<Stop>) -> JoinFilter {
    let expression = Watched { inner: Arc::clone(filter.expression()), stop: Arc::clone(stop) };
    JoinFilter::new(Arc::new(expression), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
}

/// An expression that fails when its query must end. Otherwise it is the inner one.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn PhysicalExpr>,
    stop: Arc<Stop>,
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Watched {
    fn data_type(&self, input: &Schema) -> Result<DataType> {
        self.inner.data_type(input)
    }

    fn nullable(&self, input: &Schema) -> Result<bool> {
        self.inner.nullable(input)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.stop.is_over() {
            return exec_err!("the query was stopped");
        }
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, stop: Arc::clone(&self.stop) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
