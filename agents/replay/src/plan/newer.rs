//! What happened since: newer events of the stories that are put back. Putting an old event behind a newer one of its key
//! may undo it.

use std::collections::{BTreeMap, HashMap};

use arrow::array::Array;
use tapline_archive::{Hit, View};
use tapline_model::columns::{EventColumns, get};

use crate::error::ReplayError;
use crate::find::{self, rows_of};
use crate::item::{Items, Stand};

/// Stories that are looked at: each costs a look-up in every newer file.
const STORIES: usize = 20_000;

/// Stories whose rows are read at once, so that a page of a file is unpacked for many of them.
const AT_ONCE: usize = 2_048;

/// Rows of one story that are looked at, in each file.
const ROWS: usize = 64;

const COLUMNS: [&str; 8] =
    ["source", "destination", "timestamp", "key", "type", "dead_letter.framework", "retry.attempts", "replay_id"];

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Newer {
    /// Items with a newer event of their key on the destination that they go to.
    pub(crate) behind: Vec<u32>,
    /// Items with a newer event of their story elsewhere.
    pub(crate) moved_on: Vec<u32>,
    /// Types of the newer events, how many items have one.
    pub(crate) types: BTreeMap<String, u64>,
    /// Items that were looked at.
    pub(crate) looked_at: usize,
}

/// Looks for newer events of these items.
pub(crate) fn newer(view: &View, items: &Items, stop: &dyn Fn() -> bool) -> Result<Newer, ReplayError> {
    let (stories, looked_at) = stories(items);
    let mut noted = Noted::default();
    for stories in stories.chunks(AT_ONCE) {
        if stop() {
            return Err(ReplayError::Stopped);
        }
        noted.look(view, items, stories)?;
    }
    Ok(noted.finish(looked_at))
}

/// A story and its items.
type Story = (u64, Vec<u32>);

/// The first stories with their items, and how many items were passed for them.
fn stories(items: &Items) -> (Vec<Story>, usize) {
    let mut stories = Vec::<Story>::new();
    let mut numbers = HashMap::<u64, usize>::new();
    for (number, item) in (0..).zip(&items.items).filter(|(_, item)| item.story != 0) {
        let known = numbers.len();
        let at = *numbers.entry(item.story).or_insert(known);
        if at == STORIES {
            return (stories, number as usize);
        }
        if at == stories.len() {
            stories.push((item.story, Vec::new()));
        }
        stories[at].1.push(number);
    }
    (stories, items.items.len())
}

/// What followed the items, with types by number.
#[derive(Debug, Default)]
struct Noted {
    types: Vec<String>,
    behind: Vec<u32>,
    moved_on: Vec<u32>,
    /// How many items were followed by a type.
    counts: Vec<u64>,
}

/// The newest events of one story: one that a million items share is not held against each of them row by row.
#[derive(Debug, Default)]
struct Newest {
    /// By type.
    types: Vec<(usize, i64)>,
    /// By place, as an index into the stands of the items, and key.
    keys: HashMap<(u32, u64), i64>,
}

impl Noted {
    fn look(&mut self, view: &View, items: &Items, stories: &[Story]) -> Result<(), ReplayError> {
        let mut wanted = HashMap::<Hit, Vec<usize>>::new();
        for (at, (story, numbers)) in stories.iter().enumerate() {
            let oldest = numbers.iter().map(|number| items.items[*number as usize].timestamp).min();
            let may_hold = |(newest, _): find::Newest| newest.is_some_and(|newest| Some(newest) >= oldest);
            let hits = rows_of(view, *story, ROWS, may_hold)?;
            hits.into_iter().take(4 * ROWS).for_each(|hit| wanted.entry(hit).or_default().push(at));
        }
        let mut hits: Vec<Hit> = wanted.keys().copied().collect();
        hits.sort_unstable();
        let mut newest: Vec<Newest> = stories.iter().map(|_| Newest::default()).collect();
        for fetched in view.fetch(&hits, &COLUMNS).0 {
            let columns = EventColumns::new(&fetched.batch);
            for (at, row) in fetched.rows.iter().enumerate() {
                let Some(event) = Event::of(&columns, at)? else { continue };
                let kind = self.kind(event.kind);
                for story in wanted.get(&Hit { place: fetched.place, row: *row }).into_iter().flatten() {
                    newest[*story].take(items, &event, kind);
                }
            }
        }
        for ((_, numbers), newest) in stories.iter().zip(newest) {
            numbers.iter().for_each(|number| self.note(items, *number, &newest));
        }
        Ok(())
    }

