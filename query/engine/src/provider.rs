//! The stored columns of `events`: hot chunks without copying them, and the data files that may hold a wanted row.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::RowSelection;
use tapline_archive::reader::is_ours;
use tapline_archive::{Chunk, DataFile, View};
use tapline_index::{Sidecar, SidecarError};
use tapline_model::schema;

use crate::bounds::PORTION;
use crate::bounds::portions::{Needs, PortionsExec};
use crate::foreign;
use crate::needle;
use crate::open::{ArchiveFiles, Touched};
use crate::prune::{self, Known};
use crate::session::ARCHIVE_URL;

/// Rows of an ID above this share of a file are read by scanning it: pages would be visited one by one for nothing.
const MAX_SELECTED_SHARE: usize = 8;

/// Rows read at once: DataFusion's number, and the least of long rows.
const MOST_BATCH: usize = 8_192;
const LEAST_BATCH: usize = 16;

/// One snapshot of `events` for all tables of a query.
#[derive(Debug)]
pub(crate) struct StoredEvents {
    /// Hot and archived rows at the query's start.
    pub(crate) view: Arc<View>,
    /// What the query's warnings and errors need to know.
    pub(crate) trace: Arc<Trace>,
}

/// What happened to files while a query ran.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// Files left out, by path, with the reason.
    left_out: Mutex<BTreeMap<String, String>>,
    /// Files read from.
    pub(crate) touched: Arc<Touched>,
}

impl Trace {
    fn leave_out(&self, file: &DataFile, what: &str) {
        self.left_out.lock().insert(file.path.clone(), what.to_owned());
    }

    /// A sentence for each file that was left out.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let left_out = self.left_out.lock();
        let sentence = |(path, what): (&String, &String)| {
            format!("rows of `{path}` are missing from this answer: the file is damaged or missing ({what})")
        };
        left_out.iter().map(sentence).collect()
    }
}

/// A file to be read, with the rows that alone can match where they are known.
struct Wanted {
    file: Arc<DataFile>,
    rows: usize,
    selection: Option<RowSelection>,
    /// Written by us, with our types.
    ours: bool,
}

#[async_trait]
impl TableProvider for StoredEvents {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&schema::EVENTS)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Filters only narrow what is read here; DataFusion applies them to every row.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicate = predicate(state, filters)?;
        let (view, trace) = (Arc::clone(&self.view), Arc::clone(&self.trace));
        let needles = needle::needles(filters);
        // Footers and sidecars may have to be read.
        let choose = move || {
            let hot = chunks(&view, predicate.as_ref(), &needles);
            (hot, files(&view, &trace, predicate.as_ref(), &needles))
        };
        let chosen = tokio::task::spawn_blocking(choose).await;
        let (hot, files) = chosen.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let partitions = state.config().target_partitions();
        let mut plans = Vec::with_capacity(2);
        if !hot.is_empty() {
            plans.push(memory_plan(&hot, partitions, projection, limit)?);
        }
        let (ours, foreign): (Vec<_>, Vec<_>) = files.into_iter().partition(|wanted| wanted.ours);
        if !ours.is_empty() {
            plans.push(self.file_plan(state, ours, projection, filters, limit)?);
        }
        if !foreign.is_empty() {
            let batch = self.batch_rows(&foreign, projection).unwrap_or(MOST_BATCH);
            let files = foreign.into_iter().map(|wanted| (wanted.file, wanted.selection)).collect();
            plans.push(foreign::plan(&self.view.reader, files, projected(projection)?, batch, partitions)?);
        }
        match plans.len() {
            0 => Ok(Arc::new(EmptyExec::new(projected(projection)?))),
            1 => Ok(plans.remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

impl StoredEvents {
    fn file_plan(
        &self,
        state: &dyn Session,
        files: Vec<Wanted>,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let factory = ArchiveFiles { reader: self.view.reader.clone(), touched: Arc::clone(&self.trace.touched) };
        let source = ParquetSource::new(Arc::clone(&schema::EVENTS))
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(factory))
            // Reading other columns afterwards pays when few rows match, and costs otherwise (facts: ClickBench).
            .with_pushdown_filters(needle::is_selective(filters));
        let rows = files.iter().map(|wanted| wanted.rows).sum();
        let exact = filters.is_empty();
        let mut statistics = Statistics::new_unknown(&schema::EVENTS);
        statistics.num_rows = if exact { Precision::Exact(rows) } else { Precision::Inexact(rows) };
        let batch = self.batch_rows(&files, projection);
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(ARCHIVE_URL)?, Arc::new(source))
            .with_file_groups(groups(files, state.config().target_partitions()))
            .with_projection_indices(projection.cloned())?
            .with_statistics(statistics)
            .with_limit(limit)
            .with_batch_size(batch)
            .build();
        // Nothing is computed inside of the scan, where rows are not bounded.
        let scan = DataSourceExec::from_data_source(config);
        Ok(Arc::new(PortionsExec::new(scan, Needs::default(), None)))
    }

    /// Rows to read at once: fewer when those of some row group are long. `None` for as many as ever.
    fn batch_rows(&self, files: &[Wanted], projection: Option<&Vec<usize>>) -> Option<usize> {
        let fields = schema::EVENTS.fields();
        let wanted = |name: &str| match projection {
            Some(columns) => columns.iter().any(|column| fields[*column].name() == name),
            None => true,
        };
        let mut longest = 0;
        for file in files {
            let Ok(footer) = self.view.reader.footer(&file.file) else { continue };
            for group in footer.metadata().row_groups() {
                let columns = group.columns().iter();
                let columns =
                    columns.filter(|column| column.column_path().parts().first().is_some_and(|name| wanted(name)));
                let bytes: i64 = columns.map(|column| column.uncompressed_size()).sum();
                longest = longest.max(bytes / group.num_rows().max(1));
            }
        }
        let rows = PORTION / usize::try_from(longest).unwrap_or(0).max(1);
        (rows < MOST_BATCH).then(|| rows.max(LEAST_BATCH))
    }
}

