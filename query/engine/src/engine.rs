//! Runs queries on threads of their own, so that a heavy one delays neither reading nor other pages.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use futures::StreamExt;
use tapline_api::{SqlColumn, SqlSchema, SqlTable};
use tapline_archive::{Archive, View};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};

use crate::answer::{Answer, End, Message, Running};
use crate::error::{self, EngineError};
use crate::facts::SystemTables;
use crate::provider::{StoredEvents, Trace};
use crate::stop::{Stop, stoppable};
use crate::tables::{self, TABLES};
use crate::{catalog, functions, refuse, session};

/// Nested expressions are walked by recursion, in DataFusion and when they are dropped.
const STACK_BYTES: usize = 32 << 20;

/// Batches that wait for a slow reader.
const READ_AHEAD: usize = 2;

/// Rows of one answer, whatever a caller asks for.
const MAX_ROWS: usize = 1_000_000;

/// Bounds of all queries together and of each.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Memory for hash tables, sorts and joins of all running queries, bytes. Nothing is spilled to the disk.
    pub memory_bytes: usize,
    /// Time of a query that names none.
    pub timeout: Duration,
    /// Time that a query may ask for.
    pub max_timeout: Duration,
    /// Rows answered when a query names no number.
    pub max_rows: usize,
    /// Parallel parts of one query, and threads of the engine.
    pub target_partitions: usize,
    /// Queries at a time; others wait for their turn until their time is over.
    pub concurrent: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            timeout: Duration::from_secs(30),
            max_timeout: Duration::from_secs(600),
            max_rows: 10_000,
            target_partitions: std::thread::available_parallelism().map_or(2, NonZeroUsize::get),
            concurrent: 4,
        }
    }
}

/// What one query asks for; the engine's options where it asks for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Rows answered at most, up to a million.
    pub max_rows: Option<usize>,
    /// Time until it is stopped.
    pub timeout: Option<Duration>,
}

/// Answers SQL over one archive.
pub struct Engine {
    archive: Arc<Archive>,
    facts: Arc<dyn SystemTables>,
    options: EngineOptions,
    base: SessionState,
    turns: Arc<Semaphore>,
    running: Arc<AtomicUsize>,
    threads: Option<Runtime>,
}

impl Engine {
    /// Starts the engine's threads.
    pub fn new(
        archive: Arc<Archive>,
        tables: Arc<dyn SystemTables>,
        options: EngineOptions,
    ) -> Result<Self, EngineError> {
        let threads = Builder::new_multi_thread()
            .worker_threads(options.target_partitions.max(1))
            .thread_stack_size(STACK_BYTES)
            .thread_name("tapline-sql")
            .enable_time()
            .build()
            .map_err(|error| EngineError::Archive(format!("the threads for queries cannot be started: {error}")))?;
        let base = session::base(&options).map_err(EngineError::datafusion)?;
        let turns = Arc::new(Semaphore::new(options.concurrent.max(1)));
        let running = Arc::default();
        Ok(Self { archive, facts: tables, options, base, turns, running, threads: Some(threads) })
    }

