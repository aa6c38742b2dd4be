//! How a group's lag went, as charts draw it.

use serde::{Deserialize, Serialize};

use crate::{Fired, LagState};

/// A stretch of time in columns of one width. Numbers are the greatest of a column, rates the last; null where nobody
/// looked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupHistory {
    /// Where the first column begins.
    pub from: String,
    /// Seconds that a column is wide.
    pub step: f64,
    /// The worst state.
    pub state: Vec<Option<LagState>>,
    /// Records not read.
    pub lag: Vec<Option<u64>>,
    /// Seconds behind.
    pub behind: Vec<Option<f64>>,
    /// Records a second written.
    pub written: Vec<Option<f64>>,
    /// Records a second read.
    pub read: Vec<Option<f64>>,
    /// How often its members shared partitions anew.
    pub rebalances: Vec<u32>,
    /// When alerts fired for it, oldest first.
    pub alerts: Vec<Fired>,
    /// By destination and number: those with most to read, now.
    pub partitions: Vec<PartitionHistory>,
    /// Partitions that are not among these.
    pub left_out: usize,
}

/// One partition of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartitionHistory {
    /// Destination.
    pub destination: String,
    /// Number.
    pub partition: i32,
    /// Records not read.
    pub lag: Vec<Option<u64>>,
    /// Seconds behind.
    pub behind: Vec<Option<f64>>,
}
