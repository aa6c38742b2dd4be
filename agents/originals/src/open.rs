//! Pointers whose events are not there yet, and in which life of their destinations they stand.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tapline_archive::{DestinationLedger, Ledger};
use tapline_deadletter::Pointer;
use tapline_model::Address;

/// So long a tap may take to come to an event that stands before it.
const TAPPED: Duration = Duration::from_secs(60);

/// Until the second attempt to read what could not be read; then twice as long each time.
const AGAIN: Duration = Duration::from_secs(60);

/// Longest time between two attempts.
const SELDOM: Duration = Duration::from_secs(3_600);

/// Attempts: about a quarter of a day.
const ATTEMPTS: u8 = 11;

/// An offset of a partition, in the order in which it is read: source, destination, partition, offset.
pub(crate) type Spot = (String, String, i32, i64);

/// A pointer whose event is not there yet.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    /// When its dead letter was written, microseconds: the event is older.
    pub(crate) timestamp: Option<i64>,
    /// When it was seen.
    pub(crate) since: Instant,
    /// Not looked for before.
    pub(crate) due: Instant,
    /// How often it could not be read.
    pub(crate) attempts: u8,
    /// Whether the archive was found not to have it: looking through it costs more than asking for it twice.
    pub(crate) missing: bool,
}

impl Open {
    pub(crate) fn new(timestamp: Option<i64>, now: Instant) -> Self {
        Self { timestamp, since: now, due: now, attempts: 0, missing: false }
    }

    /// It could not be read; whether it is worth another attempt.
    pub(crate) fn failed(&mut self) -> bool {
        self.due = Instant::now() + AGAIN.saturating_mul(1 << self.attempts.min(10)).min(SELDOM);
        self.attempts += 1;
        self.attempts < ATTEMPTS
    }
}

/// All of them, those of a partition in the order of their offsets.
pub(crate) type Opens = BTreeMap<Spot, Open>;

/// Where a pointer points to.
pub(crate) fn spot(pointer: &Pointer) -> Option<Spot> {
    let Address { source, destination, partition, position, .. } = &pointer.origin;
    Some((source.clone(), destination.clone(), (*partition)?, position.parse().ok()?))
}

/// The address of a spot in one life of its destination.
pub(crate) fn address(spot: &Spot, incarnation: i32) -> Address {
    let (source, destination, partition, offset) = spot.clone();
    Address { source, destination, incarnation, partition: Some(partition), position: offset.to_string() }
}

fn lives<'a>(ledger: &'a Ledger, source: &str, name: &'a str) -> impl Iterator<Item = &'a DestinationLedger> {
    let known = ledger.sources.get(source).into_iter().flat_map(|source| &source.destinations);
    known.filter(move |known| known.name == name)
}

/// Which life of a destination the broker's identity is: as taps have counted, or as was counted here.
pub(crate) fn life(ledgers: [&Ledger; 2], source: &str, name: &str, id: Option<&str>) -> i32 {
    let all = || ledgers.into_iter().flat_map(|ledger| lives(ledger, source, name));
    let same = id.and_then(|id| all().find(|known| known.id.as_deref() == Some(id)));
    let newest = all().map(|known| known.incarnation).max();
    match (same, id, newest) {
        (Some(same), ..) => same.incarnation,
        (None, Some(_), Some(newest)) => newest + 1,
        (None, None, Some(newest)) => newest,
        (None, _, None) => 1,
    }
}

/// Whether a tap is about to read it.
pub(crate) fn is_coming(ledger: &Ledger, spot: &Spot, open: &Open) -> bool {
    let newest = lives(ledger, &spot.0, &spot.1).max_by_key(|known| known.incarnation);
    let partition = newest.and_then(|known| known.partitions.get(&spot.2));
    let behind = |(next, end): (i64, i64)| (next..end).contains(&spot.3);
    let ahead = partition.is_some_and(|known| spot.3 >= known.next || known.backfill.is_some_and(behind));
    ahead && open.since.elapsed() < TAPPED
}

#[cfg(test)]
mod tests {
    use tapline_archive::{Moved, Progress};

    use super::*;

    fn ledger(lives: &[(&str, i32)]) -> Ledger {
        let moved = |(id, incarnation): &(&str, i32)| Moved {
            destination: "orders".to_owned(),
            destination_id: Some((*id).to_owned()),
            incarnation: *incarnation,
            partition: 0,
            next: 10,
            backfill: None,
        };
        let moved = lives.iter().map(moved).collect();
        let progress = Progress { source: "k".to_owned(), moved, ..Progress::default() };
        let mut ledger = Ledger::default();
        ledger.advance(&progress, &tapline_archive::ledger::Tallies::new());
        ledger
    }

    /// Offset 5 of a topic that was made anew is another event.
    #[test]
    fn lives_are_told_apart_by_the_identity_of_the_topic() {
        let (taps, kept) = (ledger(&[("a", 1), ("b", 2)]), ledger(&[("c", 3)]));
        let life = |id| super::life([&taps, &kept], "k", "orders", id);
        assert_eq!([Some("a"), Some("b"), Some("c"), Some("d"), None].map(life), [1, 2, 3, 4, 3]);
        assert_eq!(super::life([&taps, &kept], "k", "others", Some("a")), 1);
    }

    #[test]
    fn what_the_tap_will_read_is_waited_for() {
        let ledger = ledger(&[("a", 1)]);
        let coming = |offset| {
            let spot = ("k".to_owned(), "orders".to_owned(), 0, offset);
            is_coming(&ledger, &spot, &Open::new(None, Instant::now()))
        };
        assert_eq!([9, 10].map(coming), [false, true]);
    }

    #[test]
    fn what_cannot_be_read_is_tried_less_and_less_and_then_given_up() {
        let mut open = Open::new(None, Instant::now());
        let tried = (0..).take_while(|_| open.failed()).count();
        assert_eq!(tried + 1, usize::from(ATTEMPTS));
        assert!(open.due > Instant::now() + SELDOM / 2);
    }
}
