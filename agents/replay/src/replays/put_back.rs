//! Which events were put back, and by which replay: what no longer waits, and what a new plan warns of.

use std::collections::HashMap;

use parking_lot::RwLock;
use tapline_api::Delivery;

use crate::journal::told;
use crate::live::Live;
use crate::replays::Replays;

/// By hash of an event's address, the last replay that put it back. Sixteen bytes an event.
#[derive(Debug, Default)]
pub(crate) struct PutBack {
    by: RwLock<HashMap<u64, i64>>,
}

impl PutBack {
    pub(crate) fn by(&self, address: u64) -> Option<i64> {
        self.by.read().get(&address).copied()
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
        let addresses = items.iter().map(|item| live.items.hash(&live.items.items[*item as usize]));
        let mut by = self.by.write();
        for address in addresses {
            let known = by.entry(address).or_insert(number);
            *known = (*known).max(number);
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
                        let addresses = sent.map(|item| items.hash(&items.items[item as usize]));
                        let mut by = self.by.write();
                        // Newer replays were read first.
                        addresses.for_each(|address| {
                            by.entry(address).or_insert(record.number);
                        });
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
