//! What happened since: newer events of the stories that are put back. Putting an old event behind a newer one of its key
//! may undo it.

use std::collections::{BTreeMap, HashMap};

use arrow::array::Array;
use tapline_archive::{Hit, View};
use tapline_model::columns::{EventColumns, get};

use crate::error::ReplayError;
use crate::find::{Newest, rows_of};
use crate::item::Items;

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

/// What was found of each item, with types by number.
#[derive(Debug, Default)]
struct Noted {
    types: Vec<String>,
    items: BTreeMap<u32, Followed>,
}

/// What followed an item.
#[derive(Debug, Default)]
struct Followed {
    /// With its key, on the destination that it goes to.
    behind: bool,
    types: Vec<usize>,
}

impl Noted {
    fn look(&mut self, view: &View, items: &Items, stories: &[Story]) -> Result<(), ReplayError> {
        let mut wanted = HashMap::<Hit, Vec<usize>>::new();
        for (at, (story, numbers)) in stories.iter().enumerate() {
            let oldest = numbers.iter().map(|number| items.items[*number as usize].timestamp).min();
            let may_hold = |(newest, _): Newest| newest.is_some_and(|newest| Some(newest) >= oldest);
            let hits = rows_of(view, *story, ROWS, may_hold)?;
            hits.into_iter().take(4 * ROWS).for_each(|hit| wanted.entry(hit).or_default().push(at));
        }
        let mut hits: Vec<Hit> = wanted.keys().copied().collect();
        hits.sort_unstable();
        for fetched in view.fetch(&hits, &COLUMNS).0 {
            let columns = EventColumns::new(&fetched.batch);
            for (at, row) in fetched.rows.iter().enumerate() {
                let Some(event) = Event::of(&columns, at)? else { continue };
                let stories_of = wanted.get(&Hit { place: fetched.place, row: *row }).into_iter().flatten();
                for number in stories_of.flat_map(|story| &stories[*story].1) {
                    self.note(items, *number, &event);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, items: &Items, number: u32, event: &Event<'_>) {
        let item = &items.items[number as usize];
        if event.timestamp <= item.timestamp {
            return;
        }
        let target = items.target(item);
        let there = event.destination == target.destination && event.source == target.source;
        let kind = self.types.iter().position(|known| known == event.kind).unwrap_or_else(|| {
            self.types.push(event.kind.to_owned());
            self.types.len() - 1
        });
        let followed = self.items.entry(number).or_default();
        followed.behind |= there && event.key == item.key && item.key != 0;
        if !followed.types.contains(&kind) {
            followed.types.push(kind);
        }
    }

    fn finish(self, looked_at: usize) -> Newer {
        let mut newer = Newer { looked_at, ..Newer::default() };
        for (number, followed) in self.items {
            if followed.behind {
                newer.behind.push(number)
            } else {
                newer.moved_on.push(number)
            }
            for kind in followed.types {
                *newer.types.entry(self.types[kind].clone()).or_default() += 1;
            }
        }
        newer
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
