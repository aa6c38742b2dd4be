//! What metrics were lately, for rules that look back: only those that are asked for, only for as long as they are.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use tapline_api::Labels;

use crate::expr::{Sample, Series};

/// Points kept of a series, however long its window.
const POINTS: i64 = 240;

/// Series kept of a metric: more cannot be remembered.
pub(crate) const MOST_SERIES: usize = 20_000;

/// By metric and seconds: each window is thinned by its own length.
#[derive(Debug, Default)]
pub(crate) struct Windows(HashMap<(String, u64), Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Microseconds.
    length: i64,
    /// Since when it is looked at, and when it was last.
    since: Option<i64>,
    last: Option<i64>,
    series: BTreeMap<Labels, VecDeque<(i64, f64)>>,
}

impl Windows {
    /// Keeps just these windows.
    pub(crate) fn keep(&mut self, wanted: &BTreeSet<(&str, u64)>) {
        self.0.retain(|(name, seconds), _| wanted.contains(&(name.as_str(), *seconds)));
        for (name, seconds) in wanted {
            let kept = self.0.entry(((*name).to_owned(), *seconds)).or_default();
            kept.length = micros(*seconds);
        }
    }

    /// Windows that nobody looked at before, with their length and how far apart points are kept, microseconds.
    pub(crate) fn begun(&self) -> Vec<((String, u64), i64, i64)> {
        let new = self.0.iter().filter(|(_, kept)| kept.since.is_none());
        new.map(|(key, kept)| (key.clone(), kept.length, kept.length / POINTS)).collect()
    }

    /// What is known of a metric from before.
    pub(crate) fn recall(&mut self, key: (String, u64), past: Vec<Series>) {
        let Some(kept) = self.0.get_mut(&key) else { return };
        for series in past.into_iter().take(MOST_SERIES) {
            let first = series.points.first().map(|point| point.0);
            kept.since = kept.since.into_iter().chain(first).min();
            kept.last = kept.last.into_iter().chain(series.points.last().map(|point| point.0)).max();
            kept.series.insert(series.labels, series.points.into());
        }
    }

    /// Takes what a metric is now. A counter that was not there at the look before was zero then.
    pub(crate) fn take(&mut self, (name, seconds): (&str, u64), at: i64, samples: &[Sample]) {
        let Some(kept) = self.0.get_mut(&(name.to_owned(), seconds)) else { return };
        let counts = name.ends_with("_total");
        for sample in samples {
            if kept.series.len() >= MOST_SERIES && !kept.series.contains_key(&sample.labels) {
                continue;
            }
            let points = kept.series.entry(sample.labels.clone()).or_insert_with(|| {
                let zero = kept.last.filter(|_| counts).map(|last| (last, 0.0));
                zero.into_iter().collect()
            });
            points.push_back((at, sample.value));
            thin(points, at, kept.length);
        }
        kept.series.retain(|_, points| points.back().is_some_and(|point| point.0 > at - kept.length));
        kept.since.get_or_insert(at);
        kept.last = Some(at);
    }

    /// The points of the last seconds.
    pub(crate) fn of(&self, name: &str, at: i64, seconds: u64) -> Vec<Series> {
        let Some(kept) = self.0.get(&(name.to_owned(), seconds)) else { return Vec::new() };
        let begin = at.saturating_sub(kept.length);
        kept.series.iter().map(|(labels, points)| window(labels, points.iter().copied(), begin)).collect()
    }

    /// Whether a metric was looked at for as long as a window is.
    pub(crate) fn covers(&self, name: &str, at: i64, seconds: u64) -> bool {
        let since = self.0.get(&(name.to_owned(), seconds)).and_then(|kept| kept.since);
        since.is_some_and(|since| since <= at - micros(seconds))
    }
}

/// What was before a window is known from so long before it, microseconds: Prometheus' look-back.
const BEFORE: i64 = 5 * 60_000_000;

/// A series from a moment on.
pub(crate) fn window(labels: &Labels, points: impl Iterator<Item = (i64, f64)>, begin: i64) -> Series {
    let mut series = Series { labels: labels.clone(), ..Series::default() };
    for point in points {
        match point.0 {
            at if at < begin - BEFORE => {}
            at if at < begin => series.before = Some(point.1),
            _ => series.points.push(point),
        }
    }
    series
}

/// Leaves out what is older than the window, but the last before it, and what is too near to the point before.
fn thin(points: &mut VecDeque<(i64, f64)>, at: i64, length: i64) {
    while points.get(1).is_some_and(|second| second.0 < at - length) {
        points.pop_front();
    }
    let apart = length / POINTS;
    let n = points.len();
    if n > 2 && points[n - 1].0 - points[n - 3].0 < apart {
        points.remove(n - 2);
    }
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn sample(value: f64) -> [Sample; 1] {
        [Sample { labels: Labels::new(), value }]
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten_but_for_where_it_begins() {
        let mut windows = Windows::default();
        windows.keep(&BTreeSet::from([("x", 60)]));
        (0..10).for_each(|n| windows.take(("x", 60), n * 15 * SECOND, &sample(n as f64)));
        let series = &windows.of("x", 135 * SECOND, 60)[0];
        assert_eq!(series.before, Some(4.0));
        let values: Vec<f64> = series.points.iter().map(|point| point.1).collect();
        assert_eq!(values, [5.0, 6.0, 7.0, 8.0, 9.0]);
        assert!(windows.covers("x", 135 * SECOND, 60) && !windows.covers("x", 135 * SECOND, 600));
    }

    #[test]
    fn a_counter_that_appears_was_zero_before() {
        let mut windows = Windows::default();
        windows.keep(&BTreeSet::from([("dead_total", 60), ("level", 60)]));
        windows.take(("dead_total", 60), 0, &[]);
        windows.take(("level", 60), 0, &[]);
        windows.take(("dead_total", 60), 15 * SECOND, &sample(500.0));
        windows.take(("level", 60), 15 * SECOND, &sample(500.0));
        assert_eq!(windows.of("dead_total", 15 * SECOND, 60)[0].points, [(0, 0.0), (15 * SECOND, 500.0)]);
        assert_eq!(windows.of("level", 15 * SECOND, 60)[0].points, [(15 * SECOND, 500.0)]);
    }

    #[test]
    fn a_long_window_keeps_few_points() {
        let mut windows = Windows::default();
        windows.keep(&BTreeSet::from([("x", 24_000)]));
        (0..10_000).for_each(|n| windows.take(("x", 24_000), n * 15 * SECOND, &sample(n as f64)));
        let series = &windows.of("x", 149_985 * SECOND, 24_000)[0];
        assert!((200..=280).contains(&series.points.len()), "{}", series.points.len());
        assert_eq!(series.points.last(), Some(&(149_985 * SECOND, 9_999.0)));
    }
}
