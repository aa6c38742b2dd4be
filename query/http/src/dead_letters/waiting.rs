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
    /// True when a part of a cause that was split, or others were joined to it.
    pub(crate) regrouped: bool,
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
    // A state that cannot be read keeps nobody from seeing that something is dead.
    let said = Said::read(app).unwrap_or_default();
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
        let mut waits = app.replays.are_put_back(&heap.addresses);
        waits.iter_mut().for_each(|it| *it = is_open && !*it);
        Waiting { regrouped: said.grouping.concerns(&heap.cause), waits, heap }
    };
    Ok(heaps.into_iter().zip(is_open).map(waits).collect())
}
