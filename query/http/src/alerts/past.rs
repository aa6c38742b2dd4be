//! How metrics went: of groups from the history of their lag, of events and dead letters from the archive by their own
//! times.

use std::collections::BTreeMap;

use tapline_alert::Series;
use tapline_api::{Labels, LagState};
use tapline_history::{History, HistoryError, Row, WHOLE, Wanted, rows};

use crate::dead_letters::waiting;
use crate::events::search::Stop;
use crate::metrics::ALWAYS;
use crate::problem::Refusal;
use crate::rollup::CELL;
use crate::state::App;

/// Where nothing changes there is a row each ten minutes, on older days each half an hour: a value holds so long, microseconds.
const HOLDS: i64 = 32 * 60 * 1_000_000;

/// How long the age of a cause is told, microseconds.
const DAY: i64 = 86_400 * 1_000_000;

/// What is counted by the time of events, so that a window can be asked of the archive.
pub(super) fn is_archived(metric: &str) -> bool {
    matches!(metric, "tapline_dead_letters_total" | "tapline_destination_events_total")
}

/// How a metric went between two moments, with a point at most each step, all in microseconds.
pub(super) fn past(app: &App, metric: &str, from: i64, to: i64, step: i64, stop: &Stop) -> Option<Vec<Series>> {
    let told = match metric {
        "tapline_dead_letters_total" => dead_letters(app, from, to, step, stop),
        "tapline_destination_events_total" => events(app, from, to, step, stop),
        "tapline_dead_letter_cause_age_seconds" => ages(app, from, to, step, stop),
        _ => return groups(app, metric, from, to, step),
    };
    told.inspect_err(|refusal| tracing::warn!(why = refusal.detail, metric, "its past cannot be told")).ok()
}

