//! One look at what rules ask: samples are read once for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use serde_json::Value;
use tapline_api::{Labels, SqlAnswer};

use crate::expr::{Expression, Sample, Samples, Series};
use crate::observer::Observer;
use crate::rule::{Ask, Rule};
use crate::windows::{MOST_SERIES, Windows};

/// Alerts of one rule.
pub(crate) const MOST: usize = 1_000;

/// Between two points that are recalled, microseconds.
const RECALLED: i64 = 30_000_000;

/// What a rule found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Of what, and how much.
    pub(crate) found: Vec<Sample>,
    /// Sources that could not tell, with why.
    pub(crate) blind: BTreeMap<String, String>,
    /// Why nothing of it can be told, if so: what fires is held.
    pub(crate) held: Option<String>,
    /// What whoever wrote the rule should know.
    pub(crate) problem: Option<String>,
    /// Seconds.
    pub(crate) took: f64,
}

/// Asks all rules at one moment, microseconds.
pub(crate) fn ask<'r>(
    rules: &[&'r Rule],
    observer: &dyn Observer,
    windows: &mut Windows,
    at: i64,
) -> Vec<(&'r Rule, Answer)> {
    let now = Now::read(rules, observer, windows, at);
    rules.iter().map(|rule| (*rule, one(rule, observer, &now))).collect()
}

fn one(rule: &Rule, observer: &dyn Observer, now: &Now<'_>) -> Answer {
    let started = Instant::now();
    // Whatever a rule does, others are asked.
    let asked = catch_unwind(AssertUnwindSafe(|| match &rule.ask {
        Ask::Expr(expression) => by_expr(expression, observer, now),
        Ask::Sql(sql) => by_sql(sql, observer),
    }));
    let mut answer = asked.unwrap_or_else(|_| Answer {
        held: Some("it cannot be evaluated, which is a bug: the log says where".to_owned()),
        problem: Some("it cannot be evaluated, which is a bug: the log says where".to_owned()),
        ..Answer::default()
    });
    answer.found.retain(|sample| rule.means(&sample.labels));
    if answer.found.len() > MOST {
        let said = format!("it finds {}; only the first {MOST} are told: aggregate it", answer.found.len());
        answer.problem.get_or_insert_with(|| said.clone());
        // What is left out is not over.
        answer.held.get_or_insert(said);
        answer.found.sort_by(|one, other| one.labels.cmp(&other.labels));
        answer.found.truncate(MOST);
    }
    answer.took = started.elapsed().as_secs_f64();
    answer
}

fn by_expr(expression: &Expression, observer: &dyn Observer, now: &Now<'_>) -> Answer {
    let mut answer = Answer { found: expression.find(now), ..Answer::default() };
    for (name, seconds) in expression.metrics() {
        answer.blind.extend(observer.blind(Some(name)));
        if let Some(why) = now.unread.get(name) {
            answer.held = Some(why.clone());
        }
        if seconds > 0 && !observer.is_archived(name) && !now.windows.covers(name, now.at, seconds) {
            answer.held = Some(format!("`{name}` was not watched for as long as the rule looks back"));
        }
        if now.samples.get(name).is_some_and(|samples| seconds > 0 && samples.len() > MOST_SERIES) {
            answer.problem =
                Some(format!("`{name}` has more than {MOST_SERIES} series, of which not all are remembered"));
        }
    }
    // That something is missing proves nothing while nobody could have seen it.
    if expression.negates() && (answer.held.is_some() || !answer.blind.is_empty()) {
        let why = answer.blind.values().next().cloned();
        answer.held = answer.held.or(why);
        answer.found.clear();
    }
    answer
}

fn by_sql(sql: &str, observer: &dyn Observer) -> Answer {
    let blind = observer.blind(None);
    match observer.sql(sql, MOST + 1) {
        Ok(rows) => Answer { found: samples(&rows), blind, ..Answer::default() },
        Err(fault) => Answer { held: Some(fault.clone()), problem: Some(fault), blind, ..Answer::default() },
    }
}

/// Rows as samples: `value` is the number, 1 without; every other column is a label.
pub(crate) fn samples(answer: &SqlAnswer) -> Vec<Sample> {
    let row = |row: &Vec<Value>| {
        let mut sample = Sample { labels: Labels::new(), value: 1.0 };
        for (column, value) in answer.columns.iter().zip(row) {
            match (column.name.as_str(), value) {
                ("value", value) => sample.value = number(value),
                (_, Value::Null) => {}
                (name, Value::String(text)) => drop(sample.labels.insert(label(name), text.clone())),
                (name, other) => drop(sample.labels.insert(label(name), other.to_string())),
            }
        }
        sample
    };
    answer.rows.iter().map(row).collect()
}

/// Large numbers come as text.
fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(f64::NAN)
}

/// A column's name may hold anything, a label's may not; that of the rule is not for rows to choose.
fn label(column: &str) -> String {
    let fitting = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = column.chars().map(fitting).collect();
    if name == "alertname" || name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// Samples of one moment.
struct Now<'a> {
    at: i64,
    samples: HashMap<String, Vec<Sample>>,
    /// Of metrics whose windows the archive tells, by name and seconds.
    archived: HashMap<(String, u64), Vec<Series>>,
    /// Metrics that could not be read, each with why.
    unread: BTreeMap<String, String>,
    windows: &'a Windows,
}

