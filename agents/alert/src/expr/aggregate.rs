//! Sums and the like over groups of samples.

use std::collections::BTreeMap;

use promql_parser::parser::token::{T_AVG, T_COUNT, T_MAX, T_MIN, T_SUM};
use promql_parser::parser::{AggregateExpr, LabelModifier};
use tapline_api::Labels;

use super::{ExprError, Sample, Samples, Value, unsupported};

pub(super) fn check(it: &AggregateExpr) -> Result<(), ExprError> {
    match it.op.id() {
        T_SUM | T_MIN | T_MAX | T_AVG | T_COUNT if it.param.is_none() => Ok(()),
        _ => Err(unsupported(format!("`{}`", it.op), "there are sum, min, max, avg and count")),
    }
}

pub(super) fn value(it: &AggregateExpr, samples: &dyn Samples) -> Value {
    let Value::Vector(all) = super::value(&it.expr, samples) else { return Value::Vector(Vec::new()) };
    let mut groups = BTreeMap::<Labels, Vec<f64>>::new();
    for Sample { labels, value } in all {
        groups.entry(kept(labels, it.modifier.as_ref())).or_default().push(value);
    }
    let op = it.op.id();
    Value::Vector(groups.into_iter().map(|(labels, values)| Sample { labels, value: one(op, &values) }).collect())
}

#[expect(clippy::cast_precision_loss, reason = "a count of series")]
fn one(op: u16, values: &[f64]) -> f64 {
    let sum = || values.iter().sum::<f64>();
    match op {
        T_SUM => sum(),
        T_MIN => values.iter().copied().fold(f64::NAN, f64::min),
        T_MAX => values.iter().copied().fold(f64::NAN, f64::max),
        T_AVG => sum() / values.len() as f64,
        _ => values.len() as f64,
    }
}

fn kept(mut labels: Labels, modifier: Option<&LabelModifier>) -> Labels {
    match modifier {
        None => Labels::new(),
        Some(LabelModifier::Include(named)) => {
            labels.retain(|name, _| named.labels.contains(name));
            labels
        }
        Some(LabelModifier::Exclude(named)) => {
            labels.retain(|name, _| !named.labels.contains(name));
            labels
        }
    }
}
