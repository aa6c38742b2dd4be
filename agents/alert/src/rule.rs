//! A rule that was read and understood: what it asks, how patient it is, what it says. What is wrong with one is told when
//! it is written, not at night.

use std::collections::BTreeSet;

use promql_parser::parser::Expr;
use tapline_api::{AlertRule, Labels};
use tapline_model::time;

use crate::condition::{self, CONDITIONS, Condition};
use crate::expr::{self, ExprError, Expression};
use crate::machine::Patience;
use crate::matching::Matching;
use crate::template::{Form, Template, TemplateError};

/// Characters of a name, of a query, of a text; labels and texts of a rule.
const LONGEST_NAME: usize = 100;
const LONGEST_SQL: usize = 10_000;
const LONGEST_CONDITION: usize = 1_000;
const LONGEST_TEXT: usize = 4_000;
const MOST_TEXTS: usize = 30;

/// How bad an alert can be, worst first: PagerDuty's words.
pub(crate) const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// Why a rule cannot be used. All are the writer's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It would not fit into a path, or a label.
    #[error("a rule's name has 1 to {LONGEST_NAME} letters, digits, and any of `_ . : -` or blanks; `{0}` has not")]
    Name(String),
    /// Nothing or too much is asked.
    #[error("write exactly one of `expr`, `condition` and `sql`")]
    Which,
    /// The question.
    #[error(transparent)]
    Expr(#[from] ExprError),
    /// Not one of the known conditions.
    #[error("there is no condition `{name}`; there are {known}")]
    Condition {
        /// As it was written.
        name: String,
        /// All of them.
        known: String,
    },
    /// A query that is too long.
    #[error("`sql` has more than {LONGEST_SQL} characters")]
    Sql,
    /// How long.
    #[error("`{key}` is `{text}`; write a duration such as `5m`, at most `30d`")]
    Duration {
        /// `for` or `keep_firing_for`.
        key: &'static str,
        /// As it was written.
        text: String,
    },
    /// A text that cannot be filled.
    #[error("`{key}`: {error}")]
    Template {
        /// `annotations.summary`, for example.
        key: String,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// A name that Prometheus would refuse.
    #[error("`{0}` is no name for a label; write letters, digits and `_`, and not `alertname`")]
    Label(String),
    /// How bad.
    #[error("`labels.severity` is `{0}`; write critical, error, warning or info")]
    Severity(String),
    /// Somebody who is not there.
    #[error("there is no channel `{name}`; the configuration has {known}")]
    Channel {
        /// As it was written.
        name: String,
        /// Those there are.
        known: String,
    },
    /// More than anybody reads.
    #[error(
        "a rule has at most {MOST_TEXTS} labels and as many annotations, each of at most {LONGEST_TEXT} characters"
    )]
    Size,
}

/// What a rule asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ask {
    Expr(Expression),
    Sql(String),
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) name: String,
    pub(crate) ask: Ask,
    /// Of a condition: of whom.
    only: Matching,
    pub(crate) condition: Option<&'static Condition>,
    pub(crate) patience: Patience,
    labels: Vec<(String, Template)>,
    annotations: Vec<(String, Template)>,
    /// All of them, without.
    pub(crate) channels: Option<BTreeSet<String>>,
    pub(crate) enabled: bool,
}

impl Rule {
    /// Reads it. `metrics` and `channels` are the names there are.
    ///
    /// # Errors
    /// What is wrong with it, the first there is.
    pub fn read(
        name: &str,
        rule: &AlertRule,
        metrics: &BTreeSet<&str>,
        channels: &BTreeSet<&str>,
    ) -> Result<Self, RuleError> {
        check_name(name)?;
        let (ask, only, condition) = ask(rule, metrics)?;
        let size = |texts: &Labels| {
            texts.len() > MOST_TEXTS || texts.iter().any(|(key, text)| key.len().max(text.len()) > LONGEST_TEXT)
        };
        if size(&rule.labels) || size(&rule.annotations) {
            return Err(RuleError::Size);
        }
        if let Some(severity) = rule.labels.get("severity").filter(|text| !SEVERITIES.contains(&text.as_str())) {
            return Err(RuleError::Severity(severity.clone()));
        }
        let hold = duration("for", rule.hold.as_deref())?;
        let keep = duration("keep_firing_for", rule.keep_firing_for.as_deref())?;
        Ok(Self {
            name: name.to_owned(),
            ask,
            only,
            condition,
            patience: Patience { hold, keep },
            labels: texts("labels", &rule.labels)?,
            annotations: texts("annotations", &rule.annotations)?,
            channels: rule.channels.as_ref().map(|names| known(names, channels)).transpose()?,
            enabled: rule.enabled,
        })
    }

