//! What somebody asks to be put back, and how.

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// `POST /api/v1/replays`: plans one. Nothing is sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Which events: exactly one of its fields.
    pub select: Select,
    /// Addresses among them that are left out all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Where to; without it dead letters go back to where they failed, other events to where they stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ReplayTarget>,
    /// Events a second; without it as fast as the broker takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// With the pauses there were between them, so many times faster; not beside `rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Order that is kept.
    #[serde(default)]
    pub order: KeyOrder,
    /// Which time the events get.
    #[serde(default)]
    pub timestamps: Timestamps,
    /// Send so many, then wait until somebody resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<u64>,
    /// After the canary go on by itself once all of it was reprocessed.
    #[serde(default)]
    pub canary_goes_on: bool,
    /// When it stops by itself.
    #[serde(default)]
    pub stop: StopAt,
    /// What is changed in every event: a jq program over `{key, headers, payload}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<String>,
    /// What is changed in single events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<ItemEdit>,
    /// Why; it stands in the audit.
    pub reason: String,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// These.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<String>>,
    /// The dead letters of a cause that wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Those that a query names in a column `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// Those of a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// Events of a time, from the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Source they came from.
    pub source: String,
    /// Where they stood.
    pub destination: String,
    /// From this time on, as everywhere: RFC 3339 or `now-15m`.
    pub from: String,
    /// Before this time.
    pub to: String,
}

/// Where to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplayTarget {
    /// A configured source; without it where each came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Without it where each failed or stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

/// Order that is kept among events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyOrder {
    /// Events of one key as they were, each only after the one before is confirmed.
    #[default]
    Key,
    /// As they stood, without waiting: what the broker refuses is overtaken by those behind it.
    None,
}

/// Which time the events get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Timestamps {
    /// Their own, but for those that the target would refuse or delete at once.
    #[default]
    Original,
    /// That of their sending.
    Now,
}

/// When a replay stops by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StopAt {
    /// When more than this share of the last hundred that were confirmed came back dead, 0 to 1; at least two of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_again: Option<f64>,
    /// When a group that reads the target is more than this many events behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
}

impl Default for StopAt {
    fn default() -> Self {
        Self { failed_again: Some(0.05), lag: None }
    }
}

/// What one event is changed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ItemEdit {
    /// Which.
    pub address: String,
    /// To what.
    pub edit: Edit,
}

/// Parts of an event that replace its own; absent parts stay byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Bytes>,
    /// Its payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Bytes>,
    /// Its headers, in order, without those of the failure and ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<(String, Option<Bytes>)>>,
}

/// `POST /api/v1/replays/{id}/start`, `/pause`, `/resume`, `/cancel`, `/confirm`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplayAct {
    /// Of the plan that was read; a start needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Name of the environment, where it asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /api/v1/replays/preview`: what a change would make of some of the events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TryChange {
    /// Which events; the first few are shown.
    pub select: Select,
    /// A jq program over `{key, headers, payload}`.
    pub transform: String,
}

/// One event before and after a change, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePreview {
    /// Which.
    pub address: String,
    /// As it is.
    pub before: String,
    /// As it would be sent.
    pub after: Option<String>,
    /// Why it could not be changed.
    pub error: Option<String>,
}
