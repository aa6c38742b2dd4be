//! How causes of dead letters stand, as people and agents have said. Causes that nobody spoke of have no record.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};
use tapline_api::CauseState;
use tapline_model::time;

use crate::error::StateError;
use crate::{NewAudit, State, audit};

/// What was last said of a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseRecord {
    /// How it stood then.
    pub state: CauseState,
    /// With what words.
    pub note: Option<String>,
    /// By whom.
    pub who: String,
    /// Microseconds since 1970.
    pub at: i64,
}

impl State {
    /// Every cause that somebody spoke of, by fingerprint.
    pub fn causes(&self) -> Result<HashMap<String, CauseRecord>, StateError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT fingerprint, state, note, who, at FROM cause")?;
            let mut rows = query.query([])?;
            let mut causes = HashMap::new();
            while let Some(row) = rows.next()? {
                causes.insert(row.get("fingerprint")?, record(row)?);
            }
            Ok(causes)
        })
    }

    /// Says how a cause stands from now on, with the audit entry that goes with it.
    pub fn set_cause(
        &self,
        fingerprint: &str,
        state: CauseState,
        note: Option<&str>,
        who: &str,
    ) -> Result<(), StateError> {
        self.write(|connection| {
            let before = "SELECT state FROM cause WHERE fingerprint = ?";
            let before: Option<String> = connection.query_row(before, [fingerprint], |row| row.get(0)).optional()?;
            connection.execute(
                "INSERT INTO cause (fingerprint, state, note, who, at) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (fingerprint) DO UPDATE SET state = excluded.state, note = excluded.note,
                     who = excluded.who, at = excluded.at",
                params![fingerprint, state.as_str(), note, who, time::now()],
            )?;
            let entry = NewAudit::by(who).did("cause.state", fingerprint).because(note);
            audit::write(connection, entry.changed(before, Some(state.as_str().to_owned())))
        })
    }
}

fn record(row: &Row<'_>) -> Result<CauseRecord, StateError> {
    let word: String = row.get("state")?;
    let state = CauseState::parse(&word).ok_or(StateError::Word { column: "cause.state", value: word })?;
    Ok(CauseRecord { state, note: row.get("note")?, who: row.get("who")?, at: row.get("at")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_cause_is_kept_and_audited() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.set_cause("f1", CauseState::Acknowledged, Some("card team knows"), "mara").unwrap();
        state.set_cause("f1", CauseState::Fixing, None, "jo").unwrap();
        let causes = state.causes().unwrap();
        assert_eq!(causes.len(), 1);
        assert_eq!((causes["f1"].state, causes["f1"].who.as_str()), (CauseState::Fixing, "jo"));
        let audited = state.audited(Some("f1"), None, 10).unwrap();
        let changes: Vec<_> = audited.iter().map(|it| (it.happened.before.as_deref(), it.who.as_str())).collect();
        assert_eq!(changes, [(Some("acknowledged"), "jo"), (None, "mara")]);
        assert_eq!(audited[1].happened.reason.as_deref(), Some("card team knows"));
    }
}
