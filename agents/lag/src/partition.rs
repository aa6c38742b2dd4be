//! One partition of a broker: where it begins and ends, and how that moves.

use tapline_adapter::PartitionEnds;

use crate::trend::Trend;
use crate::window::Ends;

/// Looked at once a pass, whoever reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partition {
    /// As told last.
    pub(crate) now: PartitionEnds,
    /// The last ends.
    pub(crate) ends: Ends,
    /// How the end moves: records written.
    pub(crate) written: Trend,
    /// How the oldest offset moves: records deleted.
    pub(crate) deleted: Trend,
    /// Counts up when it begins anew: the topic was deleted and made again, or cut.
    pub(crate) life: u32,
}

impl Partition {
    /// Takes in what was told at a time, microseconds. What is not told stays as it was.
    pub(crate) fn look(&mut self, at: i64, told: PartitionEnds) {
        if told.end.zip(self.now.end).is_some_and(|(end, was)| end < was) {
            *self = Self { life: self.life + 1, ..Self::default() };
        }
        let known = |told: Option<i64>, before: Option<i64>| told.or(before);
        self.now = PartitionEnds {
            start: known(told.start, self.now.start),
            stable: known(told.stable, self.now.stable),
            end: known(told.end, self.now.end),
        };
        if let Some(end) = told.end {
            self.ends.add(end);
            self.written.add(at, end);
        }
        if let Some(start) = told.start {
            self.deleted.add(at, start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(start: i64, end: i64) -> PartitionEnds {
        PartitionEnds { start: Some(start), stable: Some(end), end: Some(end) }
    }

    #[test]
    fn an_end_that_goes_back_is_a_new_life() {
        let mut partition = Partition::default();
        (0..12).for_each(|n| partition.look(n * 15_000_000, ends(0, n * 10)));
        assert!(partition.ends.whole().is_some() && partition.life == 0);
        partition.look(200_000_000, ends(0, 3));
        assert_eq!((partition.life, partition.ends.whole()), (1, None));
        assert_eq!(partition.written.slope(), None);
    }

    #[test]
    fn what_is_not_told_stays() {
        let mut partition = Partition::default();
        partition.look(1, ends(5, 10));
        partition.look(2, PartitionEnds::default());
        assert_eq!(partition.now, ends(5, 10));
    }
}
