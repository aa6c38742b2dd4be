//! One file: how it is written, and which of its rows are read.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{RowGroupMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;

use crate::error::HistoryError;
use crate::sample::{SCHEMA, WHOLE};
use crate::segment::Segment;

/// Rows of a row group: a chart reads few of them, and decodes those whole to find its group.
const ROW_GROUP: usize = 32_768;

/// Rows read at once.
pub(crate) const BATCH: usize = 8_192;

/// Columns by which rows are chosen, by their place in [`SCHEMA`].
const SOURCE: usize = 0;
const GROUP: usize = 1;
const DESTINATION: usize = 2;
const PARTITION: usize = 3;
const AT: usize = 4;

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this source; of all without.
    pub source: Option<String>,
    /// Of this group; of all without.
    pub group: Option<String>,
    /// From this moment, microseconds.
    pub from: Option<i64>,
    /// Up to and without this moment, microseconds.
    pub to: Option<i64>,
    /// Whether of groups as a whole, or of their partitions; both without.
    pub whole: Option<bool>,
    /// Of these partitions only, by destination.
    pub places: Option<HashMap<String, HashSet<i32>>>,
}

/// A file that is read.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    file: Shared,
    metadata: ArrowReaderMetadata,
}

/// Read at places, by several threads at once: clones of a file share where they are.
#[derive(Debug, Clone)]
struct Shared(Arc<File>, u64);

struct At(Shared, u64);

impl Length for Shared {
    fn len(&self) -> u64 {
        self.1
    }
}

impl ChunkReader for Shared {
    type T = At;

    fn get_read(&self, start: u64) -> Result<At, ParquetError> {
        Ok(At(self.clone(), start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // Lengths come out of the file.
        if start.checked_add(length as u64).is_none_or(|end| end > self.1) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.1)));
        }
        let mut bytes = vec![0; length];
        self.0.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

impl Read for At {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.0.read_at(into, self.1)?;
        self.1 += read as u64;
        Ok(read)
    }
}

impl Opened {
    pub(crate) fn open(path: PathBuf) -> Result<Self, HistoryError> {
        let disk = |source| HistoryError::Disk { verb: "read", path: path.clone(), source };
        let file = File::open(&path).map_err(disk)?;
        let length = file.metadata().map_err(disk)?.len();
        let file = Shared(Arc::new(file), length);
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default());
        let metadata = metadata.and_then(|it| if *it.schema() == *SCHEMA { Ok(it) } else { Err(foreign()) });
        let metadata = metadata.map_err(|source| HistoryError::Damaged { path: path.clone(), source })?;
        Ok(Self { path, file, metadata })
    }

    /// Its rows that are wanted, in their order.
    pub(crate) fn read(
        &self,
        wanted: &Wanted,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, HistoryError>> + use<>, HistoryError> {
        let damaged = |source| HistoryError::Damaged { path: self.path.clone(), source };
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        let groups = groups.filter(|(_, group)| wanted.may_be_in(group)).map(|(number, _)| number).collect();
        let filter = wanted.filter(self.metadata.parquet_schema());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
            .with_row_groups(groups)
            .with_batch_size(BATCH)
            .with_row_filter(RowFilter::new(filter.into_iter().collect()))
            .build()
            .map_err(damaged)?;
        let path = self.path.clone();
        Ok(reader.map(move |batch| {
            batch.map_err(|error| HistoryError::Damaged { path: path.clone(), source: error.into() })
        }))
    }
}

fn foreign() -> ParquetError {
    ParquetError::General("its columns are not those of the lag history".to_owned())
}

impl Wanted {
    fn wants_all(&self) -> bool {
        let Self { source, group, from, to, whole, places } = self;
        source.is_none() && group.is_none() && from.is_none() && to.is_none() && whole.is_none() && places.is_none()
    }

    /// Whether a stretch of time may hold some.
    pub(crate) fn may_be_between(&self, from: i64, to: i64) -> bool {
        self.from.is_none_or(|wanted| wanted < to) && self.to.is_none_or(|wanted| wanted > from)
    }

