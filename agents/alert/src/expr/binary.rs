//! Two sides: numbers, comparisons, and which series are on both.

use std::collections::BTreeMap;

use promql_parser::parser::token::{
    T_ADD, T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_MOD, T_MUL, T_NEQ, T_POW, T_SUB,
};
use promql_parser::parser::{BinaryExpr, LabelModifier, VectorMatchCardinality};
use tapline_api::Labels;

use super::{ExprError, Sample, Samples, Value, unsupported};

pub(super) fn check(it: &BinaryExpr) -> Result<(), ExprError> {
    let joins = it.modifier.as_ref().map(|modifier| &modifier.card);
    if matches!(joins, Some(VectorMatchCardinality::ManyToOne(_) | VectorMatchCardinality::OneToMany(_))) {
        return Err(unsupported("`group_left` and `group_right`", "aggregate one side first, or write `sql`"));
    }
    match it.op.id() {
        T_ADD | T_SUB | T_MUL | T_DIV | T_MOD | T_POW | T_EQLC | T_NEQ | T_GTR | T_GTE | T_LSS | T_LTE | T_LAND
        | T_LOR | T_LUNLESS => Ok(()),
        _ => Err(unsupported(format!("`{}`", it.op), "there are + - * / % ^ == != > >= < <= and, or, unless")),
    }
}

pub(super) fn value(it: &BinaryExpr, samples: &dyn Samples) -> Value {
    let (left, right) = (super::value(&it.lhs, samples), super::value(&it.rhs, samples));
    let pair = Pair { op: it.op.id(), as_bool: it.modifier.as_ref().is_some_and(|modifier| modifier.return_bool) };
    match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(pair.number(left, right)),
        (Value::Vector(left), Value::Scalar(right)) => Value::Vector(pair.each(left, |value| (value, right))),
        // A comparison keeps the series' value, whichever side it is on.
        (Value::Scalar(left), Value::Vector(right)) => Value::Vector(pair.each(right, |value| (left, value))),
        (Value::Vector(left), Value::Vector(right)) => {
            let matching = it.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
            Value::Vector(pair.join(left, right, matching))
        }
    }
}

struct Pair {
    op: u16,
    as_bool: bool,
}

impl Pair {
    /// Whether two numbers compare so; `None` where they are not compared.
    fn holds(&self, left: f64, right: f64) -> Option<bool> {
        Some(match self.op {
            T_EQLC => left == right,
            T_NEQ => left != right,
            T_GTR => left > right,
            T_GTE => left >= right,
            T_LSS => left < right,
            T_LTE => left <= right,
            _ => return None,
        })
    }

    fn number(&self, left: f64, right: f64) -> f64 {
        match (self.op, self.holds(left, right)) {
            (_, Some(holds)) => f64::from(u8::from(holds)),
            (T_ADD, _) => left + right,
            (T_SUB, _) => left - right,
            (T_MUL, _) => left * right,
            (T_DIV, _) => left / right,
            (T_MOD, _) => left % right,
            (T_POW, _) => left.powf(right),
            _ => f64::NAN,
        }
    }

    /// What becomes of a series; nothing where a comparison does not hold.
    fn one(&self, labels: Labels, own: f64, (left, right): (f64, f64)) -> Option<Sample> {
        match self.holds(left, right) {
            Some(_) if self.as_bool => Some(Sample { labels, value: self.number(left, right) }),
            Some(holds) => holds.then_some(Sample { labels, value: own }),
            None => Some(Sample { labels, value: self.number(left, right) }),
        }
    }

    fn each(&self, all: Vec<Sample>, sides: impl Fn(f64) -> (f64, f64)) -> Vec<Sample> {
        all.into_iter().filter_map(|Sample { labels, value }| self.one(labels, value, sides(value))).collect()
    }

    fn join(&self, left: Vec<Sample>, right: Vec<Sample>, matching: Option<&LabelModifier>) -> Vec<Sample> {
        let key = |sample: &Sample| key(&sample.labels, matching);
        let mut others = BTreeMap::<Labels, f64>::new();
        for sample in &right {
            others.insert(key(sample), sample.value);
        }
        match self.op {
            T_LAND => left.into_iter().filter(|sample| others.contains_key(&key(sample))).collect(),
            T_LUNLESS => left.into_iter().filter(|sample| !others.contains_key(&key(sample))).collect(),
            T_LOR => {
                let there: std::collections::BTreeSet<Labels> = left.iter().map(key).collect();
                let more = right.into_iter().filter(|sample| !there.contains(&key(sample)));
                left.into_iter().chain(more).collect()
            }
            _ => {
                let both = |sample: Sample| {
                    let other = *others.get(&key(&sample))?;
                    let own = sample.value;
                    // Of both sides only that is left by which they were joined.
                    self.one(key(&sample), own, (own, other))
                };
                left.into_iter().filter_map(both).collect()
            }
        }
    }
}

fn key(labels: &Labels, matching: Option<&LabelModifier>) -> Labels {
    let kept = |name: &String| match matching {
        None => true,
        Some(LabelModifier::Include(named)) => named.labels.contains(name),
        Some(LabelModifier::Exclude(named)) => !named.labels.contains(name),
    };
    labels.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
