//! The quick chart: amounts over even steps of time, split by the first text among the columns.

use std::{collections::BTreeMap, sync::Arc};

use leptos::prelude::*;
use tapline_api::SqlAnswer;

use super::{
    grid::measure,
    value::{Manner, manner},
};
use crate::{
    charts::histogram::{Buckets, HistogramChart, Stack},
    format::{number, time},
    order::sort_by_key,
    state::{
        hues::nth,
        time_range::{TimeRange, use_set_time_range},
    },
};

/// Steps that a chart can show.
const STEPS: i64 = 400;
/// Names that get a colour of their own.
const NAMES: usize = 9;
/// Their colours, most frequent first.
const COLOURS: [&str; NAMES] = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"];

/// What is drawn and the names of the columns it came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    buckets: Arc<Buckets>,
    across: String,
    up: String,
    split: Option<String>,
}

/// The chart of an answer that has a time in even steps and an amount.
pub(super) fn of(answer: &SqlAnswer) -> Option<Chart> {
    let manners: Vec<Manner> = answer.columns.iter().map(manner).collect();
    let across = manners.iter().position(|manner| *manner == Manner::Time)?;
    let split = manners.iter().position(|manner| *manner == Manner::Text);
    let (up, _) = measure(answer)?;
    let at = |row: &[serde_json::Value]| time::parse(row.get(across)?.as_str()?).map(|micros| micros.div_euclid(1000));
    let mut times: Vec<i64> = answer.rows.iter().filter_map(|row| at(row)).collect();
    times.sort_unstable();
    times.dedup();
    let (first, step) = (*times.first()?, step(&times)?);
    let count = (times.last()? - first) / step + 1;
    let mut stacks: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in &answer.rows {
        let (Some(at), Some(amount)) = (at(row), row.get(up).and_then(serde_json::Value::as_f64)) else { continue };
        let name = split.and_then(|split| row.get(split)?.as_str()).unwrap_or_default();
        let counts = stacks.entry(name.to_owned()).or_insert_with(|| vec![0; count as usize]);
        counts[((at - first) / step) as usize] += amount as u64;
    }
    let name = |column: usize| answer.columns[column].name.clone();
    let buckets = Arc::new(Buckets { from: first, to: first + count * step, stacks: largest(stacks) });
    Some(Chart { buckets, across: name(across), up: name(up), split: split.map(name) })
}

/// The step between times that stand in even steps, few enough to draw.
fn step(times: &[i64]) -> Option<i64> {
    let step = times.windows(2).map(|pair| pair[1] - pair[0]).min()?;
    let even = times.windows(2).all(|pair| (pair[1] - pair[0]) % step == 0);
    let steps = (times.last()? - times.first()?) / step;
    (times.len() > 2 && even && steps < STEPS).then_some(step)
}

/// The largest by name, the rest as one.
fn largest(stacks: BTreeMap<String, Vec<u64>>) -> Vec<Stack> {
    let mut stacks: Vec<Stack> = stacks
        .into_iter()
        .filter(|(_, counts)| counts.iter().any(|count| *count > 0))
        .map(|(name, counts)| Stack { name, class: "c0", counts })
        .collect();
    sort_by_key(&mut stacks, |stack| std::cmp::Reverse(stack.counts.iter().sum::<u64>()));
    stacks.iter_mut().zip(COLOURS).for_each(|(stack, class)| stack.class = class);
    for (number, stack) in stacks.iter_mut().enumerate() {
        stack.class = nth(number);
    }
    if stacks.len() > NAMES {
        let mut rest = Stack { name: "…".to_owned(), class: "c0", counts: vec![0; stacks[0].counts.len()] };
        for stack in stacks.drain(NAMES..) {
            rest.counts.iter_mut().zip(stack.counts).for_each(|(sum, count)| *sum += count);
        }
        stacks.push(rest);
    }
    stacks
}

/// The panel beside the rows.
#[component]
pub(super) fn QuickChart(
    /// What is drawn.
    chart: Chart,
) -> impl IntoView {
    let set = use_set_time_range();
    let Chart { buckets, across, up, split } = chart;
    let label = format!("{up} over {across}");
    let sum = buckets.stacks.iter().flat_map(|stack| &stack.counts).sum();
    let note = format!("{} {up}; drag to zoom the time range", number::short(sum));
    let key = |stack: &Stack| {
        let name = if stack.name == "…" { "others".to_owned() } else { stack.name.clone() };
        (!name.is_empty()).then(|| view! { <span class=format!("key {}", stack.class)>{name}</span> })
    };
    let keys = buckets.stacks.iter().map(key).collect_view();
    view! {
        <section class="panel qc" aria-label="Chart">
            <div class="head"><h2>"Chart"</h2></div>
            <dl class="kv axes">
                <dt>"Across"</dt><dd class="mono">{across}</dd>
                <dt>"Up"</dt><dd class="mono">{format!("sum({up})")}</dd>
                {split.map(|split| view! { <dt>"Split by"</dt><dd class="mono">{split}</dd> })}
            </dl>
            <div class="keys kk">{keys}</div>
            <HistogramChart buckets label unit="" words=3 on_zoom=move |from, to| set(TimeRange::between(from, to))/>
            <p class="micro t3 np">{note}</p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::grid::tests::answer, *};

    const COLUMNS: [(&str, &str); 3] = [("at", "Timestamp(µs, \"UTC\")"), ("card", "Utf8"), ("events", "Int64")];

    fn row(minute: u32, card: &str, events: u64) -> Vec<Value> {
        vec![json!(format!("2026-11-21T03:{minute:02}:00.000000Z")), json!(card), json!(events)]
    }

    #[test]
    fn amounts_stand_at_their_time_and_holes_are_zero() {
        let chart =
            of(&answer(&COLUMNS, vec![row(15, "B", 1), row(0, "A", 7), row(5, "A", 2), row(5, "B", 3)])).unwrap();
        let stacks: Vec<(&str, &[u64])> =
            chart.buckets.stacks.iter().map(|stack| (stack.name.as_str(), stack.counts.as_slice())).collect();
        assert_eq!(stacks, [("A", [7, 2, 0, 0].as_slice()), ("B", [0, 3, 0, 1].as_slice())]);
        assert_eq!(chart.buckets.to - chart.buckets.from, 20 * 60_000);
        assert_eq!((chart.across.as_str(), chart.up.as_str(), chart.split.as_deref()), ("at", "events", Some("card")));
    }

    #[test]
    fn rows_without_even_steps_have_no_chart() {
        assert_eq!(of(&answer(&COLUMNS, vec![row(0, "A", 1), row(2, "A", 1), row(5, "A", 1)])), None);
        assert_eq!(of(&answer(&COLUMNS, vec![row(0, "A", 1), row(2, "A", 1)])), None);
        assert_eq!(of(&answer(&COLUMNS[1..], vec![vec![json!("A"), json!(1)], vec![json!("B"), json!(1)]])), None);
    }

    #[test]
    fn too_many_names_are_told_together() {
        let rows = (0..30).map(|n| row(n % 3 * 5, &format!("card-{n}"), 1)).collect();
        let stacks = of(&answer(&COLUMNS, rows)).unwrap().buckets.stacks.clone();
        assert_eq!((stacks.len(), stacks[NAMES].name.as_str()), (NAMES + 1, "…"));
        assert_eq!(stacks.iter().flat_map(|stack| &stack.counts).sum::<u64>(), 30);
    }
}
