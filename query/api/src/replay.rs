//! Replays: events put back, planned, watched, and what became of each.

pub mod item;
pub mod plan;
pub mod request;

use serde::{Deserialize, Serialize};

pub use item::{Delivery, Outcome, ReplayItem, ReplayItemPage};
pub use plan::{Count, PartitionShare, PlanCheck, PlanWarning, ReaderView, ReplayPlan};
pub use request::{
    ChangePreview, Edit, ItemEdit, KeyOrder, ReplayAct, ReplayRequest, ReplayTarget, Select, StopAt, Timestamps,
    TryChange, Window,
};

/// How a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// Nothing was sent; its plan can be read.
    Planned,
    /// Items are being sent.
    Running,
    /// Somebody, a canary's end or a restart holds it.
    Paused,
    /// It stopped by itself; `why` tells.
    Stopped,
    /// Somebody ended it; what was sent stays sent.
    Cancelled,
    /// All items were sent, or refused for good.
    Done,
}

impl ReplayState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Planned, Self::Running, Self::Paused, Self::Stopped, Self::Cancelled, Self::Done];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }

    /// The reverse; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing will be sent any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Done)
    }
}

/// A replay, as lists show it and as it runs: cheap, asked every second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// `r-33`.
    pub id: String,
    /// How it stands.
    pub state: ReplayState,
    /// Why it stands so, where that is not plain: "3 of the last 100 came back dead".
    pub why: Option<String>,
    /// What it does, as a sentence: "Puts 1,259 `OrderPlaced` from `orders-dlt` back on `orders`, 20 a second".
    pub sentence: String,
    /// Who planned it.
    pub who: String,
    /// And why.
    pub reason: String,
    /// The cause whose dead letters were chosen, if one was.
    pub fingerprint: Option<String>,
    /// When it was planned.
    pub planned_at: String,
    /// When it was first started.
    pub started_at: Option<String>,
    /// When the last item was sent, or it was cancelled.
    pub ended_at: Option<String>,
    /// How far it is.
    pub progress: Progress,
}

/// Items counted by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// All items.
    pub items: u64,
    /// By delivery; `planned` are not sent yet.
    pub planned: u64,
    /// Handed to the broker, not confirmed yet.
    pub sending: u64,
    /// On the broker.
    pub confirmed: u64,
    /// Perhaps on the broker, and nobody can tell.
    pub uncertain: u64,
    /// Refused by the broker for good, or held behind one of the same key that was.
    pub rejected: u64,
    /// Of the confirmed: of which nothing is known yet.
    pub pending: u64,
    /// Of the confirmed: read by the group, and an event of their story followed.
    pub reprocessed: u64,
    /// Of the confirmed: dead again.
    pub failed_again: u64,
    /// Of the confirmed: nothing was heard of them in time.
    pub unknown: u64,
    /// Sent a second, now.
    pub rate: f64,
    /// Until the last item is sent, if it goes on like this.
    pub seconds_left: Option<f64>,
    /// Sent a second over the course of the replay, oldest first, at most 120 points.
    pub rates: Vec<f64>,
    /// Width of a point of `rates`.
    pub step_seconds: f64,
}

/// `GET /api/v1/replays`: newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayList {
    /// How replays stand, in a sentence.
    pub sentence: String,
    /// What else there is to know.
    pub detail: Option<String>,
    /// The replays.
    pub replays: Vec<Replay>,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /api/v1/replays/{id}`, and the answer of every call that plans or changes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayDetail {
    /// What lists show.
    #[serde(flatten)]
    pub replay: Replay,
    /// How this one stands, as the answer to "is it well, and what is left to do".
    pub headline: String,
    /// What else there is to know.
    pub headline_detail: Option<String>,
    /// Names the plan that was shown: a start says it.
    pub etag: String,
    /// What was asked for.
    pub request: ReplayRequest,
    /// What would be, or was, done.
    pub plan: ReplayPlan,
    /// Who did what, newest first.
    pub history: Vec<crate::AuditView>,
}
