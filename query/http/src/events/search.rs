//! The newest rows that match, straight from a snapshot.
//!
//! Places (files and chunks) are visited from the newest on, and within a place rows in windows of falling time that
//! grow: a page of the newest rows of ten million reads the timestamps of few files and little else. A filter that
//! names an ID begins at the ID index. Blocks on the disk: called from blocking threads.

mod window;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use arrow::array::{Array, RecordBatch};
use tapline_archive::{Hit, Place, View};
use tapline_model::columns::EventColumns;
use tapline_model::id::{hash_value, key_text};
use tokio_util::sync::CancellationToken;

use crate::events::columns::ADDRESS;
use crate::events::cursor::OrderKey;
use crate::events::filter::Filter;
use crate::problem::{Code, Refusal};

pub(crate) use window::{Candidate, candidates, windows};

/// Rows found by the ID index that are looked at one by one; above, files are read in order.
const MOST_HITS: usize = 20_000;

/// Until a search says that it takes too long.
const PATIENCE: Duration = Duration::from_secs(20);

/// When a search has to end: its time is over, or nobody waits for it any more.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    deadline: Instant,
    gone: CancellationToken,
}

impl Stop {
    /// `gone` is cancelled when the caller went away.
    pub(crate) fn new(gone: CancellationToken) -> Self {
        Self { deadline: Instant::now() + PATIENCE, gone }
    }

    /// Refuses to go on once it is time to stop.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.gone.is_cancelled() || Instant::now() >= self.deadline {
            let detail = "the search was stopped after 20 s; narrow the time range or name a destination";
            return Err(Refusal::new(Code::TooSlow, detail));
        }
        Ok(())
    }
}

/// A row that matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) key: OrderKey,
    pub(crate) hit: Hit,
    /// Bytes of key, headers and payload.
    pub(crate) size: i32,
}

/// A file or chunk, and which of its rows come into question.
pub(crate) struct Part {
    pub(crate) place: Place,
    newest: Option<i64>,
    /// All rows when absent; ascending.
    pub(crate) rows: Option<Vec<u32>>,
}

impl Part {
    /// All rows of a place.
    pub(crate) fn whole(place: Place) -> Self {
        Self { place, newest: None, rows: None }
    }
}

/// Places that may hold matching rows, newest first.
pub(crate) fn parts(view: &View, filter: &Filter) -> Vec<Part> {
    let files = view.files.iter().enumerate().filter(|(_, file)| file.damage().is_none());
    let files = files.map(|(at, file)| (Place::File(at), file.times));
    let hot = view.hot.iter().enumerate().map(|(at, chunk)| (Place::Hot(at), chunk.times));
    let mut wanted = wanted_hashes(filter).map(|hash| hits(view, hash)).unwrap_or_default();
    let mut parts: Vec<Part> = files
        .chain(hot)
        .filter(|(_, times)| filter.touches(*times))
        .map(|(place, times)| Part { place, newest: times.map(|(_, newest)| newest), rows: wanted.rows(place) })
        .filter(|part| part.rows.as_ref().is_none_or(|rows| !rows.is_empty()))
        .collect();
    parts.sort_by_key(|part| Reverse((part.newest, part.place)));
    parts
}

/// The ID that the index can look up for a filter.
fn wanted_hashes(filter: &Filter) -> Option<u64> {
    let id = filter.id.as_ref().map(|query| query.hash());
    id.or_else(|| Some(hash_value(&key_text(filter.key.as_ref()?.as_bytes())?)))
}

/// Rows by place as the ID index knows them; places that could not be asked are absent.
#[derive(Default)]
struct Wanted(Option<BTreeMap<Place, Vec<u32>>>);

impl Wanted {
    fn rows(&mut self, place: Place) -> Option<Vec<u32>> {
        self.0.as_mut()?.remove(&place)
    }
}

fn hits(view: &View, hash: u64) -> Wanted {
    let lookup = view.lookup(hash, MOST_HITS);
    if lookup.total > lookup.hits.len() {
        return Wanted::default();
    }
    let asked = |path: &str| !lookup.unasked.iter().any(|unasked| unasked == path);
    let files = view.files.iter().enumerate().filter(|(_, file)| asked(&file.path));
    let places = files.map(|(at, _)| Place::File(at)).chain((0..view.hot.len()).map(Place::Hot));
    let mut rows: BTreeMap<Place, Vec<u32>> = places.map(|place| (place, Vec::new())).collect();
    for hit in &lookup.hits {
        rows.entry(hit.place).or_default().push(hit.row);
    }
    for found in rows.values_mut() {
        found.sort_unstable();
        found.dedup();
    }
    Wanted(Some(rows))
}

