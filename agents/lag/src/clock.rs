//! When the first record that a group has not read was written: from the archive, which read it too, at no cost for the
//! broker; exact with idle producers, after a restart, and beyond the broker's retention.
//!
//! Where the record is not archived its time lies between the times at which the partition's end was looked at. That is
//! said, since a guess bounces where little is written.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use tapline_archive::find::{FEW, hashes};
use tapline_archive::{DestinationLedger, Ledger, PartitionLedger, SourceLedger, View};
use tapline_model::address::{Position, hash};
use tapline_model::columns::AddressColumns;

/// A partition by name.
pub(crate) type Place = (Arc<str>, i32);

/// Ends that are remembered of a partition.
const SAMPLES: usize = 240;

/// Once more times of records are remembered of a partition, those that nobody asks for are forgotten.
const POINTS: usize = 32;

/// Offsets behind one that holds no record, which are tried too: a transaction's marker is one.
pub(crate) const HOLES: i64 = 3;

/// Partitions of which it is asked at once whether anything is left to read.
const DOUBTED: usize = FEW / 8;

/// When a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// By its own time, microseconds.
    At(i64),
    /// Between the times of others.
    About(i64),
    /// Nobody knows.
    Unknown(Why),
}

/// Why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The destination is not tapped, and no end was seen before that.
    Untapped,
    /// The tap has not read it yet.
    Unread,
    /// It was gone or left out when the tap came.
    Unarchived,
}

impl Why {
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Untapped => "the destination is not read by the tap, and was not looked at when that was written",
            Self::Unread => "the tap has not read that far itself",
            Self::Unarchived => "the first event that is not read is not in the archive",
        }
    }
}

/// Times of records of one source.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    source: String,
    exact: HashMap<Place, Times>,
    /// Microseconds and end, oldest first.
    ends: HashMap<Place, VecDeque<(i64, i64)>>,
    /// First and last offset between which there is no record.
    empty: HashMap<Place, (i64, i64)>,
}

/// Of one partition.
#[derive(Debug, Default)]
struct Times {
    /// Which life of the destination they are of.
    incarnation: i32,
    /// Offset to microseconds; `None` where the archive has no record.
    at: BTreeMap<i64, Option<i64>>,
}

