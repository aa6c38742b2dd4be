//! What is shown: alerts, rules, silences and channels, with sentences.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::{
    Alert, AlertList, AlertRuleList, AlertRuleView, AlertState, ConditionView, Fired, Labels, Level, Muted, Silence,
};
use tapline_model::time;
use tapline_state::{AlertRecord, SilenceRecord};

use crate::alerts::{Alerts, Inner};
use crate::board::Alive;
use crate::condition::CONDITIONS;
use crate::error::AlertError;
use crate::rule::SEVERITIES;
use crate::rules::{Entry, is_default};

/// Strips show so long, microseconds.
const WEEK: i64 = 7 * 86_400 * 1_000_000;

/// Alerts that are read for strips, and those that ended which are listed.
const MOST_FIRED: u32 = 5_000;
const ENDED: usize = 50;

/// Those that SQL sees.
const MOST_HISTORY: u32 = 100_000;

/// Alerts that are listed.
const LISTED: usize = 2_000;

impl Alerts {
    /// Everything that fires, is about to, or ended lately.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn list(&self) -> Result<AlertList, AlertError> {
        let now = time::now();
        let inner = &self.0;
        let ended = inner.state.fired_alerts(now - WEEK, MOST_FIRED)?;
        let mut ended: Vec<Alert> =
            ended.iter().filter(|record| record.resolved_at.is_some()).map(|record| alert(record, None)).collect();
        ended.sort_by(|one, other| other.resolved_at.cmp(&one.resolved_at));
        ended.truncate(ENDED);
        let alerts = inner.alive();
        let channels: Vec<_> = inner.channels.iter().map(|channel| inner.channel(channel)).collect();
        let (sentence, detail) = crate::headline::headline(&alerts, &channels);
        Ok(AlertList { sentence, detail, silences: inner.silences(&alerts), alerts, ended, channels })
    }

    /// How many fire and are told.
    pub fn firing(&self) -> usize {
        let board = self.0.board.lock();
        board.alive.values().filter(|alive| alive.is_firing() && alive.muted.is_none()).count()
    }

    /// Those that fire or are about to, worst first.
    pub fn alive(&self) -> Vec<Alert> {
        self.0.alive()
    }

    /// Those that fired, the last to begin first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn history(&self) -> Result<Vec<Alert>, AlertError> {
        let records = self.0.state.fired_alerts(i64::MIN, MOST_HISTORY)?;
        Ok(records.iter().map(|record| alert(record, None)).collect())
    }

    /// When alerts fired that have these labels, from one moment to another, microseconds; oldest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn fired(&self, about: &[(&str, &str)], from: i64, to: i64) -> Result<Vec<Fired>, AlertError> {
        let mut records = self.0.state.fired_alerts(from, MOST_FIRED)?;
        let is_about = |record: &AlertRecord| {
            about.iter().all(|(name, value)| record.labels.get(*name).is_some_and(|known| known == value))
        };
        records.retain(|record| is_about(record) && record.fired_at.is_some_and(|at| at < to));
        Ok(records.into_iter().rev().map(fired).collect())
    }

    /// All rules, those that fire first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn rules(&self) -> Result<AlertRuleList, AlertError> {
        let now = time::now();
        let fired = self.0.fired_by_rule(now)?;
        let rules = self.0.rules();
        let mut views: Vec<AlertRuleView> =
            rules.0.iter().map(|(name, entry)| self.0.rule(name, entry, &fired)).collect();
        views.sort_by(|one, other| (other.state, &one.name).cmp(&(one.state, &other.name)));
        let conditions = CONDITIONS.iter().map(|condition| ConditionView {
            name: condition.name.to_owned(),
            meaning: condition.meaning.to_owned(),
            expr: condition.expr.to_owned(),
        });
        Ok(AlertRuleList {
            rules: views,
            conditions: conditions.collect(),
            metrics: self.0.known.metrics.iter().map(|name| (*name).to_owned()).collect(),
            from: time::format(now - WEEK),
            to: time::format(now),
        })
    }

    /// One rule.
    ///
    /// # Errors
    /// When there is none, or the state cannot be read.
    pub fn rule(&self, name: &str) -> Result<AlertRuleView, AlertError> {
        let rules = self.0.rules();
        let entry = rules.0.get(name).ok_or_else(|| no_rule(name))?;
        Ok(self.0.rule(name, entry, &self.0.fired_by_rule(time::now())?))
    }
}

pub(crate) fn no_rule(name: &str) -> AlertError {
    let name = name.chars().take(100).collect();
    AlertError::NotFound { what: "rule of alerts", name, see: "GET /api/v1/alert-rules lists them" }
}

impl Inner {
    fn alive(&self) -> Vec<Alert> {
        let board = self.board.lock();
        let mut alerts: Vec<Alert> = board.alive.values().map(|alive| alert(&alive.record, Some(alive))).collect();
        drop(board);
        // A word that is none of ours is a warning.
        let rank = |alert: &Alert| SEVERITIES.iter().position(|word| *word == alert.severity).unwrap_or(2);
        alerts.sort_by_cached_key(|alert| {
            let quiet = alert.state != AlertState::Firing;
            (quiet, alert.muted.is_some(), rank(alert), alert.active_at.clone(), alert.fingerprint.clone())
        });
        alerts.truncate(LISTED);
        alerts
    }

