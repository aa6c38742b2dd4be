//! What a replay would do, counted, and what to know before it starts.

use serde::{Deserialize, Serialize};

use crate::Level;

/// A plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayPlan {
    /// How the events were chosen, in words; for a query the query.
    pub chosen_by: String,
    /// The query that chooses them, where there is one.
    pub sql: Option<String>,
    /// What to read before it starts, worst first.
    pub warnings: Vec<PlanWarning>,
    /// What was looked at and is well, or cannot be known.
    pub checks: Vec<PlanCheck>,
    /// Events by cause (fingerprint), most first, as in every count here; at most twenty lines, the last may be "others".
    pub by_cause: Vec<Count>,
    /// By type.
    pub by_type: Vec<Count>,
    /// By key; empty where no key has two.
    pub by_key: Vec<Count>,
    /// By age.
    pub by_age: Vec<Count>,
    /// By destination that they stand on.
    pub by_origin: Vec<Count>,
    /// Different keys.
    pub keys: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Where they go.
    pub partitions: Vec<PartitionShare>,
    /// By what partitions were chosen: "as the producer does (murmur2)".
    pub partitioner: String,
    /// Groups that will see them.
    pub readers: Vec<ReaderView>,
    /// How long sending takes at the rate asked for; absent without one.
    pub seconds: Option<f64>,
    /// Names of headers that are taken off.
    pub stripped: Vec<String>,
    /// Headers that are put on, with an example of each.
    pub stamped: Vec<(String, String)>,
    /// Whether another person must confirm the plan before it can start.
    pub needs_second_person: bool,
    /// Who did.
    pub confirmed_by: Option<String>,
    /// True when a start has to name the environment.
    pub names_environment: bool,
}

/// Something to know before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanWarning {
    /// `newer_events`, `read_again`, `expires`, `replayed_before`, `loop`, `left_out`, `partitioner`, ...
    pub kind: String,
    /// `bad` refuses to start, `warn` is to be read.
    pub level: Level,
    /// What is the matter.
    pub sentence: String,
    /// What follows from it.
    pub detail: Option<String>,
    /// How many events it is about.
    pub items: u64,
    /// Some of them, at most 100: `leave_out` takes them.
    pub addresses: Vec<String>,
    /// The query that shows its rows, where one does.
    pub sql: Option<String>,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanCheck {
    /// `ok`, or `mute` where it cannot be known.
    pub level: Level,
    /// What was found.
    pub sentence: String,
}

/// A name and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count {
    /// What.
    pub name: String,
    /// How many events.
    pub count: u64,
}

/// How many events go to a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartitionShare {
    /// Source.
    pub source: String,
    /// Destination.
    pub destination: String,
    /// Partition.
    pub partition: i32,
    /// How many.
    pub items: u64,
}

/// A group that reads the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReaderView {
    /// Its name.
    pub group: String,
    /// As the broker says it: `Stable`, `Empty`, ...
    pub state: String,
    /// Members, as far as they are told.
    pub members: Option<usize>,
    /// Events that it has not read yet on the partitions of the plan.
    pub lag: Option<u64>,
    /// Whether these events failed in it.
    pub failed_here: bool,
}
