//! Writing rows to a Parquet file and its sidecar: synced before anything names them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryViewArray, RecordBatch};
use arrow::compute::{SortColumn, concat, interleave_record_batch, kernels::aggregate, lexsort_to_indices};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use tapline_index::{Entry, Names, keys};
use tapline_model::columns::EventColumns;
use tapline_model::{schema, time};

use crate::chunk::{Chunk, bounds};
use crate::error::ArchiveError;
use crate::file::{COMPACTED, ColumnBounds, DataFile, Stats};
use crate::indexes::write_sidecar;
use crate::store::{create_folder, sync_folder};
use crate::sums::Summing;

/// Rows of a row group: small enough that an external index pays off, see ARCHITECTURE.md.
const ROW_GROUP_ROWS: usize = 131_072;

/// Bytes of a data page of a compacted file: reading one row decodes one page of each column.
const PAGE_BYTES: usize = 16 * 1024;

/// Of a file that will soon be compacted: fewer pages are quicker to write.
const FRESH_PAGE_BYTES: usize = 64 * 1024;

/// Columns whose values rarely repeat: a dictionary would be built, found useless and thrown away for each row group.
const UNIQUE: [&str; 11] = [
    "offset",
    "key",
    "payload",
    "headers.list.item.value",
    "decoded",
    "message_id",
    "causation_id",
    "trace_id",
    "span_id",
    "origin_trace_id",
    "ids.list.item",
];

/// Columns with statistics in file and pages. No others: minima and maxima of payloads and keys are personal data.
pub const STATISTICS: [&str; 6] = ["source", "destination", "partition", "offset", "timestamp", "archived_at"];

/// Column bounds gathered while rows are written.
#[derive(Default)]
struct Bounds {
    rows: u64,
    texts: [Option<(String, String)>; 2],
    partition: Option<(i64, i64)>,
    offset: Option<(i64, i64)>,
    timestamp: Option<(i64, i64)>,
    archived_at: Option<(i64, i64)>,
    nulls: [u64; STATISTICS.len()],
}

/// A data file under construction.
pub struct FileWriter {
    root: PathBuf,
    path: String,
    day: String,
    parquet: ArrowWriter<Summing<File>>,
    bounds: Bounds,
    entries: Vec<Entry>,
    names: Names,
    finished: bool,
}

/// A file that was not finished (the disk is full, the process goes on) leaves nothing behind.
impl Drop for FileWriter {
    fn drop(&mut self) {
        if !self.finished {
            crate::recovery::remove_file(&self.root, &self.path);
        }
    }
}

impl FileWriter {
    /// Begins a file in the folder of `day`. `compacted` files are sorted by chain key and packed harder.
    pub fn create(root: &Path, day: &str, compacted: bool) -> Result<Self, ArchiveError> {
        let kind = if compacted { COMPACTED } else { "" };
        let path = format!("{}={day}/{kind}{}.parquet", schema::DAY, uuid::Uuid::now_v7());
        let location = root.join(&path);
        let io = |source| ArchiveError::Io { action: "create", path: location.clone(), source };
        create_folder(&root.join(format!("{}={day}", schema::DAY))).map_err(io)?;
        let file = File::create_new(&location).map_err(io)?;
        // Which types we read them as is our own affair, see `foreign`.
        let options = ArrowWriterOptions::new().with_properties(properties(compacted)).with_skip_arrow_metadata(true);
        let parquet = ArrowWriter::try_new_with_options(Summing::new(file), Arc::clone(&schema::EVENTS), options)
            .map_err(|error| write_error(&path, &error))?;
        Ok(Self {
            root: root.to_owned(),
            path,
            day: day.to_owned(),
            parquet,
            bounds: Bounds::default(),
            entries: Vec::new(),
            names: Names::default(),
            finished: false,
        })
    }

    /// Appends a chunk; its index entries are taken over.
    pub fn append_chunk(&mut self, chunk: &Chunk) -> Result<(), ArchiveError> {
        let first = self.next_row();
        self.entries.extend(chunk.entries.iter().map(|entry| Entry { row: entry.row + first, ..*entry }));
        self.names.merge(&chunk.names);
        self.write(&chunk.batch)
    }

