//! Reading rows out of data files, with the footers kept in memory and whatever rotten bytes do told as damage.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::compute::concat_batches;
use moka::sync::Cache;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use rustix::io::Errno;
use tapline_model::schema;

use crate::error::ArchiveError;
use crate::file::DataFile;
use crate::foreign;
use crate::sums::CheckedFile;

/// Footers kept in memory, bytes. DataFusion's default of 50 MB would be filled by few files with small pages.
const FOOTER_CACHE: u64 = 256 << 20;

/// Rows at a time when a file is read to see whether it can be.
const STEP: usize = 8_192;

/// Footers of data files, shared by every view, and where indexes are built.
#[derive(Debug, Clone)]
pub struct Reader {
    footers: Cache<String, Arc<ArrowReaderMetadata>>,
    /// The table's folder where indexes may be written into it.
    pub(crate) writable: Option<PathBuf>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Reader {
    /// `writable` is the table's folder for the one process that may write into it.
    pub(crate) fn new(writable: Option<PathBuf>) -> Self {
        let weigh = |_: &String, footer: &Arc<ArrowReaderMetadata>| {
            u32::try_from(footer.metadata().memory_size()).unwrap_or(u32::MAX)
        };
        Self { footers: Cache::builder().max_capacity(FOOTER_CACHE).weigher(weigh).build(), writable }
    }

    /// The footer of a file, with its page index. A file whose footer cannot be read is marked as damaged.
    pub fn footer(&self, file: &DataFile) -> Result<Arc<ArrowReaderMetadata>, ArchiveError> {
        if let Some(what) = file.damage() {
            return Err(ArchiveError::Damaged { path: file.path.clone(), what });
        }
        self.footers.try_get_with_by_ref(&file.path, || load(file)).map_err(|fault| fault.of(file))
    }

    /// Reads the rows (ascending, none twice) of a file, in order. Blocks on the disk.
    pub fn rows(&self, file: &DataFile, rows: &[u32], columns: &[&str]) -> Result<RecordBatch, ArchiveError> {
        let footer = self.footer(file)?;
        let scan = Scan::begin(file, &footer, columns, rows.len().max(1), Some(selection(rows)));
        scan.map_err(|fault| fault.of(file))?.collect_all()
    }

    /// Reads a file in batches: all of it, or the rows of a selection. Blocks on the disk.
    pub fn scan<'a>(
        &self,
        file: &'a DataFile,
        columns: &[&str],
        batch: usize,
        selection: Option<RowSelection>,
    ) -> Result<Scan<'a>, ArchiveError> {
        let footer = self.footer(file)?;
        Scan::begin(file, &footer, columns, batch, selection).map_err(|fault| fault.of(file))
    }

    /// Reads a damaged file from end to end if there is a reason to; one that can be read is not damaged any more. Of one
    /// that was missing the footer is enough: a folder that came back may hold thousands. Blocks on the disk.
    pub(crate) fn ask_again(&self, file: &DataFile) {
        if !file.is_to_be_asked_again() {
            return;
        }
        self.footers.invalidate(&file.path);
        let read = || file.check().map_err(Fault::File).and_then(|()| load(file));
        match if file.was_whole() { read().and_then(|footer| read_all(file, &footer)) } else { read().map(drop) } {
            Ok(()) => file.mark_whole(),
            Err(Fault::File(what)) => file.mark_damaged(&what),
            Err(Fault::Machine(_)) => {}
        }
    }
}

/// Whether a footer has the column types that we write. Other engines write others, which [`Reader`] translates.
pub fn is_ours(footer: &ArrowReaderMetadata) -> bool {
    foreign::is_ours(footer.schema())
}

/// Whether a file that fails so is at fault itself. Running out of handles or memory is not its fault.
pub fn is_of_the_file(error: &io::Error) -> bool {
    let machine = [Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(|errno| Some(errno.raw_os_error()));
    !machine.contains(&error.raw_os_error())
}

/// Why a file could not be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is damaged or missing.
    File(String),
    /// The machine cannot at the moment.
    Machine(io::ErrorKind),
}

impl Fault {
    fn open(error: io::Error) -> Self {
        if is_of_the_file(&error) { Self::File(error.to_string()) } else { Self::Machine(error.kind()) }
    }

    /// Some decoders tell more than a line.
    fn decode(error: impl std::fmt::Display) -> Self {
        Self::File(error.to_string().lines().next().unwrap_or_default().to_owned())
    }

    fn of(&self, file: &DataFile) -> ArchiveError {
        match self {
            Self::File(what) => {
                file.mark_damaged(what);
                ArchiveError::Damaged { path: file.path.clone(), what: what.clone() }
            }
            Self::Machine(kind) => {
                ArchiveError::Io { action: "read", path: file.location.clone(), source: (*kind).into() }
            }
        }
    }
}

/// Decoders check much and index into their input all the same: rotten bytes can make them panic.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|_| Fault::File("its bytes cannot be decoded".to_owned()))
}

fn load(file: &DataFile) -> Result<Arc<ArrowReaderMetadata>, Fault> {
    let handle = CheckedFile::open(file).map_err(Fault::open)?;
    let metadata = || ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
    let read = || foreign::footer(metadata().parse_and_finish(&handle)?, ArrowReaderOptions::new());
    let footer = guarded(read)?.map_err(Fault::decode)?;
    foreign::check(footer.schema()).map_err(Fault::File)?;
    Ok(Arc::new(footer))
}

fn read_all(file: &DataFile, footer: &ArrowReaderMetadata) -> Result<(), Fault> {
    let columns = schema::names();
    let mut scan = Scan::begin(file, footer, &columns, STEP, None)?;
    while scan.decode()?.is_some() {}
    Ok(())
}

/// Rows of a file in batches, with our types. A fault marks the file as damaged and ends it.
pub struct Scan<'a> {
    file: &'a DataFile,
    batches: ParquetRecordBatchReader,
    ours: bool,
    ended: bool,
}

impl<'a> Scan<'a> {
    fn begin(
        file: &'a DataFile,
        footer: &ArrowReaderMetadata,
        columns: &[&str],
        batch: usize,
        selection: Option<RowSelection>,
    ) -> Result<Self, Fault> {
        let handle = CheckedFile::open(file).map_err(Fault::open)?;
        let build = || {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, footer.clone());
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            let builder = builder.with_projection(mask).with_batch_size(batch);
            match selection {
                Some(selection) => builder.with_row_selection(selection),
                None => builder,
            }
            .build()
        };
        let batches = guarded(build)?.map_err(Fault::decode)?;
        Ok(Self { file, batches, ours: is_ours(footer), ended: false })
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>, Fault> {
        let (batches, ours) = (&mut self.batches, self.ours);
        let next = guarded(|| batches.next().map(|batch| if ours { batch } else { foreign::as_ours(&batch?) }))?;
        next.transpose().map_err(Fault::decode)
    }

    fn collect_all(mut self) -> Result<RecordBatch, ArchiveError> {
        let batches: Vec<RecordBatch> = self.by_ref().collect::<Result<_, _>>()?;
        let schema = batches.first().map_or_else(|| self.batches.schema(), RecordBatch::schema);
        concat_batches(&schema, &batches).map_err(|error| Fault::decode(error).of(self.file))
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<RecordBatch, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let decoded = self.decode();
        self.ended = !matches!(decoded, Ok(Some(_)));
        decoded.map_err(|fault| fault.of(self.file)).transpose()
    }
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