    /// When rules fired in the last week, oldest first.
    fn fired_by_rule(&self, now: i64) -> Result<BTreeMap<String, Vec<Fired>>, AlertError> {
        let mut all = BTreeMap::<String, Vec<Fired>>::new();
        for record in self.state.fired_alerts(now - WEEK, MOST_FIRED)?.into_iter().rev() {
            all.entry(record.rule.clone()).or_default().push(fired(record));
        }
        Ok(all)
    }

    fn rule(&self, name: &str, entry: &Entry, fired: &BTreeMap<String, Vec<Fired>>) -> AlertRuleView {
        let board = self.board.lock();
        let alive: Vec<&Alive> = board.alive.values().filter(|alive| alive.record.rule == name).collect();
        let firing = alive.iter().filter(|alive| alive.is_firing()).count();
        let pending = alive.len() - firing;
        let state = match (firing, pending) {
            (1.., _) => AlertState::Firing,
            (0, 1..) => AlertState::Pending,
            _ => AlertState::Inactive,
        };
        let asked = self.asked.lock().get(name).cloned();
        let wrong = entry.problem.clone();
        AlertRuleView {
            name: name.to_owned(),
            rule: entry.written.clone(),
            origin: entry.origin,
            hides_default: entry.origin != tapline_api::RuleOrigin::Default && is_default(name),
            who: entry.who.clone(),
            asks: entry.read.as_ref().ok().and_then(|rule| rule.asks()).map(str::to_owned),
            meaning: entry.read.as_ref().ok().and_then(|rule| rule.condition).map(|it| it.meaning.to_owned()),
            severity: entry.written.labels.get("severity").cloned().unwrap_or_else(|| "warning".to_owned()),
            state,
            firing,
            pending,
            value: alive.iter().map(|alive| alive.record.value).filter(|value| value.is_finite()).reduce(f64::max),
            problem: wrong.or_else(|| asked.as_ref().and_then(|asked| asked.problem.clone())),
            asked_at: asked.as_ref().map(|asked| time::format(asked.at)),
            took_ms: asked.map(|asked| asked.took * 1e3),
            fired: fired.get(name).cloned().unwrap_or_default(),
        }
    }

    fn silences(&self, alerts: &[Alert]) -> Vec<Silence> {
        let mutes = |id: &str| {
            let by = |alert: &&Alert| matches!(&alert.muted, Some(Muted::Silence { id: by }) if by == id);
            alerts.iter().filter(by).count()
        };
        let silences = self.silences.lock();
        let now = time::now();
        let open = silences.iter().filter(|silence| silence.record.ends_at > now);
        open.map(|it| silence(&it.record, mutes(&it.id()))).collect()
    }
}

pub(crate) fn silence(record: &SilenceRecord, mutes: usize) -> Silence {
    Silence {
        id: format!("s-{}", record.number),
        matchers: record.matchers.clone(),
        from: time::format(record.starts_at),
        to: time::format(record.ends_at),
        reason: record.reason.clone(),
        who: record.who.clone(),
        mutes,
    }
}

fn alert(record: &AlertRecord, alive: Option<&Alive>) -> Alert {
    let state = match (record.fired_at, record.resolved_at) {
        (_, Some(_)) => AlertState::Resolved,
        (Some(_), None) => AlertState::Firing,
        (None, None) => AlertState::Pending,
    };
    let severity = record.labels.get("severity").cloned().unwrap_or_else(|| "warning".to_owned());
    let said = |name: &str| record.annotations.get(name).cloned();
    Alert {
        fingerprint: record.fingerprint.clone(),
        rule: record.rule.clone(),
        state,
        level: level(&severity, state),
        severity,
        sentence: said("summary").unwrap_or_else(|| about(&record.rule, &record.labels)),
        detail: said("description"),
        next_step: said("next_step"),
        labels: record.labels.clone(),
        annotations: record.annotations.clone(),
        value: finite(record.value),
        active_at: time::format(record.active_at),
        fired_at: record.fired_at.map(time::format),
        resolved_at: record.resolved_at.map(time::format),
        muted: alive.and_then(|alive| alive.muted.clone()),
        told: record.told.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        held: alive.and_then(|alive| alive.held.clone()),
        href: if record.href.is_empty() { "/alerts".to_owned() } else { record.href.clone() },
    }
}

fn level(severity: &str, state: AlertState) -> Level {
    match (state, severity) {
        (AlertState::Resolved | AlertState::Inactive, _) => Level::Ok,
        (_, "critical" | "error") => Level::Bad,
        (_, "info") => Level::Mute,
        _ => Level::Warn,
    }
}

/// What is drawn of an alert.
fn fired(record: AlertRecord) -> Fired {
    Fired {
        from: time::format(record.fired_at.unwrap_or(record.active_at)),
        to: record.resolved_at.map(time::format),
        labels: record.labels,
        value: finite(record.value),
    }
}

/// Of one that was not explained yet.
fn about(rule: &str, labels: &Labels) -> String {
    let quiet = ["alertname", "severity", "source"];
    let of = labels.iter().filter(|(name, _)| !quiet.contains(&name.as_str()));
    let of: Vec<String> = of.map(|(name, value)| format!("{name} `{value}`")).collect();
    if of.is_empty() { rule.to_owned() } else { format!("{rule}: {}", of.join(", ")) }
}

/// JSON has no infinity.
fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}
