//! Dead letters: how many there are, how many wait and for how long, and for which reasons.

use std::collections::BTreeMap;

use tapline_model::time;

use super::text::{Kind, Sink};
use super::{bytes, count};
use crate::dead_letters::{Waiting, waiting};
use crate::events::histogram::seconds;
use crate::events::search::Stop;
use crate::problem::Refusal;
use crate::state::App;

pub(super) const NAMES: [&str; 5] = [
    "tapline_dead_letters_total",
    "tapline_dead_letters_waiting",
    "tapline_dead_letters_oldest_seconds",
    "tapline_dead_letter_cause_waiting",
    "tapline_dead_letter_cause_age_seconds",
];

/// Causes listed one by one, the newest first.
const MOST_CAUSES: usize = 500;

/// All times there are; rows without one have the least.
pub(crate) const ALWAYS: (i64, i64) = (i64::MIN + 1, i64::MAX);

#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    all: usize,
    waiting: u64,
    /// When the first of those died that wait, microseconds.
    oldest: Option<i64>,
}

/// Writes all families.
pub(super) fn write(sink: &mut dyn Sink, app: &App, stop: &Stop) -> Result<(), Refusal> {
    let heaps = waiting(app, &app.archive.view(), ALWAYS, stop)?;
    destinations(sink, &heaps);
    causes(sink, &heaps);
    Ok(())
}

fn destinations(sink: &mut dyn Sink, heaps: &[Waiting]) {
    type Value = fn(&Sum, i64) -> Option<f64>;
    let mut sums = BTreeMap::<(&str, &str), Sum>::new();
    for known in heaps {
        let sample = &known.heap.sample;
        let sum = sums.entry((&sample.source, &sample.destination)).or_default();
        sum.all += known.heap.times.len();
        sum.waiting += known.count();
        let waits = known.heap.times.iter().zip(&known.waits).filter(|(_, waits)| **waits);
        sum.oldest = waits.map(|(time, _)| *time).chain(sum.oldest).min();
    }
    let now = time::now();
    let families: [(&str, Kind, &str, Value); 3] = [
        (NAMES[0], Kind::Counter, "Dead letters archived or hot.", |sum, _| Some(count(sum.all))),
        (NAMES[1], Kind::Gauge, "Dead letters that were not put back and whose cause needs somebody.", |sum, _| {
            Some(bytes(sum.waiting))
        }),
        (NAMES[2], Kind::Gauge, "How long the first of those has waited.", |sum, now| {
            sum.oldest.map(|oldest| seconds(now - oldest).max(0.0))
        }),
    ];
    for (name, kind, help, value) in families {
        sink.family(name, kind, help);
        for ((source, destination), sum) in &sums {
            if let Some(value) = value(sum, now) {
                sink.sample(name, &[("source", source), ("destination", destination)], value);
            }
        }
    }
}

/// Only those that somebody is to look at.
fn causes(sink: &mut dyn Sink, heaps: &[Waiting]) {
    type Value = fn(&Waiting, i64) -> Option<f64>;
    let now = time::now();
    let mut open: Vec<&Waiting> = heaps.iter().filter(|known| known.count() > 0).collect();
    // The newest first: a flood of old ones must not hide a new one.
    open.sort_by_key(|known| std::cmp::Reverse(known.heap.times.iter().min().copied()));
    let families: [(&str, &str, Value); 2] = [
        (NAMES[3], "Dead letters of a cause that wait.", |known, _| Some(bytes(known.count()))),
        (NAMES[4], "Since the first dead letter of a cause.", |known, now| {
            known.heap.times.iter().min().map(|first| seconds(now - first).max(0.0))
        }),
    ];
    for (name, help, value) in families {
        sink.family(name, Kind::Gauge, help);
        for known in open.iter().take(MOST_CAUSES) {
            let sample = &known.heap.sample;
            let labels = [
                ("source", sample.source.as_str()),
                ("destination", &sample.destination),
                ("cause", &known.heap.cause),
                ("group", sample.group.as_deref().unwrap_or_default()),
            ];
            if let Some(value) = value(known, now) {
                sink.sample(name, &labels, value);
            }
        }
    }
}
