//! What can go wrong with the history, which never stops the looking.

use std::path::PathBuf;

/// A fault of the history's folder or files.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A folder or file that cannot be read or written.
    #[error("{path} cannot be {verb}; free space or mend the rights of its folder")]
    Disk {
        /// `read`, `written`, `renamed`, `deleted`.
        verb: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is no Parquet, or not of ours.
    #[error("{path} is damaged: what it told of lag is left out")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// Rows that do not fit together; a bug of ours.
    #[error("rows of lag cannot be put together; please report it")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl HistoryError {
    /// Whether a file is not there any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Disk { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}
