//! How far each source was read, and what is missing: the bytes that go into every commit beside its rows.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tapline_model::TopicRole;
use tapline_model::role::role;

/// Ranges listed for one partition; older ones are only counted, so that untrusted traffic cannot grow a commit
/// without bound.
const MAX_GAPS: usize = 256;

/// Everything known about what was read, by source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// By configured name.
    pub sources: BTreeMap<String, SourceLedger>,
}

/// One source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLedger {
    /// Kind of system.
    pub system: String,
    /// Grows by one with every commit that holds rows of the source: the version of its Delta transaction.
    pub sequence: i64,
    /// By destination and incarnation (a pair in a list, since JSON keys are text).
    pub destinations: Vec<DestinationLedger>,
}

/// One life of a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationLedger {
    /// Topic, stream, queue.
    pub name: String,
    /// 1 for the first life.
    pub incarnation: i32,
    /// The broker's identity of this life, where known.
    pub id: Option<String>,
    /// Rows archived or hot.
    pub rows: u64,
    /// Those of them that are dead letters.
    #[serde(default)]
    pub dead_letters: u64,
    /// Those of them that wait for another attempt.
    #[serde(default)]
    pub retries: u64,
    /// Bytes of keys, headers and payloads.
    pub bytes: u64,
    /// Broker time of the oldest row, microseconds.
    pub first: Option<i64>,
    /// Broker time of the newest row, microseconds.
    pub last: Option<i64>,
    /// By number.
    pub partitions: BTreeMap<i32, PartitionLedger>,
}

/// One partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLedger {
    /// Next offset the live lane reads.
    pub next: i64,
    /// Next and end offset of what lies behind the live lane.
    pub backfill: Option<(i64, i64)>,
    /// Rows archived or hot.
    pub rows: u64,
    /// Holes of one offset: an exactly-once pipeline writes a marker at every commit.
    pub single_holes: u64,
    /// Longer holes, oldest first.
    pub gaps: Vec<GapRange>,
    /// Offsets in holes that are not listed any more.
    #[serde(default)]
    pub unlisted: i64,
}

/// Offsets that were not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapRange {
    /// First offset missing.
    pub from: i64,
    /// First offset after.
    pub to: i64,
    /// Why, as far as can be known.
    pub kind: GapKind,
    /// Microseconds.
    pub seen_at: i64,
}

/// The contract's words for why offsets are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum GapKind {
    Expired,
    Erased,
    Excluded,
    NotDelivered,
}

/// What reading a chunk did to the positions of its source.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Configured name.
    pub source: String,
    /// Kind of system.
    pub system: String,
    /// Partitions that advanced.
    pub moved: Vec<Moved>,
    /// Offsets that were not delivered.
    pub missing: Vec<Missing>,
}

/// Where a partition's reading stands after a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Topic.
    pub destination: String,
    /// The broker's identity of this life, where known.
    pub destination_id: Option<String>,
    /// 1 for the first life.
    pub incarnation: i32,
    /// Number.
    pub partition: i32,
    /// Next offset the live lane reads.
    pub next: i64,
    /// Next and end offset of what lies behind it.
    pub backfill: Option<(i64, i64)>,
}

/// Offsets that a chunk should have held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Topic.
    pub destination: String,
    /// 1 for the first life.
    pub incarnation: i32,
    /// Number.
    pub partition: i32,
    /// The range.
    pub range: GapRange,
}

/// Rows of one partition in a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// Those of them that are dead letters.
    pub dead_letters: u64,
    /// Those of them that wait for another attempt.
    pub retries: u64,
    /// Bytes of keys, headers and payloads.
    pub bytes: u64,
    /// Broker time of the oldest, microseconds.
    pub first: Option<i64>,
    /// Broker time of the newest, microseconds.
    pub last: Option<i64>,
}

/// By destination, incarnation and partition.
pub type Tallies = BTreeMap<(String, i32, Option<i32>), Tally>;

impl Ledger {
    /// Records what a chunk's reading did.
    pub fn advance(&mut self, progress: &Progress, tallies: &Tallies) {
        let source = self.sources.entry(progress.source.clone()).or_default();
        source.system.clone_from(&progress.system);
        for moved in &progress.moved {
            let destination = source.destination(&moved.destination, moved.incarnation);
            destination.id.clone_from(&moved.destination_id);
            let partition = destination.partitions.entry(moved.partition).or_default();
            partition.next = moved.next;
            partition.backfill = moved.backfill;
        }
        for missing in &progress.missing {
            let destination = source.destination(&missing.destination, missing.incarnation);
            destination.partitions.entry(missing.partition).or_default().miss(missing.range.clone());
        }
        for ((name, incarnation, partition), tally) in tallies {
            source.destination(name, *incarnation).count(*partition, tally);
        }
    }

    /// As opaque text for a commit.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_vec(self)?;
        let packed = zstd::bulk::compress(&json, 1).map_err(serde_json::Error::io)?;
        Ok(STANDARD.encode(packed))
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(text: &str) -> Result<Self, String> {
        let packed = STANDARD.decode(text).map_err(|error| error.to_string())?;
        let json = zstd::stream::decode_all(packed.as_slice()).map_err(|error| error.to_string())?;
        serde_json::from_slice(&json).map_err(|error| error.to_string())
    }
}

