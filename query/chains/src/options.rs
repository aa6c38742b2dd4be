//! Bounds of one answer. They are settings because archives differ by six orders of magnitude.

use std::sync::Arc;
use std::time::Duration;

use crate::shape::ShapeCache;

/// Bounds of one chain. Keep one value for the life of the process: it also holds what was learnt from recent rows.
#[derive(Debug, Clone)]
pub struct ChainOptions {
    /// Members of one chain. A correlation or trace id with more rows is a hub.
    pub max_members: usize,
    /// A business id with more rows than this is a hub without being looked at: reading them would cost more than any
    /// story of one thing is worth.
    pub hub_rows: usize,
    /// Rows shown when somebody asks for a hub or a reference, newest first to be kept.
    pub direct_rows: usize,
    /// Look-ups in the ID index.
    pub max_lookups: usize,
    /// Time for the walk.
    pub time_budget: Duration,
    /// A chain whose newest member is younger than this (microseconds) runs, unless its shape says that it is whole.
    pub idle: i64,
    /// Recent rows from which shapes are learnt; 0 learns nothing and no chain is ever called stuck.
    pub sample_rows: usize,
    /// Shapes learnt from recent rows.
    pub shapes: Arc<ShapeCache>,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self {
            max_members: 5_000,
            hub_rows: 1_000,
            direct_rows: 200,
            max_lookups: 100_000,
            time_budget: Duration::from_secs(2),
            idle: 60_000_000,
            sample_rows: 20_000,
            shapes: Arc::default(),
        }
    }
}
