//! Where events go: what brokers say of the destinations, and which partition each event gets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, RecordBatch};
use serde::{Deserialize, Serialize};
use tapline_adapter::{AdapterError, DestinationFacts, Detected, Partitioner, detect};
use tapline_api::ReplayTarget;
use tapline_archive::View;
use tapline_model::columns::{ColumnError, EventColumns};

use crate::error::ReplayError;
use crate::item::Stand;
use crate::options::Sources;
use crate::plan::pointers::Lives;
use crate::plan::rows::Draft;

/// Events of a destination that are looked at to find out how its keys come to partitions.
const SAMPLE: usize = 4_096;

/// A target as it was when it was planned: what has to be the same when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) stand: u32,
    pub(crate) source: String,
    pub(crate) destination: String,
    /// The broker's identity of its life.
    pub(crate) id: Option<String>,
    pub(crate) partitions: i32,
}

/// A destination whose events are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) source: &'a str,
    pub(crate) destination: &'a str,
    pub(crate) partitions: i32,
}

impl Target {
    pub(crate) fn place(&self) -> Place<'_> {
        Place { source: &self.source, destination: &self.destination, partitions: self.partitions }
    }
}

/// A target as its broker describes it now.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) target: Target,
    pub(crate) facts: Result<DestinationFacts, AdapterError>,
}

/// Where an event goes: as asked, else where it failed or stood. `None` where nothing says where it failed.
pub(crate) fn stand_of(
    draft: &Draft,
    asked: Option<&ReplayTarget>,
    from: &Stand,
    origin: Option<&str>,
) -> Option<Stand> {
    let asked = asked.cloned().unwrap_or_default();
    let own = if draft.failed { origin } else { Some(from.destination.as_str()) };
    Some(Stand {
        source: asked.source.unwrap_or_else(|| from.source.clone()),
        destination: asked.destination.or_else(|| own.map(str::to_owned))?,
        incarnation: 1,
    })
}

/// Asks the brokers about these targets.
///
/// # Errors
/// When a source is not configured or does not answer.
pub(crate) fn describe(sources: &Sources, stands: &[(u32, Stand)]) -> Result<Vec<Described>, ReplayError> {
    let mut by_source = BTreeMap::<&str, Vec<&(u32, Stand)>>::new();
    stands.iter().for_each(|stand| by_source.entry(&stand.1.source).or_default().push(stand));
    let mut described = Vec::new();
    for (name, stands) in by_source {
        let source = sources.get(name).ok_or_else(|| {
            let known: Vec<String> = sources.keys().map(|known| format!("`{known}`")).collect();
            let known = if known.is_empty() { "none is".to_owned() } else { format!("there are {}", known.join(", ")) };
            ReplayError::BadRequest(format!("no source `{name}` is configured; {known}"))
        })?;
        let names: Vec<&str> = stands.iter().map(|(_, stand)| stand.destination.as_str()).collect();
        for ((at, stand), facts) in stands.iter().zip(source.destinations(&names)?) {
            let known = facts.as_ref().ok();
            let partitions = known.map_or(0, |facts| facts.partitions.len());
            let target = Target {
                stand: *at,
                source: stand.source.clone(),
                destination: stand.destination.clone(),
                id: known.and_then(|facts| facts.id.clone()),
                partitions: i32::try_from(partitions).unwrap_or(i32::MAX),
            };
            described.push(Described { target, facts });
        }
    }
    Ok(described)
}

/// How the partitions of a target are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// As its producers do.
    Detected(Partitioner),
    /// As the Java client does: too little of it was seen to know better.
    Assumed,
}

impl Chosen {
    pub(crate) fn partitioner(self) -> Partitioner {
        match self {
            Self::Detected(partitioner) => partitioner,
            Self::Assumed => Partitioner::JavaMurmur2,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Detected(Partitioner::JavaMurmur2) => "as the producer does (murmur2)",
            Self::Detected(Partitioner::LibrdkafkaConsistentRandom) => "as the producer does (consistent, CRC-32)",
            Self::Assumed => "where each stood, else by murmur2, as Java clients do",
        }
    }
}

