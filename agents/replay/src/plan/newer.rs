//! What happened since: newer events of the stories that are put back. Putting an old event behind a newer one of its key
//! may undo it.

use std::collections::BTreeMap;

use arrow::array::Array;
use tapline_archive::View;
use tapline_model::columns::{EventColumns, get};

use crate::error::ReplayError;
use crate::find::{Newest, rows_of};
use crate::item::{Item, Items};

/// Stories that are looked at: each costs a look-up in every newer file.
const STORIES: usize = 20_000;

/// Rows of one story that are looked at.
const ROWS: usize = 64;

const COLUMNS: [&str; 12] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "key",
    "type",
    "dead_letter",
    "retry",
    "replay_id",
];

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
    let mut newer = Newer::default();
    for (number, item) in (0..).zip(&items.items).take(STORIES) {
        if number % 256 == 0 && stop() {
            return Err(ReplayError::Stopped);
        }
        newer.looked_at += 1;
        if item.story != 0 {
            newer.look(view, items, number, item)?;
        }
    }
    Ok(newer)
}

impl Newer {
    fn look(&mut self, view: &View, items: &Items, number: u32, item: &Item) -> Result<(), ReplayError> {
        let newer = |(newest, _): Newest| newest.is_some_and(|newest| newest >= item.timestamp);
        let mut hits = rows_of(view, item.story, ROWS, newer)?;
        hits.truncate(4 * ROWS);
        let (mut behind, mut types) = (false, Vec::new());
        for fetched in view.fetch(&hits, &COLUMNS).0 {
            let columns = EventColumns::new(&fetched.batch);
            for row in 0..fetched.batch.num_rows() {
                let Some((to_target, kind)) = since(&columns, row, items, item)? else { continue };
                behind |= to_target;
                if !types.contains(&kind) {
                    types.push(kind);
                }
            }
        }
        match (behind, types.is_empty()) {
            (true, _) => self.behind.push(number),
            (false, false) => self.moved_on.push(number),
            (false, true) => {}
        }
        types.into_iter().for_each(|kind| *self.types.entry(kind).or_default() += 1);
        Ok(())
    }
}

/// Of a row that is newer than an item: whether it has its key and stands where it goes, and its type.
fn since(
    columns: &EventColumns<'_>,
    row: usize,
    items: &Items,
    item: &Item,
) -> Result<Option<(bool, String)>, ReplayError> {
    let (times, dead, retry) = (columns.micros("timestamp")?, columns.record("dead_letter")?, columns.record("retry")?);
    let newer = times.is_valid(row) && times.value(row) > item.timestamp;
    if !newer || dead.is_valid(row) || retry.is_valid(row) || columns.text("replay_id")?.is_valid(row) {
        return Ok(None);
    }
    let target = items.target(item);
    let there = columns.text("destination")?.value(row) == target.destination
        && columns.text("source")?.value(row) == target.source;
    let keys = columns.binary("key")?;
    let key = if keys.is_valid(row) { xxhash_rust::xxh3::xxh3_64(keys.value(row)).max(1) } else { 0 };
    let kind = get(columns.text("type")?, row).unwrap_or("events without a type").to_owned();
    Ok(Some((there && key == item.key && key != 0, kind)))
}