impl<'a> Now<'a> {
    fn read(rules: &[&Rule], observer: &dyn Observer, windows: &'a mut Windows, at: i64) -> Self {
        let (mut wanted, mut remembered) = (BTreeSet::new(), BTreeSet::<(&str, u64)>::new());
        let (mut archived, mut unread) = (HashMap::new(), BTreeMap::new());
        for (name, seconds) in rules.iter().filter_map(|rule| expression(rule)).flat_map(Expression::metrics) {
            wanted.insert(name);
            if seconds > 0 && observer.is_archived(name) {
                archived.insert((name.to_owned(), seconds), Vec::new());
            } else if seconds > 0 {
                remembered.insert((name, seconds));
            }
        }
        for ((name, seconds), series) in &mut archived {
            let length = i64::try_from(*seconds).unwrap_or(0) * 1_000_000;
            match observer.past(name, at - length, at, length) {
                Some(past) => *series = past,
                None => drop(unread.insert(name.clone(), format!("what `{name}` was cannot be read at the moment"))),
            }
        }
        windows.keep(&remembered);
        for ((name, seconds), length, step) in windows.begun() {
            let past = observer.past(&name, at - length, at, step.max(RECALLED.min(length))).unwrap_or_default();
            windows.recall((name, seconds), past);
        }
        let mut samples = HashMap::<String, Vec<Sample>>::new();
        unread.extend(observer.samples(&wanted, &mut |name, labels, value| {
            // An empty label is none.
            let labels = labels.iter().filter(|(_, value)| !value.is_empty());
            let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let sample = Sample { labels: labels.collect(), value };
            samples.entry(name.to_owned()).or_default().push(sample);
        }));
        for (name, seconds) in remembered {
            // What could not be read did not vanish.
            if !unread.contains_key(name) {
                windows.take((name, seconds), at, samples.get(name).map(Vec::as_slice).unwrap_or_default());
            }
        }
        Self { at, samples, archived, unread, windows }
    }
}

fn expression<'a>(rule: &&'a Rule) -> Option<&'a Expression> {
    match &rule.ask {
        Ask::Expr(expression) => Some(expression),
        Ask::Sql(_) => None,
    }
}

impl Samples for Now<'_> {
    fn at(&self) -> i64 {
        self.at
    }

    fn now(&self, name: &str) -> Vec<Sample> {
        self.samples.get(name).cloned().unwrap_or_default()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole seconds of a window")]
    fn window(&self, name: &str, seconds: f64) -> Vec<Series> {
        match self.archived.get(&(name.to_owned(), seconds as u64)) {
            Some(series) => series.clone(),
            None => self.windows.of(name, self.at, seconds as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_alerts_and_columns_are_labels() {
        let answer: SqlAnswer = serde_json::from_value(json!({
            "columns": [{"name": "destination", "type": "text"}, {"name": "value", "type": "bigint"},
                {"name": "count(*)", "type": "bigint"}, {"name": "alertname", "type": "text"}],
            "rows": [["orders", "12", 3, "x"], [null, null, 4, "y"]],
            "truncated": false, "elapsed_ms": 1.0, "warnings": [],
        }))
        .unwrap();
        let found = samples(&answer);
        let text = |text: &str| text.to_owned();
        let labels = [("destination", "orders"), ("count___", "3"), ("_alertname", "x")];
        assert_eq!(found[0].labels, Labels::from(labels.map(|(name, value)| (text(name), text(value)))));
        assert!(found[0].value == 12.0 && found[1].value.is_nan());
        assert!(!found[1].labels.contains_key("destination"));
    }

    /// A world in which one metric cannot be read.
    struct Dim;

    impl Observer for Dim {
        fn samples(&self, _: &BTreeSet<&str>, take: crate::observer::Take<'_>) -> BTreeMap<String, String> {
            (0..MOST + 5).for_each(|n| take("many", &[("n", &n.to_string()), ("empty", "")], 1.0));
            BTreeMap::from([("dark".to_owned(), "the disk is slow".to_owned())])
        }
        fn blind(&self, _: Option<&str>) -> BTreeMap<String, String> {
            BTreeMap::new()
        }
        fn is_archived(&self, metric: &str) -> bool {
            metric == "dark"
        }
        fn past(&self, _: &str, _: i64, _: i64, _: i64) -> Option<Vec<Series>> {
            None
        }
        fn sql(&self, _: &str, _: usize) -> Result<SqlAnswer, String> {
            Err("there is no table `x`".to_owned())
        }
        fn explain(&self, _: &Labels) -> crate::observer::Explained {
            crate::observer::Explained::default()
        }
    }

    fn answer(rule: &str) -> Answer {
        let rule = serde_json::from_str(rule).unwrap();
        let rule = Rule::read("Test", &rule, &BTreeSet::from(["dark", "many"]), &BTreeSet::new()).unwrap();
        ask(&[&rule], &Dim, &mut Windows::default(), 0).remove(0).1
    }

    #[test]
    fn what_cannot_be_read_ends_nothing_and_begins_nothing() {
        for expr in ["dark > 1", "increase(dark[5m]) > 1", "absent(dark)", "many unless on (n) dark"] {
            let answer = answer(&format!("{{\"expr\": \"{expr}\"}}"));
            assert!(answer.held.is_some() && answer.found.is_empty(), "{expr}: {answer:?}");
        }
        let answer = answer("{\"sql\": \"SELECT 1 FROM x\"}");
        assert_eq!((answer.held.as_deref(), answer.problem.is_some()), (Some("there is no table `x`"), true));
    }

    #[test]
    fn what_is_left_out_of_a_flood_is_not_over() {
        let answer = answer("{\"expr\": \"many == 1\"}");
        assert_eq!(answer.found.len(), MOST);
        assert!(answer.held.is_some() && answer.problem.is_some());
        assert!(!answer.found[0].labels.contains_key("empty"), "an empty label is none");
    }
}
