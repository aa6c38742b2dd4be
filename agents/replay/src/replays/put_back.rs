//! Which events were put back, and by which replay: what no longer waits, and what a new plan warns of.

use std::collections::HashMap;

use parking_lot::RwLock;
use tapline_api::Delivery;

use crate::journal::told;
use crate::live::Live;
use crate::replays::Replays;
use crate::standing::Standing;

/// By hash of an event's address, the last replay that put it back, and when. Twenty-four bytes an event.
#[derive(Debug, Default)]
pub(crate) struct PutBack {
    by: RwLock<HashMap<u64, Last>>,
}

/// A replay that put an event back.
#[derive(Debug, Clone, Copy)]
struct Last {
    number: i64,
    /// Microseconds.
    at: i64,
}

impl PutBack {
    pub(crate) fn by(&self, address: u64) -> Option<i64> {
        self.by.read().get(&address).map(|last| last.number)
    }

    /// Another one than this, if it did so after that time.
    pub(crate) fn by_other_since(&self, address: u64, number: i64, since: i64) -> Option<i64> {
        let last = self.by.read().get(&address).copied();
        last.filter(|last| last.number != number && last.at > since).map(|last| last.number)
    }

    pub(crate) fn count(&self, addresses: &[u64]) -> u64 {
        let by = self.by.read();
        if by.is_empty() { 0 } else { addresses.iter().filter(|address| by.contains_key(address)).count() as u64 }
    }

    /// Takes in what was confirmed since.
    pub(crate) fn note(&self, number: i64, live: &Live, items: &[u32]) {
        if items.is_empty() {
            return;
        }
        let hash = |item: u32| live.items.hash(&live.items.items[item as usize]);
        let at = |standing: &Standing, item| standing.confirmed_at(item).unwrap_or(i64::MIN);
        let noted: Vec<(u64, i64)> =
            live.look(|standing| items.iter().map(|item| (hash(*item), at(standing, *item))).collect());
        self.add(number, noted);
    }

    fn add(&self, number: i64, noted: Vec<(u64, i64)>) {
        let mut by = self.by.write();
        for (address, at) in noted {
            let last = by.entry(address).or_insert(Last { number, at });
            if at >= last.at {
                *last = Last { number, at };
            }
        }
    }

    /// Reads what replays of earlier processes have put back.
    pub(crate) fn fill(&self, replays: &Replays) {
        let mut below = None;
        while let Ok(records) = replays.0.state.replays(below, 100)
            && let Some(last) = records.last().map(|record| record.number)
        {
            below = Some(last);
            for record in records.iter().filter(|record| record.started_at.is_some()) {
                let folder = replays.folder(record.number);
                let read = folder.read_items().and_then(|items| Ok((told(&folder.journal(), &items)?, items)));
                match read {
                    Ok((told, items)) => {
                        let standing = &told.standing;
                        let sent = [Delivery::Confirmed, Delivery::Uncertain, Delivery::Sending];
                        let sent = sent.into_iter().flat_map(|delivery| standing.all(delivery));
                        let started = record.started_at.unwrap_or(i64::MIN);
                        let at = |item| standing.confirmed_at(item).unwrap_or(started);
                        let noted = sent.map(|item| (items.hash(&items.items[item as usize]), at(item)));
                        self.add(record.number, noted.collect());
                    }
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, replay = record.number, "what it put back is not known");
                    }
                }
            }
        }
    }
}