    /// Appends rows and indexes them.
    pub fn append(&mut self, batch: &RecordBatch) -> Result<(), ArchiveError> {
        let first = self.next_row();
        self.entries.extend(keys(batch, first, &mut self.names)?);
        self.write(batch)
    }

    /// Bytes written so far, about.
    pub fn written(&self) -> usize {
        self.parquet.bytes_written() + self.parquet.in_progress_size()
    }

    /// Ends the file and its sidecar, synced. The file is not part of the archive before it is committed.
    pub fn finish(mut self) -> Result<DataFile, ArchiveError> {
        self.parquet.finish().map_err(|error| write_error(&self.path, &error))?;
        let location = self.root.join(&self.path);
        let io = |source| ArchiveError::Io { action: "sync", path: location.clone(), source };
        let sums = self.parquet.inner().sums();
        let file = self.parquet.inner_mut().inner();
        file.sync_all().map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        sync_folder(location.parent().unwrap_or(&self.root)).map_err(io)?;
        let day = std::mem::take(&mut self.day);
        let data = DataFile::new(&self.root, self.path.clone(), day, size, self.bounds.stats());
        // Runs of each chunk are sorted already, which a stable sort exploits.
        self.entries.sort();
        data.attach(write_sidecar(&data.index_location(), &self.entries, &self.names, &sums)?);
        self.finished = true;
        Ok(data)
    }

    /// A file has far fewer rows than 2^32: it is cut by bytes.
    fn next_row(&self) -> u32 {
        u32::try_from(self.bounds.rows).unwrap_or(u32::MAX)
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArchiveError> {
        self.bounds.add(batch)?;
        self.parquet.write(batch).map_err(|error| write_error(&self.path, &error))
    }
}

fn write_error(path: &str, error: &dyn std::error::Error) -> ArchiveError {
    ArchiveError::Write { path: path.to_owned(), what: error.to_string() }
}

fn properties(compacted: bool) -> WriterProperties {
    // As LSM trees do: what is soon written again is packed by the quickest codec that every engine reads.
    let packed = Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default());
    let mut builder = WriterProperties::builder()
        // Its pages are compressed as they are; those of version 1 are first copied together with their levels.
        .set_writer_version(WriterVersion::PARQUET_2_0)
        // What engines read that know the page of version 2 and none of its encodings.
        .set_encoding(Encoding::PLAIN)
        .set_compression(if compacted { packed } else { Compression::SNAPPY })
        .set_dictionary_enabled(compacted)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_size_limit(if compacted { PAGE_BYTES } else { FRESH_PAGE_BYTES })
        .set_dictionary_page_size_limit(256 * 1024)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by(format!("tapline {}", env!("CARGO_PKG_VERSION")));
    for column in STATISTICS {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::Page);
    }
    for column in UNIQUE {
        let path: Vec<String> = column.split('.').map(str::to_owned).collect();
        builder = builder.set_column_dictionary_enabled(ColumnPath::new(path), false);
    }
    builder.build()
}

impl Bounds {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ArchiveError> {
        let columns = EventColumns::new(batch);
        self.rows += batch.num_rows() as u64;
        for (at, name) in ["source", "destination"].into_iter().enumerate() {
            let column = columns.text(name)?;
            let (least, greatest) = (aggregate::min_string_view(column), aggregate::max_string_view(column));
            if let Some((least, greatest)) = least.zip(greatest) {
                widen(&mut self.texts[at], least, greatest);
            }
        }
        merge(&mut self.partition, bounds(columns.int("partition")?.iter().flatten().map(i64::from)));
        merge(&mut self.offset, bounds(columns.long("offset")?.iter().flatten()));
        merge(&mut self.timestamp, bounds(columns.micros("timestamp")?.iter().flatten()));
        merge(&mut self.archived_at, bounds(columns.micros("archived_at")?.iter().flatten()));
        for (count, name) in self.nulls.iter_mut().zip(STATISTICS) {
            *count += batch.column_by_name(name).map_or(0, |column| column.null_count() as u64);
        }
        Ok(())
    }

