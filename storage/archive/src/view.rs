//! One snapshot of hot and archived rows: a row is in it once, never twice, never not at all.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::file::DataFile;
use crate::reader::Reader;

/// What there is at one moment. Cheap to clone, and whole as long as it is held: files that a compaction replaces
/// are deleted from disk much later.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// In memory, oldest first.
    pub hot: Vec<Arc<Chunk>>,
    /// On disk, oldest first; written files join before their commit.
    pub files: Arc<Vec<Arc<DataFile>>>,
    /// Delta version that `files` follow, apart from those not committed yet.
    pub version: u64,
    /// Reads rows of `files`.
    pub reader: Reader,
}

impl View {
    /// One and another archive's, those of the first in the same places. The rows of both are looked up and read; the
    /// version is that of the first.
    pub fn and(first: &Arc<Self>, second: &Self) -> Arc<Self> {
        if second.hot.is_empty() && second.files.is_empty() {
            return Arc::clone(first);
        }
        Arc::new(Self {
            hot: first.hot.iter().chain(&second.hot).cloned().collect(),
            files: Arc::new(first.files.iter().chain(&*second.files).cloned().collect()),
            version: first.version,
            reader: first.reader.clone(),
        })
    }

    /// Rows in memory.
    pub fn hot_rows(&self) -> u64 {
        self.hot.iter().map(|chunk| chunk.batch.num_rows() as u64).sum()
    }

    /// Memory held by hot rows, bytes.
    pub fn hot_bytes(&self) -> usize {
        self.hot.iter().map(|chunk| chunk.bytes).sum()
    }

    /// Rows on disk.
    pub fn file_rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Whether identifiers of this normalised name were seen. Builds indexes that are missing.
    pub fn knows_name(&self, normal: &str) -> bool {
        self.hot.iter().any(|chunk| chunk.names.contains(normal))
            || self
                .files
                .iter()
                .any(|file| self.reader.index(file).is_ok_and(|sidecar| sidecar.names().contains(normal)))
    }

    /// Oldest and newest broker time, microseconds.
    pub fn times(&self) -> Option<(i64, i64)> {
        let all =
            self.hot.iter().filter_map(|chunk| chunk.times).chain(self.files.iter().filter_map(|file| file.times));
        all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}
