//! Dead letters grouped by cause: what is wrong, how much of it waits, what sets it apart, what was said about it.

use serde::{Deserialize, Serialize};

/// How a cause of dead letters stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CauseState {
    /// Nobody has said anything about it, or it came back after it was resolved.
    New,
    /// Somebody knows.
    Acknowledged,
    /// Somebody mends what failed.
    Fixing,
    /// Its events were put back; what became of them is not known yet.
    Replayed,
    /// Its events were reprocessed, or somebody said that it is over.
    Resolved,
    /// Events that were put back died again.
    FailedAgain,
    /// Put away: not to be looked at any more.
    Archived,
}

impl CauseState {
    /// Every state, in the order in which a cause goes through them.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Acknowledged,
        Self::Fixing,
        Self::Replayed,
        Self::Resolved,
        Self::FailedAgain,
        Self::Archived,
    ];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Acknowledged => "acknowledged",
            Self::Fixing => "fixing",
            Self::Replayed => "replayed",
            Self::Resolved => "resolved",
            Self::FailedAgain => "failed_again",
            Self::Archived => "archived",
        }
    }

    /// The reverse; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether it still needs somebody.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Resolved | Self::Archived)
    }
}

/// A cause, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cause {
    /// The same for failures of one cause; behind a `-` what a cause was split by.
    pub fingerprint: String,
    /// How it stands.
    pub state: CauseState,
    /// What was last said about it, and by whom.
    pub note: Option<Note>,
    /// What failed, as a noun: "card type `CARTE_BANCAIRE`".
    pub title: String,
    /// Who failed and at what, as a sentence.
    pub sentence: String,
    /// Class of the innermost exception.
    pub root_cause: Option<String>,
    /// First frame of one's own code: `OrderPlacedListener.java:58`, else the method.
    pub frame: Option<String>,
    /// Whose headers they are.
    pub framework: String,
    /// Who gave up.
    pub consumer_group: Option<String>,
    /// The source of the newest member.
    pub source: String,
    /// Where the events failed.
    pub origin: Option<String>,
    /// Where their dead letters stand, most first.
    pub destinations: Vec<String>,
    /// Their types, most frequent first; at most five.
    pub types: Vec<String>,
    /// Dead letters.
    pub count: u64,
    /// Of them, those that were not put back.
    pub waiting: u64,
    /// Different keys among them.
    pub keys: u64,
    /// Different stories among them: by correlation, trace or key.
    pub chains: u64,
    /// When the first and the last died.
    pub first: Option<String>,
    /// See `first`.
    pub last: Option<String>,
    /// Whether one came within the last five minutes.
    pub growing: bool,
    /// Counts of the last 24 hours, oldest first.
    pub trend: Vec<u64>,
    /// Address of the newest.
    pub newest: String,
    /// True when a part of a cause that was split, or others were merged into it.
    pub regrouped: bool,
}

/// What somebody said about a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Note {
    /// Who.
    pub who: String,
    /// When.
    pub at: String,
    /// What; absent when only the state was changed.
    pub text: Option<String>,
}

/// `GET /api/v1/dead-letters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CauseList {
    /// What is the matter, in a sentence.
    pub sentence: String,
    /// What else there is to know.
    pub detail: Option<String>,
    /// The causes, those that most events wait for first.
    pub causes: Vec<Cause>,
    /// Causes that need somebody, and those that do not any more.
    pub open: u64,
    /// See `open`.
    pub resolved: u64,
    /// Dead letters of all causes that match.
    pub count: u64,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One dead letter of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterMember {
    /// Where it stands.
    pub address: String,
    /// Broker time.
    pub timestamp: Option<String>,
    /// The event that failed, when the headers name it.
    pub origin: Option<String>,
    /// Event type.
    pub event_type: Option<String>,
    /// Its key, as text if it is UTF-8.
    pub key: Option<crate::Bytes>,
    /// Attempts made.
    pub attempts: Option<i32>,
    /// The exception's message.
    pub message: Option<String>,
    /// Bytes of key, headers and payload.
    pub size: i32,
}

/// `GET /api/v1/dead-letters/{fingerprint}/members`: newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberPage {
    /// The dead letters.
    pub members: Vec<DeadLetterMember>,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /api/v1/dead-letters/{fingerprint}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CauseDetail {
    /// What lists show.
    pub cause: Cause,
    /// Begin of the first point of `counts`.
    pub from: String,
    /// End of the last.
    pub to: String,
    /// Width of a point.
    pub step_seconds: f64,
    /// Dead letters by time, from the first to now.
    pub counts: Vec<u64>,
    /// Who did what, newest first.
    pub history: Vec<AuditView>,
    /// The query that chooses the members.
    pub sql: String,
}

/// `GET /api/v1/dead-letters/{fingerprint}/apart`: what its members have in common and events that passed have not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Apart {
    /// Members that were looked at.
    pub members: u64,
    /// Events of the same types at the same destination that did not die, looked at.
    pub passed: u64,
    /// The strongest difference first.
    pub facts: Vec<ApartFact>,
    /// Why there is nothing to compare with, if there is not.
    pub reason: Option<String>,
    /// An event that passed, to be laid beside a member.
    pub example: Option<String>,
}

/// Something that is far more frequent among the members of a cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApartFact {
    /// `payload`, `header`, `producer`, `partition`, `type`.
    pub part: String,
    /// Path of the field, or name of the header.
    pub name: String,
    /// What is the matter with it: `is` (the value), `present`, `absent`.
    pub test: String,
    /// The value, where it is one.
    pub value: Option<String>,
    /// Share of the members, 0 to 1.
    pub of_members: f64,
    /// Share of the events that passed, 0 to 1.
    pub of_passed: f64,
}

/// `GET /api/v1/audit`: newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// What was done.
    pub entries: Vec<AuditView>,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Who did what, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    /// Rises by one with each entry.
    pub number: i64,
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// A word such as `cause.state`.
    pub action: String,
    /// A fingerprint, the id of a replay, ...
    pub subject: String,
    /// Why.
    pub reason: Option<String>,
    /// How the subject stood.
    pub before: Option<String>,
    /// How it stands.
    pub after: Option<String>,
}

/// `POST /api/v1/dead-letters/{fingerprint}/state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetCause {
    /// How it stands from now on.
    pub state: CauseState,
    /// With what words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// `POST /api/v1/dead-letters/{fingerprint}/group`: takes a cause apart, joins it to another one, or takes that back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Regroup {
    /// `type`, `destination` or `message`: one cause for each value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_by: Option<String>,
    /// Fingerprint of the cause that it becomes part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_into: Option<String>,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}
