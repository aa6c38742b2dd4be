//! Alerts: rules, what they found, whom it was told, and who wants to hear nothing of it for a while.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Level;

/// Names and values; what an alert is of.
pub type Labels = BTreeMap<String, String>;

/// A rule, in Prometheus' words: the same in the configuration file, in `PUT /api/v1/alert-rules/{name}` and on the page.
/// Exactly one of `expr`, `condition` and `sql` is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// PromQL over the names of `/metrics`: each series that is found is an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// One of the conditions that Tapline knows, with matchers if need be: `group_stands_still{group=~"bill.*"}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// A query: each row is an alert, its columns are labels, a column `value` is its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// How long it must hold before it fires: `5m`. At once without.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// How long it fires on after it held last: `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_firing_for: Option<String>,
    /// Added to what is found: `severity` is `critical`, `error`, `warning` or `info`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
    /// Texts, with `{{ $labels.<name> }}` and `{{ $value }}`: `summary`, `description`, `next_step`, `runbook_url`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Labels,
    /// Whom it is told; all channels without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// False for one that rests.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleOrigin {
    /// Came with Tapline.
    #[default]
    Default,
    /// Stands in the configuration file, and is changed there.
    File,
    /// Was written on the page or by HTTP.
    Page,
}

/// The contract's words for how an alert stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nothing is wrong.
    #[default]
    Inactive,
    /// Was wrong and is not any more.
    Resolved,
    /// Wrong, but not for long enough.
    Pending,
    /// Wrong.
    Firing,
}

impl AlertState {
    /// From the best to the worst.
    pub const ALL: [Self; 4] = [Self::Inactive, Self::Resolved, Self::Pending, Self::Firing];

    /// As in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Resolved => "resolved",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }

    /// The reverse of [`Self::as_str`]; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// `GET /api/v1/alert-rules`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRuleList {
    /// Those that fire first, then by name.
    pub rules: Vec<AlertRuleView>,
    /// Names of conditions, each with what it means.
    pub conditions: Vec<ConditionView>,
    /// Names that an `expr` may ask for.
    pub metrics: Vec<String>,
    /// Where the strips of `fired` begin and end.
    pub from: String,
    /// Now.
    pub to: String,
}

/// A condition that Tapline knows by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConditionView {
    /// As in `condition`.
    pub name: String,
    /// When it holds, in words.
    pub meaning: String,
    /// What is asked.
    pub expr: String,
}

/// A rule with how it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRuleView {
    /// Its name: `alertname` of its alerts.
    pub name: String,
    /// As it was written.
    pub rule: AlertRule,
    /// Where it comes from.
    pub origin: RuleOrigin,
    /// Whether a rule of this name came with Tapline: deleting this one brings that back.
    pub hides_default: bool,
    /// Who wrote it last, of one that was written here.
    pub who: Option<String>,
    /// What it asks in the end, of an `expr` or `condition`.
    pub asks: Option<String>,
    /// When it holds, in words, of a condition.
    pub meaning: Option<String>,
    /// Of `labels`; `warning` where they do not say.
    pub severity: String,
    /// The worst of its alerts.
    pub state: AlertState,
    /// How many fire.
    pub firing: usize,
    /// How many may fire soon.
    pub pending: usize,
    /// What it finds now: the value of its worst alert.
    pub value: Option<f64>,
    /// Why it cannot be asked, with what to do.
    pub problem: Option<String>,
    /// When it was asked last.
    pub asked_at: Option<String>,
    /// How long that took, milliseconds.
    pub took_ms: Option<f64>,
    /// When it fired in the last seven days, oldest first.
    pub fired: Vec<Fired>,
}

/// A time in which a rule fired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fired {
    /// What it fired for.
    pub labels: Labels,
    /// When it began.
    pub from: String,
    /// When it ended; absent while it fires.
    pub to: Option<String>,
    /// What was found: the worst of it.
    pub value: Option<f64>,
}

/// `GET /api/v1/alerts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertList {
    /// What fires, and whether it has one cause.
    pub sentence: String,
    /// What is silenced, and how channels stand.
    pub detail: Option<String>,
    /// Firing and pending ones, worst first.
    pub alerts: Vec<Alert>,
    /// Those that ended lately, newest first.
    pub ended: Vec<Alert>,
    /// In force and coming, those that end first first.
    pub silences: Vec<Silence>,
    /// By name.
    pub channels: Vec<Channel>,
}

