//! Asking a broker for the records that pointers point to.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use arrow::array::RecordBatch;
use tapline_adapter::{AdapterError, Ended, OffsetRange, RawRecord, ReadLimits, RecordSink};
use tapline_archive::Ledger;
use tapline_pipeline::ChunkSink;

use crate::Broker;
use crate::open::{Open, Spot, life};

/// At once: a broker is not to notice it.
const LIMITS: ReadLimits = ReadLimits { wait: Duration::from_secs(10), bytes: 32 << 20 };

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

/// Asks for these of one source, in the order of their spots. Blocks up to ten seconds and what connecting takes.
pub(crate) fn ask(broker: &Broker, wanted: &[(Spot, Open)], ledger: &Ledger) -> Result<Answer, AdapterError> {
    let ranges = ranges(wanted, ledger);
    let asked: Vec<OffsetRange> = ranges.iter().map(|(range, _)| range.clone()).collect();
    let newest = wanted.iter().map(|((_, destination, partition, offset), open)| {
        ((destination.as_str(), *partition, *offset), open.timestamp.unwrap_or(i64::MAX))
    });
    let rows = ChunkSink::new(broker.source.name(), broker.source.system(), broker.rules.clone(), broker.payloads);
    let mut sink = Wanted { rows, newest: newest.collect(), seen: BTreeMap::new() };
    let read = broker.source.read(&asked, LIMITS, &mut sink)?;
    let mut fates = Vec::with_capacity(wanted.len());
    for ((_, spots), read) in ranges.iter().zip(read) {
        for at in spots.clone() {
            let spot = &wanted[at].0;
            let taken = sink.seen.get(&(spot.1.clone(), spot.2, spot.3)).copied();
            fates.extend(fate(taken, &read.ended).map(|fate| (spot.clone(), fate)));
        }
    }
    Ok(Answer { batch: sink.rows.finish(), fates })
}

fn fate(taken: Option<bool>, ended: &Ended) -> Option<Fate> {
    match (taken, ended) {
        (Some(true), _) => Some(Fate::Read),
        (Some(false), _) | (None, Ended::Whole | Ended::Expired(_) | Ended::Replaced) => Some(Fate::Gone),
        (None, Ended::Failed(AdapterError::UnknownDestination { .. })) => Some(Fate::Gone),
        (None, Ended::Failed(error)) => Some(Fate::Failed(error.clone())),
        (None, Ended::Cut) => None,
    }
}

/// Neighbours are read together: each range with which of `wanted` it holds.
fn ranges(wanted: &[(Spot, Open)], ledger: &Ledger) -> Vec<(OffsetRange, std::ops::Range<usize>)> {
    let mut ranges: Vec<(OffsetRange, std::ops::Range<usize>)> = Vec::new();
    for (at, (spot, _)) in wanted.iter().enumerate() {
        let (_, destination, partition, offset) = spot;
        match ranges.last_mut() {
            Some((range, spots))
                if (&range.destination, range.partition, range.to) == (destination, *partition, *offset) =>
            {
                (range.to, spots.end) = (offset + 1, at + 1);
            }
            _ => ranges.push((
                OffsetRange {
                    destination: destination.clone(),
                    destination_id: None,
                    incarnation: life(ledger, spot),
                    partition: *partition,
                    from: *offset,
                    to: offset.saturating_add(1),
                },
                at..at + 1,
            )),
        }
    }
    ranges
}

/// Takes the records that were asked for.
struct Wanted<'a> {
    rows: ChunkSink,
    /// By destination, partition and offset: when the dead letter was written.
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

    use super::*;

    #[test]
    fn neighbours_are_read_together() {
        let open = Open { timestamp: None, since: Instant::now(), due: Instant::now(), missing: true };
        let spot = |(name, partition, offset): (&str, i32, i64)| {
            (("k".to_owned(), name.to_owned(), partition, offset), open.clone())
        };
        let wanted = [("a", 0, 4), ("a", 0, 5), ("a", 0, 7), ("a", 1, 8), ("b", 1, 9)].map(spot);
        let found = ranges(&wanted, &Ledger::default());
        let found: Vec<_> = found.iter().map(|(range, spots)| (range.from, range.to, spots.clone())).collect();
        assert_eq!(found, [(4, 6, 0..2), (7, 8, 2..3), (8, 9, 3..4), (9, 10, 4..5)]);
    }
}
