//! Runs queries on threads of their own, so that a heavy one delays neither reading nor other pages.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use datafusion::execution::SessionState;
use tapline_api::SqlSchema;
use tapline_archive::{Archive, View};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};
use tracing::{Instrument, Span, field};

use crate::answer::{Answer, End, Running};
use crate::error::EngineError;
use crate::facts::SystemTables;
use crate::query::Query;
use crate::session;
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::tables::TABLES;

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
        let work = async move {
            let _held = (turn, counted);
            query.run(planned, send).await;
        };
        let task = threads.spawn(work.instrument(span()));
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

/// Of one query, whose text stays out of it: values of events stand there.
fn span() -> Span {
    tracing::info_span!(
        "sql.query",
        db.response.returned_rows = field::Empty,
        "error.type" = field::Empty,
        otel.status_code = field::Empty,
    )
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
