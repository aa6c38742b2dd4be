//! The bytes of items, read from the archive a stretch at a time, in the order of sending.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::HashMapExt;
use tapline_archive::find::hashes;
use tapline_archive::{Archive, ArchiveError, Hit, Place, View};

use crate::error::ReplayError;
use crate::find::find;
use crate::item::{Item, Items};
use crate::message::Rows;

/// Bytes of a stretch, about: twice as many are in memory, the one that is sent and the one after it.
const STRETCH_BYTES: u64 = 32 << 20;

/// Items of a stretch.
const STRETCH: usize = 65_536;

const COLUMNS: [&str; 11] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "key",
    "payload",
    "headers",
    "decode_error",
];

/// Where bytes are read.
#[derive(Clone)]
pub(crate) struct Archives {
    /// All that taps read.
    pub(crate) events: Arc<Archive>,
    /// Events that dead letters point to and the other one lacks.
    pub(crate) originals: Arc<Archive>,
}

impl Archives {
    pub(crate) fn view(&self) -> Arc<View> {
        self.with(&self.events.view())
    }

    /// Both, with a snapshot of the events that somebody chose from: what was found in it stands in the same place.
    pub(crate) fn with(&self, events: &Arc<View>) -> Arc<View> {
        View::and(events, self.originals.view())
    }
}

/// An item whose bytes are there; `None` if they are no longer in the archive.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// Which.
    pub(crate) number: u32,
    /// Where its row is.
    pub(crate) row: Option<(Arc<Rows>, usize)>,
}

/// How many of these items make one stretch.
pub(crate) fn stretch(items: &Items, numbers: &[u32]) -> usize {
    let mut bytes = 0;
    let sizes = numbers.iter().take(STRETCH).map(|number| u64::from(items.items[*number as usize].size));
    let fit = sizes.take_while(|size| {
        bytes += size;
        bytes <= STRETCH_BYTES
    });
    fit.count().max(1).min(numbers.len())
}

/// Reads items, in the order asked for.
pub(crate) fn load(view: &View, items: &Items, numbers: &[u32]) -> Result<Vec<Loaded>, ReplayError> {
    let files: HashMap<&str, usize> =
        view.every_file().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
    let item = |number: &u32| &items.items[*number as usize];
    let hinted = |item: &Item| {
        let file = items.word(item.file)?;
        files.get(file).map(|at| Hit { place: Place::File(*at), row: item.row })
    };
    let hits: Vec<Option<Hit>> = numbers.iter().map(|number| hinted(item(number))).collect();
    let moved: HashSet<u64> = numbers
        .iter()
        .zip(&hits)
        .filter(|(_, hit)| hit.is_none())
        .map(|(number, _)| items.body_hash(item(number)))
        .collect();
    // Files that were there when it was planned hold what they held then.
    let known: HashSet<&str> = items.words.iter().map(String::as_str).collect();
    let found = if moved.is_empty() { HashMap::new() } else { find(view, &moved, &known, &|| false)? };
    let hits: Vec<Option<Hit>> = numbers
        .iter()
        .zip(hits)
        .map(|(number, hit)| hit.or_else(|| found.get(&items.body_hash(item(number))).copied()))
        .collect();
    let rows = fetch(view, &hits)?;
    let loaded = numbers.iter().zip(hits).map(|(number, hit)| {
        let row = hit.and_then(|hit| rows.get(&hit).cloned());
        // A file of the same name with other rows would send somebody else's event.
        let same = |(_, _, hash): &(Arc<Rows>, usize, u64)| *hash == items.body_hash(item(number));
        Loaded { number: *number, row: row.filter(same).map(|(batch, row, _)| (batch, row)) }
    });
    Ok(loaded.collect())
}

/// What was not found while a file of the archive is missing may stand in that one: it is not given up.
pub(crate) fn none_missing(view: &View, loaded: Vec<Loaded>) -> Result<Vec<Loaded>, ReplayError> {
    let incomplete = loaded.iter().any(|loaded| loaded.row.is_none());
    match view.every_file().find(|file| incomplete && !file.location.exists()) {
        Some(file) => {
            let what = "put it back and resume".to_owned();
            Err(ArchiveError::Damaged { path: file.path.clone(), what }.into())
        }
        None => Ok(loaded),
    }
}

/// By place: the row, and the hash of its address.
type Read = foldhash::HashMap<Hit, (Arc<Rows>, usize, u64)>;

/// Rows of damaged files are missing.
fn fetch(view: &View, hits: &[Option<Hit>]) -> Result<Read, ReplayError> {
    let hits: Vec<Hit> = hits.iter().flatten().copied().collect();
    let mut rows = Read::with_capacity(hits.len());
    let (fetched, faults) = view.fetch(&hits, &COLUMNS);
    // Rows of a file that is damaged are gone; what the machine cannot read at the moment is not.
    let passing = faults.into_iter().find(|fault| !matches!(fault, ArchiveError::Damaged { .. }));
    passing.map_or(Ok(()), |fault| Err(ReplayError::from(fault)))?;
    for fetched in fetched {
        let hashes = hashes(&fetched.batch)?;
        let batch = Arc::new(Rows::of(&fetched.batch)?);
        for (at, (row, hash)) in fetched.rows.iter().zip(hashes).enumerate() {
            rows.insert(Hit { place: fetched.place, row: *row }, (Arc::clone(&batch), at, hash));
        }
    }
    Ok(rows)
}

#[cfg(test)]
pub(crate) mod tests {
    use tapline_archive::ArchiveOptions;
    use tempfile::TempDir;

    use super::*;

    /// Two that are empty.
    pub(crate) async fn archives() -> (TempDir, Archives) {
        let folder = TempDir::new().unwrap();
        let (events, originals) = (folder.path().join("events"), folder.path().join("originals"));
        let open = async |folder| Archive::open(folder, ArchiveOptions::default()).await.unwrap();
        let archives = Archives { events: open(&events).await, originals: open(&originals).await };
        (folder, archives)
    }
}
