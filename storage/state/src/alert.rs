//! Alerts: what rules found, and whom it was told.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tapline_api::Labels;

use crate::alert_message::MessageRecord;
use crate::error::StateError;
use crate::json::{json, parse};
use crate::{State, alert_message};

/// An alert. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRecord {
    /// The same for the same rule and labels.
    pub fingerprint: String,
    /// Since when it holds: with the fingerprint it tells this alert from earlier ones.
    pub active_at: i64,
    /// Name of its rule.
    pub rule: String,
    /// What it is of.
    pub labels: Labels,
    /// What is told with it.
    pub annotations: Labels,
    /// The page that explains it, without the server's address.
    pub href: String,
    /// What was found last.
    pub value: f64,
    /// When it began to fire.
    pub fired_at: Option<i64>,
    /// When it was over.
    pub resolved_at: Option<i64>,
    /// Channels that were told, and when last.
    pub told: BTreeMap<String, i64>,
    /// Channels that are still to be told that it is over.
    pub owed: BTreeSet<String>,
}

/// What follows from one look at all rules: written as one.
#[derive(Debug, Clone, Default)]
pub struct AlertChanges {
    /// When the rules were looked at.
    pub looked_at: i64,
    /// New ones, and those that changed.
    pub alerts: Vec<AlertRecord>,
    /// Fingerprint and begin of those that were over before they fired.
    pub forgotten: Vec<(String, i64)>,
    /// What is to be told of it.
    pub messages: Vec<MessageRecord>,
}

impl State {
    /// Writes what follows from a look, all or nothing: a decision without its message would never be told.
    pub fn save_alerts(&self, changes: &AlertChanges) -> Result<(), StateError> {
        self.write(|connection| {
            connection.execute("INSERT OR REPLACE INTO alert_look VALUES (0, ?)", [changes.looked_at])?;
            // First: one that begins anew may stand under the same key.
            for key in &changes.forgotten {
                connection.execute("DELETE FROM alert WHERE fingerprint = ? AND active_at = ?", (&key.0, key.1))?;
            }
            changes.alerts.iter().try_for_each(|alert| put(connection, alert))?;
            changes.messages.iter().try_for_each(|message| alert_message::put(connection, message))
        })
    }

    /// When rules were looked at last.
    pub fn alerts_looked_at(&self) -> Result<Option<i64>, StateError> {
        self.read(|connection| {
            let at = connection.query_row("SELECT at FROM alert_look", [], |row| row.get(0));
            Ok(at.optional()?)
        })
    }

    /// Those that are not over, or not yet told to be.
    pub fn open_alerts(&self) -> Result<Vec<AlertRecord>, StateError> {
        let sql = "SELECT * FROM alert WHERE resolved_at IS NULL OR owed <> '[]' ORDER BY active_at, fingerprint";
        self.read(|connection| records(connection, sql, []))
    }

    /// Those that fired at a time or later, the last to begin first.
    pub fn fired_alerts(&self, from: i64, most: u32) -> Result<Vec<AlertRecord>, StateError> {
        let sql = "SELECT * FROM alert WHERE fired_at IS NOT NULL AND (resolved_at IS NULL OR resolved_at >= ?)
             ORDER BY fired_at DESC, fingerprint LIMIT ?";
        self.read(|connection| records(connection, sql, (from, most)))
    }

    /// Forgets what was over before a time, with the messages that were done.
    pub fn forget_alerts(&self, before: i64) -> Result<(), StateError> {
        self.write(|connection| {
            connection.execute("DELETE FROM alert WHERE resolved_at < ? AND owed = '[]'", [before])?;
            connection.execute("DELETE FROM alert_message WHERE done_at < ?", [before])?;
            connection.execute("DELETE FROM silence WHERE ends_at < ?", [before])?;
            Ok(())
        })
    }
}