/// By which partitioner the keys of a destination came to their partitions, from events that stand there.
pub(crate) fn chosen(view: &View, place: &Place<'_>) -> Result<Chosen, ReplayError> {
    let detected = detect_in(view, place)?;
    Ok(detected.map_or(Chosen::Assumed, |detected| Chosen::Detected(detected.partitioner)))
}

fn detect_in(view: &View, place: &Place<'_>) -> Result<Option<Detected>, ReplayError> {
    let mut keys = BTreeSet::<(Vec<u8>, i32)>::new();
    let destination = place.destination;
    let holds = |bounds: (&Option<String>, &Option<String>)| {
        bounds.0.as_deref().is_none_or(|least| least <= destination)
            && bounds.1.as_deref().is_none_or(|most| most >= destination)
    };
    let files = view.files.iter().rev().filter(|file| {
        holds((&file.stats.min_values.destination, &file.stats.max_values.destination)) && file.damage().is_none()
    });
    for chunk in view.hot.iter().rev() {
        take(&chunk.batch, place, &mut keys)?;
        if keys.len() >= SAMPLE {
            break;
        }
    }
    // The newest few files: what was written long ago may have had other partitions.
    for file in files.take(4) {
        if keys.len() >= SAMPLE {
            break;
        }
        for batch in
            view.reader.scan(file, &["source", "destination", "partition", "key", "replay_id"], 65_536, None)?
        {
            take(&batch?, place, &mut keys)?;
            if keys.len() >= SAMPLE {
                break;
            }
        }
    }
    let observed = keys.iter().map(|(key, partition)| (key.as_slice(), *partition));
    Ok(detect(observed, place.partitions))
}

fn take(batch: &RecordBatch, place: &Place<'_>, keys: &mut BTreeSet<(Vec<u8>, i32)>) -> Result<(), ColumnError> {
    let columns = EventColumns::new(batch);
    let (sources, destinations) = (columns.text("source")?, columns.text("destination")?);
    let (partitions, all, replays) = (columns.int("partition")?, columns.binary("key")?, columns.text("replay_id")?);
    for row in 0..columns.len() {
        let here = destinations.value(row) == place.destination && sources.value(row) == place.source;
        if here && all.is_valid(row) && partitions.is_valid(row) && replays.is_null(row) && keys.len() < SAMPLE {
            keys.insert((all.value(row).to_vec(), partitions.value(row)));
        }
    }
    Ok(())
}

/// Gives every event its partition: by its key; without one where it stood; else in turn. `stood` is `None` for an event
/// that did not stand or fail on a destination of this name, and true where that has the same partitions: its own, or
/// as many on another broker.
pub(crate) fn assign(drafts: &mut [Draft], targets: &HashMap<u32, (i32, Chosen)>, stood: &[Option<bool>]) {
    let mut turn = HashMap::<u32, i32>::new();
    for (draft, same) in drafts.iter_mut().zip(stood) {
        let Some((partitions, chosen)) = targets.get(&draft.item.to).copied().filter(|(count, _)| *count > 0) else {
            continue;
        };
        // If the partition is still there.
        let stood = if draft.failed { draft.origin.1 } else { Some(draft.item.partition) };
        let stood = stood.filter(|at| same.is_some() && (0..partitions).contains(at));
        let by = Partitioner::ALL.iter().position(|known| *known == chosen.partitioner());
        let hash = by.and_then(|at| draft.hashes[at]);
        let count = u32::try_from(partitions).unwrap_or(1);
        let by_key = hash.and_then(|hash| i32::try_from(hash % count).ok());
        let picked = match chosen {
            Chosen::Assumed if *same == Some(true) => stood.or(by_key),
            _ => by_key.or(stood),
        };
        draft.item.to_partition = picked.unwrap_or_else(|| {
            let next = turn.entry(draft.item.to).or_insert(-1);
            *next = (*next + 1) % partitions;
            *next
        });
    }
}

/// A stand in the life that the archive would file it under.
pub(crate) fn in_its_life(mut stand: Stand, lives: &Lives) -> Stand {
    stand.incarnation =
        lives.get(&(stand.source.clone(), stand.destination.clone())).map_or(1, |life| life.incarnation);
    stand
}
