//! What can go wrong while dead letters are counted.

use tapline_archive::ArchiveError;
use tapline_model::columns::ColumnError;

/// A fault while dead letters were read.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// A chunk or file without a column that it has to have.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// A file could not be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Whoever asked went away, or the time is over.
    #[error("the search was stopped before it was done; ask again")]
    Stopped,
}
