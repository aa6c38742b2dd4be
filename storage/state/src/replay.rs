//! Which replays there are and how they stand. Their items, and what became of each, are files of `agents/replay`.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tapline_api::{Progress, ReplayPlan, ReplayRequest, ReplayState};

use crate::error::StateError;
use crate::json::{json, parse};
use crate::{NewAudit, State, audit};

/// A replay.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayRecord {
    /// 33 of `r-33`; 0 until it is kept.
    pub number: i64,
    /// How it stands.
    pub state: ReplayState,
    /// Why, where that is not plain.
    pub why: Option<String>,
    /// Names the plan as it was shown.
    pub etag: String,
    /// Tells its events from those of replays that other archives call by the same number.
    pub token: String,
    /// What it does.
    pub sentence: String,
    /// Who planned it.
    pub who: String,
    /// And why.
    pub reason: String,
    /// The cause that was chosen, if one was.
    pub fingerprint: Option<String>,
    /// Microseconds since 1970, as all times here.
    pub planned_at: i64,
    /// When it was first started.
    pub started_at: Option<i64>,
    /// When nothing more was sent.
    pub ended_at: Option<i64>,
    /// What was asked for.
    pub request: ReplayRequest,
    /// What was shown.
    pub plan: ReplayPlan,
    /// How far it was when it was last written; its journal knows better.
    pub progress: Progress,
}

impl State {
    /// Keeps a new replay under the next number, which is returned.
    pub fn add_replay(&self, replay: &ReplayRecord) -> Result<i64, StateError> {
        self.write(|connection| {
            insert(connection, replay)?;
            let number = connection.last_insert_rowid();
            let entry = NewAudit::by(&replay.who).did("replay.plan", &format!("r-{number}"));
            let entry = entry.because(Some(&replay.reason)).changed(None, Some(replay.sentence.clone()));
            audit::write(connection, entry)?;
            Ok(number)
        })
    }

    /// Writes how a replay stands now, with the audit entry that goes with it.
    ///
    /// # Errors
    /// [`StateError::NoReplay`] for a number that is not there.
    pub fn set_replay(&self, replay: &ReplayRecord, entry: Option<NewAudit>) -> Result<(), StateError> {
        self.write(|connection| {
            update(connection, replay)?;
            entry.map_or(Ok(()), |entry| audit::write(connection, entry))
        })
    }

    /// Writes how far a replay is, with the audit entry that goes with it. How it stands is left as it is.
    pub fn set_progress(&self, number: i64, progress: &Progress, entry: Option<NewAudit>) -> Result<(), StateError> {
        self.write(|connection| {
            let text = json("replay.progress", progress)?;
            connection.execute("UPDATE replay SET progress = ? WHERE number = ?", (text, number))?;
            entry.map_or(Ok(()), |entry| audit::write(connection, entry))
        })
    }

    /// A replay.
    ///
    /// # Errors
    /// [`StateError::NoReplay`] for a number that is not there.
    pub fn replay(&self, number: i64) -> Result<ReplayRecord, StateError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT * FROM replay WHERE number = ?")?;
            let found = query.query_row([number], |row| Ok(record(row))).optional()?;
            found.unwrap_or(Err(StateError::NoReplay(number)))
        })
    }

    /// Replays below a number, newest first.
    pub fn replays(&self, below: Option<i64>, limit: u32) -> Result<Vec<ReplayRecord>, StateError> {
        self.read(|connection| {
            let sql = "SELECT * FROM replay WHERE number < ? ORDER BY number DESC LIMIT ?";
            let mut query = connection.prepare_cached(sql)?;
            let mut rows = query.query((below.unwrap_or(i64::MAX), limit))?;
            let mut replays = Vec::new();
            while let Some(row) = rows.next()? {
                replays.push(record(row)?);
            }
            Ok(replays)
        })
    }
}

