//! What can go wrong with the state, and whose fault it is.

use std::path::PathBuf;

/// A fault of the state file, or of what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be created, read, or is no database.
    #[error("cannot open {path}; it holds notes, replays and the audit: restore it from a backup or move it away")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// An older binary meets a newer state.
    #[error("{path} has version {found}, this tapline reads up to {known}; use a newer tapline")]
    Newer {
        /// Which.
        path: PathBuf,
        /// What it says.
        found: i64,
        /// What this binary knows.
        known: i64,
    },
    /// The database refused: the disk is full, or the file was damaged.
    #[error("the state cannot be read or written at the moment")]
    Database(#[from] rusqlite::Error),
    /// A row that this binary did not write.
    #[error("`{column}` of the state holds `{value}`, which this tapline does not know; use a newer tapline")]
    Word {
        /// Where it stands.
        column: &'static str,
        /// What stands there.
        value: String,
    },
    /// What is kept as JSON is none.
    #[error("`{column}` of the state cannot be read")]
    Json {
        /// Where it stands.
        column: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// No replay has this number.
    #[error("there is no replay r-{0}")]
    NoReplay(i64),
    /// A cause cannot become part of itself.
    #[error("`{0}` was merged into this cause before; merge the other way round, or undo that first")]
    Circle(String),
}

impl StateError {
    /// Whether the same call may succeed later without a person doing something.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Database(_))
    }

    /// Whether the caller asked for something that cannot be.
    pub fn is_of_the_caller(&self) -> bool {
        matches!(self, Self::Circle(_) | Self::NoReplay(_))
    }
}
