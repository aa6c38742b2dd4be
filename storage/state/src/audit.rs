//! The audit: who did what, when and why. Entries are only ever added.

use rusqlite::{Connection, Row, params};
use tapline_api::AuditView;
use tapline_model::time;

use crate::State;
use crate::error::StateError;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Rises by one with each entry.
    pub number: i64,
    /// Microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub who: String,
    /// What was done.
    pub happened: Happened,
}

/// What was done, to what and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Happened {
    /// A word such as `cause.state`, `replay.start`.
    pub action: String,
    /// A fingerprint, the id of a replay, ...
    pub subject: String,
    /// As it was given.
    pub reason: Option<String>,
    /// How the subject stood.
    pub before: Option<String>,
    /// How it stands.
    pub after: Option<String>,
}

/// An entry to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAudit {
    pub(crate) who: String,
    pub(crate) happened: Happened,
}

impl NewAudit {
    /// Begins an entry: who acts.
    pub fn by(who: &str) -> Self {
        Self { who: who.to_owned(), ..Self::default() }
    }

    /// What is done, and to what.
    pub fn did(mut self, action: &str, subject: &str) -> Self {
        (self.happened.action, self.happened.subject) = (action.to_owned(), subject.to_owned());
        self
    }

    /// Why.
    pub fn because(mut self, reason: Option<&str>) -> Self {
        self.happened.reason = reason.map(str::to_owned);
        self
    }

    /// How the subject stood, and how it stands.
    pub fn changed(mut self, before: Option<String>, after: Option<String>) -> Self {
        (self.happened.before, self.happened.after) = (before, after);
        self
    }
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        let Happened { action, subject, reason, before, after } = entry.happened;
        Self {
            number: entry.number,
            at: time::format(entry.at),
            who: entry.who,
            action,
            subject,
            reason,
            before,
            after,
        }
    }
}

impl State {
    /// Writes an entry for what changes nothing else of the state.
    pub fn audit(&self, entry: NewAudit) -> Result<(), StateError> {
        self.write(|connection| write(connection, entry))
    }

    /// Newest first, of one subject or of all, below a number.
    pub fn audited(
        &self,
        subject: Option<&str>,
        below: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StateError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT number, at, who, action, subject, reason, before, after FROM audit
                 WHERE (?1 IS NULL OR subject = ?1) AND (?2 IS NULL OR number < ?2) ORDER BY number DESC LIMIT ?3",
            )?;
            let entries = query.query_map(params![subject, below, limit], entry)?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
    }
}

pub(crate) fn write(connection: &Connection, entry: NewAudit) -> Result<(), StateError> {
    let NewAudit { who, happened } = entry;
    let Happened { action, subject, reason, before, after } = happened;
    connection.execute(
        "INSERT INTO audit (at, who, action, subject, reason, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![time::now(), who, action, subject, reason, before, after],
    )?;
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let happened = Happened {
        action: row.get("action")?,
        subject: row.get("subject")?,
        reason: row.get("reason")?,
        before: row.get("before")?,
        after: row.get("after")?,
    };
    Ok(AuditEntry { number: row.get("number")?, at: row.get("at")?, who: row.get("who")?, happened })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_newest_first_and_by_subject() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        for (action, subject) in [("a", "x"), ("b", "y"), ("c", "x")] {
            state.audit(NewAudit::by("mara").did(action, subject).because(Some("why"))).unwrap();
        }
        let actions = |entries: Vec<AuditEntry>| entries.into_iter().map(|it| it.happened.action).collect::<Vec<_>>();
        assert_eq!(actions(state.audited(Some("x"), None, 10).unwrap()), ["c", "a"]);
        assert_eq!(actions(state.audited(None, None, 2).unwrap()), ["c", "b"]);
    }

    #[test]
    fn entries_are_neither_changed_nor_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.audit(NewAudit::by("mara").did("a", "x")).unwrap();
        for statement in ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"] {
            let error = state.read(|connection| Ok(connection.execute_batch(statement)?)).unwrap_err();
            let error = std::error::Error::source(&error).unwrap();
            assert!(error.to_string().contains("append only"), "{error}");
        }
    }
}