impl Clock {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// Takes in where partitions ended at a time, microseconds.
    pub(crate) fn look<'a>(&mut self, at: i64, ends: impl Iterator<Item = (&'a Place, i64)>) {
        for (place, end) in ends {
            let seen = self.ends.entry(place.clone()).or_default();
            if seen.back().is_some_and(|(_, before)| end < *before) {
                // Begun anew: offsets of before say nothing.
                seen.clear();
                self.exact.remove(place);
                self.empty.remove(place);
            }
            // Of a partition that stands, when it began to and when it still did is all there is to know.
            let stands = seen.len() > 1 && seen.iter().rev().take(2).all(|(_, before)| *before == end);
            if stands {
                seen.pop_back();
            } else if seen.len() == SAMPLES {
                seen.pop_front();
            }
            seen.push_back((at, end));
        }
    }

    /// Forgets the partitions that are not told to be kept.
    pub(crate) fn keep(&mut self, kept: impl Fn(&Place) -> bool) {
        self.ends.retain(|place, _| kept(place));
        self.exact.retain(|place, _| kept(place));
        self.empty.retain(|place, _| kept(place));
    }

    /// When these records were written, the most important first: only so many are looked up at once.
    pub(crate) fn tell(&mut self, view: &View, ledger: &Ledger, wanted: &[(Place, i64)]) -> Vec<Written> {
        let archived = Archived { view, source: &self.source, ledger: ledger.sources.get(&self.source) };
        self.exact.retain(|place, times| archived.stands(place).is_some_and(|(life, _)| life == times.incarnation));
        let unknown = wanted.iter().filter(|(place, offset)| self.known(place, *offset).is_none());
        let asked: Vec<&(Place, i64)> =
            unknown.filter(|(place, offset)| archived.has(place, *offset)).take(FEW).collect();
        if let Some(mut found) = archived.times(&asked) {
            for (place, offset) in asked {
                let at = found.remove(&(place.clone(), *offset));
                // The record behind a marker may be to come.
                if at.is_none() && !archived.has(place, offset.saturating_add(HOLES)) {
                    continue;
                }
                let incarnation = archived.stands(place).map_or(1, |(incarnation, _)| incarnation);
                let times =
                    self.exact.entry(place.clone()).or_insert_with(|| Times { incarnation, ..Times::default() });
                times.at.insert(*offset, at);
            }
        }
        thin(&mut self.exact, wanted);
        let tell = |(place, offset): &(Place, i64)| {
            let exact = self.known(place, *offset).flatten().map(Written::At);
            let about = || self.about(place, *offset).map(Written::About);
            exact.or_else(about).unwrap_or_else(|| Written::Unknown(archived.why(place, *offset)))
        };
        wanted.iter().map(tell).collect()
    }

    /// Which of these few offsets before an end, given by the first and the end, hold no record at all.
    pub(crate) fn hold_nothing(&mut self, view: &View, ledger: &Ledger, doubted: &[(Place, i64, i64)]) -> Vec<bool> {
        let archived = Archived { view, source: &self.source, ledger: ledger.sources.get(&self.source) };
        let is_known = |empty: &HashMap<Place, (i64, i64)>, (place, from, end): &(Place, i64, i64)| {
            empty.get(place).is_some_and(|known| known.0 <= *from && known.1 == *end)
        };
        let few = |(_, from, end): &&(Place, i64, i64)| end - from <= HOLES + 1;
        let unknown = doubted.iter().filter(few).filter(|range| !is_known(&self.empty, range));
        let asked: Vec<_> = unknown.filter(|range| archived.has_read(range)).take(DOUBTED).cloned().collect();
        self.empty.extend(archived.without_record(asked));
        doubted.iter().map(|range| is_known(&self.empty, range)).collect()
    }

    /// Takes in that there is no record between two offsets.
    pub(crate) fn found_nothing(&mut self, place: Place, from: i64, end: i64) {
        self.empty.insert(place, (from, end));
    }

    /// Which life of a destination groups read: the newest that is archived, else the first.
    pub(crate) fn incarnation(&self, ledger: &Ledger, place: &Place) -> i32 {
        ledger.sources.get(&self.source).and_then(|source| newest(source, &place.0)).map_or(1, |life| life.incarnation)
    }

    /// What the archive told of a record: when it was written, or that it is not there.
    fn known(&self, place: &Place, offset: i64) -> Option<Option<i64>> {
        self.exact.get(place)?.at.get(&offset).copied()
    }

    /// Between the nearest points before and behind it.
    fn about(&self, place: &Place, offset: i64) -> Option<i64> {
        let ends = self.ends.get(place).into_iter().flatten().map(|(at, end)| (*end, *at));
        let records = self.exact.get(place).into_iter().flat_map(|times| &times.at);
        let records = records.filter_map(|(offset, at)| Some((*offset, (*at)?)));
        let (mut before, mut behind) = (None::<(i64, i64)>, None::<(i64, i64)>);
        for point in ends.chain(records) {
            if point.0 <= offset {
                before = before.max(Some(point));
            } else {
                behind = Some(behind.map_or(point, |known| known.min(point)));
            }
        }
        let ((from, early), (to, late)) = (before?, behind?);
        let share = i128::from(late - early) * i128::from(offset - from) / i128::from(to - from);
        Some(early + i64::try_from(share).unwrap_or(0))
    }
}

