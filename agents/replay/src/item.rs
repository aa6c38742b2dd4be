//! What is put back, one event after the other: where each stands, where it goes, and what plans and watchers ask of it.
//!
//! An item holds no bytes of its event: a million of them take about a hundred megabytes.

use std::collections::HashMap;

use tapline_index::keys::origin_hash;
use tapline_model::Address;
use tapline_model::address::{self, Position};

/// A destination of a source, in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Stand {
    /// Source.
    pub(crate) source: String,
    /// Destination.
    pub(crate) destination: String,
    /// 1 for its first life.
    pub(crate) incarnation: i32,
}

impl Stand {
    /// The same for all lives of a destination.
    pub(crate) fn hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(format!("{}\0{}", self.source, self.destination).as_bytes())
    }
}

/// An event that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// Index into [`Items::stands`]: where it stands.
    pub(crate) from: u32,
    /// Its partition there.
    pub(crate) partition: i32,
    /// Its offset there.
    pub(crate) offset: i64,
    /// Index into [`Items::stands`]: where it goes.
    pub(crate) to: u32,
    /// The partition it goes to.
    pub(crate) to_partition: i32,
    /// Broker time, microseconds; `i64::MIN` without one.
    pub(crate) timestamp: i64,
    /// When it was to happen as it was: its own time, but never before that of an event before it in its partition.
    pub(crate) due: i64,
    /// Hash of its key, 0 without one.
    pub(crate) key: u64,
    /// Hash of what tells its story, 0 where nothing does.
    pub(crate) story: u64,
    /// Index into [`Items::words`]: its type; the first is none.
    pub(crate) kind: u32,
    /// Index into [`Items::words`]: its cause; the first is none.
    pub(crate) cause: u32,
    /// Index into [`Items::words`]: the group it failed in; the first is none.
    pub(crate) group: u32,
    /// Bytes of key, headers and payload.
    pub(crate) size: u32,
    /// How often it was replayed, with this time.
    pub(crate) attempt: u8,
    /// Whether it gets the time of its sending instead of its own.
    pub(crate) now: bool,
    /// Index into [`Items::words`]: the file it stood in when it was planned; the first is memory.
    pub(crate) file: u32,
    /// Row in that file.
    pub(crate) row: u32,
    /// Index into [`Items::words`]: the address of the event whose bytes are sent, where this one only tells of it; the
    /// first is its own.
    pub(crate) body: u32,
}

impl Item {
    /// Whether what is sent has headers of a failure.
    pub(crate) fn is_failed(&self) -> bool {
        self.cause > 0 && self.body == 0
    }
}

/// The items of a replay in the order of sending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Items {
    /// The items.
    pub(crate) items: Vec<Item>,
    /// Destinations they come from and go to.
    pub(crate) stands: Vec<Stand>,
    /// Types, causes, groups, files; the first is empty.
    pub(crate) words: Vec<String>,
}

impl Items {
    /// Where an item stands.
    pub(crate) fn address(&self, item: &Item) -> Address {
        let stand = &self.stands[item.from as usize];
        Address {
            source: stand.source.clone(),
            destination: stand.destination.clone(),
            incarnation: stand.incarnation,
            partition: Some(item.partition),
            position: item.offset.to_string(),
        }
    }

    /// Where an item goes.
    pub(crate) fn target(&self, item: &Item) -> &Stand {
        &self.stands[item.to as usize]
    }

    /// Where an item stands that was written at an offset.
    pub(crate) fn written(&self, item: &Item, offset: i64) -> Address {
        let stand = self.target(item);
        Address {
            source: stand.source.clone(),
            destination: stand.destination.clone(),
            incarnation: stand.incarnation,
            partition: Some(item.to_partition),
            position: offset.to_string(),
        }
    }

    /// Hash of the address where an item stands.
    pub(crate) fn hash(&self, item: &Item) -> u64 {
        let stand = &self.stands[item.from as usize];
        let position = Position::Offset(item.offset);
        address::hash(&stand.source, &stand.destination, stand.incarnation, Some(item.partition), position)
    }

    /// Hash of the address of the event whose bytes are sent.
    pub(crate) fn body_hash(&self, item: &Item) -> u64 {
        match self.word(item.body) {
            // Written by ourselves; what a damaged file makes of it is not found in the archive.
            Some(address) => Address::parse(address).map_or(0, |address| address.hash()),
            None => self.hash(item),
        }
    }

    /// The hash under which dead letters and retries of an item that was written at `offset` are filed.
    pub(crate) fn filed_under(&self, item: &Item, offset: i64) -> u64 {
        let stand = self.target(item);
        origin_hash(&stand.source, &stand.destination, item.to_partition, offset)
    }

    /// A word; `None` for the first.
    pub(crate) fn word(&self, at: u32) -> Option<&str> {
        self.words.get(at as usize).map(String::as_str).filter(|_| at > 0)
    }
}

/// Numbers texts and destinations as they come.
#[derive(Debug)]
pub(crate) struct Numbers {
    stands: HashMap<Stand, u32>,
    words: HashMap<String, u32>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { stands: HashMap::new(), words: HashMap::from([(String::new(), 0)]) }
    }
}

impl Numbers {
    pub(crate) fn stand(&mut self, stand: &Stand) -> u32 {
        if let Some(known) = self.stands.get(stand) {
            return *known;
        }
        let number = u32::try_from(self.stands.len()).unwrap_or(u32::MAX);
        self.stands.insert(stand.clone(), number);
        number
    }

    pub(crate) fn word(&mut self, word: Option<&str>) -> u32 {
        let Some(word) = word else { return 0 };
        if let Some(known) = self.words.get(word) {
            return *known;
        }
        let number = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.insert(word.to_owned(), number);
        number
    }

    /// All stands so far, by number.
    pub(crate) fn clone_stands(&self) -> Vec<Stand> {
        in_order(self.stands.clone())
    }

    /// All words so far, by number.
    pub(crate) fn clone_words(&self) -> Vec<String> {
        in_order(self.words.clone())
    }

    /// The items with all that was numbered.
    pub(crate) fn finish(self, items: Vec<Item>) -> Items {
        Items { items, stands: in_order(self.stands), words: in_order(self.words) }
    }
}

fn in_order<T>(numbered: HashMap<T, u32>) -> Vec<T> {
    let mut all: Vec<(u32, T)> = numbered.into_iter().map(|(value, number)| (number, value)).collect();
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// So many dead letters of `orders` that go back to its partition 0, a key each.
    pub(crate) fn items(count: u32) -> Items {
        let mut numbers = Numbers::default();
        let stand = |name: &str| Stand { source: "k".to_owned(), destination: name.to_owned(), incarnation: 1 };
        let (from, to) = (numbers.stand(&stand("orders-dlt")), numbers.stand(&stand("orders")));
        let item = |number: u32| Item {
            from,
            partition: 0,
            offset: i64::from(number),
            to,
            to_partition: 0,
            timestamp: i64::from(number) * 1_000_000,
            due: i64::from(number) * 1_000_000,
            key: u64::from(number) + 1,
            story: u64::from(number) + 1,
            kind: 0,
            cause: 0,
            group: 0,
            size: 100,
            attempt: 1,
            now: false,
            file: 0,
            row: number,
            body: 0,
        };
        let items = (0..count).map(item).collect();
        numbers.finish(items)
    }
}
