//! Counts of events per ten seconds, by where they stand, what they are and who sent them.
//!
//! Files and chunks never change, so each is counted once and its counts are kept: histograms and the overview add
//! up small tables instead of reading rows again every few seconds. Rebuildable at any time.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use moka::sync::Cache;
use tapline_archive::{Place, PlaceKey, View};
use tapline_model::columns::{ColumnError, EventColumns, field, get};
use tapline_model::time;

use crate::events::search::Stop;
use crate::problem::Refusal;

/// Width of a cell, microseconds.
pub(crate) const CELL: i64 = 10_000_000;

/// What is counted whoever asks for names, microseconds.
const RECENT: i64 = 3_600_000_000;

/// Counts kept, bytes.
const KEPT: u64 = 64 << 20;

/// Lanes of one file. Types, producers and origins come from untrusted messages: above this, rows are counted without them.
const MOST_LANES: usize = 4_096;

/// Bytes of a destination's name: Kafka allows 249.
const LONGEST_NAME: usize = 512;

/// Of dead letters two short fields: stack traces are large and tell nothing here.
const COLUMNS: [&str; 11] = [
    "timestamp",
    "archived_at",
    "source",
    "destination",
    "type",
    "producer",
    "size",
    "dead_letter.framework",
    "dead_letter.origin_destination",
    "retry.attempts",
    "retry.origin_destination",
];

/// What rows are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) event_type: Option<String>,
    pub(crate) producer: Option<String>,
    /// When they are dead letters.
    pub(crate) dead: bool,
    /// When they stand on a retry topic.
    pub(crate) retry: bool,
    /// Of dead letters and retries: where their headers say that they failed.
    pub(crate) origin: Option<String>,
}

/// Rows of one lane in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Begin, in units of [`CELL`] since 1970.
    pub(crate) at: i64,
    lane: u32,
    pub(crate) events: u32,
    pub(crate) bytes: u64,
    /// When the last of them was archived, microseconds.
    pub(crate) archived: i64,
}

impl Cell {
    /// Microseconds since 1970.
    pub(crate) fn begin(self) -> i64 {
        self.at.saturating_mul(CELL)
    }
}

/// The counts of one file or chunk.
#[derive(Debug, Default)]
pub(crate) struct Rollup {
    lanes: Vec<Lane>,
    /// By time.
    cells: Vec<Cell>,
}

impl Rollup {
    /// Cells from one time to another (in units of [`CELL`], the second exclusive), with their lane.
    pub(crate) fn cells(&self, from: i64, to: i64) -> impl Iterator<Item = (&Lane, Cell)> {
        let first = self.cells.partition_point(|cell| cell.at < from);
        let cells = self.cells[first..].iter().take_while(move |cell| cell.at < to);
        cells.map(|cell| (&self.lanes[cell.lane as usize], *cell))
    }

    /// Its lanes, with how many events each has.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = (&Lane, u64)> {
        let mut events = vec![0; self.lanes.len()];
        self.cells.iter().for_each(|cell| events[cell.lane as usize] += u64::from(cell.events));
        self.lanes.iter().zip(events)
    }

    fn weight(&self) -> u32 {
        let texts = |lane: &Lane| {
            let more = [&lane.event_type, &lane.producer, &lane.origin].into_iter().flatten().map(String::len);
            lane.source.len() + lane.destination.len() + more.sum::<usize>()
        };
        let lanes: usize = self.lanes.iter().map(|lane| size_of::<Lane>() + texts(lane)).sum();
        let bytes = lanes + self.cells.len() * size_of::<Cell>();
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// Counts of all files and chunks, made when first asked for.
#[derive(Debug)]
pub(crate) struct Rollups(Cache<PlaceKey, Arc<Rollup>>);

impl Default for Rollups {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(KEPT).weigher(|_, rollup: &Arc<Rollup>| rollup.weight()).build())
    }
}

impl Rollups {
    /// The counts of every place that has rows between two times (microseconds). Blocks on the disk the first time.
    /// A file that cannot be read is left out: it is named on the System page.
    pub(crate) fn between(&self, view: &View, from: i64, to: i64, stop: &Stop) -> Result<Vec<Arc<Rollup>>, Refusal> {
        let touches = |times: Option<(i64, i64)>| times.is_some_and(|(first, last)| first < to && last >= from);
        let mut all = Vec::new();
        for (place, key) in view.places(touches) {
            stop.check()?;
            all.extend(self.get(key, || count_place(view, place, stop))?);
        }
        Ok(all)
    }

    /// The counts of every place that has rows of the last hour, and of those that were counted before for something
    /// else: names are looked for here without reading what is older.
    pub(crate) fn recent(&self, view: &View, stop: &Stop) -> Result<Vec<Arc<Rollup>>, Refusal> {
        self.between(view, time::now() - RECENT, i64::MAX, stop)?;
        Ok(self.counted(view))
    }

    fn counted(&self, view: &View) -> Vec<Arc<Rollup>> {
        view.places(|_| true).iter().filter_map(|(_, key)| self.0.get(key)).collect()
    }

