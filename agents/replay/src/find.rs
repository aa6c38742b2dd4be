//! From addresses to rows: few by the index, many by looking through the files.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, RecordBatch};
use tapline_archive::{Hit, Place, View};
use tapline_model::address::{self, Position};
use tapline_model::columns::{ColumnError, EventColumns, get};

use crate::error::ReplayError;

/// More addresses than this are not looked up one by one: a look-up asks every file.
const FEW: usize = 300;

/// Rows at a time when a file is looked through.
const STEP: usize = 65_536;

const COLUMNS: [&str; 6] = ["source", "destination", "incarnation", "partition", "offset", "position"];

/// Where the events with these address hashes stand. Those that are not there are missing from the answer; files in
/// `skipped` are known not to hold any.
pub(crate) fn find(
    view: &View,
    wanted: &HashSet<u64>,
    skipped: &HashSet<&str>,
    stop: &dyn Fn() -> bool,
) -> Result<HashMap<u64, Hit>, ReplayError> {
    if wanted.len() <= FEW { by_index(view, wanted) } else { by_scan(view, wanted, skipped, stop) }
}

fn by_index(view: &View, wanted: &HashSet<u64>) -> Result<HashMap<u64, Hit>, ReplayError> {
    let mut found = HashMap::new();
    for hash in wanted {
        // Dead letters are filed under the hash of their origin too: whose own address it is, is told by the row.
        let hits = view.lookup(*hash, FEW).hits;
        for fetched in view.fetch(&hits, &COLUMNS).0 {
            let hashes = hashes(&fetched.batch)?;
            if let Some(at) = hashes.iter().position(|found| found == hash) {
                found.insert(*hash, Hit { place: fetched.place, row: fetched.rows[at] });
            }
        }
    }
    Ok(found)
}

fn by_scan(
    view: &View,
    wanted: &HashSet<u64>,
    skipped: &HashSet<&str>,
    stop: &dyn Fn() -> bool,
) -> Result<HashMap<u64, Hit>, ReplayError> {
    let mut found = HashMap::with_capacity(wanted.len());
    let mut take = |place: Place, first: u32, batch: &RecordBatch| -> Result<(), ReplayError> {
        for (hash, row) in hashes(batch)?.into_iter().zip(first..) {
            if wanted.contains(&hash) {
                found.insert(hash, Hit { place, row });
            }
        }
        Ok(())
    };
    for (at, chunk) in view.hot.iter().enumerate() {
        take(Place::Hot(at), 0, &chunk.batch)?;
    }
    for (at, file) in view.files.iter().enumerate() {
        if skipped.contains(file.path.as_str()) || file.damage().is_some() {
            continue;
        }
        let mut first = 0;
        for batch in view.reader.scan(file, &COLUMNS, STEP, None)? {
            if stop() {
                return Err(ReplayError::Stopped);
            }
            let batch = batch?;
            take(Place::File(at), first, &batch)?;
            first += u32::try_from(batch.num_rows()).unwrap_or(0);
        }
    }
    Ok(found)
}

/// Hashes of the addresses of a batch's rows.
pub(crate) fn hashes(batch: &RecordBatch) -> Result<Vec<u64>, ColumnError> {
    let columns = EventColumns::new(batch);
    let (sources, destinations) = (columns.text("source")?, columns.text("destination")?);
    let (lives, partitions) = (columns.int("incarnation")?, columns.int("partition")?);
    let (offsets, positions) = (columns.long("offset")?, columns.text("position")?);
    let hash = |row: usize| {
        let position = match offsets.is_valid(row) {
            true => Position::Offset(offsets.value(row)),
            false => Position::Text(get(positions, row).unwrap_or("-")),
        };
        let partition = partitions.is_valid(row).then(|| partitions.value(row));
        address::hash(sources.value(row), destinations.value(row), lives.value(row), partition, position)
    };
    Ok((0..columns.len()).map(hash).collect())
}

/// Where the events with these address hashes stand: those found, in no order.
///
/// # Errors
/// When a file cannot be read, or [`ReplayError::Stopped`] once `stop` says so.
pub fn find_addresses(view: &View, wanted: &HashSet<u64>, stop: &dyn Fn() -> bool) -> Result<Vec<Hit>, ReplayError> {
    Ok(find(view, wanted, &HashSet::new(), stop)?.into_values().collect())
}
