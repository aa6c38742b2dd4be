//! From a hash to rows, without planning a query: memory for hot chunks, filters and sidecars for files.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};

use crate::error::ArchiveError;
use crate::view::View;

/// A chunk or file of one [`View`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Index into [`View::files`], and behind them into those beside it: [`View::file`].
    File(usize),
    /// Index into [`View::hot`], and behind them into those beside it: [`View::chunk`].
    Hot(usize),
}

/// What a place is called in every view that has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PlaceKey {
    /// A file by its path.
    File(String),
    /// A chunk by its number.
    Chunk(u64),
}

/// A row of one [`View`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// Where.
    pub place: Place,
    /// Row in the chunk or file.
    pub row: u32,
}

/// What is found under a hash. Rows may hold another value with the same 64-bit hash: compare after fetching.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The first rows, files before memory.
    pub hits: Vec<Hit>,
    /// How many there are.
    pub total: usize,
    /// Files that could not be asked: they are damaged, or have no index and none can be built.
    pub unasked: Vec<String>,
}

/// Rows of one place, in ascending order.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where they stand.
    pub place: Place,
    /// One for each row of `batch`.
    pub rows: Vec<u32>,
    /// The columns asked for.
    pub batch: RecordBatch,
}

impl View {
    /// At most `limit` rows found under `hash`, and how many there are. Reads at most two blocks of a sidecar for
    /// each file that holds the hash; files that do not are passed over in memory. Builds indexes that are missing.
    pub fn lookup(&self, hash: u64, limit: usize) -> Lookup {
        let mut found = Lookup::default();
        for (at, file) in self.files.iter().enumerate() {
            match self.reader.find(file, hash, limit.saturating_sub(found.hits.len())) {
                Ok((rows, total)) => {
                    found.hits.extend(rows.into_iter().map(|row| Hit { place: Place::File(at), row }));
                    found.total += total;
                }
                // Damage is told where it is noticed.
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "file is not asked");
                    found.unasked.push(file.path.clone());
                }
            }
        }
        for (at, chunk) in self.hot.iter().enumerate() {
            for row in chunk.rows(hash) {
                found.total += 1;
                if found.hits.len() < limit {
                    found.hits.push(Hit { place: Place::Hot(at), row });
                }
            }
        }
        let beside = self.lookup_beside(hash, limit.saturating_sub(found.hits.len()));
        found.hits.extend(beside.hits);
        found.unasked.extend(beside.unasked);
        found.total += beside.total;
        found
    }

    /// As [`Self::lookup`], of what stands beside it only.
    pub fn lookup_beside(&self, hash: u64, limit: usize) -> Lookup {
        let Some(beside) = &self.beside else { return Lookup::default() };
        let mut found = beside.lookup(hash, limit);
        found.hits.iter_mut().for_each(|hit| *hit = self.behind_own(*hit));
        found
    }

    /// Places beside it are counted behind its own.
    pub(crate) fn behind_own(&self, hit: Hit) -> Hit {
        let place = match hit.place {
            Place::File(at) => Place::File(at + self.files.len()),
            Place::Hot(at) => Place::Hot(at + self.hot.len()),
        };
        Hit { place, ..hit }
    }

    /// Reads rows, grouped by place. Columns may be fields (`dead_letter.message`); what is in memory has them whole. Rows
    /// of damaged files are left out and their files named. Blocks on the disk.
    pub fn fetch(&self, hits: &[Hit], columns: &[&str]) -> (Vec<Fetched>, Vec<ArchiveError>) {
        let mut places = BTreeMap::<Place, Vec<u32>>::new();
        for hit in hits {
            places.entry(hit.place).or_default().push(hit.row);
        }
        let (mut fetched, mut faults) = (Vec::with_capacity(places.len()), Vec::new());
        for (place, mut rows) in places {
            rows.sort_unstable();
            rows.dedup();
            match self.fetch_place(place, &rows, columns) {
                Ok(batch) => fetched.push(Fetched { place, rows, batch }),
                Err(fault) => faults.push(fault),
            }
        }
        (fetched, faults)
    }

    fn fetch_place(&self, place: Place, rows: &[u32], columns: &[&str]) -> Result<RecordBatch, ArchiveError> {
        match place {
            Place::File(at) => self.reader.rows(self.file(at), rows, columns),
            Place::Hot(at) => take(&self.chunk(at).batch, rows, columns),
        }
    }
}

fn take(batch: &RecordBatch, rows: &[u32], columns: &[&str]) -> Result<RecordBatch, ArchiveError> {
    let fault =
        |error: arrow::error::ArrowError| ArchiveError::Write { path: "memory".to_owned(), what: error.to_string() };
    let schema = batch.schema();
    let asked = |name: &str| columns.iter().any(|column| column.split('.').next() == Some(name));
    let wanted: Vec<usize> = (0..schema.fields().len()).filter(|at| asked(schema.field(*at).name())).collect();
    let projected = batch.project(&wanted).map_err(fault)?;
    let rows = UInt32Array::from(rows.to_vec());
    let taken = projected.columns().iter().map(|column| arrow::compute::take(column, &rows, None));
    RecordBatch::try_new(projected.schema(), taken.collect::<Result<Vec<ArrayRef>, _>>().map_err(fault)?).map_err(fault)
}