/// Forgets what nobody asks for.
fn thin(exact: &mut HashMap<Place, Times>, wanted: &[(Place, i64)]) {
    let is_full = |times: &Times| times.at.len() > POINTS;
    let full: HashSet<Place> = exact.iter().filter(|(_, it)| is_full(it)).map(|(place, _)| place.clone()).collect();
    if full.is_empty() {
        return;
    }
    let kept: HashSet<&(Place, i64)> = wanted.iter().filter(|(place, _)| full.contains(place)).collect();
    for place in full {
        if let Some(times) = exact.get_mut(&place) {
            times.at.retain(|offset, _| kept.contains(&(place.clone(), *offset)));
        }
    }
}

/// What the archive has of one source.
struct Archived<'a> {
    view: &'a View,
    source: &'a str,
    ledger: Option<&'a SourceLedger>,
}

impl Archived<'_> {
    /// The newest life of a destination, and where the tap stands on that partition.
    fn stands(&self, place: &Place) -> Option<(i32, i64)> {
        self.partition(place).map(|(incarnation, partition)| (incarnation, partition.next))
    }

    fn partition(&self, place: &Place) -> Option<(i32, &PartitionLedger)> {
        let life = newest(self.ledger?, &place.0)?;
        Some((life.incarnation, life.partitions.get(&place.1)?))
    }

    /// Whether the tap has read up to the end of a range.
    fn has_read(&self, (place, _, end): &(Place, i64, i64)) -> bool {
        self.partition(place).is_some_and(|(_, partition)| partition.next >= *end && partition.backfill.is_none())
    }

    /// Those that the tap has read through and found nothing in: it has a record of just before, all behind it, and none of
    /// these. What is not archived alone proves nothing: the tap may have begun later.
    fn without_record(&self, ranges: Vec<(Place, i64, i64)>) -> Vec<(Place, (i64, i64))> {
        let hash = |place: &Place, offset: i64| self.hash(&(place.clone(), offset), 0);
        let around = |(place, from, end): &(Place, i64, i64)| {
            (from - HOLES - 1..*end).filter_map(|offset| hash(place, offset)).collect::<Vec<_>>()
        };
        let there = self.written(&ranges.iter().flat_map(around).collect()).unwrap_or_default();
        let any = |place: &Place, mut offsets: std::ops::Range<i64>| {
            offsets.any(|offset| hash(place, offset).is_some_and(|hash| there.contains_key(&hash)))
        };
        let empty =
            |(place, from, end): &(Place, i64, i64)| any(place, from - HOLES - 1..*from) && !any(place, *from..*end);
        ranges.into_iter().filter(empty).map(|(place, from, end)| (place, (from, end))).collect()
    }

    /// Whether the tap has read that far: what is not archived then will never be.
    fn has(&self, place: &Place, offset: i64) -> bool {
        self.partition(place).is_some_and(|(_, partition)| {
            let is_ahead = |(next, end): (i64, i64)| (next..end).contains(&offset);
            offset < partition.next && !partition.backfill.is_some_and(is_ahead)
        })
    }

    fn why(&self, place: &Place, offset: i64) -> Why {
        match self.stands(place) {
            None => Why::Untapped,
            Some(_) if self.has(place, offset) => Why::Unarchived,
            Some(_) => Why::Unread,
        }
    }

    /// Times of the records at these offsets, or of the next if there is none: as asked for, as far as they are found.
    /// `None` if nothing can be looked up.
    fn times(&self, asked: &[&(Place, i64)]) -> Option<HashMap<(Place, i64), i64>> {
        let mut times = HashMap::new();
        let mut left: Vec<&(Place, i64)> = asked.to_vec();
        for hole in 0..=HOLES {
            let hashes: HashMap<u64, &(Place, i64)> =
                left.iter().filter_map(|at| Some((self.hash(at, hole)?, *at))).collect();
            let found = self.written(&hashes.keys().copied().collect())?;
            left.retain(|at| self.hash(at, hole).is_none_or(|hash| !found.contains_key(&hash)));
            times.extend(found.into_iter().filter_map(|(hash, at)| {
                let asked: &(Place, i64) = hashes.get(&hash)?;
                Some((asked.clone(), at))
            }));
            if left.is_empty() {
                break;
            }
        }
        Some(times)
    }

    fn hash(&self, (place, offset): &(Place, i64), hole: i64) -> Option<u64> {
        let (incarnation, next) = self.stands(place)?;
        let offset = offset.saturating_add(hole);
        (offset < next).then(|| hash(self.source, &place.0, incarnation, Some(place.1), Position::Offset(offset)))
    }

    /// Times by the hashes of addresses; `None` if nothing can be looked up.
    fn written(&self, wanted: &HashSet<u64>) -> Option<HashMap<u64, i64>> {
        let found = match self.view.find(wanted, &HashSet::new(), &|| false) {
            Ok(found) => found.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "times of records are not looked up");
                return None;
            }
        };
        let hits: Vec<_> = found.values().copied().collect();
        let columns: Vec<&str> = AddressColumns::NAMES.into_iter().chain(["timestamp"]).collect();
        let mut times = HashMap::new();
        for fetched in self.view.fetch(&hits, &columns).0 {
            let stamps = fetched.batch.column_by_name("timestamp");
            let stamps = stamps.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
            let (Some(stamps), Ok(hashes)) = (stamps, hashes(&fetched.batch)) else { continue };
            times.extend(hashes.into_iter().zip(stamps).filter_map(|(hash, at)| Some((hash, at?))));
        }
        Some(times)
    }
}

