//! Causes that a person took apart or joined, where the fingerprint tells too little or too much.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};
use tapline_model::time;

use crate::error::StateError;
use crate::{NewAudit, State, audit};

/// By what a cause is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SplitBy {
    /// Type of the event.
    Type,
    /// Where the dead letters stand.
    Destination,
    /// What the exception says, without numbers and identifiers.
    Message,
}

/// How one cause is grouped otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regrouping {
    /// Into one cause for each value.
    Split(SplitBy),
    /// Counted as part of another one.
    Merged(String),
}

impl SplitBy {
    /// As it is written in API and state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Destination => "destination",
            Self::Message => "message",
        }
    }

    /// The reverse; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Type, Self::Destination, Self::Message].into_iter().find(|by| by.as_str() == word)
    }
}

impl State {
    /// Every cause that is grouped otherwise, by fingerprint.
    pub fn regroupings(&self) -> Result<HashMap<String, Regrouping>, StateError> {
        self.read(read)
    }

    /// Groups a cause otherwise from now on; `None` takes that back.
    ///
    /// # Errors
    /// [`StateError::Circle`] when a cause would become part of itself.
    pub fn regroup(&self, fingerprint: &str, to: Option<&Regrouping>, who: &str) -> Result<(), StateError> {
        self.write(|connection| {
            if let Some(Regrouping::Merged(into)) = to
                && leads_to(&read(connection)?, into, fingerprint)
            {
                return Err(StateError::Circle(into.clone()));
            }
            connection.execute("DELETE FROM regrouping WHERE fingerprint = ?", [fingerprint])?;
            let (action, split_by, merged_into) = match to {
                None => ("cause.ungroup", None, None),
                Some(Regrouping::Split(by)) => ("cause.split", Some(by.as_str()), None),
                Some(Regrouping::Merged(into)) => ("cause.merge", None, Some(into.as_str())),
            };
            if to.is_some() {
                connection.execute(
                    "INSERT INTO regrouping (fingerprint, split_by, merged_into, who, at) VALUES (?, ?, ?, ?, ?)",
                    params![fingerprint, split_by, merged_into, who, time::now()],
                )?;
            }
            let after = split_by.or(merged_into).map(str::to_owned);
            audit::write(connection, NewAudit::by(who).did(action, fingerprint).changed(None, after))
        })
    }
}

fn read(connection: &Connection) -> Result<HashMap<String, Regrouping>, StateError> {
    let mut query = connection.prepare_cached("SELECT fingerprint, split_by, merged_into FROM regrouping")?;
    let mut rows = query.query([])?;
    let mut known = HashMap::new();
    while let Some(row) = rows.next()? {
        known.insert(row.get("fingerprint")?, regrouping(row)?);
    }
    Ok(known)
}

/// Whether `from` is, directly or by others, part of `to`.
fn leads_to(known: &HashMap<String, Regrouping>, from: &str, to: &str) -> bool {
    let mut at = from;
    // No circle is ever stored, so this ends.
    while at != to {
        match known.get(at) {
            Some(Regrouping::Merged(next)) => at = next,
            _ => return false,
        }
    }
    true
}

fn regrouping(row: &Row<'_>) -> Result<Regrouping, StateError> {
    if let Some(into) = row.get("merged_into")? {
        return Ok(Regrouping::Merged(into));
    }
    let word: String = row.get("split_by")?;
    let by = SplitBy::parse(&word).ok_or(StateError::Word { column: "regrouping.split_by", value: word })?;
    Ok(Regrouping::Split(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_taken_apart_joined_and_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.regroup("f1", Some(&Regrouping::Split(SplitBy::Type)), "mara").unwrap();
        state.regroup("f2", Some(&Regrouping::Merged("f3".to_owned())), "mara").unwrap();
        state.regroup("f1", None, "jo").unwrap();
        let known = state.regroupings().unwrap();
        assert_eq!(known, HashMap::from([("f2".to_owned(), Regrouping::Merged("f3".to_owned()))]));
        let actions: Vec<_> = state.audited(None, None, 10).unwrap().into_iter().map(|it| it.happened.action).collect();
        assert_eq!(actions, ["cause.ungroup", "cause.merge", "cause.split"]);
    }

    #[test]
    fn no_cause_becomes_part_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let merged = |into: &str| Regrouping::Merged(into.to_owned());
        state.regroup("a", Some(&merged("b")), "mara").unwrap();
        state.regroup("b", Some(&merged("c")), "mara").unwrap();
        for into in ["a", "c"] {
            let error = state.regroup("c", Some(&merged(into)), "mara").unwrap_err();
            assert!(matches!(error, StateError::Circle(_)), "{error}");
        }
    }
}