fn predicate(state: &dyn Session, filters: &[Expr]) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    let columns = DFSchema::try_from(Arc::clone(&schema::EVENTS))?;
    let whole = conjunction(filters.iter().cloned());
    whole.map(|filter| state.create_physical_expr(filter, &columns)).transpose()
}

/// Chunks that may hold a wanted row.
fn chunks(view: &View, predicate: Option<&Arc<dyn PhysicalExpr>>, needles: &[Vec<u64>]) -> Vec<Arc<Chunk>> {
    let known: Vec<Known<'_>> = view.hot.iter().map(|chunk| Known::of_chunk(chunk)).collect();
    let kept = predicate.map(|predicate| prune::may_match(predicate, &known));
    let found =
        |chunk: &Chunk| needles.iter().all(|hashes| hashes.iter().any(|hash| chunk.rows(*hash).next().is_some()));
    let chunks = view.hot.iter().enumerate();
    chunks
        .filter(|(at, chunk)| kept.as_ref().is_none_or(|kept| kept[*at]) && found(chunk))
        .map(|(_, chunk)| Arc::clone(chunk))
        .collect()
}

/// Files that may hold a wanted row and can be read; those that cannot are noted.
fn files(view: &View, trace: &Trace, predicate: Option<&Arc<dyn PhysicalExpr>>, needles: &[Vec<u64>]) -> Vec<Wanted> {
    let known: Vec<Known<'_>> = view.files.iter().map(|file| Known::of_file(file)).collect();
    let kept = predicate.map(|predicate| prune::may_match(predicate, &known));
    let candidates = view.files.iter().enumerate().filter(|(at, _)| kept.as_ref().is_none_or(|kept| kept[*at]));
    candidates.filter_map(|(_, file)| wanted(view, trace, file, needles)).collect()
}

fn wanted(view: &View, trace: &Trace, file: &Arc<DataFile>, needles: &[Vec<u64>]) -> Option<Wanted> {
    let absent =
        |hashes: &Vec<u64>| file.sidecar().is_some_and(|sidecar| !hashes.iter().any(|hash| sidecar.may_contain(*hash)));
    if needles.iter().any(absent) {
        return None;
    }
    let footer = match view.reader.footer(file) {
        Ok(footer) => footer,
        Err(error) => {
            trace.leave_out(file, &file.damage().unwrap_or_else(|| error.to_string()));
            return None;
        }
    };
    let rows = usize::try_from(footer.metadata().file_metadata().num_rows()).unwrap_or(0);
    let ours = is_ours(&footer);
    let selection = match matching_rows(file, needles, rows / MAX_SELECTED_SHARE) {
        Some(matching) if matching.is_empty() => return None,
        Some(matching) => Some(ranges(&matching, rows)),
        None => None,
    };
    Some(Wanted { file: Arc::clone(file), rows, selection, ours })
}

