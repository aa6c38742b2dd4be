//! What a rule asks: PromQL over the names of `/metrics`, as far as a rule needs it. What is read here runs in Prometheus as
//! it stands, and rules come from there as they are.
//!
//! Owns the subset and what it means at one moment. Where samples come from belongs to [`Samples`].

mod aggregate;
mod binary;
mod functions;

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::value::ValueType;
use promql_parser::parser::{self, Expr, MatrixSelector, VectorSelector};
use tapline_api::Labels;

use crate::matching::meets;

/// Longest text of a rule, bytes: what is nested deeper than this allows would exhaust the stack.
const LONGEST: usize = 2_000;

/// How deep an expression may be: it is walked by recursion.
const DEEPEST: usize = 100;

/// Longest window, seconds.
const LONGEST_WINDOW: u64 = 86_400;

/// A number with what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Without the name.
    pub labels: Labels,
    /// How much.
    pub value: f64,
}

/// What came of a series lately.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Without the name.
    pub labels: Labels,
    /// The last value before the window: what is counted within it begins there.
    pub before: Option<f64>,
    /// Microseconds since 1970 and value, oldest first.
    pub points: Vec<(i64, f64)>,
}

/// Where samples come from, at one moment.
pub(crate) trait Samples {
    /// The moment, microseconds since 1970.
    fn at(&self) -> i64;
    /// Of a metric.
    fn now(&self, name: &str) -> Vec<Sample>;
    /// Of a metric over the last seconds.
    fn window(&self, name: &str, seconds: f64) -> Vec<Series>;
}

/// What an expression is at one moment.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Scalar(f64),
    Vector(Vec<Sample>),
}

/// Why an expression cannot be a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExprError {
    /// Not PromQL.
    #[error("`expr` cannot be read: {0}")]
    Syntax(String),
    /// Longer than any rule.
    #[error("`expr` has more than {LONGEST} characters; split it into several rules")]
    Long,
    /// PromQL that is not evaluated here.
    #[error("{what} is not known here; {instead}")]
    Unsupported {
        /// Which part.
        what: String,
        /// What is.
        instead: &'static str,
    },
    /// A metric that nobody writes.
    #[error("there is no metric `{name}`{}", hint(.nearest))]
    UnknownMetric {
        /// As it was written.
        name: String,
        /// One that sounds like it.
        nearest: Option<String>,
    },
    /// A number alone fires always or never.
    #[error("`expr` is a number, not a list of what is wrong; compare a metric with it")]
    Scalar,
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// A question that was read and understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    text: String,
    tree: Expr,
    /// Names of its metrics, each with the longest window that is asked of it, seconds; 0 for none.
    metrics: BTreeMap<String, u64>,
}

impl Expression {
    /// Reads it. `known` are the names of metrics.
    ///
    /// # Errors
    /// When it is no PromQL, or more of it than rules may use.
    pub(crate) fn parse(text: &str, known: &BTreeSet<&str>) -> Result<Self, ExprError> {
        if text.len() > LONGEST {
            return Err(ExprError::Long);
        }
        let tree = read(text).map_err(ExprError::Syntax)?;
        let mut metrics = BTreeMap::new();
        check(&tree, known, &mut metrics, DEEPEST)?;
        if metrics.is_empty() || tree.value_type() != ValueType::Vector {
            return Err(ExprError::Scalar);
        }
        Ok(Self { text: text.to_owned(), tree, metrics })
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Which metrics it asks for, each with its longest window, seconds.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = (&str, u64)> {
        self.metrics.iter().map(|(name, seconds)| (name.as_str(), *seconds))
    }

    /// Whether it finds something where something else is missing.
    pub(crate) fn negates(&self) -> bool {
        // As a word: matchers may hold it, and then it is held once too often.
        self.text.contains("absent") || self.text.contains("unless")
    }

    /// What it finds.
    pub(crate) fn find(&self, samples: &dyn Samples) -> Vec<Sample> {
        match value(&self.tree, samples) {
            Value::Vector(found) => found,
            // Cannot be: a scalar is refused when it is read.
            Value::Scalar(_) => Vec::new(),
        }
    }
}

/// Reads PromQL of at most a few thousand characters. The parser panics on numbers that are no time.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(text: &str) -> Result<Expr, String> {
    let parsed = std::panic::catch_unwind(|| parser::parse(text));
    parsed.unwrap_or_else(|_| Err("it holds a number that is too large".to_owned()))
}