    /// Whether a series that was found is meant.
    pub(crate) fn means(&self, labels: &Labels) -> bool {
        self.only.matches(labels)
    }

    /// The labels of an alert for what was found. `source` is added where the metric calls it `cluster_name`, so that all
    /// alerts of a source have a label in common.
    pub(crate) fn labels(&self, found: &Labels, value: f64) -> Labels {
        let mut labels = found.clone();
        labels.extend(self.labels.iter().map(|(name, text)| (name.clone(), text.fill(found, value))));
        if let (None, Some(source)) = (labels.get("source"), labels.get("cluster_name")) {
            labels.insert("source".to_owned(), source.clone());
        }
        labels.entry("severity".to_owned()).or_insert_with(|| "warning".to_owned());
        labels.insert("alertname".to_owned(), self.name.clone());
        labels
    }

    /// What is said of an alert, as far as the rule says it.
    pub(crate) fn annotations(&self, labels: &Labels, value: f64) -> Labels {
        self.annotations.iter().map(|(name, text)| (name.clone(), text.fill(labels, value))).collect()
    }

    /// `Behind: billing, orders (90)`.
    fn found(&self, labels: &Labels, value: f64) -> String {
        const QUIET: [&str; 4] = ["alertname", "severity", "source", "cluster_name"];
        let of = labels.iter().filter(|(name, value)| !value.is_empty() && !QUIET.contains(&name.as_str()));
        let of: Vec<String> = of.map(|(_, value)| format!("`{value}`")).collect();
        let value = Form::Humanize.write(value);
        if of.is_empty() {
            format!("{}: {value}", self.name)
        } else {
            format!("{}: {} ({value})", self.name, of.join(", "))
        }
    }

    /// What is said where nobody says it better, and what is to be done then.
    pub(crate) fn words(&self, labels: &Labels, value: f64) -> (String, Option<String>) {
        let Some(condition) = self.condition else { return (self.found(labels, value), None) };
        // Templates of ours, which a test reads.
        let filled = Template::parse(condition.summary).map(|text| text.fill(labels, value));
        (filled.unwrap_or_else(|_| self.name.clone()), Some(condition.next_step.to_owned()))
    }

    /// What its question is, of an `expr` or a condition.
    pub fn asks(&self) -> Option<&str> {
        match &self.ask {
            Ask::Expr(expression) => Some(expression.text()),
            Ask::Sql(_) => None,
        }
    }
}

fn check_name(name: &str) -> Result<(), RuleError> {
    let fits = |c: char| c.is_alphanumeric() || "_.:- ".contains(c);
    let is_name = !name.trim().is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits);
    if is_name { Ok(()) } else { Err(RuleError::Name(name.chars().take(LONGEST_NAME).collect())) }
}

type Asked = (Ask, Matching, Option<&'static Condition>);

fn ask(rule: &AlertRule, metrics: &BTreeSet<&str>) -> Result<Asked, RuleError> {
    let given = (rule.expr.as_deref(), rule.condition.as_deref(), rule.sql.as_deref());
    match given {
        (Some(expr), None, None) => Ok((Ask::Expr(Expression::parse(expr, metrics)?), Matching::default(), None)),
        (None, Some(condition), None) => named(condition, metrics),
        (None, None, Some(sql)) if sql.trim().is_empty() => Err(RuleError::Which),
        (None, None, Some(sql)) if sql.len() > LONGEST_SQL => Err(RuleError::Sql),
        (None, None, Some(sql)) => Ok((Ask::Sql(sql.to_owned()), Matching::default(), None)),
        _ => Err(RuleError::Which),
    }
}

/// `group_stands_still{group=~"bill.*"}`: the shape of a selector.
fn named(text: &str, metrics: &BTreeSet<&str>) -> Result<Asked, RuleError> {
    let unknown = |name: &str| RuleError::Condition {
        name: name.chars().take(LONGEST_NAME).collect(),
        known: CONDITIONS.iter().map(|condition| condition.name).collect::<Vec<_>>().join(", "),
    };
    if text.len() > LONGEST_CONDITION {
        return Err(unknown(text));
    }
    let (name, only) = match expr::read(text) {
        Ok(Expr::VectorSelector(it)) if it.offset.is_none() && it.at.is_none() => {
            (it.name.unwrap_or_default(), Matching::of(it.matchers))
        }
        _ => return Err(unknown(text)),
    };
    let condition = condition::find(&name).ok_or_else(|| unknown(&name))?;
    Ok((Ask::Expr(Expression::parse(condition.expr, metrics)?), only, Some(condition)))
}

fn duration(key: &'static str, text: Option<&str>) -> Result<i64, RuleError> {
    const MOST: i64 = 30 * 86_400 * 1_000_000;
    let Some(text) = text else { return Ok(0) };
    let read = time::parse_duration(text).ok().filter(|micros| (0..=MOST).contains(micros));
    read.ok_or_else(|| RuleError::Duration { key, text: text.chars().take(LONGEST_NAME).collect() })
}

fn texts(what: &str, texts: &Labels) -> Result<Vec<(String, Template)>, RuleError> {
    let read = |(name, text): (&String, &String)| {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if name == "alertname" || !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(RuleError::Label(name.chars().take(LONGEST_NAME).collect()));
        }
        let template = Template::parse(text);
        let template = template.map_err(|error| RuleError::Template { key: format!("{what}.{name}"), error })?;
        Ok((name.clone(), template))
    };
    texts.iter().map(read).collect()
}

