//! Pointers whose events are not there yet.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tapline_archive::Ledger;
use tapline_deadletter::Pointer;
use tapline_model::Address;

/// So long a tap may take to come to an event that stands before it.
const TAPPED: Duration = Duration::from_secs(60);

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
    /// Whether the archive was found not to have it: looking through it costs more than asking for it twice.
    pub(crate) missing: bool,
}

/// All of them, those of a partition in the order of their offsets.
pub(crate) type Opens = BTreeMap<Spot, Open>;

/// Where a pointer points to.
pub(crate) fn spot(pointer: &Pointer) -> Option<Spot> {
    let Address { source, destination, partition, position, .. } = &pointer.origin;
    Some((source.clone(), destination.clone(), (*partition)?, position.parse().ok()?))
}

/// The newest life of a spot's destination; the first where no tap knows it.
pub(crate) fn life(ledger: &Ledger, spot: &Spot) -> i32 {
    let lives = ledger.sources.get(&spot.0).into_iter().flat_map(|source| &source.destinations);
    lives.filter(|known| known.name == spot.1).map(|known| known.incarnation).max().unwrap_or(1)
}

/// The address of a spot in one life of its destination.
pub(crate) fn address(spot: &Spot, incarnation: i32) -> Address {
    let (source, destination, partition, offset) = spot.clone();
    Address { source, destination, incarnation, partition: Some(partition), position: offset.to_string() }
}

/// Whether a tap is about to read it.
pub(crate) fn is_coming(ledger: &Ledger, spot: &Spot, open: &Open) -> bool {
    let life = life(ledger, spot);
    let destinations = ledger.sources.get(&spot.0).into_iter().flat_map(|source| &source.destinations);
    let partition = destinations
        .filter(|known| known.name == spot.1 && known.incarnation == life)
        .find_map(|known| known.partitions.get(&spot.2));
    let behind = |(next, end): (i64, i64)| (next..end).contains(&spot.3);
    let ahead = partition.is_some_and(|known| spot.3 >= known.next || known.backfill.is_some_and(behind));
    ahead && open.since.elapsed() < TAPPED
}
