//! Why a replay cannot be planned, started or changed, and whose fault it is.

use std::path::PathBuf;

use tapline_adapter::AdapterError;
use tapline_api::ReplayState;
use tapline_archive::ArchiveError;
use tapline_deadletter::DeadLetterError;
use tapline_model::columns::ColumnError;
use tapline_state::StateError;

/// One variant a cause.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The request cannot be understood or done.
    #[error("{0}")]
    BadRequest(String),
    /// No replay has this id.
    #[error("there is no replay `{0}`; GET /api/v1/replays lists all")]
    NotFound(String),
    /// Nothing is left to be put back.
    #[error("{0}")]
    Nothing(String),
    /// More events than one replay takes.
    #[error("{items} events were chosen, one replay takes {most}; choose fewer, or raise `replays.most_items`")]
    TooMany {
        /// Chosen.
        items: usize,
        /// Allowed.
        most: usize,
    },
    /// It cannot be started, paused, ... as it stands.
    #[error("r-{number} is {}, it cannot be {verb}", .state.as_str())]
    Standing {
        /// Which.
        number: i64,
        /// How it stands.
        state: ReplayState,
        /// What was asked.
        verb: &'static str,
    },
    /// What was shown is not what would be done now.
    #[error("the plan of r-{number} no longer holds: {what}; read it again and start it with its new etag")]
    Stale {
        /// Which.
        number: i64,
        /// What changed.
        what: String,
    },
    /// Its plan holds something that forbids it.
    #[error("r-{number} cannot start: {what}")]
    Refused {
        /// Which.
        number: i64,
        /// The first of the warnings that forbid it.
        what: String,
    },
    /// The environment's name was not given, or wrongly.
    #[error("this is {0}; give its name as `environment` to start a replay here")]
    Environment(String),
    /// Another person has to confirm it.
    #[error("r-{0} puts back so many events that a second person has to confirm its plan first")]
    Unconfirmed(i64),
    /// The same person cannot be the second one.
    #[error("`{0}` planned this replay; somebody else has to confirm it")]
    SamePerson(String),
    /// The broker.
    #[error(transparent)]
    Source(#[from] AdapterError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The index of dead letters.
    #[error(transparent)]
    DeadLetters(#[from] DeadLetterError),
    /// A batch that is not of events.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// A file of a replay cannot be written or read: the disk.
    #[error("cannot {verb} {path}")]
    File {
        /// `read`, `write`.
        verb: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of a replay is not what was written.
    #[error("{path} is damaged: {what}; this replay cannot go on, what it has sent is on the target")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The caller went away or the time was up.
    #[error("planning took too long; choose fewer events")]
    Stopped,
}
