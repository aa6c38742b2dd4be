//! The dead letters of every file and chunk, by cause: read once, kept, and rebuildable at any time.
//!
//! A dead letter costs 56 bytes here, so that a million of them are grouped without reading a file. What is long
//! (messages, stack traces) is kept once a cause, or read again where it is shown.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use arrow::array::{Array, RecordBatch};
use moka::sync::Cache;
use parking_lot::Mutex;
use tapline_archive::{Place, PlaceKey, View};
use tapline_model::columns::{AddressColumns, ColumnError, EventColumns, field, get};
use tapline_model::id::hash_value;

use crate::error::DeadLetterError;
use crate::origin;
use crate::read;

/// Kept, bytes.
const KEPT: u64 = 192 << 20;

/// Samples that are shared before those of places that are no more are forgotten.
const MOST_SAMPLES: usize = 100_000;

/// Characters of texts that come from messages.
const LONGEST: usize = 400;

/// A dead letter of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// Row in its place.
    pub row: u32,
    /// Index into [`Letters::samples`].
    pub sample: u32,
    /// Index into [`Letters::types`]; the first is for events without one.
    pub kind: u32,
    /// Broker time, microseconds; `i64::MIN` without one.
    pub timestamp: i64,
    /// Hash of the key, 0 without one.
    pub key: u64,
    /// Hash of what tells its story from others, 0 where nothing does.
    pub story: u64,
    /// Hash of its address.
    pub address: u64,
    /// Hash of the address of the event that failed, 0 where headers do not name it.
    pub origin: u64,
}

/// What dead letters of one fingerprint on one destination have in common, from the first one seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the columns, documented in docs/sql.md")]
pub struct Sample {
    pub fingerprint: String,
    pub source: String,
    pub destination: String,
    pub framework: String,
    pub origin: Option<String>,
    pub group: Option<String>,
    pub root_cause: Option<String>,
    /// Without numbers and identifiers.
    pub folded: String,
    /// As one of them says it.
    pub message: Option<String>,
}

/// The dead letters of one file or chunk.
#[derive(Debug, Default)]
pub struct Letters {
    /// In order of their rows.
    pub letters: Vec<Letter>,
    /// What they have in common; shared with other places of the same cache.
    pub samples: Vec<Arc<Sample>>,
    /// Event types.
    pub types: Vec<Option<String>>,
    /// How many of the samples were seen here first.
    pub first_seen: usize,
}