    fn kind(&mut self, name: &str) -> usize {
        self.types.iter().position(|known| known == name).unwrap_or_else(|| {
            self.types.push(name.to_owned());
            self.counts.push(0);
            self.types.len() - 1
        })
    }

    fn note(&mut self, items: &Items, number: u32, newest: &Newest) {
        let item = &items.items[number as usize];
        let mut followed = false;
        for (kind, _) in newest.types.iter().filter(|(_, at)| *at > item.timestamp) {
            self.counts[*kind] += 1;
            followed = true;
        }
        let behind = newest.keys.get(&(item.to, item.key)).is_some_and(|at| *at > item.timestamp);
        match (item.key != 0 && behind, followed) {
            (true, _) => self.behind.push(number),
            (false, true) => self.moved_on.push(number),
            (false, false) => {}
        }
    }

    fn finish(mut self, looked_at: usize) -> Newer {
        self.behind.sort_unstable();
        self.moved_on.sort_unstable();
        let types = self.types.into_iter().zip(self.counts).filter(|(_, count)| *count > 0).collect();
        Newer { behind: self.behind, moved_on: self.moved_on, types, looked_at }
    }
}

impl Newest {
    fn take(&mut self, items: &Items, event: &Event<'_>, kind: usize) {
        let at = event.timestamp;
        match self.types.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, newest)) => *newest = at.max(*newest),
            None => self.types.push((kind, at)),
        }
        let here = |stand: &Stand| stand.destination == event.destination && stand.source == event.source;
        for (stand, _) in (0..).zip(&items.stands).filter(|(_, stand)| here(stand)) {
            let newest = self.keys.entry((stand, event.key)).or_insert(at);
            *newest = at.max(*newest);
        }
    }
}

/// An event that passed, as far as it is asked about.
struct Event<'a> {
    source: &'a str,
    destination: &'a str,
    timestamp: i64,
    /// As [`crate::item::Item::key`].
    key: u64,
    kind: &'a str,
}

impl<'a> Event<'a> {
    /// `None` for dead letters, retries and what was put back.
    fn of(columns: &EventColumns<'a>, row: usize) -> Result<Option<Self>, ReplayError> {
        let (times, keys) = (columns.micros("timestamp")?, columns.binary("key")?);
        let failed = columns.record("dead_letter")?.is_valid(row) || columns.record("retry")?.is_valid(row);
        if times.is_null(row) || failed || columns.text("replay_id")?.is_valid(row) {
            return Ok(None);
        }
        Ok(Some(Self {
            source: columns.text("source")?.value(row),
            destination: columns.text("destination")?.value(row),
            timestamp: times.value(row),
            key: if keys.is_valid(row) { xxhash_rust::xxh3::xxh3_64(keys.value(row)).max(1) } else { 0 },
            kind: get(columns.text("type")?, row).unwrap_or("events without a type"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::items;

    fn event(destination: &'static str, timestamp: i64, key: u64, kind: &'static str) -> Event<'static> {
        Event { source: "k", destination, timestamp, key, kind }
    }

    #[test]
    fn what_followed_is_told_of_each_item_of_a_story() {
        // At 0, 1 and 2 seconds, with keys 1, 2 and 3; they go to `orders`.
        let items = items(3);
        let (mut noted, mut newest) = (Noted::default(), Newest::default());
        for event in [
            event("orders", 1_500_000, 1, "Placed"),
            event("paid", 1_000_000, 2, "Paid"),
            event("orders", 500_000, 1, "Placed"),
        ] {
            let kind = noted.kind(event.kind);
            newest.take(&items, &event, kind);
        }
        (0..3).for_each(|number| noted.note(&items, number, &newest));
        let newer = noted.finish(3);
        assert_eq!((newer.behind, newer.moved_on), (vec![0], vec![1]));
        assert_eq!(newer.types, BTreeMap::from([("Placed".to_owned(), 2), ("Paid".to_owned(), 1)]));
    }
}
