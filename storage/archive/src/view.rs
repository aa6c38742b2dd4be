//! One snapshot of hot and archived rows: a row is in it once, never twice, never not at all.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::file::DataFile;
use crate::lookup::{Place, PlaceKey};
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
    /// What stands beside it, see [`Self::and`].
    pub(crate) beside: Option<Arc<View>>,
}

impl View {
    /// With another archive beside it, whose rows are looked up and read as its own. They are in none of its lists: who
    /// goes through those goes through its own rows.
    pub fn and(own: &Arc<Self>, beside: Arc<Self>) -> Arc<Self> {
        if beside.hot.is_empty() && beside.files.is_empty() {
            return Arc::clone(own);
        }
        Arc::new(Self { beside: Some(beside), ..Self::clone(own) })
    }

    /// Its own files, and those beside it, in the order of their places.
    pub fn every_file(&self) -> impl Iterator<Item = &Arc<DataFile>> {
        self.files.iter().chain(self.beside.iter().flat_map(|beside| beside.files.iter()))
    }

    /// The file of a [`Place::File`](crate::Place::File).
    pub fn file(&self, at: usize) -> &Arc<DataFile> {
        match (&self.beside, at.checked_sub(self.files.len())) {
            (Some(beside), Some(at)) => &beside.files[at],
            _ => &self.files[at],
        }
    }

    /// The chunk of a [`Place::Hot`](crate::Place::Hot).
    pub fn chunk(&self, at: usize) -> &Arc<Chunk> {
        match (&self.beside, at.checked_sub(self.hot.len())) {
            (Some(beside), Some(at)) => &beside.hot[at],
            _ => &self.hot[at],
        }
    }

    /// Its own places that can be read, files before memory, of whose rows the oldest and newest broker times, in
    /// microseconds, are wanted.
    pub fn places(&self, wanted: impl Fn(Option<(i64, i64)>) -> bool) -> Vec<(Place, PlaceKey)> {
        let files = self.files.iter().enumerate().filter(|(_, file)| file.damage().is_none() && wanted(file.times));
        let files = files.map(|(at, file)| (Place::File(at), PlaceKey::File(file.path.clone())));
        let chunks = self.hot.iter().enumerate().filter(|(_, chunk)| wanted(chunk.times));
        files.chain(chunks.map(|(at, chunk)| (Place::Hot(at), PlaceKey::Chunk(chunk.sequence)))).collect()
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
            || self.beside.as_ref().is_some_and(|beside| beside.knows_name(normal))
    }

    /// Oldest and newest broker time, microseconds.
    pub fn times(&self) -> Option<(i64, i64)> {
        let all =
            self.hot.iter().filter_map(|chunk| chunk.times).chain(self.files.iter().filter_map(|file| file.times));
        all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}
