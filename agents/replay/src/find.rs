//! From addresses to rows: few by the index, many by looking through the files.

use std::collections::{HashMap, HashSet};

use arrow::array::RecordBatch;
use tapline_archive::{Hit, Place, View};
use tapline_model::columns::{AddressColumns, ColumnError, EventColumns};

use crate::error::ReplayError;

/// More addresses than this are not looked up one by one: a look-up asks every file.
pub(crate) const FEW: usize = 300;

/// Rows at a time when a file is looked through.
const STEP: usize = 65_536;

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
        for fetched in view.fetch(&hits, &AddressColumns::NAMES).0 {
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
        for batch in view.reader.scan(file, &AddressColumns::NAMES, STEP, None)? {
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
    let addresses = AddressColumns::new(&columns)?;
    Ok((0..columns.len()).map(|row| addresses.hash(row)).collect())
}

/// A file or chunk, by what it says of its rows: newest time, newest time of archiving.
pub(crate) type Newest = (Option<i64>, i64);

/// Rows found under a hash in the files and chunks that may hold something new, at most `limit` of each.
pub(crate) fn rows_of(
    view: &View,
    hash: u64,
    limit: usize,
    may_hold: impl Fn(Newest) -> bool,
) -> Result<Vec<Hit>, ReplayError> {
    let mut hits = Vec::new();
    for (at, chunk) in view.hot.iter().enumerate() {
        if may_hold((chunk.times.map(|(_, newest)| newest), chunk.archived_at)) {
            hits.extend(chunk.rows(hash).take(limit).map(|row| Hit { place: Place::Hot(at), row }));
        }
    }
    // The newest files first, for those who take no more than some.
    for (at, file) in view.files.iter().enumerate().rev().filter(|(_, file)| file.damage().is_none()) {
        if may_hold((file.times.map(|(_, newest)| newest), file.archived.1)) {
            let (rows, _) = view.reader.find(file, hash, limit)?;
            hits.extend(rows.into_iter().map(|row| Hit { place: Place::File(at), row }));
        }
    }
    Ok(hits)
}

/// Where the events with these address hashes stand: those found, in no order.
///
/// # Errors
/// When a file cannot be read, or [`ReplayError::Stopped`] once `stop` says so.
pub fn find_addresses(view: &View, wanted: &HashSet<u64>, stop: &dyn Fn() -> bool) -> Result<Vec<Hit>, ReplayError> {
    Ok(find(view, wanted, &HashSet::new(), stop)?.into_values().collect())
}