/// Walks everything, so that what cannot be evaluated is refused when the rule is read and not at night.
fn check(
    tree: &Expr,
    known: &BTreeSet<&str>,
    metrics: &mut BTreeMap<String, u64>,
    left: usize,
) -> Result<(), ExprError> {
    let Some(left) = left.checked_sub(1) else {
        return Err(unsupported("so much within each other", "split it into several rules"));
    };
    match tree {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(()),
        Expr::Paren(inner) => check(&inner.expr, known, metrics, left),
        Expr::Unary(inner) => check(&inner.expr, known, metrics, left),
        Expr::VectorSelector(selector) => select(selector, 0, known, metrics),
        Expr::MatrixSelector(MatrixSelector { vs, range }) => match range.as_secs() {
            seconds if (1..=LONGEST_WINDOW).contains(&seconds) && range.subsec_nanos() == 0 => {
                select(vs, seconds, known, metrics)
            }
            _ => Err(unsupported("such a window", "write whole seconds, from `[1s]` to `[1d]`")),
        },
        Expr::Call(call) => {
            functions::check(call)?;
            call.args.args.iter().try_for_each(|argument| check(argument, known, metrics, left))
        }
        Expr::Aggregate(it) => {
            aggregate::check(it)?;
            check(&it.expr, known, metrics, left)
        }
        Expr::Binary(it) => {
            binary::check(it)?;
            check(&it.lhs, known, metrics, left)?;
            check(&it.rhs, known, metrics, left)
        }
        Expr::Subquery(_) => Err(unsupported("a subquery", "ask for a window of one metric, such as `[5m]`")),
        Expr::Extension(_) => Err(unsupported("an extension", "write plain PromQL")),
    }
}

fn unsupported(what: impl Into<String>, instead: &'static str) -> ExprError {
    ExprError::Unsupported { what: what.into(), instead }
}

fn select(
    selector: &VectorSelector,
    window: u64,
    known: &BTreeSet<&str>,
    metrics: &mut BTreeMap<String, u64>,
) -> Result<(), ExprError> {
    let Some(name) = &selector.name else {
        return Err(unsupported("a selector without a name", "begin with the name of a metric"));
    };
    if selector.offset.is_some() || selector.at.is_some() {
        return Err(unsupported("`offset` and `@`", "rules look at now"));
    }
    if !known.contains(name.as_str()) {
        let nearest = known
            .iter()
            .max_by(|one, other| strsim::jaro_winkler(one, name).total_cmp(&strsim::jaro_winkler(other, name)));
        return Err(ExprError::UnknownMetric { name: name.clone(), nearest: nearest.map(|name| (*name).to_owned()) });
    }
    let longest = metrics.entry(name.clone()).or_default();
    *longest = window.max(*longest);
    Ok(())
}

fn value(tree: &Expr, samples: &dyn Samples) -> Value {
    match tree {
        Expr::NumberLiteral(number) => Value::Scalar(number.val),
        Expr::Paren(inner) => value(&inner.expr, samples),
        Expr::Unary(inner) => map(value(&inner.expr, samples), |value| -value),
        Expr::VectorSelector(selector) => {
            let mut found = samples.now(selector.name.as_deref().unwrap_or_default());
            found.retain(|sample| meets(&selector.matchers, &sample.labels));
            Value::Vector(found)
        }
        Expr::Call(call) => functions::value(call, samples),
        Expr::Aggregate(it) => aggregate::value(it, samples),
        Expr::Binary(it) => binary::value(it, samples),
        // Refused when it was read, or an argument that its function reads itself.
        Expr::MatrixSelector(_) | Expr::StringLiteral(_) | Expr::Subquery(_) | Expr::Extension(_) => {
            Value::Vector(Vec::new())
        }
    }
}

