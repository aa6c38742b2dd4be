//! What can go wrong with the archive, and whose fault it is.

use std::path::PathBuf;

use tapline_index::SidecarError;
use tapline_model::columns::ColumnError;

/// A fault of the archive's folder, files or log.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Another process writes to the folder.
    #[error("{folder} is in use by another tapline process{holder}; stop it or configure another `archive` folder")]
    Locked {
        /// The archive's folder.
        folder: PathBuf,
        /// ` (pid 4711)` where known.
        holder: String,
    },
    /// The folder that was opened is not there any more.
    #[error("{folder} was moved, unmounted or replaced; bring it back, nothing is written until then")]
    Gone {
        /// The archive's folder.
        folder: PathBuf,
    },
    /// A folder in which nothing can be created.
    #[error(
        "{folder} cannot be written to; give the right to write to the user that runs tapline, or configure another `archive`"
    )]
    NotWritable {
        /// The archive's folder, or the one in which it would be created.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A reader was pointed to a folder that holds no archive.
    #[error("{folder} holds no archive; start `tapline serve` with it, or name the folder that `archive` configures")]
    NoArchive {
        /// The folder.
        folder: PathBuf,
    },
    /// An older binary meets a newer archive.
    #[error("{folder} has format {found}, this tapline reads up to {known}; use a newer tapline")]
    NewerFormat {
        /// The archive's folder.
        folder: PathBuf,
        /// `format_version` of the table.
        found: u32,
        /// What this binary knows.
        known: u32,
    },
    /// The operating system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The Delta log could not be read or written.
    #[error("cannot {action} the log of the archive: {what}")]
    Log {
        /// What was tried.
        action: &'static str,
        /// The library's words, without the addresses of code that it adds.
        what: String,
    },
    /// Data files that no log names: with a new log they would be swept away.
    #[error(
        "{folder} holds data files and no log of them; put its `_delta_log` folder back from a copy, or configure another \
         `archive`: nothing was changed"
    )]
    LostLog {
        /// The table's folder.
        folder: PathBuf,
    },
    /// A file of the Delta log is not there.
    #[error(
        "the archive's log lacks {path}; put it back from a copy, and leave the folder as it is until then: nothing was \
         changed"
    )]
    MissingLog {
        /// On disk.
        path: PathBuf,
    },
    /// A file of the Delta log is not what was written.
    #[error(
        "{path} of the archive's log is damaged ({what}); put it back from a copy. Without one, copy the whole archive \
         and then move this file away if it is the newest of the log: the rows it committed are read again from their \
         brokers as far as these still keep them"
    )]
    DamagedLog {
        /// On disk.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// A data file is not what its commit says.
    #[error("data file {path} is damaged or missing: {what}; every other file stays readable")]
    Damaged {
        /// Relative to the archive.
        path: String,
        /// What does not fit.
        what: String,
    },
    /// Rows could not be encoded; a bug of ours or of a library.
    #[error("cannot write data file {path}: {what}")]
    Write {
        /// Relative to the archive.
        path: String,
        /// The library's words.
        what: String,
    },
    /// A file that was to be rewritten is not active any more; start over with the present view.
    #[error("{path} was replaced meanwhile; nothing was changed")]
    NotActive {
        /// Relative to the archive.
        path: String,
    },
    /// The position record of the newest commit cannot be read.
    #[error("the positions in commit {version} cannot be read: {what}; restore the _delta_log folder from a copy")]
    Positions {
        /// Delta version.
        version: u64,
        /// What does not fit.
        what: String,
    },
    /// An ID index cannot be built at the moment.
    #[error("the id index of data file {path} cannot be built; the server's log says why, it is tried again soon")]
    NoIndex {
        /// Relative to the archive.
        path: String,
    },
    /// An ID index cannot be read or written.
    #[error(transparent)]
    Index(#[from] SidecarError),
    /// A batch lacks a column; a bug of ours.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// The handle only reads.
    #[error("this archive was opened for reading")]
    ReadOnly,
}

impl ArchiveError {
    /// Whether the same call may succeed later without a person doing something.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Io { .. } | Self::Log { .. } | Self::NotActive { .. })
    }

    /// The HTTP status for a caller that ran into it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Locked { .. } | Self::NotActive { .. } => 409,
            Self::NoArchive { .. } => 404,
            _ => 500,
        }
    }
}