    fn stats(&self) -> Stats {
        let side = |least: bool| {
            let text = |at: usize| self.texts[at].clone().map(|(low, high)| if least { low } else { high });
            let pick = |pair: Option<(i64, i64)>| pair.map(|(low, high)| if least { low } else { high });
            // Delta keeps milliseconds: the least is rounded down, the greatest up.
            let millis = |pair| pick(pair).map(|micros| time::format(round_to_millis(micros, least)));
            ColumnBounds {
                source: text(0),
                destination: text(1),
                partition: pick(self.partition).and_then(|value| i32::try_from(value).ok()),
                offset: pick(self.offset),
                timestamp: millis(self.timestamp),
                archived_at: millis(self.archived_at),
            }
        };
        let nulls = STATISTICS.into_iter().zip(self.nulls).map(|(name, count)| (name.to_owned(), count.into()));
        Stats { num_records: self.rows, min_values: side(true), max_values: side(false), null_count: nulls.collect() }
    }
}

fn round_to_millis(micros: i64, down: bool) -> i64 {
    let floor = micros.div_euclid(1_000).saturating_mul(1_000);
    if down || floor == micros { floor } else { floor.saturating_add(1_000) }
}

fn merge(into: &mut Option<(i64, i64)>, other: Option<(i64, i64)>) {
    *into = into.take().into_iter().chain(other).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
}

fn widen(into: &mut Option<(String, String)>, least: &str, greatest: &str) {
    match into {
        None => *into = Some((least.to_owned(), greatest.to_owned())),
        Some((low, high)) => {
            if least < low.as_str() {
                least.clone_into(low);
            }
            if greatest > high.as_str() {
                greatest.clone_into(high);
            }
        }
    }
}

/// All rows sorted by chain key (correlation, trace, key), then time, `rows` at a time: a chain's rows stand together,
/// which keeps them in few pages and packs a third better. Only the slice that is asked for is copied: all at once would
/// take the memory of the rows twice more.
pub fn sorted_by_chain(
    batches: &[RecordBatch],
    rows: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArchiveError>>, ArchiveError> {
    let order = chain_order(batches)?;
    let all: Vec<&RecordBatch> = batches.iter().collect();
    let starts = (0..order.len()).step_by(rows.max(1));
    Ok(starts.map(move |from| {
        let part = &order[from..order.len().min(from + rows)];
        interleave_record_batch(&all, part).map_err(|error| sort_error(&error))
    }))
}

fn sort_error(error: &dyn std::error::Error) -> ArchiveError {
    ArchiveError::Write { path: "sort".to_owned(), what: error.to_string() }
}

/// Batch and row within it, of each row.
fn chain_order(batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>, ArchiveError> {
    let keys = batches.iter().map(sort_keys).collect::<Result<Vec<_>, _>>()?;
    let sorted = |column: usize| {
        let parts: Vec<&dyn Array> = keys.iter().map(|keys| keys[column].as_ref()).collect();
        concat(&parts).map(|values| SortColumn { values, options: None })
    };
    let columns = [sorted(0), sorted(1)].into_iter().collect::<Result<Vec<_>, _>>();
    let order = columns.and_then(|columns| lexsort_to_indices(&columns, None)).map_err(|error| sort_error(&error))?;
    let place = |(at, batch): (usize, &RecordBatch)| (0..batch.num_rows()).map(move |row| (at, row));
    let places: Vec<(usize, usize)> = batches.iter().enumerate().flat_map(place).collect();
    Ok(order.values().iter().map(|row| places[*row as usize]).collect())
}

/// Chain key and time.
fn sort_keys(batch: &RecordBatch) -> Result<[ArrayRef; 2], ArchiveError> {
    let columns = EventColumns::new(batch);
    let (correlation, trace) = (columns.text("correlation_id")?, columns.text("trace_id")?);
    let (keys, times) = (columns.binary("key")?, columns.micros("timestamp")?);
    let chain_key: BinaryViewArray = (0..batch.num_rows())
        .map(|row| {
            let text =
                [correlation, trace].into_iter().find(|column| column.is_valid(row)).map(|c| c.value(row).as_bytes());
            text.or_else(|| keys.is_valid(row).then(|| keys.value(row)))
        })
        .collect();
    Ok([Arc::new(chain_key), Arc::new(times.clone())])
}

/// UTC day of a time in microseconds, as the partition column writes it.
pub fn day(micros: i64) -> String {
    time::format(micros).chars().take(10).collect()
}