/// The `limit` newest rows below `before`.
pub(crate) fn newest(
    view: &View,
    filter: &Filter,
    before: Option<&OrderKey>,
    limit: usize,
    stop: &Stop,
) -> Result<Vec<Found>, Refusal> {
    let mut search = Newest { view, filter, before, limit, heap: BinaryHeap::new() };
    for part in parts(view, filter) {
        stop.check()?;
        if search.is_full_above(part.newest) {
            break;
        }
        search.visit(&part, stop)?;
    }
    Ok(search.heap.into_sorted_vec().into_iter().map(|Reverse(found)| found).collect())
}

struct Newest<'a> {
    view: &'a View,
    filter: &'a Filter,
    before: Option<&'a OrderKey>,
    limit: usize,
    /// The newest so far, the oldest of them on top.
    heap: BinaryHeap<Reverse<Found>>,
}

impl Newest<'_> {
    /// Whether rows no newer than this cannot come into the answer any more.
    fn is_full_above(&self, newest: Option<i64>) -> bool {
        let oldest = self.heap.peek().filter(|_| self.heap.len() >= self.limit);
        oldest.is_some_and(|Reverse(found)| newest < found.key.timestamp)
    }

    fn visit(&mut self, part: &Part, stop: &Stop) -> Result<(), Refusal> {
        let below = |time: Option<i64>| self.before.is_none_or(|before| time <= before.timestamp);
        let wanted = |time| self.filter.covers(time) && below(time) && !self.is_full_above(time);
        let mut candidates = candidates(self.view, part, "timestamp", wanted)?;
        let (mut rest, mut size) = (candidates.as_mut_slice(), self.limit.max(256));
        while !rest.is_empty() {
            // Of millions of rows a few are the newest: sorting all of them would cost more than reading these.
            size = size.saturating_mul(8).min(rest.len());
            rest.select_nth_unstable_by_key(size - 1, |candidate| Reverse(candidate.time));
            let (newer, older) = rest.split_at_mut(size);
            newer.sort_unstable_by_key(|candidate| Reverse(candidate.time));
            for window in windows(newer, self.limit.max(256), self.filter) {
                stop.check()?;
                if self.is_full_above(window.first().and_then(|candidate| candidate.time)) {
                    return Ok(());
                }
                self.take(part.place, window)?;
            }
            rest = older;
        }
        Ok(())
    }

    fn take(&mut self, place: Place, window: &[Candidate]) -> Result<(), Refusal> {
        let Some((batch, rows)) = matching(self.view, place, window, self.filter, &ADDRESS)? else { return Ok(()) };
        let columns = EventColumns::new(&batch);
        let (times, sizes) = (columns.micros("timestamp")?, columns.int("size")?);
        for (at, row) in rows {
            let key = OrderKey::new(times.is_valid(at).then(|| times.value(at)), columns.address(at)?);
            let found = Found { key, hit: Hit { place, row }, size: sizes.value(at) };
            if self.before.is_none_or(|before| found.key < *before) {
                self.offer(found);
            }
        }
        Ok(())
    }

    fn offer(&mut self, found: Found) {
        self.heap.push(Reverse(found));
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }
}

/// A batch with the rows of it that match, each with its row in the place.
pub(crate) type Matching = (RecordBatch, Vec<(usize, u32)>);

/// Reads the candidates of a window and keeps those that match. A damaged file yields nothing: it is named on the
/// System page, and everything else stays readable.
pub(crate) fn matching(
    view: &View,
    place: Place,
    window: &[Candidate],
    filter: &Filter,
    columns: &[&'static str],
) -> Result<Option<Matching>, Refusal> {
    let hits: Vec<Hit> = window.iter().map(|candidate| Hit { place, row: candidate.row }).collect();
    let mut wanted = filter.columns();
    wanted.extend(columns);
    wanted.extend(["timestamp", "size"]);
    let (mut fetched, _) = view.fetch(&hits, &wanted);
    let Some(fetched) = fetched.pop() else { return Ok(None) };
    let rows = u32::try_from(fetched.batch.num_rows()).unwrap_or(u32::MAX);
    let mut kept: Vec<u32> = (0..rows).collect();
    filter.retain(&fetched.batch, &mut kept)?;
    let kept = kept.into_iter().map(|at| (at as usize, fetched.rows[at as usize])).collect();
    Ok(Some((fetched.batch, kept)))
}
