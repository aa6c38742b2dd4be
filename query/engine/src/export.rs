//! Answers as files, written while they are made: CSV, Arrow stream, Parquet.

use std::io;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;

use crate::answer::{Answer, writable};
use crate::bounds::weigh;
use crate::error::EngineError;

mod csv;

/// Bytes that a Parquet file may hold back until they are a row group.
const ROW_GROUP: usize = 32 << 20;

/// The three formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a line of names. Times, binary and nested values are written as in JSON.
    Csv,
    /// Arrow IPC stream.
    Arrow,
    /// Parquet.
    Parquet,
}

impl Format {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// An answer as the bytes of a file. An error ends the stream: the file is then incomplete.
pub fn bytes(answer: Answer, format: Format) -> Result<impl Stream<Item = Result<Bytes, EngineError>>, EngineError> {
    let encoder = Encoder::new(format, &answer.schema)?;
    let parts = stream::unfold(Some((answer, encoder)), |state| async move {
        let (mut answer, mut encoder) = state?;
        loop {
            match answer.next().await {
                Some(Ok(batch)) => match encoder.write(&batch) {
                    Ok(part) if part.is_empty() => {}
                    Ok(part) => return Some((Ok(part), Some((answer, encoder)))),
                    Err(error) => return Some((Err(error), None)),
                },
                Some(Err(error)) => return Some((Err(error), None)),
                None => return Some((encoder.finish(), None)),
            }
        }
    });
    // Whoever compresses it asks once more after the end.
    Ok(parts.fuse())
}

/// Writes a whole answer, for the command line.
pub async fn write(mut answer: Answer, format: Format, to: &mut impl io::Write) -> Result<(), EngineError> {
    let mut encoder = Encoder::new(format, &answer.schema)?;
    let fault = |error: io::Error| EngineError::Archive(format!("the answer cannot be written: {error}"));
    while let Some(batch) = answer.next().await {
        to.write_all(&encoder.write(&batch?)?).map_err(fault)?;
    }
    to.write_all(&encoder.finish()?).map_err(fault)?;
    to.flush().map_err(fault)
}

/// Turns batches into the bytes of a file, part by part.
enum Encoder {
    Csv(csv::Csv),
    Arrow(Box<arrow::ipc::writer::StreamWriter<Vec<u8>>>),
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

impl Encoder {
    fn new(format: Format, schema: &SchemaRef) -> Result<Self, EngineError> {
        Ok(match format {
            Format::Csv => Self::Csv(csv::Csv::new(schema)),
            Format::Arrow => {
                let writer = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), schema).map_err(arrow_fault)?;
                Self::Arrow(Box::new(writer))
            }
            Format::Parquet => {
                let writer = ArrowWriter::try_new(Vec::new(), SchemaRef::clone(schema), None).map_err(parquet_fault)?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    /// Batches are bounded, their rows need not be.
    fn write(&mut self, batch: &RecordBatch) -> Result<Bytes, EngineError> {
        weigh::batch_rows(batch).into_iter().try_for_each(writable)?;
        Ok(match self {
            Self::Csv(csv) => csv.write(batch).map_err(arrow_fault)?.into(),
            Self::Arrow(writer) => {
                // A view is written with all of its buffer, whatever it shows of it.
                writer.write(&weigh::compact_batch(batch).map_err(arrow_fault)?).map_err(arrow_fault)?;
                std::mem::take(writer.get_mut()).into()
            }
            Self::Parquet(writer) => {
                writer.write(batch).map_err(parquet_fault)?;
                if writer.memory_size() > ROW_GROUP {
                    writer.flush().map_err(parquet_fault)?;
                }
                std::mem::take(writer.inner_mut()).into()
            }
        })
    }

    fn finish(self) -> Result<Bytes, EngineError> {
        Ok(match self {
            Self::Csv(csv) => csv.finish().into(),
            Self::Arrow(writer) => writer.into_inner().map_err(arrow_fault)?.into(),
            Self::Parquet(writer) => writer.into_inner().map_err(parquet_fault)?.into(),
        })
    }
}

fn arrow_fault(error: ArrowError) -> EngineError {
    EngineError::Internal(error.to_string())
}

/// Types that Parquet does not know are the query's, not ours.
fn parquet_fault(error: ParquetError) -> EngineError {
    match error {
        ParquetError::NYI(what) => EngineError::Value(format!("parquet cannot hold this answer: {what}")),
        other => EngineError::Internal(other.to_string()),
    }
}
