//! Which events were put back, and by which replay: what no longer waits, and what a new plan warns of.

use foldhash::HashMap;
use parking_lot::RwLock;
use tapline_api::Delivery;
use tapline_model::time;

use crate::item::Items;
use crate::journal::told;
use crate::live::Live;
use crate::replays::Replays;
use crate::standing::Standing;

/// By hash of an event's address, the last replay that put it back, where and when. Thirty-two bytes an event.
///
/// What is in doubt is not put back: whoever wants the same events waits until that is known.
#[derive(Debug, Default)]
pub(crate) struct PutBack(RwLock<Events>);

#[derive(Debug, Default)]
struct Events {
    last: HashMap<u64, Last>,
    /// Of events that were put on several targets: the last replay for each of the others, by event and target.
    others: HashMap<(u64, u64), Last>,
}

/// A replay that put an event back.
#[derive(Debug, Clone, Copy)]
struct Last {
    number: i64,
    /// As [`Stand::hash`].
    target: u64,
    /// Microseconds.
    at: i64,
}

impl Events {
    fn add(&mut self, address: u64, new: Last) {
        let Some(known) = self.last.get_mut(&address) else {
            self.last.insert(address, new);
            return;
        };
        let (newer, older) = if new.at >= known.at { (new, *known) } else { (*known, new) };
        *known = newer;
        if newer.target != older.target {
            let other = self.others.entry((address, older.target)).or_insert(older);
            *other = if older.at >= other.at { older } else { *other };
        }
    }

    fn on(&self, address: u64, target: u64) -> Option<Last> {
        let last = self.last.get(&address).copied().filter(|last| last.target == target);
        last.or_else(|| self.others.get(&(address, target)).copied())
    }
}

impl PutBack {
    pub(crate) fn by(&self, address: u64) -> Option<i64> {
        self.0.read().last.get(&address).map(|last| last.number)
    }

    /// Another one than this that put it on the same target, if it did so after that time.
    pub(crate) fn by_other_since(&self, address: u64, target: u64, number: i64, since: i64) -> Option<i64> {
        let last = self.0.read().on(address, target);
        last.filter(|last| last.number != number && last.at > since).map(|last| last.number)
    }

    /// Whether each of these was put back.
    pub(crate) fn are(&self, addresses: &[u64]) -> Vec<bool> {
        let events = self.0.read();
        addresses.iter().map(|address| events.last.contains_key(address)).collect()
    }

    pub(crate) fn count(&self, addresses: &[u64]) -> u64 {
        let last = &self.0.read().last;
        if last.is_empty() { 0 } else { addresses.iter().filter(|address| last.contains_key(address)).count() as u64 }
    }

    /// Takes in what was confirmed since.
    pub(crate) fn note(&self, number: i64, live: &Live, items: &[u32]) {
        if items.is_empty() {
            return;
        }
        let noted: Vec<(u64, Last)> = live.look(|standing| {
            items.iter().map(|item| noted(number, &live.items, standing, *item, time::now())).collect()
        });
        self.add(noted);
    }

    /// Takes in all that a replay has put back, and what nobody can know of.
    pub(crate) fn note_all(&self, number: i64, live: &Live) {
        self.note(number, live, &live.look(put_back));
    }

    fn add(&self, noted: Vec<(u64, Last)>) {
        let mut events = self.0.write();
        noted.into_iter().for_each(|(address, last)| events.add(address, last));
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
                        let started = record.started_at.unwrap_or(i64::MIN);
                        let all = put_back(&told.standing).into_iter();
                        let all = all.map(|item| noted(record.number, &items, &told.standing, item, started));
                        self.add(all.collect());
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

/// Items that are on their target, and those of which nobody can know.
fn put_back(standing: &Standing) -> Vec<u32> {
    [Delivery::Confirmed, Delivery::Uncertain].into_iter().flat_map(|delivery| standing.all(delivery)).collect()
}

/// `otherwise` is the time of what was never confirmed.
fn noted(number: i64, items: &Items, standing: &Standing, item: u32, otherwise: i64) -> (u64, Last) {
    let at = standing.confirmed_at(item).unwrap_or(otherwise);
    let item = &items.items[item as usize];
    (items.hash(item), Last { number, target: items.target(item).hash(), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A replay to one target gave its events up because another had put them on another one.
    #[test]
    fn what_was_put_on_one_target_was_not_put_on_another() {
        let put_back = PutBack::default();
        let last = |number, target, at| Last { number, target, at };
        put_back.add(vec![(7, last(1, 100, 10)), (7, last(2, 200, 20)), (7, last(3, 100, 5))]);
        assert_eq!((put_back.by(7), put_back.by(8)), (Some(2), None));
        assert_eq!(put_back.by_other_since(7, 100, 9, 0), Some(1));
        assert_eq!(put_back.by_other_since(7, 100, 1, 0), None, "itself");
        assert_eq!(put_back.by_other_since(7, 200, 9, 20), None, "before that time");
        assert_eq!(put_back.by_other_since(7, 300, 9, 0), None);
        assert_eq!((put_back.are(&[7, 8]), put_back.count(&[7, 8])), (vec![true, false], 1));
    }
}
