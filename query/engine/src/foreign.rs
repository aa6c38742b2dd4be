//! Data files that another engine wrote: read through the archive's reader, which gives their columns our types.
//!
//! Simpler and slower than [`crate::open`]: no pages are skipped, filters see every row. Compaction rewrites such files
//! as ours when it comes by.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use parquet::arrow::arrow_reader::RowSelection;
use tapline_archive::reader::Reader;
use tapline_archive::{ArchiveError, DataFile};
use tokio::sync::mpsc::Sender;

use crate::bounds::portions::{Needs, PortionsExec};

/// A file with the rows that alone can match, where they are known.
type Selected = (Arc<DataFile>, Option<RowSelection>);

/// Some of the files, one after the other.
#[derive(Debug)]
struct Files {
    reader: Reader,
    files: Vec<Selected>,
    columns: SchemaRef,
    batch: usize,
}

/// Reads the columns of `columns` from files, `batch` rows at once.
pub(crate) fn plan(
    reader: &Reader,
    files: Vec<Selected>,
    columns: SchemaRef,
    batch: usize,
    partitions: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let each = files.len().div_ceil(partitions.max(1)).max(1);
    let part = |files: &[Selected]| {
        let part = Files { reader: reader.clone(), files: files.to_vec(), columns: Arc::clone(&columns), batch };
        Arc::new(part) as Arc<dyn PartitionStream>
    };
    let parts = files.chunks(each).map(part).collect();
    let scan = StreamingTableExec::try_new(Arc::clone(&columns), parts, None, [], false, None)?;
    Ok(Arc::new(PortionsExec::new(Arc::new(scan), Needs::default(), None)))
}

impl PartitionStream for Files {
    fn schema(&self) -> &SchemaRef {
        &self.columns
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.columns), 1);
        let rows = stream.tx();
        let (reader, files) = (self.reader.clone(), self.files.clone());
        let (columns, batch) = (Arc::clone(&self.columns), self.batch);
        stream.spawn_blocking(move || {
            for (file, selection) in files {
                let sent = send(&reader, &file, selection, &columns, batch, &rows);
                if !sent.map_err(|error| DataFusionError::External(Box::new(error)))? {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// False when nobody takes rows any more.
fn send(
    reader: &Reader,
    file: &DataFile,
    selection: Option<RowSelection>,
    columns: &SchemaRef,
    batch: usize,
    rows: &Sender<Result<RecordBatch>>,
) -> Result<bool, ArchiveError> {
    let names: Vec<&str> = columns.fields().iter().map(|field| field.name().as_str()).collect();
    for batch in reader.scan(file, &names, batch, selection)? {
        let batch = batch?;
        let order: Vec<usize> = names.iter().filter_map(|name| batch.schema().index_of(name).ok()).collect();
        if rows.blocking_send(batch.project(&order).map_err(DataFusionError::from)).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}