fn label(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn place(source: &str, destination: &str) -> Labels {
    Labels::from([label("source", source), label("destination", destination)])
}

fn dead_letters(app: &App, from: i64, to: i64, step: i64, stop: &Stop) -> Result<Vec<Series>, Refusal> {
    let mut times = BTreeMap::<Labels, Vec<(i64, u64)>>::new();
    for known in waiting(app, &app.archive.view(), ALWAYS, stop)? {
        let sample = &known.heap.sample;
        let place = times.entry(place(&sample.source, &sample.destination)).or_default();
        place.extend(known.heap.times.iter().map(|time| (*time, 1)));
    }
    Ok(times.into_iter().map(|(labels, times)| counted(labels, times, from, to, step)).collect())
}

fn events(app: &App, from: i64, to: i64, step: i64, stop: &Stop) -> Result<Vec<Series>, Refusal> {
    let mut times = BTreeMap::<Labels, Vec<(i64, u64)>>::new();
    // With the newest incarnation, as the metric has it.
    for known in app.standing.destinations() {
        let mut labels = place(&known.source, &known.name);
        labels.insert("incarnation".to_owned(), known.incarnation.to_string());
        times.insert(labels, Vec::new());
    }
    let named: BTreeMap<(String, String), Labels> = times
        .keys()
        .map(|labels| ((labels["source"].clone(), labels["destination"].clone()), labels.clone()))
        .collect();
    for rollup in app.rollups.between(&app.archive.view(), from, to, stop)? {
        for (lane, cell) in rollup.cells(from.div_euclid(CELL), to.div_euclid(CELL) + 1) {
            let labels = named.get(&(lane.source.clone(), lane.destination.clone()));
            let place = labels.and_then(|labels| times.get_mut(labels));
            place.into_iter().for_each(|place| place.push((cell.begin(), u64::from(cell.events))));
        }
    }
    Ok(times.into_iter().map(|(labels, times)| counted(labels, times, from, to, step)).collect())
}

/// A counter's points of what happened when.
#[expect(clippy::cast_precision_loss, reason = "the format has no integers")]
fn counted(labels: Labels, mut times: Vec<(i64, u64)>, from: i64, to: i64, step: i64) -> Series {
    times.sort_unstable();
    let (mut points, mut sum, mut next) = (Vec::new(), 0, 0);
    let mut at = from;
    loop {
        while let Some((_, events)) = times.get(next).filter(|(time, _)| *time <= at) {
            sum += events;
            next += 1;
        }
        points.push((at, sum as f64));
        if at >= to {
            return Series { labels, before: None, points };
        }
        at = (at + step).min(to);
    }
}

/// Since the first dead letter of each cause, for a day.
#[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
fn ages(app: &App, from: i64, to: i64, step: i64, stop: &Stop) -> Result<Vec<Series>, Refusal> {
    let mut series = Vec::new();
    for known in waiting(app, &app.archive.view(), ALWAYS, stop)? {
        let Some(first) = known.heap.times.iter().min().copied() else { continue };
        let (begin, end) = (first.max(from), first.saturating_add(DAY).min(to));
        // On the same moments as all others.
        let begin = from + (begin - from + step - 1).div_euclid(step) * step;
        let moments = (0..).map(|n| begin + n * step).take_while(|at| *at <= end);
        let points: Vec<(i64, f64)> = moments.map(|at| (at, (at - first) as f64 / 1e6)).collect();
        let sample = &known.heap.sample;
        let mut labels = place(&sample.source, &sample.destination);
        labels.extend([label("cause", &known.heap.cause)]);
        // An empty label is none.
        labels.extend(sample.group.iter().filter(|group| !group.is_empty()).map(|group| label("group", group)));
        if !points.is_empty() {
            series.push(Series { labels, before: None, points });
        }
    }
    Ok(series)
}

/// What of a row of the history is a metric.
#[derive(Clone, Copy)]
struct Told {
    /// Of groups as a whole, or of their partitions.
    whole: bool,
    value: fn(&Row<'_>) -> Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "the format has no integers")]
fn told(metric: &str) -> Option<Told> {
    let lag: fn(&Row<'_>) -> Option<f64> = |row| row.lag.map(|lag| lag as f64);
    let behind: fn(&Row<'_>) -> Option<f64> = |row| row.behind;
    Some(match metric {
        "kafka_consumergroup_group_sum_lag" => Told { whole: true, value: lag },
        "kafka_consumergroup_group_max_lag_seconds" => Told { whole: true, value: behind },
        "tapline_group_state" => Told { whole: true, value: |_| Some(1.0) },
        "kafka_consumergroup_group_lag" => Told { whole: false, value: lag },
        "kafka_consumergroup_group_lag_seconds" => Told { whole: false, value: behind },
        "kafka_consumergroup_group_offset" => {
            Told { whole: false, value: |row| row.committed.map(|committed| committed as f64) }
        }
        _ => return None,
    })
}

/// Rows come where something changes: between two of them the first one's value holds.
fn groups(app: &App, metric: &str, from: i64, to: i64, step: i64) -> Option<Vec<Series>> {
    let told = told(metric)?;
    let history = app.standing.lag_history()?;
    let mut held = Held { step, series: BTreeMap::new() };
    for source in app.sources() {
        let read = read(&history, &source.name, metric, told, (from - HOLDS, to), &mut held);
        if let Err(error) = read {
            tracing::warn!(error = &error as &dyn std::error::Error, "lag history cannot be read");
            return None;
        }
    }
    let mut series: Vec<Series> =
        held.series.into_iter().map(|(labels, points)| Series { labels, before: None, points }).collect();
    series.iter_mut().for_each(|series| series.points.sort_by_key(|point| point.0));
    Some(series)
}

fn read(
    history: &History,
    source: &str,
    metric: &str,
    told: Told,
    (from, to): (i64, i64),
    held: &mut Held,
) -> Result<(), HistoryError> {
    let wanted = Wanted {
        source: Some(source.to_owned()),
        from: Some(from),
        to: Some(to.saturating_add(1)),
        whole: Some(told.whole),
        ..Wanted::default()
    };
    // How long each value holds: until the next, of whatever state.
    let mut last = BTreeMap::<Labels, (i64, Labels, Option<f64>)>::new();
    for part in history.parts(&wanted)? {
        for batch in part.read(&wanted)? {
            for row in rows(&batch?)? {
                let now = (row.at, labels(source, metric, &row, true), (told.value)(&row));
                let before = last.insert(labels(source, metric, &row, false), now);
                before.into_iter().for_each(|(at, labels, value)| held.hold(labels, value, at, row.at));
            }
        }
    }
    last.into_values().for_each(|(at, labels, value)| held.hold(labels, value, at, to));
    Ok(())
}

/// With the state, which tells series apart, or without, which tells what a row belongs to.
fn labels(source: &str, metric: &str, row: &Row<'_>, with_state: bool) -> Labels {
    let mut labels = Labels::from([label("cluster_name", source), label("group", row.group)]);
    if row.partition != WHOLE {
        labels.extend([label("topic", row.destination), label("partition", &row.partition.to_string())]);
    }
    if with_state && metric == "tapline_group_state" {
        let state = LagState::parse(row.state).unwrap_or_default();
        labels.extend([label("state", state.as_str())]);
    }
    labels
}

/// Series with points at the same moments.
struct Held {
    step: i64,
    series: BTreeMap<Labels, Vec<(i64, f64)>>,
}

impl Held {
    /// A value from one moment up to another, but not for ever.
    fn hold(&mut self, labels: Labels, value: Option<f64>, at: i64, until: i64) {
        let Some(value) = value else { return };
        let until = until.min(at + HOLDS);
        let first = (at + self.step - 1).div_euclid(self.step);
        let moments = (first..).map(|n| n * self.step).take_while(|moment| *moment < until);
        self.series.entry(labels).or_default().extend(moments.map(|moment| (moment, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_say_how_many_there_were_by_then() {
        let series = counted(Labels::new(), vec![(5, 2), (1, 1), (12, 4), (99, 1)], 0, 12, 5);
        assert_eq!(series.points, [(0, 0.0), (5, 3.0), (10, 3.0), (12, 7.0)]);
        assert_eq!(counted(Labels::new(), Vec::new(), 7, 7, 5).points, [(7, 0.0)]);
    }

    #[test]
    fn a_value_holds_until_the_next_but_not_for_ever() {
        let mut held = Held { step: 60_000_000, series: BTreeMap::new() };
        held.hold(Labels::new(), Some(3.0), 5_000_000, 150_000_000);
        assert_eq!(held.series[&Labels::new()], [(60_000_000, 3.0), (120_000_000, 3.0)]);
        held.hold(Labels::new(), Some(4.0), 150_000_000, i64::MAX);
        assert_eq!(held.series[&Labels::new()].len(), 2 + 32);
        held.hold(place("a", "b"), None, 0, 150_000_000);
        assert_eq!(held.series.len(), 1);
    }
}
