//! Dead letters that only tell of the event that failed: what is put back is that event, as it stands in the archive.
//!
//! Such an item keeps the dead letter's identity, so that it waits no more; bytes, key and time are those of the event.

use std::collections::{HashMap, HashSet};

use tapline_archive::View;
use tapline_model::Address;

use super::rows::{self, Body, Draft};
use crate::error::ReplayError;
use crate::find::find;
use crate::item::{Numbers, Stand};

/// Destinations by source and name: their newest lives.
pub(crate) type Lives = HashMap<(String, String), Life>;

/// The newest life of a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Life {
    /// 1 for the first.
    pub(crate) incarnation: i32,
    /// How many partitions of it were read.
    pub(crate) partitions: i32,
    /// Broker time of the oldest event of it that is known, microseconds.
    pub(crate) first: Option<i64>,
}

/// Gives pointers the body of the event they point to, where the archive has it.
pub(crate) fn resolve(
    view: &View,
    drafts: &mut [Draft],
    lives: &Lives,
    numbers: &mut Numbers,
    stop: &dyn Fn() -> bool,
) -> Result<(), ReplayError> {
    let (stands, words) = (numbers.clone_stands(), numbers.clone_words());
    let pointers = drafts.iter().enumerate().filter(|(_, draft)| draft.body == Body::Pointer);
    let candidates: Vec<(usize, Vec<Address>)> =
        pointers.map(|(at, draft)| (at, candidates(draft, &stands, &words, lives))).collect();
    if candidates.is_empty() {
        return Ok(());
    }
    let wanted: HashSet<u64> = candidates.iter().flat_map(|(_, all)| all.iter().map(Address::hash)).collect();
    let found = find(view, &wanted, &HashSet::new(), stop)?;
    let hits: Vec<_> = found.values().copied().collect();
    let (originals, _) = rows::read(view, &hits, numbers, stop)?;
    let stands = numbers.clone_stands();
    let originals: HashMap<u64, &Draft> =
        originals.iter().map(|draft| (super::address(&stands, &draft.item).1, draft)).collect();
    for (at, candidates) in candidates {
        let draft = &mut drafts[at];
        // Offsets begin anew with a topic: what is younger than its dead letter is another event of a later life.
        let fits = |original: &Draft| candidates.len() == 1 || original.item.timestamp <= draft.item.timestamp;
        let known = |address| Some((address, *originals.get(&Address::hash(address))?)).filter(|(_, it)| fits(it));
        if let Some((address, original)) = candidates.iter().find_map(known) {
            take(draft, original, numbers.word(Some(&address.to_string())));
        }
    }
    Ok(())
}

/// Addresses that a pointer may mean, the newest life of the destination first: headers know none.
fn candidates(draft: &Draft, stands: &[Stand], words: &[String], lives: &Lives) -> Vec<Address> {
    let (destination, Some(partition), Some(offset)) = draft.origin else { return Vec::new() };
    let source = &stands[draft.item.from as usize].source;
    let Some(destination) = words.get(destination as usize).filter(|name| !name.is_empty()) else { return Vec::new() };
    let newest = lives.get(&(source.clone(), destination.clone())).copied();
    let newest = newest.unwrap_or(Life { incarnation: 1, ..Life::default() });
    // What failed since the destination was made anew did not stand in the one before. Where that is not known, none is put
    // back rather than another one.
    let since = newest.first.is_none_or(|first| draft.item.timestamp >= first);
    let oldest = if since { newest.incarnation } else { 1 };
    let address = |incarnation: i32| Address {
        source: source.clone(),
        destination: destination.clone(),
        incarnation,
        partition: Some(partition),
        position: offset.to_string(),
    };
    (oldest..=newest.incarnation).rev().map(address).collect()
}

fn take(draft: &mut Draft, original: &Draft, body: u32) {
    draft.body = original.body;
    draft.hashes = original.hashes;
    let (item, original) = (&mut draft.item, &original.item);
    (item.key, item.story, item.kind, item.size) = (original.key, original.story, original.kind, original.size);
    (item.timestamp, item.due) = (original.timestamp, original.due);
    (item.file, item.row, item.body) = (original.file, original.row, body);
    item.attempt = item.attempt.max(original.attempt);
}
