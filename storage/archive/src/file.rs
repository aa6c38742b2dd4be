//! A data file as readers see it: what its commit says, its sidecar, and whether it can be read.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tapline_index::Sidecar;

/// Stands in the name of files that a compaction wrote.
pub(crate) const COMPACTED: &str = "sorted-";

/// A damaged file that looks the same is read again after so long: a fault of the disk may have passed.
const ASKED_AGAIN: Duration = Duration::from_secs(600);

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
    /// Folder of the table.
    root: PathBuf,
    /// The ID index; absent until it is built.
    sidecar: ArcSwapOption<Sidecar>,
    /// Held while the index is built, so that it is built once; when that failed last.
    pub(crate) building: Mutex<Option<Instant>>,
    /// What is wrong with it, once noticed.
    damage: ArcSwapOption<Damage>,
}

/// Why a file is left out.
#[derive(Debug)]
struct Damage {
    what: String,
    noticed: Instant,
    /// What stood on the disk then.
    seen: Option<Identity>,
}

/// Tells one file from another under the same name, and one that was written to since.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    place: (u64, u64),
    size: u64,
    changed: (i64, i64),
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
        Self {
            location: root.join(&path),
            root: root.to_owned(),
            day,
            size,
            rows: stats.num_records,
            times: least_and_most(&stats, |bounds| bounds.timestamp.as_deref()),
            archived: least_and_most(&stats, |bounds| bounds.archived_at.as_deref()).unwrap_or((i64::MIN, i64::MAX)),
            stats,
            compacted: path.contains(COMPACTED),
            path,
            sidecar: ArcSwapOption::empty(),
            building: Mutex::new(None),
            damage: ArcSwapOption::empty(),
        }
    }

    /// Where the sidecar of a data file stands: `_index/<same path>.ids`. Folders that begin with `_` are left alone
    /// by other engines' VACUUM.
    pub fn sidecar_location(root: &Path, path: &str) -> PathBuf {
        root.join("_index").join(format!("{path}.ids"))
    }

    /// [`Self::sidecar_location`] of this file.
    pub(crate) fn index_location(&self) -> PathBuf {
        Self::sidecar_location(&self.root, &self.path)
    }

    /// The ID index, when it is there.
    pub fn sidecar(&self) -> Option<Arc<Sidecar>> {
        self.sidecar.load_full()
    }

    /// Gives the file its ID index.
    pub(crate) fn attach(&self, sidecar: Sidecar) -> Arc<Sidecar> {
        let sidecar = Arc::new(sidecar);
        self.sidecar.store(Some(Arc::clone(&sidecar)));
        sidecar
    }

    /// Takes an index away that turned out damaged, unless another one came meanwhile.
    pub fn detach(&self, sidecar: &Arc<Sidecar>) {
        self.sidecar.compare_and_swap(sidecar, None);
    }

    /// What is wrong with the file, once noticed.
    pub fn damage(&self) -> Option<String> {
        self.damage.load().as_ref().map(|damage| damage.what.clone())
    }

    /// Remembers that the file cannot be read, so that queries leave it out and say so.
    pub fn mark_damaged(&self, what: &str) {
        let damage = Damage { what: what.to_owned(), noticed: Instant::now(), seen: self.identity() };
        if self.damage.swap(Some(Arc::new(damage))).is_none() {
            tracing::error!(path = %self.path, what, "data file is damaged or missing; every other file stays readable");
        }
    }

    /// Remembers that the file can be read again.
    pub(crate) fn mark_whole(&self) {
        self.damage.store(None);
        tracing::info!(path = %self.path, "data file can be read again");
    }

    /// Whether a damaged file may be whole by now: another one stands there, or it was asked long ago.
    pub(crate) fn is_to_be_asked_again(&self) -> bool {
        let damage = self.damage.load();
        damage.as_ref().is_some_and(|damage| damage.noticed.elapsed() >= ASKED_AGAIN || damage.seen != self.identity())
    }

    /// Whether a damaged file stood there with its full size: what it holds is at fault.
    pub(crate) fn was_whole(&self) -> bool {
        let damage = self.damage.load();
        damage.as_ref().and_then(|damage| damage.seen.as_ref()).is_some_and(|seen| seen.size == self.size)
    }

    fn identity(&self) -> Option<Identity> {
        let found = std::fs::metadata(&self.location).ok()?;
        let changed = (found.ctime(), found.ctime_nsec());
        Some(Identity { place: (found.dev(), found.ino()), size: found.len(), changed })
    }

    /// Whether the file on disk has the size that it was written with.
    pub(crate) fn is_whole(&self) -> bool {
        std::fs::metadata(&self.location).is_ok_and(|found| found.len() == self.size)
    }

    /// Looks at the file on disk: present and of the size its commit says.
    pub(crate) fn check(&self) -> Result<(), String> {
        match std::fs::metadata(&self.location) {
            Ok(found) if found.len() == self.size => Ok(()),
            Ok(found) => Err(format!("{} bytes instead of {}", found.len(), self.size)),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn least_and_most(stats: &Stats, column: impl Fn(&ColumnBounds) -> Option<&str>) -> Option<(i64, i64)> {
    let time = |text: &str| tapline_model::time::parse(text, 0).ok();
    let (least, most) = (column(&stats.min_values)?, column(&stats.max_values)?);
    // Some engines cut times to milliseconds, also the greatest.
    let digits = most.split_once('.').map_or(0, |(_, part)| part.bytes().take_while(u8::is_ascii_digit).count());
    let cut = if digits <= 3 { 999 } else { 0 };
    Some((time(least)?, time(most)?.saturating_add(cut)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spark writes milliseconds: rows of the last one were once passed over.
    #[test]
    fn a_greatest_time_that_was_cut_still_covers_its_rows() {
        let bounds = |text: &str| ColumnBounds { timestamp: Some(text.to_owned()), ..ColumnBounds::default() };
        let times = |most: &str| {
            let stats =
                Stats { min_values: bounds("1970-01-01T00:00:00Z"), max_values: bounds(most), ..Stats::default() };
            DataFile::new(Path::new("/nowhere"), String::new(), String::new(), 0, stats).times
        };
        assert_eq!(times("1970-01-01T00:00:00.002Z"), Some((0, 2_999)));
        assert_eq!(times("1970-01-01T00:00:00.002001Z"), Some((0, 2_001)));
        assert_eq!(times("1970-01-01T00:00:01Z"), Some((0, 1_000_999)));
    }
}
