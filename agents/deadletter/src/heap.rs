//! The dead letters of a time: how many of which cause lie where.

use std::collections::HashMap;
use std::sync::Arc;

use tapline_archive::Place;

use crate::grouping::Grouping;
use crate::letters::{Letter, Letters, Sample};
use crate::pairs::{Tally, each_letter};

/// Dead letters of one cause on one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heap {
    /// As [`crate::Cause::id`].
    pub cause: String,
    /// What the first that was seen has in common with others.
    pub sample: Sample,
    /// Their broker times, microseconds, in no order.
    pub times: Vec<i64>,
    /// Hashes of their addresses, in the same order.
    pub addresses: Vec<u64>,
}

/// Those from one time to another (microseconds, the second exclusive), most first.
pub fn heaps(places: &[(Place, Arc<Letters>)], grouping: &Grouping, (from, to): (i64, i64)) -> Vec<Heap> {
    let mut heaps = Heaps { grouping, heaps: Vec::new(), numbers: HashMap::new() };
    each_letter(places, |letter| (from..to).contains(&letter.timestamp), &mut heaps);
    let mut heaps = heaps.heaps;
    heaps.sort_by(|a, b| (b.times.len(), &a.cause).cmp(&(a.times.len(), &b.cause)));
    heaps
}

/// All heaps so far.
struct Heaps<'a, 'g> {
    grouping: &'g Grouping,
    heaps: Vec<Heap>,
    /// By cause, source and destination.
    numbers: HashMap<(String, &'a str, &'a str), usize>,
}

impl<'a> Tally<'a> for Heaps<'a, '_> {
    fn pair(&mut self, sample: &'a Sample, kind: Option<&'a str>) -> usize {
        let cause = self.grouping.cause(sample, kind);
        let heaps = &mut self.heaps;
        *self.numbers.entry((cause.clone(), &sample.source, &sample.destination)).or_insert_with(|| {
            heaps.push(Heap { cause, sample: sample.clone(), times: Vec::new(), addresses: Vec::new() });
            heaps.len() - 1
        })
    }

    fn letter(&mut self, pair: usize, _: Place, letter: &'a Letter) {
        self.heaps[pair].times.push(letter.timestamp);
        self.heaps[pair].addresses.push(letter.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_a_time_lie_where_they_died() {
        let sample = |destination: &str| Sample {
            fingerprint: "f1".to_owned(),
            destination: destination.to_owned(),
            ..Sample::default()
        };
        let letter = |row: u32, sample: u32, timestamp: i64| Letter {
            row,
            sample,
            kind: 0,
            timestamp,
            key: 0,
            story: 0,
            address: u64::from(row),
            origin: 0,
        };
        let letters = vec![letter(0, 0, 9), letter(1, 0, 10), letter(2, 1, 19), letter(3, 0, 20), letter(4, 0, 11)];
        let letters = Letters {
            letters,
            samples: [sample("a"), sample("b")].map(Arc::new).to_vec(),
            types: vec![None],
            ..Letters::default()
        };
        let heaps = heaps(&[(Place::Hot(0), Arc::new(letters))], &Grouping::default(), (10, 20));
        let found: Vec<_> = heaps.iter().map(|heap| (&*heap.sample.destination, &heap.addresses[..])).collect();
        assert_eq!(found, [("a", &[1, 4][..]), ("b", &[2][..])]);
    }
}
