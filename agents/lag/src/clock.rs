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
use tapline_archive::{Ledger, PartitionLedger, SourceLedger, View};
use tapline_model::address::{Position, hash};
use tapline_model::columns::AddressColumns;

/// A partition by name.
pub(crate) type Place = (Arc<str>, i32);

/// Ends that are remembered of a partition.
const SAMPLES: usize = 240;

/// Times of records that are remembered of a partition.
const POINTS: usize = 32;

/// Offsets behind one that holds no record, which are tried too: a transaction's marker is one.
const HOLES: i64 = 3;

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
    /// Offset to microseconds.
    exact: HashMap<Place, BTreeMap<i64, i64>>,
    /// Microseconds and end, oldest first.
    ends: HashMap<Place, VecDeque<(i64, i64)>>,
    /// First and last offset between which there is no record.
    empty: HashMap<Place, (i64, i64)>,
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

    /// When these records were written, the most important first: only so many are looked up at once.
    pub(crate) fn tell(&mut self, view: &View, ledger: &Ledger, wanted: &[(Place, i64)]) -> Vec<Written> {
        let archived = Archived { view, source: &self.source, ledger: ledger.sources.get(&self.source) };
        let unknown = wanted.iter().filter(|(place, offset)| self.known(place, *offset).is_none());
        let asked: Vec<&(Place, i64)> =
            unknown.filter(|(place, offset)| archived.has(place, *offset)).take(FEW).collect();
        for (place, offset, at) in archived.times(&asked) {
            let points = self.exact.entry(place).or_default();
            points.insert(offset, at);
            if points.len() > POINTS {
                points.pop_first();
            }
        }
        let tell = |(place, offset): &(Place, i64)| {
            let exact = self.known(place, *offset).map(Written::At);
            let about = || self.about(place, *offset).map(Written::About);
            exact.or_else(about).unwrap_or_else(|| Written::Unknown(archived.why(place, *offset)))
        };
        wanted.iter().map(tell).collect()
    }

    /// Which of these few offsets before an end, given by the first and the end, hold no record at all.
    pub(crate) fn hold_nothing(&mut self, view: &View, ledger: &Ledger, doubted: &[(Place, i64, i64)]) -> Vec<bool> {
        let archived = Archived { view, source: &self.source, ledger: ledger.sources.get(&self.source) };
        let is_known = |empty: &HashMap<Place, (i64, i64)>, (place, from, end): &(Place, i64, i64)| {
            empty.get(place).is_some_and(|known| *known == (*from, *end))
        };
        let few = |(_, from, end): &&(Place, i64, i64)| end - from <= HOLES + 1;
        let asked: Vec<_> =
            doubted.iter().filter(few).filter(|range| !is_known(&self.empty, range)).take(DOUBTED).cloned().collect();
        self.empty.extend(archived.without_record(asked));
        doubted.iter().map(|range| is_known(&self.empty, range)).collect()
    }

    fn known(&self, place: &Place, offset: i64) -> Option<i64> {
        self.exact.get(place)?.get(&offset).copied()
    }

    /// Between the nearest points before and behind it.
    fn about(&self, place: &Place, offset: i64) -> Option<i64> {
        let ends = self.ends.get(place).into_iter().flatten().map(|(at, end)| (*end, *at));
        let records = self.exact.get(place).into_iter().flatten().map(|(offset, at)| (*offset, *at));
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
        let lives = self.ledger?.destinations.iter().filter(|life| *life.name == *place.0);
        let life = lives.max_by_key(|life| life.incarnation)?;
        Some((life.incarnation, life.partitions.get(&place.1)?))
    }

    /// Those that the tap has read through and found nothing in: it has a record of just before, all behind it, and none of
    /// these. What is not archived alone proves nothing: the tap may have begun later.
    fn without_record(&self, ranges: Vec<(Place, i64, i64)>) -> Vec<(Place, (i64, i64))> {
        let read = |(place, _, end): &(Place, i64, i64)| {
            self.partition(place).is_some_and(|(_, partition)| partition.next >= *end && partition.backfill.is_none())
        };
        let ranges: Vec<_> = ranges.into_iter().filter(read).collect();
        let hash = |place: &Place, offset: i64| self.hash(&(place.clone(), offset), 0);
        let around = |(place, from, end): &(Place, i64, i64)| {
            (from - HOLES - 1..*end).filter_map(|offset| hash(place, offset)).collect::<Vec<_>>()
        };
        let there = self.written(&ranges.iter().flat_map(around).collect());
        let any = |place: &Place, mut offsets: std::ops::Range<i64>| {
            offsets.any(|offset| hash(place, offset).is_some_and(|hash| there.contains_key(&hash)))
        };
        let empty =
            |(place, from, end): &(Place, i64, i64)| any(place, from - HOLES - 1..*from) && !any(place, *from..*end);
        ranges.into_iter().filter(empty).map(|(place, from, end)| (place, (from, end))).collect()
    }

    fn has(&self, place: &Place, offset: i64) -> bool {
        self.stands(place).is_some_and(|(_, next)| offset < next)
    }

    fn why(&self, place: &Place, offset: i64) -> Why {
        match self.stands(place) {
            None => Why::Untapped,
            Some((_, next)) if offset >= next => Why::Unread,
            Some(_) => Why::Unarchived,
        }
    }

    /// Times of the records at these offsets, or of the next if there is none: as asked for, as far as they are found.
    fn times(&self, asked: &[&(Place, i64)]) -> Vec<(Place, i64, i64)> {
        let mut times = Vec::new();
        let mut left: Vec<&(Place, i64)> = asked.to_vec();
        for hole in 0..=HOLES {
            let hashes: HashMap<u64, &(Place, i64)> =
                left.iter().filter_map(|at| Some((self.hash(at, hole)?, *at))).collect();
            let found = self.written(&hashes.keys().copied().collect());
            left.retain(|at| self.hash(at, hole).is_none_or(|hash| !found.contains_key(&hash)));
            times.extend(found.into_iter().filter_map(|(hash, at)| {
                let (place, offset) = hashes.get(&hash)?;
                Some((place.clone(), *offset, at))
            }));
            if left.is_empty() {
                break;
            }
        }
        times
    }

    fn hash(&self, (place, offset): &(Place, i64), hole: i64) -> Option<u64> {
        let (incarnation, next) = self.stands(place)?;
        let offset = offset + hole;
        (offset < next).then(|| hash(self.source, &place.0, incarnation, Some(place.1), Position::Offset(offset)))
    }

    /// Times by the hashes of addresses.
    fn written(&self, wanted: &HashSet<u64>) -> HashMap<u64, i64> {
        let found = match self.view.find(wanted, &HashSet::new(), &|| false) {
            Ok(found) => found.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "times of records are not looked up");
                return HashMap::new();
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
        times
    }
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