/// The newest life of a destination. A ledger has them by name and incarnation.
fn newest<'a>(source: &'a SourceLedger, name: &str) -> Option<&'a DestinationLedger> {
    let behind = source.destinations.partition_point(|life| *life.name <= *name);
    source.destinations[..behind].last().filter(|life| life.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn place() -> Place {
        (Arc::from("orders"), 3)
    }

    fn clock(ends: &[(i64, i64)]) -> Clock {
        let mut clock = Clock::new("shop");
        ends.iter().for_each(|(at, end)| clock.look(at * SECOND, [(&place(), *end)].into_iter()));
        clock
    }

    fn told(clock: &mut Clock, offset: i64) -> Written {
        clock.tell(&View::default(), &Ledger::default(), &[(place(), offset)])[0]
    }

    #[test]
    fn between_two_looks_time_passes_evenly() {
        let mut clock = clock(&[(0, 100), (10, 200), (20, 600)]);
        assert_eq!(told(&mut clock, 150), Written::About(5 * SECOND));
        assert_eq!(told(&mut clock, 200), Written::About(10 * SECOND));
        assert_eq!(told(&mut clock, 300), Written::About(12_500_000));
    }

    /// A flat hour before a burst made a lag of an hour out of one of a second (kafka-lag-exporter #175).
    #[test]
    fn after_a_standstill_a_record_is_not_as_old_as_the_standstill() {
        let mut clock = clock(&[(0, 100), (1_000, 100), (2_000, 100), (3_600, 100), (3_610, 200)]);
        assert_eq!(told(&mut clock, 100), Written::About(3_600 * SECOND));
    }

    #[test]
    fn what_was_written_before_anybody_looked_is_not_guessed() {
        assert_eq!(told(&mut clock(&[(0, 100), (10, 200)]), 50), Written::Unknown(Why::Untapped));
    }

    #[test]
    fn an_end_that_goes_back_forgets() {
        let mut clock = clock(&[(0, 100), (10, 200), (20, 5), (30, 15)]);
        assert_eq!(told(&mut clock, 150), Written::Unknown(Why::Untapped));
        assert_eq!(told(&mut clock, 10), Written::About(25 * SECOND));
    }

    #[test]
    fn a_partition_that_stands_still_takes_no_room() {
        let clock = clock(&(0..1_000).map(|n| (n, 7)).collect::<Vec<_>>());
        assert_eq!(clock.ends[&place()], [(0, 7), (999 * SECOND, 7)]);
    }
}