fn known(names: &[String], channels: &BTreeSet<&str>) -> Result<BTreeSet<String>, RuleError> {
    let unknown = |name: &String| RuleError::Channel {
        name: name.chars().take(LONGEST_NAME).collect(),
        known: match channels.is_empty() {
            true => "none: add `[alerts.channels.<name>]`".to_owned(),
            false => channels.iter().copied().collect::<Vec<_>>().join(", "),
        },
    };
    let read = |name: &String| if channels.contains(name.as_str()) { Ok(name.clone()) } else { Err(unknown(name)) };
    names.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: [&str; 2] = ["kafka_consumergroup_group_sum_lag", "tapline_group_state"];

    fn read(json: &str) -> Result<Rule, RuleError> {
        let rule: AlertRule = serde_json::from_str(json).unwrap();
        Rule::read("Test", &rule, &BTreeSet::from(METRICS), &BTreeSet::from(["oncall"]))
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_rule_says_what_it_found() {
        let rule = read(
            r#"{"condition": "group_stands_still{group=~\"bill.*\"}", "for": "5m", "channels": ["oncall"],
                "labels": {"severity": "critical", "team": "{{ $labels.group }}-team"},
                "annotations": {"summary": "{{ $labels.team }}: {{ $value }}"}}"#,
        )
        .unwrap();
        let found = labels(&[("cluster_name", "shop"), ("group", "billing")]);
        assert!(rule.means(&found) && !rule.means(&labels(&[("group", "shipping")])));
        let all = rule.labels(&found, 3.0);
        assert_eq!(all["team"], "billing-team");
        assert_eq!((all["source"].as_str(), all["alertname"].as_str()), ("shop", "Test"));
        assert_eq!(rule.annotations(&all, 3.0)["summary"], "billing-team: 3");
        assert_eq!(rule.patience.hold, 300_000_000);
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_said_when_it_is_written() {
        let said = |json: &str| read(json).unwrap_err().to_string();
        assert!(said("{}").contains("exactly one"));
        assert!(said(r#"{"expr": "tapline_group_state", "sql": "SELECT 1"}"#).contains("exactly one"));
        assert!(said(r#"{"condition": "group_sleeps"}"#).contains("there are group_stands_still, "));
        assert!(said(r#"{"expr": "tapline_group_state", "for": "soon"}"#).contains("`for` is `soon`"));
        assert!(said(r#"{"sql": "SELECT 1", "labels": {"severity": "bad"}}"#).contains("critical, error"));
        assert!(said(r#"{"sql": "SELECT 1", "labels": {"alertname": "x"}}"#).contains("no name for a label"));
        assert!(said(r#"{"sql": "SELECT 1", "annotations": {"summary": "{{ $x }}"}}"#).contains("annotations.summary"));
        assert!(said(r#"{"sql": "SELECT 1", "channels": ["nobody"]}"#).contains("the configuration has oncall"));
        let name = "a/b";
        let rule = AlertRule { sql: Some("SELECT 1".to_owned()), ..AlertRule::default() };
        assert!(Rule::read(name, &rule, &BTreeSet::new(), &BTreeSet::new()).is_err());
    }
}
