//! The newest rows of a view, for what is learnt from many chains at once.

use tapline_archive::{Hit, Place, View};

use crate::row::{self, Row};

/// At most `limit` rows, from the newest chunk or file backwards. Rows that cannot be read are left out: a sample needs
/// no completeness.
pub(crate) fn newest(view: &View, limit: usize) -> Vec<Row> {
    between(view, limit, i64::MIN, i64::MAX)
}

/// As [`newest`], of the rows with a time between `from` and `to` (half-open). Chunks and files without such rows are
/// passed over; those that hold also others give fewer.
pub(crate) fn between(view: &View, limit: usize, from: i64, to: i64) -> Vec<Row> {
    let (fetched, _) = view.fetch(&hits(view, limit, from, to), &row::COLUMNS);
    let rows = fetched.iter().filter_map(|part| row::read(&part.batch).ok());
    rows.flatten().filter(|row| (from..to).contains(&row.at())).collect()
}

fn hits(view: &View, limit: usize, from: i64, to: i64) -> Vec<Hit> {
    let overlaps = |times: Option<(i64, i64)>| times.is_none_or(|(first, last)| first < to && last >= from);
    let hot = view.hot.iter().enumerate().rev().filter(|(_, chunk)| overlaps(chunk.times));
    let hot = hot.map(|(at, chunk)| (Place::Hot(at), chunk.batch.num_rows() as u64));
    let files = view.files.iter().enumerate().rev();
    let intact = files.filter(|(_, file)| file.damage().is_none() && overlaps(file.times));
    let files = intact.map(|(at, file)| (Place::File(at), file.rows));
    let mut hits = Vec::with_capacity(limit.min(1 << 16));
    for (place, rows) in hot.chain(files) {
        let room = limit - hits.len();
        if room == 0 {
            break;
        }
        let end = u32::try_from(rows).unwrap_or(u32::MAX);
        let first = end.saturating_sub(u32::try_from(room).unwrap_or(u32::MAX));
        hits.extend((first..end).map(|row| Hit { place, row }));
    }
    hits
}
