//! A cause as answers show it.

use tapline_api::{Cause as CauseView, Note};
use tapline_chains::{Failure, closed};
use tapline_deadletter::Cause;
use tapline_model::time;

use super::Dead;
use crate::problem::Refusal;

/// A cause still grows if it was seen within this time, microseconds.
const RECENT: i64 = 300_000_000;

/// Types told.
const TYPES: usize = 5;

/// Reads again what the index does not keep: where the newest stands and what its stack trace says.
pub(super) fn views(dead: &Dead, causes: &[&Cause]) -> Result<Vec<CauseView>, Refusal> {
    let newest: Vec<_> = causes.iter().map(|cause| cause.newest).collect();
    let mut read = tapline_deadletter::read_newest(&dead.view, &newest)?;
    let views = causes.iter().map(|cause| {
        let newest = read.remove(&cause.newest).unwrap_or_default();
        view(dead, cause, newest.address.map(|address| address.to_string()).unwrap_or_default(), newest.frame)
    });
    Ok(views.collect())
}

fn view(dead: &Dead, cause: &Cause, newest: String, frame: Option<String>) -> CauseView {
    let (sample, state) = (&cause.sample, dead.said.state(cause));
    let failure = failure(cause);
    let said = dead.said.records.get(&cause.id);
    CauseView {
        fingerprint: cause.id.clone(),
        state,
        note: said.map(|said| Note { who: said.who.clone(), at: time::format(said.at), text: said.note.clone() }),
        title: failure.noun(),
        sentence: closed(&failure.sentence()),
        root_cause: sample.root_cause.clone(),
        frame,
        framework: sample.framework.clone(),
        consumer_group: sample.group.clone(),
        source: sample.source.clone(),
        origin: sample.origin.clone(),
        destinations: by_count(&cause.destinations),
        types: by_count(&cause.types).into_iter().take(TYPES).collect(),
        count: cause.count,
        waiting: if state.is_open() { cause.count - dead.put_back(cause) } else { 0 },
        keys: cause.keys,
        chains: cause.stories,
        first: cause.times.map(|(first, _)| time::format(first)),
        last: cause.times.map(|(_, last)| time::format(last)),
        growing: is_growing(cause, dead.now),
        trend: cause.trend.to_vec(),
        newest,
        regrouped: dead.said.grouping.concerns(&cause.id),
    }
}

/// What its headers say about why.
pub(super) fn failure(cause: &Cause) -> Failure<'_> {
    let sample = &cause.sample;
    Failure { group: sample.group.as_deref(), class: sample.root_cause.as_deref(), message: sample.message.as_deref() }
}

pub(super) fn is_growing(cause: &Cause, now: i64) -> bool {
    cause.times.is_some_and(|(_, last)| now.saturating_sub(last) < RECENT)
}

fn by_count(counts: &std::collections::BTreeMap<String, u64>) -> Vec<String> {
    let mut names: Vec<(&String, &u64)> = counts.iter().collect();
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    names.into_iter().map(|(name, _)| name.clone()).collect()
}