fn insert(connection: &Connection, replay: &ReplayRecord) -> Result<(), StateError> {
    connection.execute(
        "INSERT INTO replay (state, why, etag, token, sentence, who, reason, fingerprint, planned_at, started_at, ended_at,
             request, plan, progress)
         VALUES (:state, :why, :etag, :token, :sentence, :who, :reason, :fingerprint, :planned_at, :started_at, :ended_at,
             :request, :plan, :progress)",
        named_params! {
            ":state": replay.state.as_str(), ":why": replay.why, ":etag": replay.etag, ":token": replay.token,
            ":sentence": replay.sentence, ":who": replay.who, ":reason": replay.reason,
            ":fingerprint": replay.fingerprint, ":planned_at": replay.planned_at, ":started_at": replay.started_at,
            ":ended_at": replay.ended_at, ":request": json("replay.request", &replay.request)?,
            ":plan": json("replay.plan", &replay.plan)?, ":progress": json("replay.progress", &replay.progress)?,
        },
    )?;
    Ok(())
}

/// What was asked for and by whom never changes.
fn update(connection: &Connection, replay: &ReplayRecord) -> Result<(), StateError> {
    let changed = connection.execute(
        "UPDATE replay SET state = :state, why = :why, etag = :etag, started_at = :started_at, ended_at = :ended_at,
             plan = :plan, progress = :progress WHERE number = :number",
        named_params! {
            ":state": replay.state.as_str(), ":why": replay.why, ":etag": replay.etag,
            ":started_at": replay.started_at, ":ended_at": replay.ended_at,
            ":plan": json("replay.plan", &replay.plan)?, ":progress": json("replay.progress", &replay.progress)?,
            ":number": replay.number,
        },
    )?;
    if changed == 0 { Err(StateError::NoReplay(replay.number)) } else { Ok(()) }
}

fn record(row: &Row<'_>) -> Result<ReplayRecord, StateError> {
    let word: String = row.get("state")?;
    let state = ReplayState::parse(&word).ok_or(StateError::Word { column: "replay.state", value: word })?;
    Ok(ReplayRecord {
        number: row.get("number")?,
        state,
        why: row.get("why")?,
        etag: row.get("etag")?,
        token: row.get("token")?,
        sentence: row.get("sentence")?,
        who: row.get("who")?,
        reason: row.get("reason")?,
        fingerprint: row.get("fingerprint")?,
        planned_at: row.get("planned_at")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        request: parse("replay.request", row)?,
        plan: parse("replay.plan", row)?,
        progress: parse("replay.progress", row)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned() -> ReplayRecord {
        ReplayRecord {
            number: 0,
            state: ReplayState::Planned,
            why: None,
            etag: "e1".to_owned(),
            token: "4f1c9a2e".to_owned(),
            sentence: "Puts 3 events back".to_owned(),
            who: "mara".to_owned(),
            reason: "the fix is out".to_owned(),
            fingerprint: None,
            planned_at: 1,
            started_at: None,
            ended_at: None,
            request: ReplayRequest { rate: Some(20.0), ..ReplayRequest::default() },
            plan: ReplayPlan::default(),
            progress: Progress::default(),
        }
    }

    #[test]
    fn replays_are_numbered_kept_and_audited() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        assert_eq!(state.add_replay(&planned()).unwrap(), 1);
        assert_eq!(state.add_replay(&planned()).unwrap(), 2);
        let started = ReplayRecord { state: ReplayState::Running, started_at: Some(2), ..state.replay(2).unwrap() };
        state.set_replay(&started, Some(NewAudit::by("jo").did("replay.start", "r-2"))).unwrap();
        assert_eq!(state.replays(None, 10).unwrap(), [started.clone(), state.replay(1).unwrap()]);
        assert_eq!(state.replays(Some(2), 10).unwrap().len(), 1);
        let audited: Vec<String> =
            state.audited(Some("r-2"), None, 10).unwrap().into_iter().map(|entry| entry.happened.action).collect();
        assert_eq!(audited, ["replay.start", "replay.plan"]);
        assert!(matches!(state.replay(3), Err(StateError::NoReplay(3))));
        assert!(state.set_replay(&ReplayRecord { number: 3, ..started }, None).is_err());
    }
}
