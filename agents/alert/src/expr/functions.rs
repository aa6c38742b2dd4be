//! Functions: of one moment, and of a window.

use promql_parser::label::MatchOp;
use promql_parser::parser::{Call, Expr};
use tapline_api::Labels;

use super::{ExprError, Sample, Samples, Series, Value, map, unsupported};
use crate::matching::meets;

/// Of a window of one series and its length, seconds.
type Over = fn(&Series, f64) -> Option<f64>;

const WINDOWS: [(&str, Over); 12] = [
    ("rate", |series, seconds| Some(increase(series)? / seconds)),
    ("increase", |series, _| increase(series)),
    ("delta", |series, _| Some(series.points.last()?.1 - series.before.or(Some(series.points.first()?.1))?)),
    ("deriv", |series, _| slope(&series.points)),
    ("changes", |series, _| count(&series.points).map(|_| changes(series))),
    ("avg_over_time", |series, _| Some(sum(&series.points) / count(&series.points)?)),
    ("sum_over_time", |series, _| count(&series.points).map(|_| sum(&series.points))),
    ("count_over_time", |series, _| count(&series.points)),
    ("min_over_time", |series, _| series.points.iter().map(|point| point.1).reduce(f64::min)),
    ("max_over_time", |series, _| series.points.iter().map(|point| point.1).reduce(f64::max)),
    ("last_over_time", |series, _| series.points.last().map(|point| point.1)),
    ("present_over_time", |series, _| count(&series.points).map(|_| 1.0)),
];

/// Of one number.
type Of = fn(f64) -> f64;

const MOMENTS: [(&str, Of); 4] = [("abs", f64::abs), ("ceil", f64::ceil), ("floor", f64::floor), ("round", f64::round)];

fn window_of(name: &str) -> Option<Over> {
    WINDOWS.iter().find(|(known, _)| *known == name).map(|(_, over)| *over)
}

fn moment_of(name: &str) -> Option<Of> {
    MOMENTS.iter().find(|(known, _)| *known == name).map(|(_, of)| *of)
}

pub(super) fn check(call: &Call) -> Result<(), ExprError> {
    let name = call.func.name;
    let is_known = window_of(name).is_some() || matches!(name, "absent" | "time" | "vector" | "scalar");
    // `round` to something else than whole numbers.
    let is_plain = moment_of(name).is_some() && call.args.args.len() == 1;
    if is_known || is_plain {
        return Ok(());
    }
    Err(unsupported(
        format!("`{name}`"),
        "there are rate, increase, delta, deriv, changes, *_over_time, absent, abs, ceil, floor, round, time, scalar, vector",
    ))
}

pub(super) fn value(call: &Call, samples: &dyn Samples) -> Value {
    let name = call.func.name;
    let argument = call.args.args.first().map(|argument| bare(argument));
    if let (Some(over), Some(Expr::MatrixSelector(matrix))) = (window_of(name), argument) {
        let seconds = matrix.range.as_secs_f64();
        let mut all = samples.window(matrix.vs.name.as_deref().unwrap_or_default(), seconds);
        all.retain(|series| meets(&matrix.vs.matchers, &series.labels));
        let of = |series: Series| Some(Sample { value: over(&series, seconds)?, labels: series.labels });
        return Value::Vector(all.into_iter().filter_map(of).collect());
    }
    let of = |argument: Option<&Expr>| argument.map(|argument| super::value(argument, samples));
    match (name, of(argument)) {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        ("time", _) => Value::Scalar(samples.at() as f64 / 1e6),
        ("absent", Some(Value::Vector(found))) if !found.is_empty() => Value::Vector(Vec::new()),
        ("absent", _) => Value::Vector(vec![Sample { labels: named(argument), value: 1.0 }]),
        ("vector", Some(Value::Scalar(value))) => Value::Vector(vec![Sample { labels: Labels::new(), value }]),
        ("scalar", Some(Value::Vector(found))) => match found.as_slice() {
            [one] => Value::Scalar(one.value),
            _ => Value::Scalar(f64::NAN),
        },
        (_, Some(value)) => moment_of(name).map_or(Value::Vector(Vec::new()), |of| map(value, of)),
        (_, None) => Value::Vector(Vec::new()),
    }
}

/// Without parentheses around it.
fn bare(mut argument: &Expr) -> &Expr {
    while let Expr::Paren(inner) = argument {
        argument = &inner.expr;
    }
    argument
}

/// What is missing is called as it was asked for.
fn named(argument: Option<&Expr>) -> Labels {
    let Some(Expr::VectorSelector(selector)) = argument else { return Labels::new() };
    let equal = selector.matchers.matchers.iter().filter(|matcher| matcher.op == MatchOp::Equal);
    equal.map(|matcher| (matcher.name.clone(), matcher.value.clone())).collect()
}

/// What a counter counted, though it may have begun anew. Nothing is added for times at the ends that nobody saw, as
/// Prometheus does: two dead letters must not become three.
fn increase(series: &Series) -> Option<f64> {
    let known: Vec<f64> = values(series).collect();
    let steps = known.windows(2).map(|pair| if pair[1] < pair[0] { pair[1] } else { pair[1] - pair[0] });
    (known.len() > 1).then(|| steps.sum())
}

/// With what was before.
fn values(series: &Series) -> impl Iterator<Item = f64> {
    series.before.into_iter().chain(series.points.iter().map(|point| point.1))
}

fn sum(points: &[(i64, f64)]) -> f64 {
    points.iter().map(|point| point.1).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a count of points")]
fn count(points: &[(i64, f64)]) -> Option<f64> {
    (!points.is_empty()).then_some(points.len() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "a count of points")]
#[expect(clippy::float_cmp, reason = "as it was written")]
fn changes(series: &Series) -> f64 {
    let known: Vec<f64> = values(series).collect();
    known.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64
}

/// Least squares.
#[expect(clippy::cast_precision_loss, reason = "seconds of a window")]
fn slope(points: &[(i64, f64)]) -> Option<f64> {
    let begin = points.first()?.0;
    let n = count(points).filter(|count| *count > 1.0)?;
    let seconds = |at: i64| (at - begin) as f64 / 1e6;
    let (t, x) = points.iter().fold((0.0, 0.0), |(t, x), (at, value)| (t + seconds(*at), x + value));
    let (t, x) = (t / n, x / n);
    let (mut together, mut spread) = (0.0, 0.0);
    for (at, value) in points {
        together += (seconds(*at) - t) * (value - x);
        spread += (seconds(*at) - t).powi(2);
    }
    (spread > 0.0).then(|| together / spread)
}