    /// Bounds in force.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Queries that run at this moment.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Plans a query over one snapshot and begins to run it. Errors of planning are returned here, errors of running
    /// come from the answer.
    pub async fn query(&self, sql: &str, limits: Limits) -> Result<Answer, EngineError> {
        let started = Instant::now();
        let timeout = limits.timeout.unwrap_or(self.options.timeout).min(self.options.max_timeout);
        let deadline = Instant::now() + timeout;
        let stop = Arc::new(Stop::new(deadline));
        let deadline = tokio::time::Instant::from_std(deadline);
        let turn = timeout_at(deadline, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else { return Err(EngineError::Busy(self.options.concurrent)) };
        let (planned, plan) = oneshot::channel();
        let (send, rows) = mpsc::channel(READ_AHEAD);
        let query = Query {
            sql: sql.to_owned(),
            snapshot: self.snapshot(self.archive.view()),
            max_rows: limits.max_rows.unwrap_or(self.options.max_rows).min(MAX_ROWS),
            timeout,
            deadline,
            stop: Arc::clone(&stop),
            memory: self.options.memory_bytes,
        };
        let counted = Counted::new(&self.running);
        let Some(threads) = &self.threads else { return Err(EngineError::Busy(0)) };
        let task = threads.spawn(async move {
            let _held = (turn, counted);
            query.run(planned, send).await;
        });
        let _running = Running { task: task.abort_handle(), stop };
        let planned = timeout_at(deadline, plan).await.map_err(|_| EngineError::too_long(timeout))?;
        let ended = |_| EngineError::Internal("the query's task ended without a plan".to_owned());
        let (schema, warnings) = planned.map_err(ended)??;
        let late = Box::pin(sleep_until(deadline));
        Ok(Answer { schema, warnings, started, rows, late, timeout, end: End::Open, _running })
    }

    fn snapshot(&self, view: Arc<View>) -> Snapshot {
        Snapshot { base: self.base.clone(), facts: Arc::clone(&self.facts), view, trace: Arc::default() }
    }

    /// Tables, columns with their meaning, and functions.
    pub fn schema(&self) -> SqlSchema {
        let snapshot = self.snapshot(Arc::default());
        let tables = TABLES.iter().filter_map(|table| snapshot.describe(table).ok());
        let mut functions: Vec<String> = self.base.scalar_functions().keys().cloned().collect();
        functions.extend(self.base.aggregate_functions().keys().cloned());
        functions.extend(self.base.window_functions().keys().cloned());
        functions.sort();
        functions.dedup();
        SqlSchema { tables: tables.collect(), functions }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Waiting for threads is not allowed where the engine is likely to be dropped: inside another runtime.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// One more query while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(running: &Arc<AtomicUsize>) -> Self {
        running.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(running))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What one query sees.
struct Snapshot {
    base: SessionState,
    facts: Arc<dyn SystemTables>,
    view: Arc<View>,
    trace: Arc<Trace>,
}

impl Snapshot {
    fn session(&self) -> DataFusionResult<SessionContext> {
        let catalogs = catalog::catalogs(&self.stored(), &self.facts)?;
        let state = SessionStateBuilder::new_from_existing(self.base.clone()).with_catalog_list(catalogs).build();
        Ok(SessionContext::new_with_state(state))
    }

    fn stored(&self) -> Arc<StoredEvents> {
        Arc::new(StoredEvents { view: Arc::clone(&self.view), trace: Arc::clone(&self.trace) })
    }

    fn describe(&self, table: &tables::Table) -> DataFusionResult<SqlTable> {
        let schema = tables::provider(table, &self.stored(), &self.facts)?.schema();
        let column = |field: &arrow::datatypes::FieldRef| SqlColumn {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            description: table.meaning(field.name()).map(str::to_owned),
        };
        Ok(SqlTable {
            name: table.name.to_owned(),
            description: table.description.to_owned(),
            columns: schema.fields().iter().map(column).collect(),
        })
    }
}

/// A query on its way, on a thread of the engine.
struct Query {
    sql: String,
    snapshot: Snapshot,
    max_rows: usize,
    timeout: Duration,
    deadline: tokio::time::Instant,
    stop: Arc<Stop>,
    memory: usize,
}

type Planned = Result<(SchemaRef, Vec<String>), EngineError>;

impl Query {
    async fn run(self, planned: oneshot::Sender<Planned>, rows: mpsc::Sender<Message>) {
        let plan = timeout_at(self.deadline, self.plan()).await.unwrap_or_else(|_| Err(self.too_long()));
        let batches = match plan {
            Ok(batches) => batches,
            Err(error) => {
                // Nobody waiting is no fault.
                let _ = planned.send(Err(error));
                return;
            }
        };
        let warnings = self.snapshot.trace.warnings();
        if planned.send(Ok((batches.schema(), warnings))).is_err() {
            return;
        }
        let end = timeout_at(self.deadline, self.send_rows(batches, &rows)).await;
        let last = match end.unwrap_or_else(|_| Err(self.too_long())) {
            Ok(truncated) => Message::Done { truncated },
            Err(error) => Message::Failed(error),
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
            execute_stream(stoppable(physical, &self.stop)?, session.task_ctx())
        };
        planned.await.map_err(|error| self.error(error))
    }

    /// With the limit in the plan a sort keeps only the rows that are answered. One more tells whether there are more.
    fn limited(&self, plan: LogicalPlan) -> DataFusionResult<LogicalPlan> {
        let described =
            matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_));
        if described { Ok(plan) } else { LogicalPlanBuilder::from(plan).limit(0, Some(self.max_rows + 1))?.build() }
    }

    /// Sends at most `max_rows`; true when there were more.
    async fn send_rows(
        &self,
        mut batches: SendableRecordBatchStream,
        rows: &mpsc::Sender<Message>,
    ) -> Result<bool, EngineError> {
        let mut left = self.max_rows;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| self.running_error(error))?;
            let part = batch.slice(0, batch.num_rows().min(left));
            let truncated = batch.num_rows() > left;
            left -= part.num_rows();
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

    /// Decoders do not say which file they failed on: the files that were read are read again until one fails.
    fn running_error(&self, error: DataFusionError) -> EngineError {
        if self.stop.is_late() {
            return self.too_long();
        }
        let decoding = error::is_decoding(&error);
        let plain = self.error(error);
        if !decoding || matches!(plain, EngineError::Damaged { .. } | EngineError::Archive(_)) {
            return plain;
        }
        let blamed = tokio::task::block_in_place(|| self.snapshot.trace.touched.find_damaged(&self.snapshot.view));
        blamed.unwrap_or(plain)
    }
}

/// False when nobody listens any more.
async fn send(rows: &mpsc::Sender<Message>, batch: RecordBatch) -> bool {
    rows.send(Message::Batch(batch)).await.is_ok()
}

/// What `->` yields has no type of its own that JSON, CSV or Parquet could carry: it is answered as JSON text.
fn presentable(plan: LogicalPlan) -> DataFusionResult<LogicalPlan> {
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
