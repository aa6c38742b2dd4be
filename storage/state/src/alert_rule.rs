//! Rules of alerts that were written on the page. Those of the configuration file stand there.

use tapline_api::AlertRule;

use crate::error::StateError;
use crate::json::{json, parse};
use crate::{NewAudit, State, audit};

/// A rule with who wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRuleRecord {
    /// Its name.
    pub name: String,
    /// As it was written.
    pub rule: AlertRule,
    /// Who.
    pub who: String,
    /// When, microseconds since 1970.
    pub at: i64,
}

impl State {
    /// All of them, by name.
    pub fn alert_rules(&self) -> Result<Vec<AlertRuleRecord>, StateError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT * FROM alert_rule ORDER BY name")?;
            let mut rows = query.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let rule = parse("alert_rule.rule", row)?;
                all.push(AlertRuleRecord { name: row.get("name")?, rule, who: row.get("who")?, at: row.get("at")? });
            }
            Ok(all)
        })
    }

    /// Keeps a rule; `before` is what it replaces, for the audit.
    pub fn set_alert_rule(&self, record: &AlertRuleRecord, before: Option<&AlertRule>) -> Result<(), StateError> {
        let text = json("alert_rule.rule", &record.rule)?;
        let before = before.map(|rule| json("alert_rule.rule", rule)).transpose()?;
        self.write(|connection| {
            let sql = "INSERT OR REPLACE INTO alert_rule (name, rule, who, at) VALUES (?, ?, ?, ?)";
            connection.execute(sql, (&record.name, &text, &record.who, record.at))?;
            let entry = NewAudit::by(&record.who).did("alert_rule.set", &record.name);
            audit::write(connection, entry.changed(before, Some(text.clone())))
        })
    }

    /// Deletes a rule; whether it was there.
    pub fn delete_alert_rule(&self, name: &str, who: &str) -> Result<bool, StateError> {
        self.write(|connection| {
            let sql = "DELETE FROM alert_rule WHERE name = ? RETURNING rule";
            let before: Option<String> =
                rusqlite::OptionalExtension::optional(connection.query_row(sql, [name], |row| row.get(0)))?;
            let Some(before) = before else { return Ok(false) };
            let entry = NewAudit::by(who).did("alert_rule.delete", name).changed(Some(before), None);
            audit::write(connection, entry)?;
            Ok(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_kept_replaced_deleted_and_audited() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let rule = AlertRule { expr: Some("tapline_paused == 1".to_owned()), enabled: true, ..AlertRule::default() };
        let record = AlertRuleRecord { name: "Paused".to_owned(), rule, who: "mara".to_owned(), at: 1 };
        state.set_alert_rule(&record, None).unwrap();
        assert_eq!(state.alert_rules().unwrap(), std::slice::from_ref(&record));
        let resting = AlertRule { enabled: false, ..record.rule.clone() };
        let changed = AlertRuleRecord { rule: resting, ..record.clone() };
        state.set_alert_rule(&changed, Some(&record.rule)).unwrap();
        assert_eq!(state.alert_rules().unwrap(), [changed]);
        assert!(state.delete_alert_rule("Paused", "jonas").unwrap());
        assert!(!state.delete_alert_rule("Paused", "jonas").unwrap());
        let actions: Vec<String> =
            state.audited(None, None, 10).unwrap().into_iter().map(|entry| entry.happened.action).collect();
        assert_eq!(actions, ["alert_rule.delete", "alert_rule.set", "alert_rule.set"]);
    }
}
