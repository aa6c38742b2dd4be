//! A configured broker: what it can do and how it stands.

use crate::error::{AdapterError, Remedy};
use crate::tap::{Positions, Tap, TapOptions};

/// What an adapter can do for its system. A missing one is shown with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// `tap`, `lag`, `dead_letters`, `publish`, `seek`.
    pub name: &'static str,
    /// `None` when available, else the reason why not.
    pub missing: Option<String>,
}

/// One partition as the tap sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Topic.
    pub destination: String,
    /// Partition.
    pub partition: i32,
    /// Next offset the live lane reads.
    pub next: i64,
    /// End offset last heard of.
    pub end: Option<i64>,
    /// Oldest offset last heard of.
    pub start: Option<i64>,
    /// Records still to be read by the backfill lane.
    pub backfill_left: i64,
}

/// How a source stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// Whether at least one broker answers.
    pub connected: bool,
    /// Cluster id, where the system has one.
    pub cluster: Option<String>,
    /// What is wrong at the moment, in sentences, worst first.
    pub problems: Vec<String>,
    /// Every partition read.
    pub places: Vec<Place>,
    /// Destinations that exist and are left out, with the reason (`internal`, `exclude`).
    pub left_out: Vec<(String, &'static str)>,
}

/// One line of `tapline check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was tried, as a sentence.
    pub what: String,
    /// `Ok` with what was found, or what to do.
    pub outcome: Result<String, Remedy>,
}

/// A configured broker. Cheap to make: connecting happens in `check` and `tap`.
pub trait Source: Send + Sync {
    /// Configured name.
    fn name(&self) -> &str;
    /// The kind of system in OpenTelemetry's spelling.
    fn system(&self) -> &'static str;
    /// What this adapter can do with this broker.
    fn capabilities(&self) -> Vec<Capability>;
    /// Tries the connection and each right that is needed. Blocks up to a few seconds.
    fn check(&self, options: &TapOptions) -> Vec<Check>;
    /// Opens a tap that resumes at `positions`. Blocks up to a few seconds; errors are those of configuration, a
    /// broker that cannot be reached is retried inside the tap and shown by [`Tap::facts`].
    fn tap(&self, options: &TapOptions, positions: Positions) -> Result<Box<dyn Tap>, AdapterError>;
}