/// Rows found under all needles, ascending; `None` where the index cannot say.
fn matching_rows(file: &DataFile, needles: &[Vec<u64>], limit: usize) -> Option<Vec<u32>> {
    let sidecar = file.sidecar()?;
    // An ID that too many rows hold does not narrow; the others still may.
    let found = needles.iter().filter_map(|hashes| match rows_of_any(&sidecar, hashes, limit.max(1)) {
        Ok(rows) => rows,
        // It only costs the short cut. The index is built anew in the background.
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "file is scanned instead");
            file.detach(&sidecar);
            None
        }
    });
    found.reduce(|before, rows| before.into_iter().filter(|row| rows.binary_search(row).is_ok()).collect())
}

/// Rows found under one of the hashes, ascending; `None` if one of them has more than `limit`.
fn rows_of_any(sidecar: &Sidecar, hashes: &[u64], limit: usize) -> Result<Option<Vec<u32>>, SidecarError> {
    let mut rows = Vec::new();
    for hash in hashes {
        let (found, total) = sidecar.rows(*hash, limit)?;
        if total > limit {
            return Ok(None);
        }
        rows.extend(found);
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(Some(rows))
}

fn ranges(rows: &[u32], total: usize) -> RowSelection {
    let single = rows.iter().map(|row| *row as usize..*row as usize + 1);
    RowSelection::from_consecutive_ranges(single, total)
}

/// Newest files first, so that `ORDER BY timestamp DESC LIMIT` finds its threshold early; spread evenly by size.
fn groups(mut files: Vec<Wanted>, partitions: usize) -> Vec<FileGroup> {
    files.sort_by_key(|wanted| std::cmp::Reverse(wanted.file.times.map(|(_, newest)| newest)));
    let mut groups = vec![(0u64, Vec::new()); partitions.clamp(1, files.len().max(1))];
    for wanted in files {
        let size = wanted.file.size;
        if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += size;
            group.push(partitioned(wanted));
        }
    }
    groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
}

fn partitioned(wanted: Wanted) -> PartitionedFile {
    let Wanted { file, rows, selection, .. } = wanted;
    let statistics = Arc::new(statistics(&file, rows));
    let partitioned = PartitionedFile::new(file.path.clone(), file.size)
        .with_statistics(statistics)
        .with_extension(Arc::clone(&file));
    match selection {
        Some(selection) => partitioned.with_extension(ParquetRowSelection::new(selection)),
        None => partitioned,
    }
}

/// Bounds that dynamic filters compare with: times only, they are what `ORDER BY ... LIMIT` goes by.
fn statistics(file: &DataFile, rows: usize) -> Statistics {
    let mut statistics = Statistics::new_unknown(&schema::EVENTS);
    statistics.num_rows = Precision::Exact(rows);
    for (name, bounds) in [("timestamp", file.times), ("archived_at", Some(file.archived))] {
        let place = schema::EVENTS.index_of(name).ok().zip(bounds);
        if let Some((at, (least, greatest))) = place {
            let micros = |value| Precision::Inexact(ScalarValue::TimestampMicrosecond(Some(value), Some("UTC".into())));
            let column = ColumnStatistics::new_unknown();
            statistics.column_statistics[at] = column.with_min_value(micros(least)).with_max_value(micros(greatest));
        }
    }
    statistics
}

fn memory_plan(
    hot: &[Arc<Chunk>],
    partitions: usize,
    projection: Option<&Vec<usize>>,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let each = hot.len().div_ceil(partitions.max(1));
    let batches: Vec<Vec<_>> =
        hot.chunks(each.max(1)).map(|chunks| chunks.iter().map(|chunk| chunk.batch.clone()).collect()).collect();
    let source = MemorySourceConfig::try_new(&batches, Arc::clone(&schema::EVENTS), projection.cloned())?;
    Ok(DataSourceExec::from_data_source(source.with_limit(limit)))
}

fn projected(projection: Option<&Vec<usize>>) -> Result<SchemaRef> {
    Ok(match projection {
        Some(columns) => Arc::new(schema::EVENTS.project(columns)?),
        None => Arc::clone(&schema::EVENTS),
    })
}