    fn get(
        &self,
        key: PlaceKey,
        count: impl FnOnce() -> Result<Option<Rollup>, Refusal>,
    ) -> Result<Option<Arc<Rollup>>, Refusal> {
        if let Some(known) = self.0.get(&key) {
            return Ok(Some(known));
        }
        let Some(rollup) = count()?.map(Arc::new) else { return Ok(None) };
        self.0.insert(key, Arc::clone(&rollup));
        Ok(Some(rollup))
    }
}

fn count_place(view: &View, place: Place, stop: &Stop) -> Result<Option<Rollup>, Refusal> {
    let mut counter = Counter::default();
    match place {
        Place::Hot(at) => counter.count(&view.hot[at].batch)?,
        Place::File(at) => {
            let file = &view.files[at];
            let Ok(batches) = view.reader.scan(file, &COLUMNS, 16_384, None) else { return Ok(None) };
            for batch in batches {
                stop.check()?;
                let Ok(batch) = batch else { return Ok(None) };
                counter.count(&batch)?;
            }
        }
    }
    Ok(Some(counter.finish()))
}

/// A name that a destination may have: headers hold anything.
fn origin(name: Option<&str>) -> Option<String> {
    name.filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned)
}

#[derive(Default)]
struct Counter {
    rollup: Rollup,
    lanes: HashMap<Lane, u32>,
    cells: HashMap<(i64, u32), Cell>,
}

impl Counter {
    fn count(&mut self, batch: &RecordBatch) -> Result<(), ColumnError> {
        let columns = EventColumns::new(batch);
        let (times, archived, sizes) =
            (columns.micros("timestamp")?, columns.micros("archived_at")?, columns.int("size")?);
        let texts = ["source", "destination", "type", "producer"].map(|name| columns.text(name));
        let [source, destination, r#type, producer] = texts;
        let (source, destination, r#type, producer) = (source?, destination?, r#type?, producer?);
        let (dead, retry) = (columns.record("dead_letter")?, columns.record("retry")?);
        for row in 0..batch.num_rows() {
            if times.is_null(row) {
                continue;
            }
            let lane = self.lane(Lane {
                source: source.value(row).to_owned(),
                destination: destination.value(row).to_owned(),
                event_type: get(r#type, row).map(str::to_owned),
                producer: get(producer, row).map(str::to_owned),
                dead: dead.is_valid(row),
                retry: retry.is_valid(row),
                origin: [dead, retry].iter().find_map(|it| origin(field(it, "origin_destination", row))),
            });
            let at = times.value(row).div_euclid(CELL);
            let empty = Cell { at, lane, events: 0, bytes: 0, archived: i64::MIN };
            let cell = self.cells.entry((at, lane)).or_insert(empty);
            cell.events += 1;
            cell.bytes += u64::try_from(sizes.value(row)).unwrap_or(0);
            cell.archived = cell.archived.max(archived.value(row));
        }
        Ok(())
    }

    fn lane(&mut self, mut lane: Lane) -> u32 {
        if let Some(known) = self.lanes.get(&lane) {
            return *known;
        }
        // Origins go first: they are the least asked for.
        if self.lanes.len() >= MOST_LANES / 2 && lane.origin.take().is_some() {
            return self.lane(lane);
        }
        if self.lanes.len() >= MOST_LANES {
            (lane.event_type, lane.producer) = (None, None);
            if let Some(known) = self.lanes.get(&lane) {
                return *known;
            }
        }
        let number = u32::try_from(self.rollup.lanes.len()).unwrap_or(u32::MAX);
        self.rollup.lanes.push(lane.clone());
        self.lanes.insert(lane, number);
        number
    }

    fn finish(self) -> Rollup {
        let Self { mut rollup, cells, .. } = self;
        rollup.cells = cells.into_values().collect();
        rollup.cells.sort_unstable_by_key(|cell| (cell.at, cell.lane));
        rollup
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{event, events};

    #[test]
    fn cells_are_counted_by_time_and_lane() {
        let mut counter = Counter::default();
        let kinds = ["A", "B", "A"];
        let rows: Vec<_> = (0..).zip(kinds).map(|(n, kind)| (event(n, CELL * n), kind.to_owned())).collect();
        counter.count(&events(&rows)).unwrap();
        let rollup = counter.finish();
        let found: Vec<_> = rollup.cells(1, 3).map(|(lane, cell)| (cell.at, lane.event_type.as_deref())).collect();
        assert_eq!(found, [(1, Some("B")), (2, Some("A"))]);
    }

    #[test]
    fn types_without_bound_are_counted_without_their_names() {
        let mut counter = Counter::default();
        let rows: Vec<_> = (0..6_000).map(|n| (event(n, 7), format!("type-{n}"))).collect();
        counter.count(&events(&rows)).unwrap();
        let rollup = counter.finish();
        assert!(rollup.lanes.len() <= MOST_LANES + 1);
        assert_eq!(rollup.cells(0, 1).map(|(_, cell)| cell.events).sum::<u32>(), 6_000);
    }
}
