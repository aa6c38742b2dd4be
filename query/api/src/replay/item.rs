//! The items of a replay, one by one.

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// How far the sending of an item is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Not sent.
    #[default]
    Planned,
    /// It may be on its way.
    Sending,
    /// It stands on the broker.
    Confirmed,
    /// It was sent, no answer came, and where it would stand cannot be looked at.
    Uncertain,
    /// It is not on the broker and will not be sent again.
    Rejected,
}

impl Delivery {
    /// Every word.
    pub const ALL: [Self; 5] = [Self::Planned, Self::Sending, Self::Confirmed, Self::Uncertain, Self::Rejected];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Confirmed => "confirmed",
            Self::Uncertain => "uncertain",
            Self::Rejected => "rejected",
        }
    }

    /// The reverse; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// What became of an item that was confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not known yet.
    #[default]
    Pending,
    /// The group read on past it, and an event of its story followed.
    Reprocessed,
    /// It came back as a dead letter.
    FailedAgain,
    /// Nothing was heard of it in time.
    Unknown,
}

impl Outcome {
    /// Every word.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Reprocessed, Self::FailedAgain, Self::Unknown];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Reprocessed => "reprocessed",
            Self::FailedAgain => "failed_again",
            Self::Unknown => "unknown",
        }
    }

    /// The reverse; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// One event that is put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayItem {
    /// From 0, in the order of sending.
    pub number: u64,
    /// The event that is put back.
    pub address: String,
    /// Its broker time.
    pub timestamp: Option<String>,
    /// Its type.
    pub event_type: Option<String>,
    /// Its key, as text if it is UTF-8.
    pub key: Option<Bytes>,
    /// What finds its story.
    pub chain: Option<String>,
    /// Where it goes.
    pub destination: String,
    /// Partition it goes to.
    pub partition: i32,
    /// Whether it is sent as it was, but for headers of the failure.
    pub changed: bool,
    /// How far it is.
    pub delivery: Delivery,
    /// What became of it; absent before it is confirmed.
    pub outcome: Option<Outcome>,
    /// Where it stands now.
    pub written: Option<String>,
    /// When that was confirmed.
    pub confirmed_at: Option<String>,
    /// The event that shows the outcome.
    pub evidence: Option<String>,
    /// From its confirmation to the evidence.
    pub seconds: Option<f64>,
    /// Why it was rejected, is uncertain, or nothing was heard of it.
    pub why: Option<String>,
}

/// `GET /api/v1/replays/{id}/items`: in the order of sending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayItemPage {
    /// The items.
    pub items: Vec<ReplayItem>,
    /// How many match.
    pub count: u64,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
