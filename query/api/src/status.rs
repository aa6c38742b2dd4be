//! The status line and the System page.

use serde::{Deserialize, Serialize};

/// Which environment this is; production asks before a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Environment {
    /// Such as `staging`.
    pub name: String,
    /// `blue`, `green`, `amber`, `red`, `violet`, `grey`.
    pub colour: String,
    /// Whether replays ask for the environment's name.
    pub confirm_replays: bool,
}

/// `GET /api/v1/status`: cheap, asked every few seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// Which.
    pub environment: Environment,
    /// Of the binary.
    pub version: String,
    /// Server's clock.
    pub now: String,
    /// Sources that are up.
    pub sources_up: usize,
    /// Sources configured.
    pub sources: usize,
    /// Records a second, over the last ten seconds, all sources.
    pub rate: f64,
    /// Now minus broker time of the newest row, in seconds; absent when there is none.
    pub newest_age_seconds: Option<f64>,
    /// Ranges of offsets that are lost; without those that no client is given, such as aborted transactions.
    pub gaps: usize,
    /// Dead letters of the last hour that wait: not put back, their cause neither resolved nor put away.
    pub dead_letters: u64,
    /// Consumer groups that fall behind.
    pub groups_behind: usize,
    /// Alerts that fire, and are not muted.
    pub alerts_firing: usize,
    /// Archive.
    pub archive: ArchiveFigures,
    /// What is wrong, worst first.
    pub problems: Vec<String>,
    /// In a demo: whether the fix of its payments is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_deployed: Option<bool>,
}

/// `POST /api/v1/demo/fix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DemoFixed {
    /// Whether the fix of the demo's payments is deployed.
    pub fix_deployed: bool,
}

/// What the archive holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArchiveFigures {
    /// Folder or URL.
    pub location: String,
    /// Bytes of active data files.
    pub bytes: u64,
    /// Bytes of ID sidecars.
    pub index_bytes: u64,
    /// Active data files.
    pub files: usize,
    /// Rows in them.
    pub rows: u64,
    /// Rows in memory, not committed yet.
    pub hot_rows: u64,
    /// Their bytes.
    pub hot_bytes: u64,
    /// Bytes of keys, headers and payloads archived.
    pub raw_bytes: u64,
    /// Delta version.
    pub version: u64,
    /// `archived_at` of the oldest row.
    pub oldest: Option<String>,
    /// Last commit.
    pub committed_at: Option<String>,
    /// Last compaction.
    pub compacted_at: Option<String>,
    /// Free bytes on the disk, where known.
    pub disk_free: Option<u64>,
    /// Files that are damaged or missing, with what is wrong.
    pub damaged: Vec<String>,
}

/// Where a setting's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingOrigin {
    /// Built in.
    Default,
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
}

/// One option in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    /// Dotted key.
    pub key: String,
    /// As TOML; secrets are `"•••"`.
    pub value: String,
    /// Where from.
    pub origin: SettingOrigin,
}

/// `GET /api/v1/system`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct System {
    /// Of the binary.
    pub version: String,
    /// When this process began.
    pub started_at: String,
    /// Resident memory, bytes, where known.
    pub memory: Option<u64>,
    /// Bound for taps and hot rows, bytes.
    pub memory_limit: u64,
    /// Archive.
    pub archive: ArchiveFigures,
    /// Configuration in force.
    pub settings: Vec<Setting>,
}