/// One alert.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// The same for the same rule and labels.
    pub fingerprint: String,
    /// Name of its rule.
    pub rule: String,
    /// How it stands.
    pub state: AlertState,
    /// `critical`, `error`, `warning`, `info`.
    pub severity: String,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// The numbers.
    pub detail: Option<String>,
    /// What to do about it.
    pub next_step: Option<String>,
    /// What it is of.
    pub labels: Labels,
    /// Everything that is told with it.
    pub annotations: Labels,
    /// What was found last.
    pub value: Option<f64>,
    /// Since when it holds.
    pub active_at: String,
    /// When it began to fire.
    pub fired_at: Option<String>,
    /// When it ended.
    pub resolved_at: Option<String>,
    /// Why nobody is told, if so: a silence, or a worse alert of the same thing.
    pub muted: Option<Muted>,
    /// Channels that were told.
    pub told: Vec<String>,
    /// Why it cannot be asked at the moment: it is held as it was.
    pub held: Option<String>,
    /// The page in the state that explains it.
    pub href: String,
}

/// Why nobody is told of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Muted {
    /// Somebody wants quiet.
    Silence {
        /// Which.
        id: String,
    },
    /// A worse one of the same thing fires.
    Alert {
        /// The rule of that one.
        rule: String,
    },
}

/// `POST /api/v1/silences`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSilence {
    /// Alerts that meet all of these: `alertname="GroupStandsStill"`, `group=~"bill.*"`, `severity!="critical"`.
    pub matchers: Vec<String>,
    /// When it begins; now without.
    #[serde(default)]
    pub from: Option<String>,
    /// For how long: `2h`.
    #[serde(rename = "for")]
    pub length: String,
    /// Why.
    pub reason: String,
    /// Who.
    #[serde(default)]
    pub who: Option<String>,
}

/// Somebody wants quiet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Silence {
    /// Such as `s-4`.
    pub id: String,
    /// Alerts that meet all of these.
    pub matchers: Vec<String>,
    /// When it begins.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub who: String,
    /// Alerts that it mutes now.
    pub mutes: usize,
}

/// Where alerts are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Channel {
    /// As in the configuration.
    pub name: String,
    /// `alertmanager`, `webhook`, `slack`, `pagerduty`, `smtp`.
    pub kind: String,
    /// Host, or addresses of people: nothing secret.
    pub target: String,
    /// How it stands.
    pub level: Level,
    /// When it took a message last.
    pub told_at: Option<String>,
    /// What it answered last when it took none.
    pub problem: Option<String>,
    /// Messages that wait for it.
    pub waiting: usize,
    /// Messages that it never took, in the last seven days.
    pub undelivered: usize,
}

/// `POST /api/v1/channels/{name}/test`: how it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChannelTest {
    /// Whether the receiver took it.
    pub taken: bool,
    /// What it answered, or what keeps it from being asked.
    pub answer: String,
}

/// `POST /api/v1/alert-preview`: what a rule would have done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreview {
    /// How often it would have fired, in a sentence.
    pub sentence: String,
    /// Where it was looked from.
    pub from: String,
    /// And to.
    pub to: String,
    /// Between two looks, seconds.
    pub step: f64,
    /// When, oldest first; the first five hundred.
    pub fired: Vec<Fired>,
    /// How often in all.
    pub count: usize,
    /// What it finds now, the first hundred.
    pub now: Vec<Found>,
    /// What cannot be told of the past, and why.
    pub unknown: Vec<String>,
}

/// What a rule finds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    /// Of what.
    pub labels: Labels,
    /// How much.
    pub value: Option<f64>,
    /// The sentence that would be told.
    pub sentence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_written_as_it_was_read() {
        let text = r#"{"expr":"tapline_paused == 1","for":"1m","labels":{"severity":"critical"}}"#;
        let rule: AlertRule = serde_json::from_str(text).unwrap();
        assert!(rule.enabled);
        assert_eq!(serde_json::to_string(&rule).unwrap(), text);
        let resting = AlertRule { enabled: false, ..rule };
        assert!(serde_json::to_string(&resting).unwrap().contains(r#""enabled":false"#));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let error = serde_json::from_str::<AlertRule>(r#"{"expresion":"1"}"#).unwrap_err().to_string();
        assert!(error.contains("expresion"), "{error}");
    }
}
