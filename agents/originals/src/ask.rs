//! Asking a broker for the records that pointers point to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::time::Duration;

use arrow::array::RecordBatch;
use tapline_adapter::{AdapterError, DestinationFacts, Ended, OffsetRange, RawRecord, ReadLimits, RecordSink};
use tapline_archive::Moved;
use tapline_pipeline::{ChunkSink, Tapped};

use crate::open::{Open, Spot};

/// For one question.
const WAIT: Duration = Duration::from_secs(10);

/// At once: a broker is not to notice it.
const BYTES: usize = 32 << 20;

/// Offsets between two that are read too, rather than to ask twice: brokers answer with whole batches anyway.
const BETWEEN: i64 = 64;

/// A producer's clock may be ahead of the one that stamped the dead letter by this much, microseconds.
const SKEW: i64 = 300_000_000;

/// What a broker has of what was asked for.
pub(crate) struct Answer {
    /// Rows of `events`.
    pub(crate) batch: RecordBatch,
    /// What became of each; those that were not come to are missing.
    pub(crate) fates: Vec<(Spot, Fate)>,
}

/// What became of one.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Its record is in the batch.
    Read,
    /// The broker has it no more, or never had it.
    Gone,
    /// It cannot be read at the moment.
    Failed(AdapterError),
}

/// Destinations as a broker describes them now.
pub(crate) struct Described(BTreeMap<String, Result<Known, AdapterError>>);

/// A destination in its present life.
pub(crate) struct Known {
    facts: DestinationFacts,
    pub(crate) incarnation: i32,
}

