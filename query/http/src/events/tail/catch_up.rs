//! What came while a reader of the tail was away.

use std::sync::Arc;

use arrow::array::Array;
use tapline_archive::{Chunk, Hit, Place, View};
use tapline_model::columns::EventColumns;
use tapline_model::time;

use super::Gathered;
use super::cursor::TailCursor;
use crate::events::cursor::OrderKey;
use crate::events::filter::Filter;
use crate::events::list::summaries;
use crate::events::search::{Found, Part, Stop, candidates, matching, windows};
use crate::problem::Refusal;

/// How far back a reader is brought up to date, microseconds; a page that slept for a night begins anew.
const FURTHEST: i64 = 600_000_000;

/// Sources are archived side by side: a chunk with an older time may follow one with a newer, microseconds.
const OVERLAP: i64 = 1_000_000;

/// The newest `limit` of what matches and came after `at`, oldest first, how many more there were, and where the
/// reader stands then.
pub(super) fn catch_up(
    view: &View,
    epoch: i64,
    filter: &Filter,
    at: TailCursor,
    limit: usize,
    stop: &Stop,
) -> Result<(Gathered, TailCursor), Refusal> {
    let end = view.hot.last().map_or(at, |chunk| at.after(epoch, chunk));
    let mut found = match chunks_after(view, epoch, at) {
        Some(chunks) => in_chunks(view, &chunks, filter, stop)?,
        None => in_places(view, filter, at.archived_at, stop)?,
    };
    found.sort_unstable();
    let over = found.len().saturating_sub(limit);
    found.drain(..over);
    let events = summaries(view, &found, stop)?;
    Ok((Gathered { events, dropped: over as u64 }, end))
}

/// How many events matched after the reader's place and up to the last of the chunks that it received, in none of these.
pub(super) fn missed(
    view: &View,
    epoch: i64,
    filter: &Filter,
    at: TailCursor,
    received: &[Arc<Chunk>],
    stop: &Stop,
) -> Result<u64, Refusal> {
    let Some(last) = received.last() else { return Ok(0) };
    if let Some(mut chunks) = chunks_after(view, epoch, at) {
        let got = |chunk: &Chunk| received.iter().any(|received| received.sequence == chunk.sequence);
        chunks.retain(|(_, chunk)| chunk.sequence < last.sequence && !got(chunk));
        return Ok(in_chunks(view, &chunks, filter, stop)?.len() as u64);
    }
    // Some have left memory: all of the time between, without those received.
    let between = in_places(view, filter, at.archived_at.saturating_add(OVERLAP), stop)?.into_iter();
    let between = between.filter(|found| found.key.timestamp.is_some_and(|time| time <= last.archived_at)).count();
    let mut got = 0;
    for chunk in received {
        let mut rows: Vec<u32> = (0..u32::try_from(chunk.batch.num_rows()).unwrap_or(u32::MAX)).collect();
        filter.retain(&chunk.batch, &mut rows)?;
        got += rows.len();
    }
    Ok(between.saturating_sub(got) as u64)
}

type Numbered<'a> = (usize, &'a Arc<Chunk>);

/// The chunks after the reader's place, if all of them are still in memory.
fn chunks_after(view: &View, epoch: i64, at: TailCursor) -> Option<Vec<Numbered<'_>>> {
    let oldest = view.hot.first().filter(|_| at.is_of(epoch))?.sequence;
    let whole = at.is_first() || oldest <= at.next();
    whole.then(|| view.hot.iter().enumerate().filter(|(_, chunk)| chunk.sequence >= at.next()).collect())
}

fn in_chunks(view: &View, chunks: &[Numbered<'_>], filter: &Filter, stop: &Stop) -> Result<Vec<Found>, Refusal> {
    let mut found = Vec::new();
    for (number, _) in chunks {
        collect(view, Place::Hot(*number), filter, i64::MIN, stop, &mut found)?;
    }
    Ok(found)
}

/// By time of archiving: what the process that sent the cursor numbered is not known any more.
fn in_places(view: &View, filter: &Filter, archived_at: i64, stop: &Stop) -> Result<Vec<Found>, Refusal> {
    let since = archived_at.saturating_sub(OVERLAP).max(time::now() - FURTHEST);
    let files = view.files.iter().enumerate().filter(|(_, file)| file.archived.1 >= since && file.damage().is_none());
    let hot = view.hot.iter().enumerate().filter(|(_, chunk)| chunk.archived_at >= since);
    let places = files.map(|(at, _)| Place::File(at)).chain(hot.map(|(at, _)| Place::Hot(at)));
    let mut found = Vec::new();
    for place in places {
        collect(view, place, filter, since, stop, &mut found)?;
    }
    Ok(found)
}

fn collect(
    view: &View,
    place: Place,
    filter: &Filter,
    since: i64,
    stop: &Stop,
    found: &mut Vec<Found>,
) -> Result<(), Refusal> {
    let part = Part::whole(place);
    let candidates = candidates(view, &part, "archived_at", |time| time.is_some_and(|time| time >= since))?;
    for window in windows(&candidates, 4_096, filter) {
        stop.check()?;
        let columns = ["source", "destination", "partition", "offset", "incarnation", "position", "archived_at"];
        let Some((batch, rows)) = matching(view, place, window, filter, &columns)? else { return Ok(()) };
        let columns = EventColumns::new(&batch);
        let (times, sizes) = (columns.micros("archived_at")?, columns.int("size")?);
        for (at, row) in rows {
            let key = OrderKey::new(times.is_valid(at).then(|| times.value(at)), columns.address(at)?);
            found.push(Found { key, hit: Hit { place, row }, size: sizes.value(at) });
        }
    }
    Ok(())
}
