//! One partition of a broker: where it begins and ends, and how that moves.

use tapline_adapter::PartitionEnds;

use crate::trend::Trend;
use crate::window::Ends;

/// How long deletions are remembered, seconds: whole segments go at once, hours apart.
const DELETED: f64 = 4.0 * 3_600.0;

/// Looked at once a pass, whoever reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partition {
    /// As told last.
    pub(crate) now: PartitionEnds,
    /// The oldest offset as told before that: what is below it was gone when its readers were looked at before.
    pub(crate) start_before: Option<i64>,
    /// Since when open transactions hold back the same record, microseconds.
    pub(crate) held_since: Option<i64>,
    /// The last ends.
    pub(crate) ends: Ends,
    /// How the end moves: records written.
    pub(crate) written: Trend,
    /// How the oldest offset moves: records deleted.
    pub(crate) deleted: Trend,
    /// When it was told last, microseconds.
    pub(crate) looked_at: i64,
    /// Counts up when it begins anew: the topic was deleted and made again, or cut.
    pub(crate) life: u32,
}

impl Partition {
    /// Takes in what was told at a time, microseconds. What is not told stays as it was. `memory` is how fast what was is
    /// forgotten, seconds.
    pub(crate) fn look(&mut self, at: i64, told: PartitionEnds, memory: f64) {
        if told.end.zip(self.now.end).is_some_and(|(end, was)| end < was) {
            *self = Self { life: self.life + 1, ..Self::default() };
        }
        self.looked_at = at;
        let known = |told: Option<i64>, before: Option<i64>| told.or(before);
        self.start_before = self.now.start;
        let is_held = told.stable < told.end;
        self.held_since = is_held.then(|| self.held_since.filter(|_| told.stable == self.now.stable).unwrap_or(at));
        self.now = PartitionEnds {
            start: known(told.start, self.now.start),
            stable: known(told.stable, self.now.stable),
            end: known(told.end, self.now.end),
        };
        if let Some(end) = told.end {
            self.ends.add(told.stable.unwrap_or(end));
            self.written.add(at, end, memory);
        }
        if let Some(start) = told.start {
            self.deleted.add(at, start, DELETED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(start: i64, end: i64) -> PartitionEnds {
        PartitionEnds { start: Some(start), stable: Some(end), end: Some(end) }
    }

    fn look(partition: &mut Partition, at: i64, told: PartitionEnds) {
        partition.look(at, told, 150.0);
    }

    #[test]
    fn an_end_that_goes_back_is_a_new_life() {
        let mut partition = Partition::default();
        (0..12).for_each(|n| look(&mut partition, n * 15_000_000, ends(0, n * 10)));
        assert!(partition.ends.whole().is_some() && partition.life == 0);
        look(&mut partition, 200_000_000, ends(0, 3));
        assert_eq!((partition.life, partition.ends.whole()), (1, None));
        assert_eq!(partition.written.slope(), None);
    }

    #[test]
    fn what_is_not_told_stays() {
        let mut partition = Partition::default();
        look(&mut partition, 1, ends(5, 10));
        look(&mut partition, 2, PartitionEnds::default());
        assert_eq!(partition.now, ends(5, 10));
    }
    #[test]
    fn a_transaction_that_stays_open_is_told_from_those_that_come_and_go() {
        let mut partition = Partition::default();
        let held = |stable, end| PartitionEnds { start: Some(0), stable: Some(stable), end: Some(end) };
        look(&mut partition, 1, held(10, 12));
        look(&mut partition, 2, held(15, 20));
        assert_eq!(partition.held_since, Some(2));
        look(&mut partition, 3, held(15, 30));
        assert_eq!(partition.held_since, Some(2));
        look(&mut partition, 4, held(30, 30));
        assert_eq!(partition.held_since, None);
    }
}