fn put(connection: &Connection, alert: &AlertRecord) -> Result<(), StateError> {
    connection.execute(
        "INSERT OR REPLACE INTO alert (fingerprint, active_at, rule, labels, annotations, href, value, fired_at,
             resolved_at, told, owed)
         VALUES (:fingerprint, :active_at, :rule, :labels, :annotations, :href, :value, :fired_at, :resolved_at, :told,
             :owed)",
        named_params! {
            ":fingerprint": alert.fingerprint, ":active_at": alert.active_at, ":rule": alert.rule,
            ":labels": json("alert.labels", &alert.labels)?,
            ":annotations": json("alert.annotations", &alert.annotations)?, ":href": alert.href,
            // SQLite takes a number that is none for NULL.
            ":value": if alert.value.is_nan() { 0.0 } else { alert.value },
            ":fired_at": alert.fired_at, ":resolved_at": alert.resolved_at,
            ":told": json("alert.told", &alert.told)?, ":owed": json("alert.owed", &alert.owed)?,
        },
    )?;
    Ok(())
}

fn records(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<AlertRecord>, StateError> {
    let mut query = connection.prepare_cached(sql)?;
    let mut rows = query.query(parameters)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(record(row)?);
    }
    Ok(all)
}

fn record(row: &Row<'_>) -> Result<AlertRecord, StateError> {
    Ok(AlertRecord {
        fingerprint: row.get("fingerprint")?,
        active_at: row.get("active_at")?,
        rule: row.get("rule")?,
        labels: parse("alert.labels", row)?,
        annotations: parse("alert.annotations", row)?,
        href: row.get("href")?,
        value: row.get("value")?,
        fired_at: row.get("fired_at")?,
        resolved_at: row.get("resolved_at")?,
        told: parse("alert.told", row)?,
        owed: parse("alert.owed", row)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageState;

    fn alert(fingerprint: &str, fired_at: Option<i64>, resolved_at: Option<i64>) -> AlertRecord {
        AlertRecord {
            fingerprint: fingerprint.to_owned(),
            active_at: 1,
            rule: "GroupStandsStill".to_owned(),
            labels: Labels::from([("group".to_owned(), "billing".to_owned())]),
            annotations: Labels::new(),
            href: "/consumers".to_owned(),
            value: 48.0,
            fired_at,
            resolved_at,
            told: BTreeMap::from([("oncall".to_owned(), 7)]),
            owed: BTreeSet::new(),
        }
    }

    #[test]
    fn alerts_are_written_with_their_messages_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let message = MessageRecord::new("msg_1", "oncall", serde_json::json!([{"rule": "x"}]), 9);
        let (open, over) = (alert("a", Some(5), None), alert("b", Some(5), Some(8)));
        let owed = AlertRecord { owed: BTreeSet::from(["oncall".to_owned()]), ..alert("c", Some(4), Some(8)) };
        let alerts = vec![open.clone(), over.clone(), owed.clone(), alert("d", None, None)];
        let changes = AlertChanges { looked_at: 9, alerts, messages: vec![message.clone()], ..AlertChanges::default() };
        state.save_alerts(&changes).unwrap();
        let forgotten = vec![("d".to_owned(), 1)];
        state.save_alerts(&AlertChanges { looked_at: 9, forgotten, ..AlertChanges::default() }).unwrap();

        assert_eq!(state.open_alerts().unwrap(), [open.clone(), owed.clone()]);
        assert_eq!(state.fired_alerts(8, 10).unwrap(), [open.clone(), over, owed.clone()]);
        assert_eq!(state.fired_alerts(9, 10).unwrap(), std::slice::from_ref(&open));
        assert_eq!(state.alerts_looked_at().unwrap(), Some(9));
        assert_eq!(state.waiting_messages().unwrap(), std::slice::from_ref(&message));

        let done = MessageRecord { state: MessageState::Taken, done_at: Some(10), ..message };
        state.save_message(&done).unwrap();
        assert_eq!(state.waiting_messages().unwrap(), []);
        state.forget_alerts(9).unwrap();
        assert_eq!(state.fired_alerts(0, 10).unwrap(), [open, owed], "what is owed is not forgotten");
    }
}
