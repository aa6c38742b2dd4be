//! What a plan has to know of each event that was chosen, read without payloads.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, RecordBatch, StructArray};
use tapline_adapter::Partitioner;
use tapline_archive::{Hit, Place, View};
use tapline_deadletter::{may_point, story};
use tapline_model::columns::{ColumnError, EventColumns, field, get, number};
use tapline_model::id;

use crate::error::ReplayError;
use crate::item::{Item, Numbers, Stand};
use crate::message::Rows;

/// Rows at a time.
const STEP: usize = 65_536;

/// Rows at a time when payloads are read too.
const FEW: usize = 1_024;

/// Stands for the cause of an event that waits for another attempt.
const RETRY: &str = "retry";

const COLUMNS: [&str; 24] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "key",
    "type",
    "correlation_id",
    "conversation_id",
    "trace_id",
    "decode_error",
    "replay_id",
    "size",
    "dead_letter.framework",
    "dead_letter.origin_destination",
    "dead_letter.origin_partition",
    "dead_letter.origin_offset",
    "dead_letter.consumer_group",
    "dead_letter.fingerprint",
    "retry.origin_destination",
    "retry.origin_partition",
    "retry.origin_offset",
];

/// An event that was chosen, before it is known where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Without target.
    pub(crate) item: Item,
    /// By partitioner, see [`Partitioner::ALL`].
    pub(crate) hashes: [Option<u32>; 2],
    /// Where it failed, as far as its headers tell: destination (a word), partition, offset.
    pub(crate) origin: (u32, Option<i32>, Option<i64>),
    /// Whether it is a dead letter or waits for another attempt.
    pub(crate) failed: bool,
    /// Whether all of its bytes are there, and are its own: a share group's dead letter only tells of the event that
    /// failed, unless it was told to copy it.
    pub(crate) body: Body,
    /// Where it was read.
    hit: Hit,
    /// Whether headers and body have to be looked at.
    unclear: bool,
}

/// What there is of an event's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// All.
    Whole,
    /// A part: the rest was over the limit.
    Cut,
    /// None: it tells of another event, which is not in the archive.
    Pointer,
}

/// Reads the rows of these hits. Events without a partition and an offset are counted and left out.
pub(crate) fn read(
    view: &View,
    hits: &[Hit],
    numbers: &mut Numbers,
    stop: &dyn Fn() -> bool,
) -> Result<(Vec<Draft>, usize), ReplayError> {
    let mut places = BTreeMap::<Place, Vec<u32>>::new();
    hits.iter().for_each(|hit| places.entry(hit.place).or_default().push(hit.row));
    let (mut drafts, mut without) = (Vec::with_capacity(hits.len()), 0);
    for (place, mut rows) in places {
        rows.sort_unstable();
        rows.dedup();
        for rows in rows.chunks(STEP) {
            if stop() {
                return Err(ReplayError::Stopped);
            }
            without += read_rows(view, place, rows, numbers, &mut drafts)?;
        }
    }
    look_closer(view, &mut drafts)?;
    Ok((drafts, without))
}

fn read_rows(
    view: &View,
    place: Place,
    rows: &[u32],
    numbers: &mut Numbers,
    drafts: &mut Vec<Draft>,
) -> Result<usize, ReplayError> {
    let hits: Vec<Hit> = rows.iter().map(|row| Hit { place, row: *row }).collect();
    let (fetched, faults) = view.fetch(&hits, &COLUMNS);
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }
    let file = match place {
        Place::File(at) => Some(view.file(at).path.as_str()),
        Place::Hot(_) => None,
    };
    let file = numbers.word(file);
    let mut without = 0;
    for fetched in fetched {
        let reading = Reading::new(&fetched.batch)?;
        for (at, row) in fetched.rows.iter().enumerate() {
            match reading.draft(at, numbers)? {
                Some(draft) => {
                    let hit = Hit { place, row: *row };
                    drafts.push(Draft { item: Item { file, row: *row, ..draft.item }, hit, ..draft });
                }
                None => without += 1,
            }
        }
    }
    Ok(without)
}

struct Reading<'a> {
    columns: EventColumns<'a>,
    dead: &'a StructArray,
    retry: &'a StructArray,
}

