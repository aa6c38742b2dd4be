//! Reading single rows out of data files, with the footers kept in memory.

use std::fs::File;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use moka::sync::Cache;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use tapline_model::schema;

use crate::error::ArchiveError;
use crate::file::DataFile;

/// Footers kept in memory, bytes. DataFusion's default of 50 MB would be filled by few files with small pages.
const FOOTER_CACHE: u64 = 256 << 20;

/// Footers of data files, shared by every view.
#[derive(Debug, Clone)]
pub struct Reader {
    footers: Cache<String, Arc<ArrowReaderMetadata>>,
}

impl Default for Reader {
    fn default() -> Self {
        let weigh = |_: &String, footer: &Arc<ArrowReaderMetadata>| {
            u32::try_from(footer.metadata().memory_size()).unwrap_or(u32::MAX)
        };
        Self { footers: Cache::builder().max_capacity(FOOTER_CACHE).weigher(weigh).build() }
    }
}

impl Reader {
    /// The footer of a file, with its page index. A file whose footer cannot be read is marked as damaged.
    pub fn footer(&self, file: &DataFile) -> Result<Arc<ArrowReaderMetadata>, ArchiveError> {
        if let Some(what) = file.damage() {
            return Err(ArchiveError::Damaged { path: file.path.clone(), what: what.to_owned() });
        }
        let load = || -> Result<_, String> {
            let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
            let handle = File::open(&file.location).map_err(|error| error.to_string())?;
            let footer = ArrowReaderMetadata::load(&handle, options).map_err(|error| error.to_string())?;
            if footer.schema().fields() != schema::EVENTS.fields() {
                return Err("its columns are not those of events".to_owned());
            }
            Ok(Arc::new(footer))
        };
        self.footers.try_get_with_by_ref(&file.path, load).map_err(|what| damaged(file, &what))
    }

    /// Reads the rows (ascending, none twice) of a file, in order. Blocks on the disk.
    pub fn rows(&self, file: &DataFile, rows: &[u32], columns: &[&str]) -> Result<RecordBatch, ArchiveError> {
        let builder =
            self.builder(file, columns)?.with_row_selection(selection(rows)).with_batch_size(rows.len().max(1));
        collect(file, builder)
    }

    /// Reads a whole file in batches. Blocks on the disk.
    pub fn scan(
        &self,
        file: &DataFile,
        columns: &[&str],
        batch: usize,
    ) -> Result<ParquetRecordBatchReader, ArchiveError> {
        let builder = self.builder(file, columns)?.with_batch_size(batch);
        builder.build().map_err(|error| damaged(file, &error))
    }

    fn builder(
        &self,
        file: &DataFile,
        columns: &[&str],
    ) -> Result<ParquetRecordBatchReaderBuilder<File>, ArchiveError> {
        let footer = self.footer(file)?;
        let handle = File::open(&file.location).map_err(|error| damaged(file, &error))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, footer.as_ref().clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        Ok(builder.with_projection(mask))
    }
}

fn collect(file: &DataFile, builder: ParquetRecordBatchReaderBuilder<File>) -> Result<RecordBatch, ArchiveError> {
    let reader = builder.build().map_err(|error| damaged(file, &error))?;
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches: Vec<_> = reader.collect::<Result<_, _>>().map_err(|error| damaged(file, &error))?;
    concat_batches(&schema, &batches).map_err(|error| damaged(file, &error))
}

fn damaged(file: &DataFile, what: &dyn std::fmt::Display) -> ArchiveError {
    let what = what.to_string();
    file.mark_damaged(&what);
    ArchiveError::Damaged { path: file.path.clone(), what }
}

/// Runs of rows to read and to skip.
fn selection(rows: &[u32]) -> RowSelection {
    let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
    for row in rows.iter().map(|row| *row as usize) {
        match ranges.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => ranges.push(row..row + 1),
        }
    }
    let end = ranges.last().map_or(0, |range| range.end);
    RowSelection::from_consecutive_ranges(ranges.into_iter(), end)
}
