//! Causes: dead letters added up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tapline_archive::{Hit, Place};

use crate::grouping::Grouping;
use crate::letters::{Letter, Letters, Sample};
use crate::pairs::{Tally, each_letter};

/// Points of a trend, one an hour.
pub const TREND: usize = 24;

/// Texts kept of one cause: messages come from everywhere.
const WORDS: usize = 64;

const HOUR: i64 = 3_600_000_000;

/// All dead letters of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Fingerprint, and what it was split by.
    pub id: String,
    /// What the newest has in common with others.
    pub sample: Sample,
    /// Dead letters.
    pub count: u64,
    /// Different keys.
    pub keys: u64,
    /// Different stories.
    pub stories: u64,
    /// Broker time of the first and the last, microseconds.
    pub times: Option<(i64, i64)>,
    /// Counts of the last 24 hours.
    pub trend: [u64; TREND],
    /// By destination.
    pub destinations: BTreeMap<String, u64>,
    /// By event type.
    pub types: BTreeMap<String, u64>,
    /// What the members say, without numbers and identifiers, and their exceptions: several where causes were joined.
    pub words: BTreeSet<String>,
    /// Where the newest stands.
    pub newest: Hit,
    /// Hashes of their addresses.
    pub addresses: Vec<u64>,
}

/// Names are borrowed from the letters: a million of them make few strings.
#[derive(Default)]
struct Sum<'a> {
    newest: Option<(i64, Hit, &'a Sample)>,
    first: Option<i64>,
    /// One of each letter; told apart at the end.
    keys: Vec<u64>,
    stories: Vec<u64>,
    trend: [u64; TREND],
    destinations: BTreeMap<&'a str, u64>,
    types: BTreeMap<&'a str, u64>,
    words: BTreeSet<&'a str>,
    addresses: Vec<u64>,
}

/// Adds up all dead letters at a time (microseconds), the cause with most first.
pub fn causes(places: &[(Place, Arc<Letters>)], grouping: &Grouping, now: i64) -> Vec<Cause> {
    let mut sums = Sums { grouping, now, sums: Vec::new(), numbers: HashMap::new(), pairs: Vec::new() };
    each_letter(places, |_| true, &mut sums);
    let Sums { mut sums, numbers, pairs, .. } = sums;
    for pair in pairs {
        sums[pair.sum].name(pair.sample, pair.kind, pair.count);
    }
    let finished = numbers.into_iter().filter_map(|(id, at)| std::mem::take(&mut sums[at]).finish(id));
    let mut causes: Vec<Cause> = finished.collect();
    causes.sort_by(|a, b| (b.count, &a.id).cmp(&(a.count, &b.id)));
    causes
}

/// All causes so far.
struct Sums<'a, 'g> {
    grouping: &'g Grouping,
    now: i64,
    sums: Vec<Sum<'a>>,
    /// Of the sum of each cause.
    numbers: HashMap<String, usize>,
    pairs: Vec<Pair<'a>>,
}

/// A rule may ask for the type: a cause has one or several pairs.
struct Pair<'a> {
    sample: &'a Sample,
    kind: Option<&'a str>,
    sum: usize,
    count: u64,
}

impl<'a> Tally<'a> for Sums<'a, '_> {
    fn pair(&mut self, sample: &'a Sample, kind: Option<&'a str>) -> usize {
        let sum = *self.numbers.entry(self.grouping.cause(sample, kind)).or_insert(self.sums.len());
        if sum == self.sums.len() {
            self.sums.push(Sum::default());
        }
        self.pairs.push(Pair { sample, kind, sum, count: 0 });
        self.pairs.len() - 1
    }

    fn letter(&mut self, pair: usize, place: Place, letter: &'a Letter) {
        let pair = &mut self.pairs[pair];
        pair.count += 1;
        self.sums[pair.sum].add(letter, Hit { place, row: letter.row }, pair.sample, self.now);
    }
}

