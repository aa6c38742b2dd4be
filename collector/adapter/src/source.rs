//! A configured broker: what it can do and how it stands.

use crate::destination::{DestinationFacts, OffsetRange, RangeRead, ReadLimits};
use crate::error::{AdapterError, Remedy};
use crate::groups::{GroupOptions, Groups};
use crate::publish::{PublishOptions, Publisher};
use crate::record::RecordSink;
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

/// A configured broker. Cheap to make: connecting happens in `check`, `tap` and what is asked for beside them, each with
/// connections of its own. Every call that connects blocks.
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

    /// Whether records of a destination may be looked up, whether or not it is read: not what is excluded, and what the
    /// system keeps for itself only where it is asked for by its name.
    fn allows(&self, options: &TapOptions, destination: &str) -> bool {
        let _ = (options, destination);
        true
    }

    /// What the broker tells of these destinations, in the order asked; few requests for all together. Blocks up to some
    /// seconds.
    ///
    /// # Errors
    /// When no broker answers. One that is not there or may not be described is an error of its own.
    fn destinations(&self, names: &[&str]) -> Result<Vec<Result<DestinationFacts, AdapterError>>, AdapterError> {
        let _ = names;
        Err(unsupported("describing destinations"))
    }

    /// What the broker tells of one destination. Blocks up to some seconds.
    ///
    /// # Errors
    /// As [`Self::destinations`].
    fn destination(&self, name: &str) -> Result<DestinationFacts, AdapterError> {
        let one = self.destinations(&[name])?.into_iter().next();
        one.unwrap_or_else(|| Err(AdapterError::UnknownDestination { destination: name.to_owned() }))
    }

    /// Opens a publisher for these destinations, after it was seen that each is there and that nothing is told to forbid
    /// writing to it: nothing is ever created. Blocks up to some seconds.
    ///
    /// # Errors
    /// When no broker answers, a destination is not there, or a right is missing, with the command that grants it.
    fn publisher(&self, options: &PublishOptions) -> Result<Box<dyn Publisher>, AdapterError> {
        let _ = options;
        Err(unsupported("writing"))
    }

    /// Opens what asks about consumer groups. Does not connect yet.
    ///
    /// # Errors
    /// When the options do not fit.
    fn groups(&self, options: &GroupOptions) -> Result<Box<dyn Groups>, AdapterError> {
        let _ = options;
        Err(unsupported("asking for consumer groups"))
    }

    /// Looks up records by their addresses, unnoticed as a tap, and hands them to `sink`, each range in order. Records of
    /// transactions are handed on whether committed, open or aborted: it is asked what stands at an address. The answers
    /// are in the order of the ranges. Blocks as long as `limits` say.
    ///
    /// # Errors
    /// When no broker answers; what concerns one range is told with it.
    fn read(
        &self,
        ranges: &[OffsetRange],
        limits: ReadLimits,
        sink: &mut dyn RecordSink,
    ) -> Result<Vec<RangeRead>, AdapterError> {
        let _ = (ranges, limits, sink);
        Err(unsupported("looking up records"))
    }
}

fn unsupported(operation: &'static str) -> AdapterError {
    AdapterError::Unsupported { operation, detail: "its system is not known to be able to".to_owned() }
}
