//! The life of one query: read, refused or planned, run, its rows sent.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use futures::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;
use tracing::Span;

use crate::answer::Message;
use crate::bounds::bounded;
use crate::error::{self, EngineError};
use crate::snapshot::Snapshot;
use crate::stop::{Stop, stoppable};
use crate::{functions, refuse};

/// A query on its way, on a thread of the engine.
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) snapshot: Snapshot,
    pub(crate) max_rows: usize,
    pub(crate) timeout: Duration,
    pub(crate) deadline: tokio::time::Instant,
    pub(crate) stop: Arc<Stop>,
    pub(crate) memory: usize,
}

/// Columns and warnings.
pub(crate) type Planned = Result<(SchemaRef, Vec<String>), EngineError>;

impl Query {
    /// Tells the plan, then sends rows; every end is told by one of the two.
    pub(crate) async fn run(self, planned: oneshot::Sender<Planned>, rows: mpsc::Sender<Message>) {
        let plan = timeout_at(self.deadline, self.plan()).await.unwrap_or_else(|_| Err(self.too_long()));
        let batches = match plan {
            Ok(batches) => batches,
            Err(error) => {
                failed(&error);
                // Nobody waiting is no fault.
                let _ = planned.send(Err(error));
                return;
            }
        };
        let warnings = self.snapshot.trace.warnings();
        if planned.send(Ok((batches.schema(), warnings))).is_err() {
            return;
        }
        let mut left = self.max_rows;
        let end = timeout_at(self.deadline, self.send_rows(batches, &rows, &mut left)).await;
        Span::current().record("db.response.returned_rows", self.max_rows - left);
        let last = match end.unwrap_or_else(|_| Err(self.too_long())) {
            Ok(truncated) => Message::Done { truncated },
            Err(error) => {
                failed(&error);
                Message::Failed(error)
            }
        };
        let _ = rows.send(last).await;
    }

    async fn plan(&self) -> Result<SendableRecordBatchStream, EngineError> {
        let statement = refuse::parse(&self.sql)?;
        let session = self.snapshot.session().map_err(|error| self.error(error))?;
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let planned = async {
            let plan = session.state().statement_to_plan(statement).await?;
            read_only.verify_plan(&plan)?;
            let plan = presentable(self.limited(plan)?)?;
            let physical = session.state().create_physical_plan(&plan).await?;
            let (physical, context) = bounded(stoppable(physical, &self.stop)?, &self.stop, session.task_ctx())?;
            execute_stream(physical, context)
        };
        planned.await.map_err(|error| self.error(error))
    }

    /// With the limit in the plan a sort keeps only the rows that are answered. One more tells whether there are more.
    fn limited(&self, plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
        let described =
            matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_));
        if described { Ok(plan) } else { LogicalPlanBuilder::from(plan).limit(0, Some(self.max_rows + 1))?.build() }
    }

    /// Sends at most `left` rows, which it counts down; true when there were more.
    async fn send_rows(
        &self,
        mut batches: SendableRecordBatchStream,
        rows: &mpsc::Sender<Message>,
        left: &mut usize,
    ) -> Result<bool, EngineError> {
        while let Some(batch) = self.next(&mut batches).await? {
            let part = batch.slice(0, batch.num_rows().min(*left));
            let truncated = batch.num_rows() > *left;
            *left -= part.num_rows();
            if part.num_rows() > 0 && !send(rows, part).await {
                return Ok(true);
            }
            if truncated {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn too_long(&self) -> EngineError {
        EngineError::too_long(self.timeout)
    }

    fn error(&self, error: DataFusionError) -> EngineError {
        match EngineError::datafusion(error) {
            EngineError::Memory(_) => EngineError::Memory(self.memory >> 20),
            other => other,
        }
    }

    /// The next rows. Rotten bytes can make a decoder panic, here or in a thread of the plan.
    async fn next(&self, batches: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>, EngineError> {
        match AssertUnwindSafe(batches.next()).catch_unwind().await {
            Ok(batch) => batch.transpose().map_err(|error| self.running_error(error)),
            Err(_) => Err(self.blame(EngineError::Internal("a step of it panicked".to_owned()))),
        }
    }

    fn running_error(&self, error: DataFusionError) -> EngineError {
        if self.stop.is_late() {
            return self.too_long();
        }
        let decoding = error::is_decoding(&error);
        let plain = self.error(error);
        match plain {
            EngineError::Damaged { .. } | EngineError::Archive(_) => plain,
            EngineError::Internal(_) => self.blame(plain),
            _ if decoding => self.blame(plain),
            _ => plain,
        }
    }

    /// Decoders do not say which file they failed on: the files that were read are read again until one fails.
    fn blame(&self, plain: EngineError) -> EngineError {
        let Snapshot { trace, view, .. } = &self.snapshot;
        tokio::task::block_in_place(|| trace.touched.find_damaged(view, &self.stop)).unwrap_or(plain)
    }
}

/// Says in the query's span why it has no answer, or not all of it.
fn failed(error: &EngineError) {
    let span = Span::current();
    span.record("error.type", error.code());
    span.record("otel.status_code", "error");
}

/// False when nobody listens any more.
async fn send(rows: &mpsc::Sender<Message>, batch: RecordBatch) -> bool {
    rows.send(Message::Batch(batch)).await.is_ok()
}

/// What `->` yields has no type of its own that JSON, CSV or Parquet could carry: it is answered as JSON text.
fn presentable(plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
    let is_union = |kind: &DataType| matches!(kind, DataType::Union(..));
    if !plan.schema().fields().iter().any(|field| is_union(field.data_type())) {
        return Ok(plan);
    }
    let columns = plan.schema().iter().map(|(table, field)| {
        let column = Expr::from((table, field));
        if is_union(field.data_type()) {
            functions::json_text(column).alias_qualified(table.cloned(), field.name())
        } else {
            column
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
