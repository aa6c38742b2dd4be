//! A data file as readers see it: what its commit says, its sidecar, and whether it can be read.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use tapline_index::Sidecar;

/// Stands in the name of files that a compaction wrote.
pub(crate) const COMPACTED: &str = "sorted-";

/// A Parquet file of `events`. Immutable once written.
#[derive(Debug)]
pub struct DataFile {
    /// Relative to the archive, `archived_day=2026-11-21/…parquet`.
    pub path: String,
    /// On disk.
    pub location: PathBuf,
    /// UTC day of `archived_at`, `2026-11-21`.
    pub day: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub rows: u64,
    /// Oldest and newest `timestamp`, microseconds; `None` without one.
    pub times: Option<(i64, i64)>,
    /// Oldest and newest `archived_at`, microseconds.
    pub archived: (i64, i64),
    /// Statistics as the commit holds them.
    pub stats: Stats,
    /// True for files sorted by chain key, made by a compaction.
    pub compacted: bool,
    /// The ID index; absent while it is being rebuilt.
    sidecar: OnceLock<Sidecar>,
    /// What is wrong with it, once noticed.
    damage: OnceLock<String>,
}

/// Per-file statistics of a Delta `add` action. Only columns without personal data: the log outlives erasures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Rows.
    pub num_records: u64,
    /// Least value by column.
    pub min_values: ColumnBounds,
    /// Greatest value by column.
    pub max_values: ColumnBounds,
    /// Nulls by column.
    pub null_count: serde_json::Map<String, serde_json::Value>,
}

/// Bounds of the columns named in `delta.dataSkippingStatsColumns`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct ColumnBounds {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<String>,
}

impl DataFile {
    /// From what a commit says; `root` is the archive's folder.
    pub fn new(root: &Path, path: String, day: String, size: u64, stats: Stats) -> Self {
        let micros = |bounds: &ColumnBounds| bounds.timestamp.as_deref().and_then(read_time);
        let archived = |bounds: &ColumnBounds| bounds.archived_at.as_deref().and_then(read_time);
        Self {
            location: root.join(&path),
            day,
            size,
            rows: stats.num_records,
            times: micros(&stats.min_values).zip(micros(&stats.max_values)),
            archived: archived(&stats.min_values).zip(archived(&stats.max_values)).unwrap_or((i64::MIN, i64::MAX)),
            stats,
            compacted: path.contains(COMPACTED),
            path,
            sidecar: OnceLock::new(),
            damage: OnceLock::new(),
        }
    }

    /// Where the sidecar of a data file stands: `_index/<same path>.ids`. Folders that begin with `_` are left alone
    /// by other engines' VACUUM.
    pub fn sidecar_location(root: &Path, path: &str) -> PathBuf {
        root.join("_index").join(format!("{path}.ids"))
    }

    /// The ID index, when it is there.
    pub fn sidecar(&self) -> Option<&Sidecar> {
        self.sidecar.get()
    }

    /// Gives the file its ID index.
    pub(crate) fn attach(&self, sidecar: Sidecar) {
        // A second attachment would be of the same rows.
        let _ = self.sidecar.set(sidecar);
    }

    /// What is wrong with the file, once noticed.
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Remembers that the file cannot be read, so that queries leave it out and say so.
    pub fn mark_damaged(&self, what: &str) {
        if self.damage.set(what.to_owned()).is_ok() {
            tracing::error!(path = %self.path, what, "data file is damaged or missing; every other file stays readable");
        }
    }

    /// Whether the file on disk has the size that it was written with.
    pub(crate) fn is_whole(&self) -> bool {
        std::fs::metadata(&self.location).is_ok_and(|found| found.len() == self.size)
    }

    /// Looks at the file on disk: present and of the size its commit says.
    pub(crate) fn check(&self) {
        match std::fs::metadata(&self.location) {
            Ok(found) if found.len() == self.size => {}
            Ok(found) => self.mark_damaged(&format!("{} bytes instead of {}", found.len(), self.size)),
            Err(error) => self.mark_damaged(&error.to_string()),
        }
    }
}

fn read_time(text: &str) -> Option<i64> {
    tapline_model::time::parse(text, 0).ok()
}
