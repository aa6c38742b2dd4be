//! The map of services and destinations, learnt by `query/chains` from a sample of rows: kept for a moment, since pages
//! ask every few seconds and it changes slowly.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tapline_archive::View;
use tapline_chains::Flow;

/// Rows of the sample.
const SAMPLE: usize = 10_000;

/// How long a map is shown.
const FRESH: Duration = Duration::from_secs(15);

/// Ranges that end within this time of each other share a map, microseconds.
const ROUNDED: i64 = 15_000_000;

/// Maps by width and rounded end of their range.
#[derive(Debug)]
pub(crate) struct Maps(Cache<(i64, i64), Arc<Flow>>);

impl Default for Maps {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(16).time_to_live(FRESH).build())
    }
}

impl Maps {
    /// The map of a range. Blocks on the disk.
    pub(super) fn get(&self, view: &View, from: i64, to: i64) -> Arc<Flow> {
        let key = (to - from, to.div_euclid(ROUNDED));
        let make = || Arc::new(tapline_chains::flow(view, from, to, SAMPLE));
        self.0.get_with(key, make)
    }
}
