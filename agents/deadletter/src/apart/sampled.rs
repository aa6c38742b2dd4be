//! Members of a cause, as the events that failed: their dead letters carry other headers and stand at other places.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use tapline_archive::{Hit, Place, View};
use tapline_model::Address;
use tapline_model::columns::{EventColumns, get};

use crate::error::DeadLetterError;
use crate::facts::{Fact, Facts, Part};
use crate::grouping::Grouping;
use crate::letters::Letters;
use crate::{members, origin};

/// What facts are made of.
pub(super) const COLUMNS: [&str; 15] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "type",
    "producer",
    "schema_id",
    "headers",
    "payload",
    "decoded",
    "dead_letter",
    "retry",
];

/// Rows that one address may be found under: one, unless a broker gave it twice.
const MOST_HITS: usize = 4;

/// One event with what can be said of it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) address: Address,
    pub(super) timestamp: Option<i64>,
    pub(super) kind: Option<String>,
    pub(super) facts: HashSet<Fact>,
}

/// The members that are looked at.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) events: Vec<Event>,
}

/// What events have to be like to be compared with members.
#[derive(Debug, Default)]
pub(super) struct Like {
    /// Source and destination.
    pub(super) places: BTreeSet<(String, String)>,
    /// None asks for every type.
    pub(super) types: BTreeSet<Option<String>>,
    /// Oldest and newest broker time, microseconds.
    pub(super) times: Option<(i64, i64)>,
}

impl Members {
    pub(super) fn like(&self) -> Like {
        let times = self.events.iter().filter_map(|event| event.timestamp);
        Like {
            places: self.events.iter().map(|it| (it.address.source.clone(), it.address.destination.clone())).collect(),
            types: self.events.iter().map(|event| event.kind.clone()).collect(),
            times: times.fold(None, |times: Option<(i64, i64)>, at| {
                Some(times.map_or((at, at), |(first, last)| (first.min(at), last.max(at))))
            }),
        }
    }
}

/// Draws at most `limit` members, spread evenly over the time in which they died. Those whose original is not archived, or not
/// named, are left out: they cannot be compared.
pub(super) fn draw(
    view: &View,
    places: &[(Place, Arc<Letters>)],
    grouping: &Grouping,
    cause: &str,
    limit: usize,
) -> Result<Members, DeadLetterError> {
    let mut all: Vec<members::Member> = members::all(places, grouping, cause).collect();
    all.sort_unstable();
    let step = all.len().div_ceil(limit).max(1);
    let hits: Vec<Hit> = all.iter().step_by(step).map(|member| member.hit).collect();
    let mut origins = BTreeMap::<Hit, Address>::new();
    for address in originals(view, &hits)? {
        let found = view.lookup(address.hash(), MOST_HITS);
        origins.extend(found.hits.into_iter().map(|hit| (hit, address.clone())));
    }
    let hits: Vec<Hit> = origins.keys().copied().collect();
    let mut events = Vec::new();
    for fetched in view.fetch(&hits, &COLUMNS).0 {
        for (at, row) in fetched.rows.iter().enumerate() {
            let event = event(&fetched.batch, at)?;
            // Another address may have the same hash.
            let wanted = origins.get(&Hit { place: fetched.place, row: *row });
            events.extend(Some(event).filter(|event| Some(&event.address) == wanted));
        }
    }
    Ok(Members { events })
}

fn originals(view: &View, hits: &[Hit]) -> Result<BTreeSet<Address>, DeadLetterError> {
    let mut addresses = BTreeSet::new();
    for fetched in view.fetch(hits, &["source", "dead_letter"]).0 {
        let columns = EventColumns::new(&fetched.batch);
        let (sources, dead) = (columns.text("source")?, columns.record("dead_letter")?);
        addresses.extend((0..dead.len()).filter_map(|row| origin::origin_address(sources.value(row), dead, row)));
    }
    Ok(addresses)
}

/// A row with what can be said of it.
pub(super) fn event(batch: &RecordBatch, row: usize) -> Result<Event, DeadLetterError> {
    let columns = EventColumns::new(batch);
    let text = |name| columns.text(name).map(|column| get(column, row).map(str::to_owned));
    let address = columns.address(row)?;
    let (times, payloads) = (columns.micros("timestamp")?, columns.binary("payload")?);
    let kind = text("type")?;
    let mut facts = Facts::default();
    facts.add(Part::Producer, text("producer")?);
    facts.add(Part::Type, kind.clone());
    facts.add(Part::Partition, address.partition.map(|partition| partition.to_string()));
    let schemas = columns.int("schema_id")?;
    facts.add(Part::Version, schemas.is_valid(row).then(|| schemas.value(row).to_string()));
    for (name, value) in columns.headers(row)? {
        facts.header(name, value);
    }
    let bytes = payloads.is_valid(row).then(|| payloads.value(row));
    let body = text("decoded")?.or_else(|| bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()));
    body.iter().for_each(|body| facts.payload(body));
    let timestamp = times.is_valid(row).then(|| times.value(row));
    Ok(Event { address, timestamp, kind, facts: facts.into_set() })
}
