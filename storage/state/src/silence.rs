//! Silences: who wants to hear nothing of which alerts, until when.

use rusqlite::{OptionalExtension, Row};

use crate::error::StateError;
use crate::json::{json, parse};
use crate::{NewAudit, State, audit};

/// A silence. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceRecord {
    /// 4 of `s-4`; 0 until it is kept.
    pub number: i64,
    /// Alerts that meet all of these, as they were written.
    pub matchers: Vec<String>,
    /// When it begins.
    pub starts_at: i64,
    /// When it ends.
    pub ends_at: i64,
    /// Why.
    pub reason: String,
    /// Who.
    pub who: String,
}

impl State {
    /// Keeps a new silence under the next number, which is returned.
    pub fn add_silence(&self, silence: &SilenceRecord) -> Result<i64, StateError> {
        let matchers = json("silence.matchers", &silence.matchers)?;
        self.write(|connection| {
            let sql = "INSERT INTO silence (matchers, starts_at, ends_at, reason, who) VALUES (?, ?, ?, ?, ?)";
            let SilenceRecord { starts_at, ends_at, reason, who, .. } = silence;
            connection.execute(sql, (&matchers, starts_at, ends_at, reason, who))?;
            let number = connection.last_insert_rowid();
            let entry = NewAudit::by(who).did("silence.add", &format!("s-{number}"));
            audit::write(connection, entry.because(Some(reason)).changed(None, Some(matchers.clone())))?;
            Ok(number)
        })
    }

    /// Ends a silence now; whether it was there and not over.
    pub fn end_silence(&self, number: i64, who: &str, now: i64) -> Result<bool, StateError> {
        self.write(|connection| {
            let sql = "UPDATE silence SET ends_at = ?1 WHERE number = ?2 AND ends_at > ?1 RETURNING matchers";
            let matchers: Option<String> = connection.query_row(sql, (now, number), |row| row.get(0)).optional()?;
            let Some(matchers) = matchers else { return Ok(false) };
            let entry = NewAudit::by(who).did("silence.end", &format!("s-{number}"));
            audit::write(connection, entry.changed(Some(matchers), None))?;
            Ok(true)
        })
    }

    /// Those that are not over, the first to end first.
    pub fn silences(&self, now: i64) -> Result<Vec<SilenceRecord>, StateError> {
        self.read(|connection| {
            let mut query =
                connection.prepare_cached("SELECT * FROM silence WHERE ends_at > ? ORDER BY ends_at, number")?;
            let mut rows = query.query([now])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                all.push(record(row)?);
            }
            Ok(all)
        })
    }
}

fn record(row: &Row<'_>) -> Result<SilenceRecord, StateError> {
    Ok(SilenceRecord {
        number: row.get("number")?,
        matchers: parse("silence.matchers", row)?,
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
        reason: row.get("reason")?,
        who: row.get("who")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_ends_by_itself_or_by_somebody() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let silence = SilenceRecord {
            number: 0,
            matchers: vec!["group=\"billing\"".to_owned()],
            starts_at: 10,
            ends_at: 20,
            reason: "deployment".to_owned(),
            who: "mara".to_owned(),
        };
        let number = state.add_silence(&silence).unwrap();
        assert_eq!(state.silences(19).unwrap(), [SilenceRecord { number, ..silence }]);
        assert_eq!(state.silences(20).unwrap(), []);
        assert!(state.end_silence(number, "mara", 15).unwrap());
        assert!(!state.end_silence(number, "mara", 16).unwrap());
        assert_eq!(state.silences(15).unwrap(), []);
    }
}