impl Letters {
    fn weight(&self) -> u32 {
        // A sample is kept twice, and counted where it was seen first.
        let names = self.first_seen * 2_500 + self.samples.len() * 8 + self.types.len() * 100;
        let bytes = self.letters.len() * size_of::<Letter>() + names;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// The dead letters of all files and chunks, read when first asked for.
#[derive(Debug)]
pub struct LetterCache {
    places: Cache<PlaceKey, Arc<Letters>>,
    samples: Mutex<Shared>,
}

/// What letters of any place have in common, as long as one of them is kept.
#[derive(Debug, Default)]
struct Shared {
    all: HashMap<Sample, Weak<Sample>>,
    /// With more than so many those that nobody keeps are forgotten.
    most: usize,
}

impl Default for LetterCache {
    fn default() -> Self {
        let places = Cache::builder().max_capacity(KEPT).weigher(|_, letters: &Arc<Letters>| letters.weight()).build();
        Self { places, samples: Mutex::default() }
    }
}

impl LetterCache {
    /// Every place that holds dead letters, with them. A file that cannot be read is left out: the System page names it.
    ///
    /// # Errors
    /// [`DeadLetterError::Stopped`] once `stop` says so.
    pub fn all(&self, view: &View, stop: &dyn Fn() -> bool) -> Result<Vec<(Place, Arc<Letters>)>, DeadLetterError> {
        self.of(view, |_| true, stop)
    }

    /// As [`LetterCache::all`], of places that have rows between two times (microseconds): a month of files need not be
    /// read for an hour.
    ///
    /// # Errors
    /// As [`LetterCache::all`].
    pub fn between(
        &self,
        view: &View,
        (from, to): (i64, i64),
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<(Place, Arc<Letters>)>, DeadLetterError> {
        self.of(view, |times| times.is_some_and(|(first, last)| first < to && last >= from), stop)
    }

    fn of(
        &self,
        view: &View,
        wanted: impl Fn(Option<(i64, i64)>) -> bool,
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<(Place, Arc<Letters>)>, DeadLetterError> {
        let mut all = Vec::new();
        for (place, key) in view.places(wanted) {
            if stop() {
                return Err(DeadLetterError::Stopped);
            }
            // Of several who ask at once one reads.
            match self.places.try_get_with(key, || self.read_place(view, place).map(Arc::new)) {
                Ok(letters) if letters.letters.is_empty() => {}
                Ok(letters) => all.push((place, letters)),
                Err(fault) => match &*fault {
                    DeadLetterError::Column(error) => return Err(error.clone().into()),
                    // Damage is told where it is noticed.
                    DeadLetterError::Archive(_) | DeadLetterError::Stopped => {}
                },
            }
        }
        Ok(all)
    }

    fn read_place(&self, view: &View, place: Place) -> Result<Letters, DeadLetterError> {
        let rows = read::dead_rows(view, place)?;
        let mut reading = Reading::default();
        if let Some(batch) = read::rows(view, place, &rows, &COLUMNS)? {
            reading.take(&batch, &rows)?;
        }
        let Reading { letters, samples, types } = reading;
        let (samples, first_seen) = self.samples.lock().take(samples);
        Ok(Letters { letters, samples, types: in_order(types), first_seen })
    }
}

impl Shared {
    /// Samples as other places have them, and how many none has.
    fn take(&mut self, samples: HashMap<Sample, (u32, Option<String>)>) -> (Vec<Arc<Sample>>, usize) {
        if self.all.len() > self.most.max(MOST_SAMPLES) {
            self.all.retain(|_, known| known.strong_count() > 0);
            self.most = self.all.len() * 2;
        }
        let mut first_seen = 0;
        let mut shared: Vec<(u32, Arc<Sample>)> = samples
            .into_iter()
            .map(|(sample, (number, message))| {
                let known = self.all.get(&sample).and_then(Weak::upgrade);
                let shared = known.unwrap_or_else(|| {
                    first_seen += 1;
                    let shared = Arc::new(Sample { message, ..sample.clone() });
                    self.all.insert(sample, Arc::downgrade(&shared));
                    shared
                });
                (number, shared)
            })
            .collect();
        shared.sort_unstable_by_key(|(number, _)| *number);
        (shared.into_iter().map(|(_, sample)| sample).collect(), first_seen)
    }
}

const COLUMNS: [&str; 22] = [
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
    "dead_letter.fingerprint",
    "dead_letter.framework",
    "dead_letter.origin_destination",
    "dead_letter.origin_partition",
    "dead_letter.origin_offset",
    "dead_letter.consumer_group",
    "dead_letter.root_cause",
    "dead_letter.exception",
    "dead_letter.message",
    "dead_letter.attempts",
];

#[derive(Default)]
struct Reading {
    letters: Vec<Letter>,
    /// By number, with the message of the first.
    samples: HashMap<Sample, (u32, Option<String>)>,
    types: HashMap<Option<String>, u32>,
}

impl Reading {
    fn take(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<(), ColumnError> {
        let columns = EventColumns::new(batch);
        let (times, keys, types) = (columns.micros("timestamp")?, columns.binary("key")?, columns.text("type")?);
        let (sources, destinations) = (columns.text("source")?, columns.text("destination")?);
        let (dead, addresses) = (columns.record("dead_letter")?, AddressColumns::new(&columns)?);
        for (at, row) in rows.iter().enumerate() {
            let text = |name| field(dead, name, at).map(cut);
            let sample = Sample {
                fingerprint: text("fingerprint").unwrap_or_default(),
                source: sources.value(at).to_owned(),
                destination: destinations.value(at).to_owned(),
                framework: text("framework").unwrap_or_default(),
                origin: text("origin_destination"),
                group: text("consumer_group"),
                root_cause: text("root_cause").or_else(|| text("exception")),
                folded: tapline_decode::folded(field(dead, "message", at).unwrap_or_default()),
                message: None,
            };
            // The message is that of the first: it tells causes apart only without what differs from event to event.
            let next = (count(self.samples.len()), None);
            let (sample, message) = self.samples.entry(sample).or_insert(next);
            if message.is_none() {
                *message = text("message");
            }
            let next = count(self.types.len());
            let kind = *self.types.entry(get(types, at).map(cut)).or_insert(next);
            let key = if keys.is_valid(at) { hash_of(keys.value(at)) } else { 0 };
            self.letters.push(Letter {
                row: *row,
                sample: *sample,
                kind,
                timestamp: if times.is_valid(at) { times.value(at) } else { i64::MIN },
                key,
                story: origin::story(&columns, at)?.unwrap_or(key),
                address: addresses.hash(at),
                origin: origin::origin_address(sources.value(at), dead, at).map_or(0, |address| address.hash()),
            });
        }
        Ok(())
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn in_order<T>(numbered: HashMap<T, u32>) -> Vec<T> {
    let mut all: Vec<(T, u32)> = numbered.into_iter().collect();
    all.sort_unstable_by_key(|(_, number)| *number);
    all.into_iter().map(|(value, _)| value).collect()
}

/// 0 means none.
fn hash_of(bytes: &[u8]) -> u64 {
    match std::str::from_utf8(bytes) {
        Ok(text) => hash_value(text).max(1),
        Err(_) => hash_value(&format!("{bytes:?}")).max(1),
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}
