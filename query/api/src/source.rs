//! Sources, destinations and gaps.

use serde::{Deserialize, Serialize};

/// `GET /api/v1/sources`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceList {
    /// In the order of the configuration.
    pub sources: Vec<SourceInfo>,
}

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Not connected yet, no fault seen.
    Starting,
    /// Read.
    Up,
    /// Connected, but something is wrong.
    Degraded,
    /// Not reachable or refused; tried again.
    Down,
    /// Reading waits: disk nearly full, or memory full.
    Paused,
    /// In the archive, but not in this process' configuration.
    Archived,
}

/// What a source can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CapabilityView {
    /// `tap`, `lag`, `dead_letters`, `publish`, `seek`.
    pub name: String,
    /// Whether it can.
    pub available: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Reading what was there before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Backfill {
    /// Records still to be read.
    pub left: u64,
    /// Records a second, over the last ten seconds.
    pub rate: f64,
    /// At that rate.
    pub seconds_left: Option<f64>,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceInfo {
    /// Configured name.
    pub name: String,
    /// OpenTelemetry's word for the kind.
    pub system: String,
    /// How it stands.
    pub state: SourceState,
    /// What is wrong, worst first, with what to do.
    pub problems: Vec<String>,
    /// What it can do.
    pub capabilities: Vec<CapabilityView>,
    /// Cluster id, where known.
    pub cluster: Option<String>,
    /// Destinations read.
    pub destinations: usize,
    /// Partitions read.
    pub partitions: usize,
    /// The tap's own lag: records that stand on the broker beyond the live lane; absent when unknown.
    pub lag: Option<u64>,
    /// Records a second, over the last ten seconds.
    pub rate: f64,
    /// Bytes a second, over the last ten seconds.
    pub bytes_rate: f64,
    /// Absent when nothing is left to fill.
    pub backfill: Option<Backfill>,
    /// Rows archived or hot.
    pub rows: u64,
    /// Broker time of the newest row.
    pub newest: Option<String>,
    /// Destinations that exist and are not read, with the reason.
    pub left_out: Vec<(String, String)>,
}

impl SourceInfo {
    /// What a source says of itself while the archive takes nothing. Why, the archive says, once for all sources.
    pub const WAITS: &str = "reading waits until the archive takes rows again";

    /// Its problems besides [`Self::WAITS`].
    pub fn faults(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str).filter(|problem| *problem != Self::WAITS)
    }
}

/// `GET /api/v1/destinations`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationList {
    /// By source and name.
    pub destinations: Vec<DestinationInfo>,
}

/// What most of a destination's rows are; before there is one, and where headers say nothing, what its name looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    /// Ordinary events.
    Topic,
    /// Events that will be tried again.
    Retry,
    /// Events given up.
    DeadLetter,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DestinationInfo {
    /// Source.
    pub source: String,
    /// Topic, stream, queue.
    pub name: String,
    /// 1 for its first life.
    pub incarnation: i32,
    /// What it is.
    pub kind: DestinationKind,
    /// Of retries and dead letters: where the events failed, most first; empty for others and while nobody knows.
    pub origins: Vec<Origin>,
    /// Rows archived or hot.
    pub rows: u64,
    /// Bytes of keys, headers and payloads.
    pub bytes: u64,
    /// Broker time of the oldest row.
    pub first: Option<String>,
    /// Broker time of the newest row.
    pub last: Option<String>,
    /// By partition.
    pub places: Vec<PlaceView>,
}

/// Where the events of a retry or dead-letter destination failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Origin {
    /// The destination.
    pub destination: String,
    /// Why it is taken to be one: `pinned` by the configuration, by what `headers` say, or by nothing but the `name`.
    pub reason: String,
    /// Rows whose headers name it.
    pub seen: u64,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaceView {
    /// Number.
    pub partition: i32,
    /// Next offset to be read.
    pub next: i64,
    /// End offset last heard of.
    pub end: Option<i64>,
    /// Rows archived or hot.
    pub rows: u64,
    /// Single offsets that were not delivered (transaction markers, compaction): counted, not listed.
    pub single_holes: u64,
}

/// The contract's words for why offsets are not archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum GapReason {
    Expired,
    Erased,
    Excluded,
    NotDelivered,
}

/// Offsets that are not in the archive and never will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// Source.
    pub source: String,
    /// Topic.
    pub destination: String,
    /// 1 for its first life.
    pub incarnation: i32,
    /// Partition.
    pub partition: i32,
    /// First offset missing.
    pub from: i64,
    /// First offset after.
    pub to: i64,
    /// Why, as far as can be known.
    pub reason: GapReason,
    /// When it was noticed.
    pub seen_at: String,
}

/// `GET /api/v1/gaps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GapList {
    /// Newest first.
    pub gaps: Vec<Gap>,
}
