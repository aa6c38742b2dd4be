//! A lag of few offsets that stays: perhaps only markers of transactions, which nobody can read. Where the tap reads the
//! archive tells; where it does not, the offsets themselves are looked up, each once.

use std::collections::BTreeSet;

use tapline_adapter::OffsetRange;

use super::Watch;
use crate::clock::HOLES;

/// Ranges that are looked up in one pass.
const AT_ONCE: usize = 8;

/// Of how many looks nobody must have committed.
const LOOKS: i64 = 2;

impl Watch {
    /// What is to be looked up: the last offsets of partitions that are not tapped, of groups that stand just before them.
    pub(crate) fn doubted(&mut self, at: i64, tapped: &BTreeSet<(String, i32)>) -> Vec<OffsetRange> {
        let still = at - self.period * LOOKS;
        let mut doubted = Vec::new();
        let pairs = self.groups.values().flat_map(|watched| &watched.pairs);
        for (place, pair) in pairs {
            let Some(partition) = self.partitions.get(place) else { continue };
            let standing = pair.standing(partition.now);
            let (Some(lag), Some(end)) = (standing.lag, partition.now.end) else { continue };
            let stands = (1..=HOLES + 1).contains(&lag) && standing.since.is_some_and(|since| since <= still);
            if !stands || tapped.contains(&(place.0.to_string(), place.1)) {
                continue;
            }
            if self.doubts.get(&(place.clone(), end - lag)) == Some(&end) {
                continue;
            }
            doubted.push(OffsetRange {
                destination: place.0.to_string(),
                destination_id: None,
                incarnation: 1,
                partition: place.1,
                from: end - lag,
                to: end,
            });
            if doubted.len() == AT_ONCE {
                break;
            }
        }
        self.doubts.retain(|(place, _), end| self.partitions.get(place).is_some_and(|it| it.now.end == Some(*end)));
        doubted
    }

    /// Takes in whether there is no record at all.
    pub(crate) fn looked_up(&mut self, range: &OffsetRange, is_empty: bool) {
        let place = (self.name(&range.destination), range.partition);
        self.doubts.insert((place.clone(), range.from), range.to);
        if is_empty {
            self.clock.found_nothing(place, range.from, range.to);
        }
    }
}