impl<'a> Sum<'a> {
    fn add(&mut self, letter: &Letter, hit: Hit, sample: &'a Sample, now: i64) {
        let at = letter.timestamp;
        if self.newest.is_none_or(|(newest, ..)| at >= newest) {
            self.newest = Some((at, hit, sample));
        }
        if at != i64::MIN {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
        }
        let ago = usize::try_from(now.saturating_sub(at) / HOUR).ok();
        if let Some(point) = ago.and_then(|ago| (TREND - 1).checked_sub(ago)) {
            self.trend[point] += 1;
        }
        self.keys.push(letter.key);
        self.stories.push(letter.story);
        self.addresses.push(letter.address);
    }

    /// So many letters have this sample and type.
    fn name(&mut self, sample: &'a Sample, kind: Option<&'a str>, count: u64) {
        *self.destinations.entry(&sample.destination).or_default() += count;
        kind.iter().for_each(|kind| *self.types.entry(kind).or_default() += count);
        if self.words.len() < WORDS {
            let words = [Some(&sample.folded), sample.root_cause.as_ref()].into_iter().flatten();
            self.words.extend(words.map(String::as_str));
        }
    }

    fn finish(self, id: String) -> Option<Cause> {
        let (last, newest, sample) = self.newest?;
        Some(Cause {
            id,
            sample: sample.clone(),
            count: self.addresses.len() as u64,
            keys: different(self.keys),
            stories: different(self.stories),
            times: self.first.map(|first| (first, last)),
            trend: self.trend,
            destinations: owned(self.destinations),
            types: owned(self.types),
            words: self.words.into_iter().map(str::to_owned).collect(),
            newest,
            addresses: self.addresses,
        })
    }
}

/// How many different hashes there are; 0 is none.
fn different(mut hashes: Vec<u64>) -> u64 {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.iter().filter(|hash| **hash != 0).count() as u64
}

fn owned(counts: BTreeMap<&str, u64>) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(fingerprint: &str, destination: &str) -> Sample {
        Sample { fingerprint: fingerprint.to_owned(), destination: destination.to_owned(), ..Sample::default() }
    }

    fn letter(row: u32, sample: u32, timestamp: i64, key: u64) -> Letter {
        Letter { row, sample, kind: 0, timestamp, key, story: key, address: u64::from(row) + 100, origin: 0 }
    }

    /// Three letters of `f1` on two destinations, one of `f2` without a time.
    fn place() -> (Place, Arc<Letters>) {
        let letters = vec![
            letter(0, 0, 10 * HOUR, 7),
            letter(4, 1, 30 * HOUR, 7),
            letter(5, 0, 29 * HOUR, 8),
            letter(9, 2, i64::MIN, 0),
        ];
        let samples =
            [sample("f1", "orders-dlt"), sample("f1", "orders-dlq"), sample("f2", "x")].map(Arc::new).to_vec();
        (
            Place::Hot(3),
            Arc::new(Letters { letters, samples, types: vec![Some("OrderPlaced".to_owned())], ..Letters::default() }),
        )
    }

    #[test]
    fn letters_are_added_up_by_cause() {
        let causes = causes(&[place()], &Grouping::default(), 30 * HOUR + 1);
        let [f1, f2] = &causes[..] else { panic!("{causes:?}") };
        assert_eq!((f1.id.as_str(), f1.count, f1.keys, f1.stories), ("f1", 3, 2, 2));
        assert_eq!(f1.times, Some((10 * HOUR, 30 * HOUR)));
        assert_eq!(f1.newest, Hit { place: Place::Hot(3), row: 4 });
        assert_eq!((f1.trend[TREND - 1], f1.trend[TREND - 2], f1.trend.iter().sum::<u64>()), (1, 1, 3));
        assert_eq!(f1.destinations["orders-dlt"], 2);
        assert_eq!((f2.count, f2.times, f2.keys), (1, None, 0));
        assert_eq!(f2.trend.iter().sum::<u64>(), 0);
    }

    #[test]
    fn a_joined_cause_counts_both() {
        let rules = [("f2".to_owned(), tapline_state::Regrouping::Merged("f1".to_owned()))];
        let causes = causes(&[place()], &Grouping::new(rules.into()), 30 * HOUR);
        assert_eq!(causes.iter().map(|cause| (cause.id.as_str(), cause.count)).collect::<Vec<_>>(), [("f1", 4)]);
    }
}
