//! Numbers about the archive, for pages and metrics.

use std::path::Path;

use crate::archive::Archive;

/// What the archive holds at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of data files.
    pub bytes: u64,
    /// Bytes of ID sidecars.
    pub index_bytes: u64,
    /// Data files.
    pub files: usize,
    /// Rows in them.
    pub rows: u64,
    /// Rows in memory.
    pub hot_rows: u64,
    /// Their memory, bytes.
    pub hot_bytes: u64,
    /// Bytes of keys, headers and payloads, in files and memory.
    pub raw_bytes: u64,
    /// Delta version.
    pub version: u64,
    /// Oldest `archived_at` in a file, microseconds.
    pub oldest: Option<i64>,
    /// Last commit of this process, microseconds.
    pub committed_at: Option<i64>,
    /// Last compaction of this process, microseconds.
    pub compacted_at: Option<i64>,
    /// Free bytes on the disk.
    pub disk_free: Option<u64>,
    /// Damaged files with what is wrong.
    pub damaged: Vec<String>,
}

impl Archive {
    /// Numbers at this moment. Reads no file.
    pub fn figures(&self) -> Figures {
        let view = self.view();
        let (committed_at, compacted_at) = {
            let state = self.state();
            (state.committed_at, state.compacted_at)
        };
        let damaged = view.files.iter().filter_map(|file| Some(format!("{}: {}", file.path, file.damage()?)));
        Figures {
            bytes: view.files.iter().map(|file| file.size).sum(),
            index_bytes: view.files.iter().filter_map(|file| file.sidecar()).map(|sidecar| sidecar.bytes()).sum(),
            files: view.files.len(),
            rows: view.file_rows(),
            hot_rows: view.hot_rows(),
            hot_bytes: view.hot_bytes() as u64,
            raw_bytes: self
                .ledger()
                .sources
                .values()
                .flat_map(|source| &source.destinations)
                .map(|entry| entry.bytes)
                .sum(),
            version: view.version,
            oldest: view.files.iter().map(|file| file.archived.0).min(),
            committed_at,
            compacted_at,
            disk_free: disk_free(self.folder()),
            damaged: damaged.collect(),
        }
    }
}

/// Bytes that may still be written where the folder stands.
pub(crate) fn disk_free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