impl<'a> Reading<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        let columns = EventColumns::new(batch);
        let (dead, retry) = (columns.record("dead_letter")?, columns.record("retry")?);
        Ok(Self { columns, dead, retry })
    }

    fn draft(&self, row: usize, numbers: &mut Numbers) -> Result<Option<Draft>, ColumnError> {
        let columns = &self.columns;
        let (partitions, offsets) = (columns.int("partition")?, columns.long("offset")?);
        if partitions.is_null(row) || offsets.is_null(row) {
            return Ok(None);
        }
        let stand = Stand {
            source: columns.text("source")?.value(row).to_owned(),
            destination: columns.text("destination")?.value(row).to_owned(),
            incarnation: columns.int("incarnation")?.value(row),
        };
        let (keys, times) = (columns.binary("key")?, columns.micros("timestamp")?);
        let key = keys.is_valid(row).then(|| keys.value(row));
        let (dead, waits) = (self.dead.is_valid(row), self.retry.is_valid(row));
        let fingerprint = dead.then(|| field(self.dead, "fingerprint", row).unwrap_or("unknown"));
        let size = columns.int("size")?.value(row);
        let timestamp = if times.is_valid(row) { times.value(row) } else { i64::MIN };
        let record = if dead { self.dead } else { self.retry };
        let origin = field(record, "origin_destination", row).filter(|name| !name.is_empty());
        let partition = number(record, "origin_partition", row).and_then(|partition| i32::try_from(partition).ok());
        let note = get(columns.text("decode_error")?, row);
        let from = numbers.stand(&stand);
        Ok(Some(Draft {
            item: Item {
                from,
                partition: partitions.value(row),
                offset: offsets.value(row),
                to: from,
                to_partition: -1,
                timestamp,
                due: timestamp,
                key: key.map_or(0, |key| xxhash_rust::xxh3::xxh3_64(key).max(1)),
                story: story(columns, row)?.or_else(|| story_of(key)).unwrap_or(0),
                kind: numbers.word(get(columns.text("type")?, row)),
                cause: numbers.word(fingerprint.or(waits.then_some(RETRY))),
                group: numbers.word(field(self.dead, "consumer_group", row)),
                size: u32::try_from(size).unwrap_or(0),
                attempt: 1,
                now: false,
                file: 0,
                row: 0,
                body: 0,
            },
            hashes: Partitioner::ALL.map(|partitioner| partitioner.hash(key)),
            origin: (numbers.word(origin), partition, number(record, "origin_offset", row)),
            failed: dead || waits,
            body: Body::Whole,
            hit: Hit { place: Place::Hot(0), row: 0 },
            unclear: note.is_some_and(|note| note.starts_with("payload of ") || note.contains("U+FFFD"))
                || columns.text("replay_id")?.is_valid(row)
                || (key.is_none() && may_point(self.dead, row)),
        }))
    }
}

/// A key that tells its story from others.
fn story_of(key: Option<&[u8]>) -> Option<u64> {
    let text = id::key_text(key?)?;
    (!id::is_weak(&text)).then(|| id::hash_value(&text))
}

/// Headers and bodies of the few that need it: how often they were replayed, and whether all their bytes are there.
fn look_closer(view: &View, drafts: &mut [Draft]) -> Result<(), ReplayError> {
    let unclear: HashMap<Hit, usize> =
        drafts.iter().enumerate().filter(|(_, draft)| draft.unclear).map(|(at, draft)| (draft.hit, at)).collect();
    let mut hits: Vec<Hit> = unclear.keys().copied().collect();
    hits.sort_unstable();
    for hits in hits.chunks(FEW) {
        for fetched in view.fetch(hits, &["key", "payload", "headers"]).0 {
            let read = Rows::of(&fetched.batch)?;
            for (at, row) in fetched.rows.iter().enumerate() {
                let Some(draft) = unclear.get(&Hit { place: fetched.place, row: *row }) else { continue };
                let (draft, row) = (&mut drafts[*draft], read.row(at, false));
                draft.item.attempt = row.attempts().saturating_add(1);
                draft.body = match u32::try_from(row.size()) {
                    Ok(size) if size == draft.item.size && row.is_empty() && draft.failed => Body::Pointer,
                    Ok(size) if size == draft.item.size => Body::Whole,
                    _ => Body::Cut,
                };
            }
        }
    }
    Ok(())
}
