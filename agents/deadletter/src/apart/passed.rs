//! Events of the same types at the same places, about the same time, that no dead letter names as its origin.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{Array, RecordBatch};
use tapline_archive::{Hit, Place, View};
use tapline_model::columns::{EventColumns, get};

use super::sampled::{COLUMNS, Event, Like, event};
use crate::error::DeadLetterError;

/// Events this long before and after the members are looked at too, microseconds.
const AROUND: i64 = 3_600_000_000;
/// Rows that come into question; more make the sample no better.
const ENOUGH: usize = 50_000;

const CANDIDATE: [&str; 9] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "type",
    "dead_letter.framework",
];

/// At most `limit` events, spread evenly. `dead` holds hashes of the addresses that dead letters name.
pub(super) fn sample(
    view: &View,
    like: &Like,
    dead: &HashSet<u64>,
    limit: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Event>, DeadLetterError> {
    let Some((first, last)) = like.times else { return Ok(Vec::new()) };
    let (first, last) = (first.saturating_sub(AROUND), last.saturating_add(AROUND));
    let mut candidates = Vec::new();
    for place in places(view, first, last) {
        if candidates.len() >= ENOUGH {
            break;
        }
        if stop() {
            return Err(DeadLetterError::Stopped);
        }
        let wanted = |batch: &RecordBatch, row: usize| is_wanted(batch, row, like, (first, last), dead);
        // Damage is told where it is noticed.
        match rows(view, place, wanted) {
            Ok(rows) => candidates.extend(rows.into_iter().map(|row| Hit { place, row })),
            Err(DeadLetterError::Archive(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    let step = candidates.len().div_ceil(limit).max(1);
    let hits: Vec<Hit> = candidates.into_iter().step_by(step).collect();
    let mut events = Vec::new();
    for fetched in view.fetch(&hits, &COLUMNS).0 {
        events.extend((0..fetched.rows.len()).map(|at| event(&fetched.batch, at)).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(events)
}

/// Memory first, then files from the newest on.
fn places(view: &View, first: i64, last: i64) -> Vec<Place> {
    let touches = |times: Option<(i64, i64)>| times.is_some_and(|(oldest, newest)| oldest <= last && newest >= first);
    let hot = view.hot.iter().enumerate().filter(|(_, chunk)| touches(chunk.times)).map(|(at, _)| Place::Hot(at));
    let whole = view.files.iter().enumerate().filter(|(_, file)| file.damage().is_none() && touches(file.times));
    let mut files: BTreeMap<_, _> = whole.map(|(at, file)| ((file.times, at), Place::File(at))).collect();
    let files = std::iter::from_fn(|| files.pop_last().map(|(_, place)| place));
    hot.chain(files).collect()
}

fn rows(
    view: &View,
    place: Place,
    wanted: impl Fn(&RecordBatch, usize) -> Result<bool, DeadLetterError>,
) -> Result<Vec<u32>, DeadLetterError> {
    let mut rows = Vec::new();
    let mut first = 0;
    let mut look = |batch: &RecordBatch| {
        for row in 0..batch.num_rows() {
            if wanted(batch, row)? {
                rows.extend(u32::try_from(first + row));
            }
        }
        first += batch.num_rows();
        Ok::<(), DeadLetterError>(())
    };
    match place {
        Place::Hot(at) => look(&view.hot[at].batch)?,
        Place::File(at) => {
            for batch in view.reader.scan(&view.files[at], &CANDIDATE, 16_384, None)? {
                look(&batch?)?;
            }
        }
    }
    Ok(rows)
}

fn is_wanted(
    batch: &RecordBatch,
    row: usize,
    like: &Like,
    (first, last): (i64, i64),
    dead: &HashSet<u64>,
) -> Result<bool, DeadLetterError> {
    let columns = EventColumns::new(batch);
    let times = columns.micros("timestamp")?;
    if times.is_null(row) || !(first..=last).contains(&times.value(row)) || columns.record("dead_letter")?.is_valid(row)
    {
        return Ok(false);
    }
    let (source, destination) = (columns.text("source")?.value(row), columns.text("destination")?.value(row));
    let place = like.places.iter().any(|(s, d)| (s.as_str(), d.as_str()) == (source, destination));
    let kind = get(columns.text("type")?, row);
    let same = place && like.types.iter().any(|wanted| wanted.as_deref() == kind);
    Ok(same && !dead.contains(&columns.address(row)?.hash()))
}
