//! Operational state: what people and agents decided, in one SQLite file beside the archive.
//!
//! Owns how causes of dead letters stand, how they were split and merged, which replays there are, rules of alerts, what
//! they found and what is to be told of it, silences, and the audit of every action. None of it can be read again from a broker or from the archive, so each change is synced before it is told
//! done, and its audit entry is written with it. What a cause is belongs to `agents/deadletter`, the items of a replay
//! and what became of them to `agents/replay`, when an alert fires to `agents/alert`.

mod alert;
mod alert_message;
mod alert_rule;
mod audit;
mod cause;
mod error;
mod json;
mod regroup;
mod replay;
mod schema;
mod silence;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use alert::{AlertChanges, AlertRecord};
pub use alert_message::{ChannelFacts, MessageRecord, MessageState};
pub use alert_rule::AlertRuleRecord;
pub use audit::{AuditEntry, Happened, NewAudit};
pub use cause::CauseRecord;
pub use error::StateError;
pub use regroup::{Regrouping, SplitBy};
pub use replay::ReplayRecord;
pub use silence::SilenceRecord;

/// Name of the file in the archive's folder.
pub const FILE: &str = "state.sqlite";

/// How long somebody else's look at the file (a backup, a person with a shell) is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The state of one archive. Cheap to clone; every call blocks on the disk.
#[derive(Debug, Clone)]
pub struct State {
    connection: Arc<Mutex<Connection>>,
}

impl State {
    /// Opens the state of the archive in `folder`, creating it if needed. The archive's lock keeps other processes out.
    ///
    /// # Errors
    /// [`StateError::Open`] when the file cannot be created or is no database, [`StateError::Newer`] when a later
    /// version wrote it.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let open = |source| StateError::Open { path: path.clone(), source };
        let mut connection = Connection::open(&path).map_err(open)?;
        connection.busy_timeout(PATIENCE).map_err(open)?;
        // What was told done has to be there after the power failed.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(open)?;
        schema::migrate(&mut connection, &path)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Reads by one statement.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StateError>) -> Result<T, StateError> {
        work(&self.connection.lock())
    }

    /// Changes all or nothing.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StateError>) -> Result<T, StateError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.audit(NewAudit::by("mara").did("export", "audit")).unwrap();
        drop(state);
        let again = State::open(folder.path()).unwrap();
        assert_eq!(again.audited(None, None, 10).unwrap()[0].who, "mara");
    }

    #[test]
    fn what_is_no_database_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, "precious notes, not a database").unwrap();
        let error = State::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("state.sqlite"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious notes, not a database");
    }

    #[test]
    fn a_later_version_s_state_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.read(|it| Ok(it.execute_batch("PRAGMA user_version = 1000")?)).unwrap();
        drop(state);
        let error = State::open(folder.path()).unwrap_err();
        assert!(matches!(error, StateError::Newer { found: 1000, .. }), "{error}");
    }
}
