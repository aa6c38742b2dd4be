//! What comes back: batches as they are made, stopped by limits, cancelled when dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use futures::{Stream, StreamExt};
use tapline_api::{SqlAnswer, SqlColumn};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use crate::error::EngineError;
use crate::json;
use crate::stop::Stop;

/// Bytes of rows that one collected answer may hold; more are cut off like too many rows.
const MAX_COLLECTED: usize = 64 << 20;

/// Rows of one query, as a stream of batches that all have [`Answer::schema`].
///
/// Dropping it stops the query and gives its memory back.
pub struct Answer {
    /// Columns in the order of the query.
    pub schema: SchemaRef,
    /// Sentences on what is missing from the answer, such as rows of damaged files.
    pub warnings: Vec<String>,
    pub(crate) started: Instant,
    pub(crate) rows: mpsc::Receiver<Message>,
    /// The deadline on the reader's clock: threads of the engine that are all busy do not look at theirs.
    pub(crate) late: Pin<Box<Sleep>>,
    pub(crate) timeout: Duration,
    pub(crate) end: End,
    pub(crate) _running: Running,
}

/// What the task of a query sends.
pub(crate) enum Message {
    /// Some rows.
    Batch(RecordBatch),
    /// All rows were sent.
    Done {
        /// There were more.
        truncated: bool,
    },
    /// No more will come.
    Failed(EngineError),
}

/// How far an answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    Whole,
    Truncated,
    Failed,
}

/// Stops the task when dropped.
pub(crate) struct Running {
    pub(crate) task: AbortHandle,
    pub(crate) stop: Arc<Stop>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.drop_query();
        self.task.abort();
    }
}

impl Stream for Answer {
    type Item = Result<RecordBatch, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.end != End::Open {
            return Poll::Ready(None);
        }
        let message = match self.rows.poll_recv(context) {
            Poll::Ready(message) => message,
            Poll::Pending => {
                std::task::ready!(self.late.as_mut().poll(context));
                Some(Message::Failed(EngineError::too_long(self.timeout)))
            }
        };
        Poll::Ready(match message {
            Some(Message::Batch(batch)) => Some(Ok(batch)),
            Some(Message::Done { truncated }) => {
                self.end = if truncated { End::Truncated } else { End::Whole };
                None
            }
            Some(Message::Failed(error)) => {
                self.end = End::Failed;
                Some(Err(error))
            }
            None => {
                self.end = End::Failed;
                Some(Err(EngineError::Internal("the query's task ended without a result".to_owned())))
            }
        })
    }
}

impl Answer {
    /// Whether rows were cut off. Known when the stream has ended.
    pub fn truncated(&self) -> bool {
        self.end == End::Truncated
    }

    /// Milliseconds since the query began.
    pub fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1_000.0
    }

    /// Names and types of the columns.
    pub fn columns(&self) -> Vec<SqlColumn> {
        let column = |field: &arrow::datatypes::FieldRef| SqlColumn {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            description: None,
        };
        self.schema.fields().iter().map(column).collect()
    }

    /// Collects all batches; the flag tells whether rows were cut off, by count or by bytes.
    pub async fn collect(mut self) -> Result<(Vec<RecordBatch>, bool), EngineError> {
        let (mut batches, mut held) = (Vec::new(), 0);
        while let Some(batch) = self.next().await {
            let batch = batch?;
            held += batch.columns().iter().map(|column| bytes(column)).sum::<usize>();
            if held > MAX_COLLECTED && !batches.is_empty() {
                return Ok((batches, true));
            }
            batches.push(batch);
        }
        Ok((batches, self.truncated()))
    }

    /// The answer as `application/json` has it.
    pub async fn json(self) -> Result<SqlAnswer, EngineError> {
        let (columns, warnings, started) = (self.columns(), self.warnings.clone(), self.started);
        let (batches, truncated) = self.collect().await?;
        let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
        for batch in &batches {
            json::append_rows(batch, &mut rows).map_err(|error| EngineError::Internal(error.to_string()))?;
        }
        let elapsed_ms = started.elapsed().as_secs_f64() * 1_000.0;
        Ok(SqlAnswer { columns, rows, truncated, elapsed_ms, warnings })
    }
}

/// Bytes that the rows of a batch take, not the buffers they share with others.
fn bytes(array: &dyn Array) -> usize {
    let lengths = |views: &[u128]| views.iter().map(|view| 16 + (*view & 0xffff_ffff) as usize).sum();
    match array.data_type() {
        DataType::Utf8View => lengths(array.as_string_view().views()),
        DataType::BinaryView => lengths(array.as_binary_view().views()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| bytes(column)).sum(),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let ends = list.value_offsets();
            // Offsets of a list array are never negative and never fall.
            let place = |end: Option<&i32>| usize::try_from(end.copied().unwrap_or(0)).unwrap_or(0);
            let (from, to) = (place(ends.first()), place(ends.last()));
            bytes(&list.values().slice(from, to - from)) + ends.len() * 4
        }
        _ => array.to_data().get_slice_memory_size().unwrap_or(0),
    }
}
