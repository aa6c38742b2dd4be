//! How DataFusion reads data files: footers from the archive's cache, bytes from the disk, nothing else.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use tapline_archive::reader::{Reader, is_of_the_file};
use tapline_archive::sums::CheckedFile;
use tapline_archive::{ArchiveError, DataFile, View};
use tapline_model::schema;

use crate::error::EngineError;
use crate::stop::Stop;

/// Files that a query read from, so that a fault can be traced to one.
#[derive(Debug, Default)]
pub(crate) struct Touched(Mutex<Vec<Arc<DataFile>>>);

impl Touched {
    fn add(&self, file: &Arc<DataFile>) {
        let mut files = self.0.lock();
        if !files.iter().any(|known| known.path == file.path) {
            files.push(Arc::clone(file));
        }
    }

    /// Reads the files once more, the last one first, until one fails, which marks it, or it is time to stop. Blocks
    /// on the disk.
    pub(crate) fn find_damaged(&self, view: &View, stop: &Stop) -> Option<EngineError> {
        let files: Vec<Arc<DataFile>> = self.0.lock().iter().rev().map(Arc::clone).collect();
        let columns = schema::names();
        let fault = files.into_iter().find_map(|file| match view.reader.scan(&file, &columns, 8_192, None) {
            Ok(batches) => batches.take_while(|_| !stop.is_over()).find_map(Result::err),
            Err(error) => Some(error),
        });
        fault.as_ref().map(EngineError::from)
    }
}

/// Opens the [`DataFile`] that a [`PartitionedFile`] carries as extension.
#[derive(Debug)]
pub(crate) struct ArchiveFiles {
    /// Keeps footers.
    pub(crate) reader: Reader,
    /// Is told which files were opened.
    pub(crate) touched: Arc<Touched>,
}

impl ParquetFileReaderFactory for ArchiveFiles {
    fn create_reader(
        &self,
        partition_index: usize,
        partitioned: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let Some(file) = partitioned.extension::<Arc<DataFile>>().map(Arc::clone) else {
            return datafusion::common::internal_err!("{} is no file of the archive", partitioned.path());
        };
        self.touched.add(&file);
        let scanned = MetricBuilder::new(metrics).counter("bytes_scanned", partition_index);
        Ok(Box::new(OpenFile { file, handle: None, reader: self.reader.clone(), scanned }))
    }
}

struct OpenFile {
    file: Arc<DataFile>,
    handle: Option<CheckedFile>,
    reader: Reader,
    scanned: datafusion::physical_plan::metrics::Count,
}

impl OpenFile {
    async fn read(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, ParquetError> {
        let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        self.scanned.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        let (file, known) = (Arc::clone(&self.file), self.handle.clone());
        let read = move || {
            let handle = known.map_or_else(|| CheckedFile::open(&file), Ok)?;
            let parts = ranges.into_iter().map(|range| handle.read(range)).collect::<std::io::Result<Vec<_>>>()?;
            Ok::<_, std::io::Error>((handle, parts))
        };
        let done = tokio::task::spawn_blocking(read).await.map_err(|error| ParquetError::External(Box::new(error)))?;
        let (handle, parts) = done.map_err(|error| fault(&self.file, error))?;
        self.handle = Some(handle);
        Ok(parts)
    }
}

fn fault(file: &DataFile, error: std::io::Error) -> ParquetError {
    let fault = if is_of_the_file(&error) {
        file.mark_damaged(&error.to_string());
        ArchiveError::Damaged { path: file.path.clone(), what: error.to_string() }
    } else {
        ArchiveError::Io { action: "read", path: file.location.clone(), source: error }
    };
    ParquetError::External(Box::new(fault))
}

impl AsyncFileReader for OpenFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move { Ok(self.read(vec![range]).await?.pop().unwrap_or_default()) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        self.read(ranges).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let footer = self.reader.footer(&self.file).map(|footer| Arc::clone(footer.metadata()));
        async move { footer.map_err(|error| ParquetError::External(Box::new(error))) }.boxed()
    }
}
