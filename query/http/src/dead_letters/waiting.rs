//! What of the dead letters of a time still waits: for the overview and the line at the foot of every page.

use std::collections::HashMap;

use tapline_archive::View;
use tapline_deadletter::{Heap, heaps};

use super::Said;
use crate::events::search::Stop;
use crate::problem::Refusal;
use crate::state::App;

/// Dead letters of one cause on one destination.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// All of them.
    pub(crate) heap: Heap,
    /// Whether it was not put back and its cause still needs somebody, for each time of the heap.
    pub(crate) waits: Vec<bool>,
}

impl Waiting {
    /// How many wait.
    pub(crate) fn count(&self) -> u64 {
        self.waits.iter().filter(|waits| **waits).count() as u64
    }
}

/// Those from one time to another (microseconds, the second exclusive), most first.
pub(crate) fn waiting(app: &App, view: &View, range: (i64, i64), stop: &Stop) -> Result<Vec<Waiting>, Refusal> {
    let said = Said::read(app)?;
    let places = app.letters.between(view, range, &|| stop.check().is_err())?;
    let heaps = heaps(&places, &said.grouping, range);
    let mut last = HashMap::<&str, i64>::new();
    for heap in &heaps {
        let newest = heap.times.iter().copied().max();
        let known = last.entry(&heap.cause).or_insert(i64::MIN);
        *known = newest.into_iter().fold(*known, i64::max);
    }
    let is_open: Vec<bool> =
        heaps.iter().map(|heap| said.state_of(&heap.cause, last.get(heap.cause.as_str()).copied()).is_open()).collect();
    let waits = |(heap, is_open): (Heap, bool)| {
        let waits = |address: &u64| is_open && app.replays.put_back_by(*address).is_none();
        Waiting { waits: heap.addresses.iter().map(waits).collect(), heap }
    };
    Ok(heaps.into_iter().zip(is_open).map(waits).collect())
}
