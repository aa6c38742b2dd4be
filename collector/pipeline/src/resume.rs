//! Between the adapter's positions and the archive's ledger.

use std::collections::BTreeMap;

use tapline_adapter::{Positions, ResumePoint, Undelivered, UndeliveredReason};
use tapline_archive::{GapKind, GapRange, Ledger, Missing, Moved};
use tapline_model::time;

/// Where reading of a source goes on: the newest life of each destination.
pub(crate) fn positions(ledger: &Ledger, source: &str) -> Positions {
    let mut positions = BTreeMap::new();
    let destinations = ledger.sources.get(source).into_iter().flat_map(|source| &source.destinations);
    // Lives of a destination stand in order, so the newest is inserted last.
    for entry in destinations {
        for (number, partition) in &entry.partitions {
            let point = ResumePoint {
                destination_id: entry.id.clone(),
                incarnation: entry.incarnation,
                next: partition.next,
                backfill: partition.backfill,
            };
            positions.insert((entry.name.clone(), *number), point);
        }
    }
    positions
}

/// A partition's new position, as the ledger records it.
pub(crate) fn moved(((destination, partition, _), point): ((String, i32, i32), ResumePoint)) -> Moved {
    Moved {
        destination,
        destination_id: point.destination_id,
        incarnation: point.incarnation,
        partition,
        next: point.next,
        backfill: point.backfill,
    }
}

/// Offsets that will not come, as the ledger records them.
pub(crate) fn missing(hole: Undelivered) -> Missing {
    let kind = match hole.reason {
        UndeliveredReason::Expired => GapKind::Expired,
        UndeliveredReason::NotDelivered => GapKind::NotDelivered,
    };
    let range = GapRange { from: hole.from, to: hole.to, kind, seen_at: time::now() };
    Missing { destination: hole.destination, incarnation: hole.incarnation, partition: hole.partition, range }
}