impl Described {
    /// Asks for those of these spots. `life` tells which of its lives an identity is.
    pub(crate) fn ask(
        tapped: &Tapped,
        wanted: &[(Spot, Open)],
        life: impl Fn(&str, Option<&str>) -> i32,
    ) -> Result<Self, AdapterError> {
        let names: BTreeSet<&str> = wanted.iter().map(|((_, name, ..), _)| name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let facts = tapped.source.destinations(&names)?;
        let known = |facts: DestinationFacts| {
            let incarnation = life(&facts.name, facts.id.as_deref());
            Known { facts, incarnation }
        };
        Ok(Self(names.iter().map(|name| (*name).to_owned()).zip(facts.into_iter().map(|it| it.map(known))).collect()))
    }

    /// The life in which a spot stands, or what is known of it without reading.
    pub(crate) fn of(&self, spot: &Spot) -> Result<&Known, Fate> {
        let (_, name, partition, offset) = spot;
        let known = match self.0.get(name) {
            Some(Ok(known)) => known,
            Some(Err(AdapterError::UnknownDestination { .. })) | None => return Err(Fate::Gone),
            Some(Err(error)) => return Err(Fate::Failed(error.clone())),
        };
        let Some(there) = known.facts.partitions.iter().find(|it| it.partition == *partition) else {
            return Err(Fate::Gone);
        };
        let gone = there.start.is_some_and(|start| *offset < start) || there.end.is_some_and(|end| *offset >= end);
        if gone { Err(Fate::Gone) } else { Ok(known) }
    }

    /// How far each partition of these was asked about: that a life is known by its identity from now on.
    pub(crate) fn moved(&self, wanted: &[(Spot, Open)]) -> Vec<Moved> {
        let moved = |(spot, _): &(Spot, Open)| {
            let ((_, name, partition, offset), known) = (spot, self.of(spot).ok()?);
            Some(Moved {
                destination: name.clone(),
                destination_id: known.facts.id.clone(),
                incarnation: known.incarnation,
                partition: *partition,
                next: offset.saturating_add(1),
                backfill: None,
            })
        };
        wanted.iter().filter_map(moved).collect()
    }
}

/// Reads these of one source, which are in the order of their spots. Blocks up to ten seconds and what connecting takes.
pub(crate) fn ask(tapped: &Tapped, wanted: &[(Spot, Open)], described: &Described) -> Result<Answer, AdapterError> {
    let ranges = ranges(wanted, described);
    let asked: Vec<OffsetRange> = ranges.iter().map(|(range, _)| range.clone()).collect();
    let newest = wanted.iter().map(|((_, destination, partition, offset), open)| {
        ((destination.as_str(), *partition, *offset), open.timestamp.map_or(i64::MAX, |at| at.saturating_add(SKEW)))
    });
    let Tapped { source, rules, payloads, options } = tapped;
    let rows = ChunkSink::new(source.name(), source.system(), rules.clone(), *payloads);
    let mut sink = Wanted { rows, newest: newest.collect(), seen: BTreeMap::new() };
    let bytes = usize::try_from(options.backfill_rate).unwrap_or(BYTES).min(BYTES);
    let limits = ReadLimits { wait: WAIT, bytes };
    let read = if asked.is_empty() { Vec::new() } else { source.read(&asked, limits, &mut sink)? };
    let mut fates = Vec::with_capacity(wanted.len());
    for ((_, spots), read) in ranges.iter().zip(read) {
        for (spot, _) in &wanted[spots.clone()] {
            let taken = sink.seen.get(&(spot.1.clone(), spot.2, spot.3)).copied();
            fates.extend(fate(spot.3, taken, &read.ended).map(|fate| (spot.clone(), fate)));
        }
    }
    Ok(Answer { batch: sink.rows.finish(), fates })
}

fn fate(offset: i64, taken: Option<bool>, ended: &Ended) -> Option<Fate> {
    match (taken, ended) {
        (Some(true), _) => Some(Fate::Read),
        (Some(false), _) | (None, Ended::Whole) => Some(Fate::Gone),
        // What stands behind that was not come to.
        (None, Ended::Expired(start)) => (offset < *start).then_some(Fate::Gone),
        (None, Ended::Failed(error)) => Some(Fate::Failed(error.clone())),
        // It is described anew.
        (None, Ended::Replaced | Ended::Cut) => None,
    }
}

/// Neighbours are read together: each range with which of `wanted` it holds.
fn ranges(wanted: &[(Spot, Open)], described: &Described) -> Vec<(OffsetRange, Range<usize>)> {
    let mut ranges: Vec<(OffsetRange, Range<usize>)> = Vec::new();
    for (at, (spot, _)) in wanted.iter().enumerate() {
        let (_, destination, partition, offset) = spot;
        let near = |range: &OffsetRange| {
            (&range.destination, range.partition) == (destination, *partition)
                && offset.saturating_sub(range.to) <= BETWEEN
        };
        match ranges.last_mut() {
            Some((range, spots)) if near(range) => (range.to, spots.end) = (offset.saturating_add(1), at + 1),
            _ => {
                let Ok(known) = described.of(spot) else { continue };
                let range = OffsetRange {
                    destination: destination.clone(),
                    destination_id: known.facts.id.clone(),
                    incarnation: known.incarnation,
                    partition: *partition,
                    from: *offset,
                    to: offset.saturating_add(1),
                };
                ranges.push((range, at..at + 1));
            }
        }
    }
    ranges
}

/// Takes the records that were asked for.
struct Wanted<'a> {
    rows: ChunkSink,
    /// By destination, partition and offset: the greatest time it may have.
    newest: HashMap<(&'a str, i32, i64), i64>,
    /// Which came, and whether they were taken.
    seen: BTreeMap<(String, i32, i64), bool>,
}

impl RecordSink for Wanted<'_> {
    fn record(&mut self, record: &RawRecord<'_>) {
        let (Some(partition), Some(offset)) = (record.partition, record.offset) else { return };
        let Some(newest) = self.newest.get(&(record.destination, partition, offset)) else { return };
        // Offsets begin anew with a topic: what is younger than its dead letter is another event of a later life.
        let fits = record.timestamp.is_none_or(|timestamp| timestamp <= *newest);
        if fits {
            self.rows.record(record);
        }
        self.seen.insert((record.destination.to_owned(), partition, offset), fits);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tapline_adapter::PartitionFacts;

    use super::*;

    fn described() -> Described {
        let partition = |partition| PartitionFacts { partition, led: true, start: Some(2), end: Some(1_000) };
        let known = |name: &str| Known {
            facts: DestinationFacts {
                name: name.to_owned(),
                id: Some("t1".to_owned()),
                partitions: vec![partition(0), partition(1)],
                settings: None,
                writable: None,
                problems: Vec::new(),
            },
            incarnation: 1,
        };
        Described(["a", "b"].into_iter().map(|name| (name.to_owned(), Ok(known(name)))).collect())
    }

    fn spot(name: &str, partition: i32, offset: i64) -> Spot {
        ("k".to_owned(), name.to_owned(), partition, offset)
    }

    #[test]
    fn neighbours_are_read_together() {
        let wanted = [("a", 0, 4), ("a", 0, 5), ("a", 0, 70), ("a", 0, 300), ("a", 1, 301), ("b", 1, 302)];
        let wanted =
            wanted.map(|(name, partition, offset)| (spot(name, partition, offset), Open::new(None, Instant::now())));
        let found = ranges(&wanted, &described());
        let found: Vec<_> = found.iter().map(|(range, spots)| (range.from, range.to, spots.clone())).collect();
        assert_eq!(found, [(4, 71, 0..3), (300, 301, 3..4), (301, 302, 4..5), (302, 303, 5..6)]);
    }

    /// Whoever writes a dead letter writes into its headers what he likes.
    #[test]
    fn what_cannot_stand_there_is_not_asked_for() {
        let described = described();
        let gone = |spot: Spot| matches!(described.of(&spot), Err(Fate::Gone));
        assert!(!gone(spot("a", 0, 2)) && !gone(spot("b", 1, 999)));
        for (name, partition, offset) in
            [("a", 0, 1), ("a", 0, 1_000), ("a", -1, 5), ("a", 9, 5), ("c", 0, 5), ("a", 0, i64::MAX)]
        {
            assert!(gone(spot(name, partition, offset)), "{name} {partition} {offset}");
        }
    }

    /// All of a range were once given up when its begin expired while it was read.
    #[test]
    fn only_what_expired_is_given_up() {
        let of = |offset, ended: &Ended| fate(offset, None, ended);
        assert!(matches!(of(5, &Ended::Expired(6)), Some(Fate::Gone)));
        assert!(of(6, &Ended::Expired(6)).is_none() && of(5, &Ended::Cut).is_none());
    }
}
