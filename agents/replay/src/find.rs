//! From addresses to rows, for as long as whoever asks waits; and from a hash to what is new.

use std::collections::{HashMap, HashSet};

use tapline_archive::{Hit, Place, View};

use crate::error::ReplayError;

/// Where the events with these address hashes stand, by hash. Those that are not there are missing from the answer; files
/// in `skipped` are known not to hold any.
pub(crate) fn find(
    view: &View,
    wanted: &HashSet<u64>,
    skipped: &HashSet<&str>,
    stop: &dyn Fn() -> bool,
) -> Result<HashMap<u64, Hit>, ReplayError> {
    view.find(wanted, skipped, stop)?.ok_or(ReplayError::Stopped)
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
    for (at, file) in view.files.iter().enumerate().rev() {
        if may_hold((file.times.map(|(_, newest)| newest), file.archived.1)) && file.damage().is_none() {
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