fn map(value: Value, of: impl Fn(f64) -> f64) -> Value {
    match value {
        Value::Scalar(value) => Value::Scalar(of(value)),
        Value::Vector(all) => {
            Value::Vector(all.into_iter().map(|Sample { labels, value }| Sample { labels, value: of(value) }).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: &str = "kafka_consumergroup_group_lag_seconds";
    const DEAD: &str = "tapline_dead_letters_total";

    /// Two groups, and a counter that was counted each minute.
    struct World;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    impl Samples for World {
        fn at(&self) -> i64 {
            600_000_000
        }

        fn now(&self, name: &str) -> Vec<Sample> {
            let sample = |group: &str, partition: &str, value| Sample {
                labels: labels(&[("group", group), ("partition", partition)]),
                value,
            };
            match name {
                LAG => vec![sample("billing", "0", 400.0), sample("billing", "1", 20.0), sample("shipping", "0", 3.0)],
                _ => Vec::new(),
            }
        }

        fn window(&self, name: &str, seconds: f64) -> Vec<Series> {
            let points = (0..11).map(|n| (n * 60_000_000, n as f64 * 12.0));
            let begin = self.at() - (seconds * 1e6) as i64;
            let points = points.filter(|(at, _)| *at >= begin).collect();
            match name {
                DEAD => vec![Series { labels: labels(&[("destination", "orders-dlt")]), before: None, points }],
                _ => Vec::new(),
            }
        }
    }

    fn find(text: &str) -> Vec<(String, f64)> {
        let known = BTreeSet::from([LAG, DEAD]);
        let found = Expression::parse(text, &known).unwrap().find(&World);
        let joined = |labels: Labels| labels.into_values().collect::<Vec<_>>().join("/");
        found.into_iter().map(|sample| (joined(sample.labels), sample.value)).collect()
    }

    fn refused(text: &str) -> String {
        Expression::parse(text, &BTreeSet::from([LAG, DEAD])).unwrap_err().to_string()
    }

    #[test]
    fn what_is_above_a_threshold_is_found() {
        assert_eq!(find(&format!("{LAG} > 10")), [("billing/0".to_owned(), 400.0), ("billing/1".to_owned(), 20.0)]);
        assert_eq!(find(&format!("{LAG}{{group=~\"ship.*\"}} < 10")), [("shipping/0".to_owned(), 3.0)]);
        assert_eq!(find(&format!("{LAG}{{group=~\"ship\"}} < 10")), [], "a pattern is of the whole label");
        assert_eq!(find(&format!("300 < {LAG}")), [("billing/0".to_owned(), 400.0)]);
    }

    #[test]
    fn sums_are_of_groups() {
        assert_eq!(find(&format!("max by (group) ({LAG}) > 100")), [("billing".to_owned(), 400.0)]);
        assert_eq!(find(&format!("count({LAG}) == 3")), [(String::new(), 3.0)]);
        assert_eq!(find(&format!("sum without (partition) ({LAG}) / 2 > 100")), [("billing".to_owned(), 210.0)]);
    }

    #[test]
    fn rates_are_of_windows() {
        assert_eq!(find(&format!("rate({DEAD}[5m]) * 60 > 10")), [("orders-dlt".to_owned(), 12.0)]);
        assert_eq!(find(&format!("increase({DEAD}[10m]) >= 120")), [("orders-dlt".to_owned(), 120.0)]);
        assert_eq!(find(&format!("increase({DEAD}[10m]) > 120")), []);
    }

    #[test]
    fn both_sides_are_joined_by_labels() {
        let text = format!("{LAG} > 10 and on (group) max by (group) ({LAG}) > 100");
        assert_eq!(find(&text).len(), 2);
        assert_eq!(find(&format!("{LAG} unless {LAG} > 10")), [("shipping/0".to_owned(), 3.0)]);
        assert_eq!(find(&format!("absent({LAG})")), []);
        assert_eq!(find(&format!("absent({DEAD})")), [(String::new(), 1.0)]);
    }

    #[test]
    fn what_is_not_known_here_is_refused_when_it_is_read() {
        assert!(
            refused("kafka_consumergroup_group_lag_second > 5")
                .contains("did you mean `kafka_consumergroup_group_lag_seconds`?")
        );
        assert!(refused(&format!("histogram_quantile(0.9, {LAG})")).contains("`histogram_quantile` is not known here"));
        assert!(refused(&format!("{LAG} offset 5m > 1")).contains("rules look at now"));
        assert!(refused(&format!("max_over_time({LAG}[5m:1m]) > 1")).contains("a subquery"));
        assert!(refused("1 > 0").contains("is a number") || refused("1 > 0").contains("cannot be read"));
        assert!(refused(&format!("{LAG} >")).contains("cannot be read"));
        assert!(refused(&"(".repeat(5_000)).contains("more than 2000"));
        assert!(!refused(&"(".repeat(1_999)).is_empty());
        let deep = format!("{}{LAG}{}", "(".repeat(900), ")".repeat(900));
        assert!(refused(&deep).contains("so much within each other"));
        assert!(refused(&format!("{}{LAG}", "-".repeat(1_900))).contains("so much within each other"));
        for window in ["1e30", "500ms", "30d", "0s"] {
            assert!(!refused(&format!("rate({DEAD}[{window}])")).is_empty());
        }
        assert!(refused(&format!("scalar({LAG}) > bool 5")).contains("is a number"));
        assert!(!refused(&format!("{LAG}[5m]")).is_empty());
    }
}
