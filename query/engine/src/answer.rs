//! What comes back: batches as they are made, stopped by limits, cancelled when dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::{Stream, StreamExt};
use tapline_api::{SqlAnswer, SqlColumn};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use crate::bounds::{MOST_MADE, weigh};
use crate::error::EngineError;
use crate::json;
use crate::stop::Stop;

/// Bytes of rows that one collected answer may hold; more are cut off like too many rows. Also those of one row.
const MAX_COLLECTED: usize = MOST_MADE;

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
            held += weigh::batch(&batch);
            if held > MAX_COLLECTED && !batches.is_empty() {
                return Ok((batches, true));
            }
            batches.push(batch);
        }
        Ok((batches, self.truncated()))
    }

    /// The answer as `application/json` has it. Rows are counted as they are written, not as they are read: one buffer
    /// may be shown many times.
    pub async fn json(mut self) -> Result<SqlAnswer, EngineError> {
        let (columns, warnings, started) = (self.columns(), self.warnings.clone(), self.started);
        let (mut rows, mut held, mut cut) = (Vec::new(), 0, false);
        'answer: while let Some(batch) = self.next().await {
            let batch = batch?;
            for (row, bytes) in weigh::batch_rows(&batch).into_iter().enumerate() {
                writable(bytes)?;
                let values = json::row(&batch, row).map_err(|error| EngineError::Internal(error.to_string()))?;
                held += values.iter().map(json::bytes_of).sum::<usize>();
                if held > MAX_COLLECTED {
                    writable(if rows.is_empty() { held } else { 0 })?;
                    cut = true;
                    break 'answer;
                }
                rows.push(values);
            }
        }
        let elapsed_ms = started.elapsed().as_secs_f64() * 1_000.0;
        Ok(SqlAnswer { columns, rows, truncated: cut || self.truncated(), elapsed_ms, warnings })
    }
}

/// Refuses a row that no format can write in bounded memory.
pub(crate) fn writable(bytes: usize) -> Result<(), EngineError> {
    if bytes <= MAX_COLLECTED {
        return Ok(());
    }
    let (is, most) = (bytes >> 20, MAX_COLLECTED >> 20);
    Err(EngineError::TooLarge(format!(
        "a row of the answer has {is} MiB, more than {most}; ask for fewer columns, or for parts of them with substr"
    )))
}
