//! Puts chunks and files aside by what is known of their columns, before anything is opened.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use tapline_archive::{Chunk, DataFile};
use tapline_model::schema;

/// What is known of the rows of a chunk or file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    source: Option<(&'a str, &'a str)>,
    destination: Option<(&'a str, &'a str)>,
    partition: Option<(i32, i32)>,
    offset: Option<(i64, i64)>,
    timestamp: Option<(i64, i64)>,
    archived_at: Option<(i64, i64)>,
    file: Option<&'a DataFile>,
    rows: u64,
}

impl<'a> Known<'a> {
    /// From the statistics of the commit.
    pub(crate) fn of_file(file: &'a DataFile) -> Self {
        let (least, greatest) = (&file.stats.min_values, &file.stats.max_values);
        let unknown = (i64::MIN, i64::MAX);
        Self {
            source: least.source.as_deref().zip(greatest.source.as_deref()),
            destination: least.destination.as_deref().zip(greatest.destination.as_deref()),
            partition: least.partition.zip(greatest.partition),
            offset: least.offset.zip(greatest.offset),
            timestamp: file.times,
            archived_at: (file.archived != unknown).then_some(file.archived),
            file: Some(file),
            rows: file.rows,
        }
    }

    /// From what a chunk keeps beside its rows.
    pub(crate) fn of_chunk(chunk: &Chunk) -> Self {
        Self { timestamp: chunk.times, rows: chunk.batch.num_rows() as u64, ..Self::default() }
    }

    fn nulls(&self, column: &str) -> Option<u64> {
        self.file?.stats.null_count.get(column)?.as_u64()
    }
}

/// For each place whether it may hold a row that satisfies `predicate`. All may, where the predicate says nothing
/// about the columns that are known.
pub(crate) fn may_match(predicate: &Arc<dyn PhysicalExpr>, places: &[Known<'_>]) -> Vec<bool> {
    let all = || vec![true; places.len()];
    let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&schema::EVENTS));
    let Some(pruning) = builder.build(Arc::clone(predicate)) else { return all() };
    pruning.prune(&Places(places)).unwrap_or_else(|error| {
        tracing::warn!(%error, "files are not narrowed down by statistics");
        all()
    })
}

struct Places<'a>(&'a [Known<'a>]);

impl Places<'_> {
    fn bounds(&self, column: &str, least: bool) -> Option<ArrayRef> {
        fn side<T: Copy>(bounds: Option<(T, T)>, least: bool) -> Option<T> {
            bounds.map(|(low, high)| if least { low } else { high })
        }
        let places = self.0.iter();
        let micros = |values: TimestampMicrosecondArray| Arc::new(values.with_timezone("UTC")) as ArrayRef;
        Some(match column {
            "source" => Arc::new(places.map(|known| side(known.source, least)).collect::<StringViewArray>()),
            "destination" => Arc::new(places.map(|known| side(known.destination, least)).collect::<StringViewArray>()),
            "partition" => Arc::new(places.map(|known| side(known.partition, least)).collect::<Int32Array>()),
            "offset" => Arc::new(places.map(|known| side(known.offset, least)).collect::<Int64Array>()),
            "timestamp" => micros(places.map(|known| side(known.timestamp, least)).collect()),
            "archived_at" => micros(places.map(|known| side(known.archived_at, least)).collect()),
            _ => return None,
        })
    }
}

impl PruningStatistics for Places<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(&column.name, true)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(&column.name, false)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|known| known.nulls(&column.name)).collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|known| Some(known.rows)).collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
