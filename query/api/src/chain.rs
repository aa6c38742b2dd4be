//! Chains: `GET /api/v1/chains/{id}`.

use serde::{Deserialize, Serialize};

use crate::event::IdView;

/// The story of an ID.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Chain {
    /// The ID asked for, as understood.
    pub query: String,
    /// How it stands.
    pub state: ChainState,
    /// The answer in a sentence: what it is, where it stands, what failed.
    pub headline: String,
    /// Where that comes from.
    pub detail: String,
    /// Whether the members are one chain. False for an ID that many chains share: they are the events that hold it.
    pub one_story: bool,
    /// Time of the first member.
    pub started_at: Option<String>,
    /// Time of the last member.
    pub ended_at: Option<String>,
    /// In causal order, ties by time.
    pub members: Vec<Member>,
    /// Why members are connected; `from` is the cause.
    pub edges: Vec<Edge>,
    /// What should be there and is not.
    pub missing: Vec<Missing>,
    /// What is remarkable.
    pub findings: Vec<Finding>,
    /// IDs that join too much to be walked.
    pub hubs: Vec<Hub>,
    /// Other readings of a bare value: the names under which it was seen.
    #[serde(default)]
    pub also: Vec<IdView>,
    /// True when the budget ended the walk.
    pub truncated: bool,
    /// Time the walk took.
    pub elapsed_ms: f64,
}

/// The contract's words for a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChainState {
    /// Its newest member is recent and nothing says that it ended.
    Running,
    /// Nothing failed and nothing has come for long enough.
    Complete,
    /// A member is dead and was not put back.
    Failed,
    /// It stands before a step that chains of its shape take.
    Stuck,
    /// A dead member was put back.
    Replayed,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A message on a broker.
    Event,
    /// OpenTelemetry's.
    Span,
    /// OpenTelemetry's.
    Log,
}

/// One event, span or log of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// Its address.
    pub address: String,
    /// What it is.
    pub kind: Kind,
    /// Configured source.
    pub source: String,
    /// Topic, stream, queue.
    pub destination: String,
    /// Absent where the system has none.
    pub partition: Option<i32>,
    /// Offset in decimal or the system's own position.
    pub position: String,
    /// Broker's time.
    pub timestamp: Option<String>,
    /// Event type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// Producing service, when known.
    pub service: Option<String>,
    /// Its identifiers.
    pub ids: Vec<IdView>,
    /// In bytes.
    pub size: i32,
    /// When it is a dead letter.
    pub dead_letter: Option<DeadLetterBrief>,
    /// The attempt when it is on a retry topic.
    pub retry: Option<i32>,
    /// When a replay put it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayBrief>,
    /// How many edges away from the ID asked for: 0 holds it.
    pub distance: u32,
}

impl Member {
    /// When it came to stand where it stands: an event that was put back may have kept the time of the one it repeats.
    pub fn came(&self) -> Option<&str> {
        self.replay.as_ref().map(|replay| replay.at.as_str()).or(self.timestamp.as_deref())
    }
}

/// What a list says of an event that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayBrief {
    /// Its replay, such as `r-33`; of another tool that writes our headers, whatever it says.
    pub id: String,
    /// When it was archived, which is soon after it was written: it may have kept the time of the event it repeats.
    pub at: String,
}

/// What a list says of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterBrief {
    /// Who gave it up.
    pub consumer_group: Option<String>,
    /// Root cause, an exception type.
    pub root_cause: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// Attempts made.
    pub attempts: Option<i32>,
    /// Address of the event that failed.
    pub origin: Option<String>,
}

/// The contract's words for why two members are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EdgeRule {
    /// One declares the other as its cause.
    Causation,
    /// A span link.
    Link,
    /// A span's parent.
    Parent,
    /// A dead letter or retry and the event that failed.
    DeadLetter,
    /// A replay and its original.
    Replay,
    /// The same message id.
    MessageId,
    /// The same correlation or conversation id, or trace.
    Correlation,
    /// The same business id or key.
    Id,
    /// Only near in time.
    Time,
}

/// Why two members are connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edge {
    /// Address of the cause, or of the earlier one.
    pub from: String,
    /// Address of the effect, or of the later one.
    pub to: String,
    /// Which rule made it.
    pub rule: EdgeRule,
    /// 0 to 1.
    pub confidence: f64,
    /// The value that both hold, or the headers that say so, as a sentence.
    pub evidence: String,
}

/// The contract's words for why something is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum MissingReason {
    NotSeen,
    Sampled,
    Expired,
    Erased,
    Masked,
    Gap,
    Budget,
}

/// Something that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Missing {
    /// A sentence: what.
    pub what: String,
    /// Why.
    pub reason: MissingReason,
    /// The member that names it.
    pub named_by: Option<String>,
}

/// The contract's words for findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the contract's words")]
pub enum FindingKind {
    Duplicate,
    OutOfOrder,
    ClockSkew,
    RetryStorm,
    SchemaChange,
    LostTrace,
    ReplayLoop,
    Tombstone,
    Recreated,
}

/// Something remarkable on a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Which.
    pub kind: FindingKind,
    /// In a sentence.
    pub sentence: String,
    /// Addresses of the members that show it.
    pub evidence: Vec<String>,
}

/// An ID that joins too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hub {
    /// The ID.
    pub id: IdView,
    /// Rows that hold its value, at least.
    pub rows: u64,
}