    /// By the least and the greatest value of columns.
    fn may_be_in(&self, rows: &RowGroupMetaData) -> bool {
        let bounds = |at: usize| rows.columns().get(at).and_then(|column| column.statistics());
        let text = |at: usize, wanted: &Option<String>| match (wanted, bounds(at)) {
            (Some(wanted), Some(Statistics::ByteArray(it))) => {
                let least = it.min_opt().is_none_or(|least| least.data() <= wanted.as_bytes());
                // The greatest may be cut short, and is rounded up then.
                least && it.max_opt().is_none_or(|greatest| wanted.as_bytes() <= greatest.data())
            }
            _ => true,
        };
        let time = match bounds(AT) {
            Some(Statistics::Int64(it)) => {
                let (least, greatest) = (it.min_opt().copied(), it.max_opt().copied());
                self.may_be_between(least.unwrap_or(i64::MIN), greatest.unwrap_or(i64::MAX).saturating_add(1))
            }
            _ => true,
        };
        text(SOURCE, &self.source) && text(GROUP, &self.group) && time
    }

    /// What decodes the columns that decide first.
    fn filter(
        &self,
        schema: &parquet::schema::types::SchemaDescriptor,
    ) -> Option<Box<dyn parquet::arrow::arrow_reader::ArrowPredicate>> {
        if self.wants_all() {
            return None;
        }
        let columns = ProjectionMask::leaves(schema, [SOURCE, GROUP, DESTINATION, PARTITION, AT]);
        let wanted = self.clone();
        Some(Box::new(ArrowPredicateFn::new(columns, move |batch| wanted.choose(&batch))))
    }

    /// Those of rows that begin with the first five columns.
    fn choose(&self, rows: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let text = |at: usize| rows.column(at).as_string_view_opt().ok_or_else(|| mistaken(at));
        let (sources, groups, destinations) = (text(SOURCE)?, text(GROUP)?, text(DESTINATION)?);
        let partitions = rows.column(PARTITION).as_primitive_opt::<Int32Type>().ok_or_else(|| mistaken(PARTITION))?;
        let times = rows.column(AT).as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| mistaken(AT))?;
        let is_wanted = |row: usize| {
            let key = (sources.value(row), groups.value(row), destinations.value(row), partitions.value(row));
            self.wants(key, times.value(row))
        };
        Ok((0..rows.num_rows()).map(|row| Some(is_wanted(row))).collect())
    }

    /// Whether a row of this key and time is wanted.
    pub(crate) fn wants(&self, (source, group, destination, partition): (&str, &str, &str, i32), at: i64) -> bool {
        self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && self.whole.is_none_or(|whole| whole == (partition == WHOLE))
            && self.source.as_deref().is_none_or(|wanted| wanted == source)
            && self.group.as_deref().is_none_or(|wanted| wanted == group)
            && self.is_place(destination, partition)
    }

    fn is_place(&self, destination: &str, partition: i32) -> bool {
        let Some(places) = &self.places else { return true };
        places.get(destination).is_some_and(|numbers| numbers.contains(&partition))
    }
}

fn mistaken(column: usize) -> ArrowError {
    ArrowError::SchemaError(format!("column {column} is not what it should be"))
}

/// Writes rows in the order of the columns, syncs, and gives the file its name.
pub(crate) fn write(
    folder: &Path,
    segment: Segment,
    rows: impl FnOnce(&mut dyn FnMut(RecordBatch) -> Result<(), HistoryError>) -> Result<(), HistoryError>,
) -> Result<PathBuf, HistoryError> {
    let path = folder.join(segment.file_name());
    let draft = path.with_extension("tmp");
    let disk = |source| HistoryError::Disk { verb: "written", path: path.clone(), source };
    let packing = |error| match error {
        ParquetError::External(cause) => disk(io::Error::other(cause)),
        error => disk(io::Error::other(error)),
    };
    let file = File::create(&draft).map_err(disk)?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&SCHEMA), Some(properties())).map_err(packing)?;
    let written = rows(&mut |batch| writer.write(&batch).map_err(packing)).and_then(|()| {
        writer.finish().map_err(packing)?;
        writer.inner().sync_all().map_err(disk)?;
        std::fs::rename(&draft, &path).map_err(disk)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk)
    });
    match written {
        Ok(()) => Ok(path),
        Err(error) => {
            // What is left of it only takes room; the next attempt begins anew.
            let _ = std::fs::remove_file(&draft);
            Err(error)
        }
    }
}

/// Times repeat from pair to pair, and numbers hardly move between two rows of one.
fn properties() -> WriterProperties {
    let packed = Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default());
    let sorted = |column| SortingColumn { column_idx: column, descending: false, nulls_first: false };
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(packed)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_sorting_columns(Some((0..5).map(sorted).collect()))
        .set_created_by(format!("tapline {}", env!("CARGO_PKG_VERSION")));
    for column in ["source", "group_name", "destination", "partition", "at"] {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::Page);
    }
    for column in ["partition", "committed", "lag", "seconds_behind"] {
        let path = ColumnPath::from(column);
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}