impl SourceLedger {
    /// The entry of one life of a destination, made if absent.
    pub fn destination(&mut self, name: &str, incarnation: i32) -> &mut DestinationLedger {
        let place =
            |entry: &DestinationLedger| (entry.name.as_str().cmp(name)).then(entry.incarnation.cmp(&incarnation));
        let at = match self.destinations.binary_search_by(place) {
            Ok(at) => at,
            Err(at) => {
                let entry = DestinationLedger { name: name.to_owned(), incarnation, ..DestinationLedger::default() };
                self.destinations.insert(at, entry);
                at
            }
        };
        &mut self.destinations[at]
    }
}

impl DestinationLedger {
    /// What most of its rows are; before there is one, and where headers say nothing, what its name looks like.
    pub fn role(&self) -> Option<TopicRole> {
        if self.dead_letters > self.rows / 2 {
            Some(TopicRole::DeadLetter)
        } else if self.retries > self.rows / 2 {
            Some(TopicRole::Retry)
        } else {
            role(&self.name)
        }
    }

    fn count(&mut self, partition: Option<i32>, tally: &Tally) {
        self.rows += tally.rows;
        self.dead_letters += tally.dead_letters;
        self.retries += tally.retries;
        self.bytes += tally.bytes;
        self.first = self.first.into_iter().chain(tally.first).min();
        self.last = self.last.into_iter().chain(tally.last).max();
        if let Some(partition) = partition {
            self.partitions.entry(partition).or_default().rows += tally.rows;
        }
    }
}

impl PartitionLedger {
    fn miss(&mut self, range: GapRange) {
        if range.kind == GapKind::NotDelivered && range.to - range.from == 1 {
            self.single_holes += 1;
            return;
        }
        match self.gaps.last_mut() {
            Some(last) if last.to == range.from && last.kind == range.kind => last.to = range.to,
            _ => self.gaps.push(range),
        }
        if self.gaps.len() > MAX_GAPS {
            let oldest = self.gaps.remove(0);
            self.unlisted += oldest.to - oldest.from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn missing(from: i64, to: i64) -> Missing {
        let range = GapRange { from, to, kind: GapKind::NotDelivered, seen_at: 1 };
        Missing { destination: "orders".into(), incarnation: 1, partition: 0, range }
    }

    fn partition(ledger: &Ledger) -> &PartitionLedger {
        &ledger.sources["shop"].destinations[0].partitions[&0]
    }

    #[test]
    fn single_holes_are_counted_and_longer_ones_listed() {
        let mut ledger = Ledger::default();
        let gaps = vec![missing(4, 5), missing(9, 12), missing(12, 20)];
        let progress = Progress { source: "shop".into(), missing: gaps, ..Progress::default() };
        ledger.advance(&progress, &BTreeMap::new());
        assert_eq!(partition(&ledger).single_holes, 1);
        assert_eq!(partition(&ledger).gaps.len(), 1);
        assert_eq!((partition(&ledger).gaps[0].from, partition(&ledger).gaps[0].to), (9, 20));
    }

    #[test]
    fn gaps_do_not_grow_without_bound() {
        let mut ledger = Ledger::default();
        let gaps = (0..5_000).map(|n| missing(n * 10, n * 10 + 2)).collect();
        let progress = Progress { source: "shop".into(), missing: gaps, ..Progress::default() };
        ledger.advance(&progress, &BTreeMap::new());
        assert_eq!(partition(&ledger).gaps.len(), MAX_GAPS);
        assert_eq!(partition(&ledger).unlisted, (5_000 - MAX_GAPS as i64) * 2);
    }

    /// Dead letters under a name of somebody's own were listed as ordinary events.
    #[test]
    fn a_destination_is_what_most_of_its_rows_are() {
        let destination = |name: &str, rows, dead_letters, retries| DestinationLedger {
            name: name.to_owned(),
            rows,
            dead_letters,
            retries,
            ..DestinationLedger::default()
        };
        assert_eq!(destination("graveyard", 3, 2, 0).role(), Some(TopicRole::DeadLetter));
        assert_eq!(destination("orders_again", 3, 0, 3).role(), Some(TopicRole::Retry));
        assert_eq!(destination("orders", 3, 1, 1).role(), None);
        assert_eq!(destination("orders-dlt", 0, 0, 0).role(), Some(TopicRole::DeadLetter));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(names in proptest::collection::vec("\\PC{1,20}", 0..8), next in any::<i64>()) {
            let mut ledger = Ledger::default();
            let moved = names.into_iter().map(|destination| Moved {
                destination, destination_id: None, incarnation: 1, partition: 0, next, backfill: Some((0, next)),
            }).collect();
            ledger.advance(&Progress { source: "s".into(), moved, ..Progress::default() }, &BTreeMap::new());
            prop_assert_eq!(Ledger::decode(&ledger.encode().unwrap()).unwrap(), ledger);
        }

        #[test]
        fn garbage_is_refused(text in "\\PC{0,80}") {
            prop_assert!(Ledger::decode(&text).is_err());
        }
    }
}
