//! `GET /api/v1/events/histogram`: how many events match, over time and by type, destination or producer.

use std::collections::HashMap;

use arrow::array::{Array, StringViewArray};
use axum::Json;
use axum::extract::State;
use tapline_api::{Histogram, Series, SeriesBy};
use tapline_archive::View;
use tapline_model::columns::{EventColumns, get};
use tapline_model::time;

use crate::events::filter::{Filter, PARAMETERS};
use crate::events::search::{Stop, candidates, matching, parts, windows};
use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::rollup::{CELL, Rollups};
use crate::state::App;

/// Buckets when nothing else is asked for, and at most.
const BUCKETS: usize = 60;
const MOST_BUCKETS: usize = 500;

/// Series besides the rest.
const SERIES: usize = 10;

/// The name of the rest.
const REST: &str = "…";

/// Time shown when no range is asked for, microseconds.
const HOUR: i64 = 3_600_000_000;

/// Widths of buckets that people read easily, in tenths of a second.
const STEPS: [i64; 24] = [
    1, 2, 5, 10, 20, 50, 100, 200, 300, 600, 1_200, 3_000, 6_000, 9_000, 18_000, 36_000, 72_000, 108_000, 216_000,
    432_000, 864_000, 1_728_000, 6_048_000, 24_192_000,
];

/// Counts of matching events. The range is widened to whole buckets, as `from` and `to` of the answer say.
#[utoipa::path(get, path = "/api/v1/events/histogram", tag = "events", params(
    ("by" = Option<SeriesBy>, Query, description = "`type`, `destination` or `producer`; and every filter of the list"),
    ("buckets" = Option<u32>, Query, description = "at most so many, 1 to 500, 60 if absent"),
), responses((status = 200, body = Histogram), (status = 400, body = tapline_api::Problem)))]
pub(crate) async fn histogram(State(app): State<App>, params: Params) -> Result<Json<Histogram>, Refusal> {
    let known: Vec<&str> = PARAMETERS.iter().copied().chain(["by", "buckets"]).collect();
    params.only(&known)?;
    let by = series_by(&params)?;
    let buckets = params.number("buckets", 1, MOST_BUCKETS)?.unwrap_or(BUCKETS);
    let mut filter = app.filter(&params)?;
    let axis = Axis::new(&filter, buckets, time::now());
    (filter.from, filter.to) = (Some(axis.from), Some(axis.to()));
    let counted = app.search(move |app, stop| {
        let mut tally = Tally::new(axis);
        let view = app.archive.view();
        if filter.needs_rows() || axis.step % CELL != 0 {
            tally.rows(&view, &filter, by, stop)?;
        } else {
            tally.rollups(&app.rollups, &view, &filter, by, stop)?;
        }
        Ok(tally.finish())
    });
    Ok(Json(counted.await?))
}

fn series_by(params: &Params) -> Result<SeriesBy, Refusal> {
    match params.one("by")? {
        None | Some("type") => Ok(SeriesBy::Type),
        Some("destination") => Ok(SeriesBy::Destination),
        Some("producer") => Ok(SeriesBy::Producer),
        Some(text) => {
            let detail = format!("`by` is `{}`; write type, destination or producer", shorten(text));
            Err(Refusal::new(Code::BadParameter, detail))
        }
    }
}

/// Buckets over a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Microseconds, a multiple of `step`.
    pub(crate) from: i64,
    /// Microseconds.
    pub(crate) step: i64,
    pub(crate) buckets: usize,
}

impl Axis {
    /// At most `buckets` (and one more, since both ends are rounded outwards) over the filter's range.
    pub(crate) fn new(filter: &Filter, buckets: usize, now: i64) -> Self {
        let to = filter.to.unwrap_or(now);
        let from = filter.from.unwrap_or_else(|| to.saturating_sub(HOUR)).min(to);
        Self::over(from, to, buckets)
    }

    /// At most `buckets` and one more between two times.
    pub(crate) fn over(from: i64, to: i64, buckets: usize) -> Self {
        let most = i64::try_from(buckets).unwrap_or(i64::MAX).max(1);
        let exact = (to.saturating_sub(from) / most).max(1);
        let nice = STEPS.iter().map(|tenths| tenths * 100_000).find(|step| *step >= exact);
        // Beyond four weeks a bucket has a whole number of weeks.
        let week = 604_800_000_000i64;
        let step = nice.unwrap_or_else(|| exact.div_euclid(week).saturating_add(1).saturating_mul(week));
        let first = from.div_euclid(step);
        let count = to.saturating_sub(1).div_euclid(step).saturating_sub(first).saturating_add(1);
        Self {
            from: first.saturating_mul(step),
            step,
            buckets: usize::try_from(count).unwrap_or(1).clamp(1, buckets + 2),
        }
    }

    pub(crate) fn to(&self) -> i64 {
        let width = self.step.saturating_mul(i64::try_from(self.buckets).unwrap_or(i64::MAX));
        self.from.saturating_add(width)
    }

    /// The bucket of a time.
    pub(crate) fn bucket(&self, time: i64) -> Option<usize> {
        let at = usize::try_from(time.checked_sub(self.from)?.div_euclid(self.step)).ok()?;
        (at < self.buckets).then_some(at)
    }
}

struct Tally {
    axis: Axis,
    series: HashMap<String, Vec<u64>>,
}

impl Tally {
    fn new(axis: Axis) -> Self {
        Self { axis, series: HashMap::new() }
    }

    fn add(&mut self, name: &str, time: i64, events: u64) {
        let Some(bucket) = self.axis.bucket(time) else { return };
        if let Some(counts) = self.series.get_mut(name) {
            counts[bucket] += events;
            return;
        }
        // Names come from untrusted messages.
        let name = if self.series.len() < 10_000 { name } else { REST };
        let counts = self.series.entry(name.to_owned()).or_insert_with(|| vec![0; self.axis.buckets]);
        counts[bucket] += events;
    }

    fn rollups(
        &mut self,
        rollups: &Rollups,
        view: &View,
        filter: &Filter,
        by: SeriesBy,
        stop: &Stop,
    ) -> Result<(), Refusal> {
        let (from, to) = (self.axis.from, self.axis.to());
        for rollup in rollups.between(view, from, to, stop)? {
            for (lane, cell) in rollup.cells(from.div_euclid(CELL), to.div_euclid(CELL)) {
                if filter.passes(lane) {
                    let name = match by {
                        SeriesBy::Type => lane.event_type.as_deref().unwrap_or_default(),
                        SeriesBy::Destination => &lane.destination,
                        SeriesBy::Producer => lane.producer.as_deref().unwrap_or_default(),
                    };
                    self.add(name, cell.at.saturating_mul(CELL), u64::from(cell.events));
                }
            }
        }
        Ok(())
    }

    fn rows(&mut self, view: &View, filter: &Filter, by: SeriesBy, stop: &Stop) -> Result<(), Refusal> {
        let column = match by {
            SeriesBy::Type => "type",
            SeriesBy::Destination => "destination",
            SeriesBy::Producer => "producer",
        };
        for part in parts(view, filter) {
            let candidates = candidates(view, &part, "timestamp", |time| filter.covers(time))?;
            for window in windows(&candidates, 16_384, filter) {
                stop.check()?;
                let Some((batch, rows)) = matching(view, part.place, window, filter, &[column])? else { break };
                let columns = EventColumns::new(&batch);
                let (times, names) = (columns.micros("timestamp")?, columns.text(column)?);
                for (at, _) in rows.into_iter().filter(|(at, _)| times.is_valid(*at)) {
                    self.add(name(names, at), times.value(at), 1);
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Histogram {
        let series = self.series.into_iter();
        let mut series: Vec<Series> =
            series.map(|(name, counts)| Series { name, total: counts.iter().sum(), counts }).collect();
        series.sort_by(|a, b| {
            (a.name == REST).cmp(&(b.name == REST)).then(b.total.cmp(&a.total)).then_with(|| a.name.cmp(&b.name))
        });
        let total = series.iter().map(|series| series.total).sum();
        Histogram {
            from: time::format(self.axis.from),
            to: time::format(self.axis.to()),
            step_seconds: seconds(self.axis.step),
            series: top(series),
            total,
            truncated: false,
        }
    }
}

fn name(names: &StringViewArray, at: usize) -> &str {
    get(names, at).unwrap_or_default()
}

/// The most frequent, and the sum of all others.
fn top(mut series: Vec<Series>) -> Vec<Series> {
    if series.len() <= SERIES + 1 {
        return series;
    }
    let others = series.split_off(SERIES);
    let buckets = others.first().map_or(0, |series| series.counts.len());
    let counts = (0..buckets).map(|at| others.iter().map(|series| series.counts[at]).sum());
    let rest =
        Series { name: REST.to_owned(), total: others.iter().map(|other| other.total).sum(), counts: counts.collect() };
    series.push(rest);
    series
}

#[expect(clippy::cast_precision_loss, reason = "a width of a bucket is far below 2^53 microseconds")]
pub(crate) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_those_that_people_read() {
        let axis = |minutes: i64| Axis::over(7, minutes * 60_000_000 + 7, 60);
        assert_eq!(axis(15).step, 20_000_000);
        assert_eq!(axis(60).step, 60_000_000);
        assert_eq!((axis(60).from, axis(60).buckets), (0, 61));
        assert_eq!(axis(24 * 60).step, 30 * 60_000_000);
        assert_eq!(Axis::over(0, 3_600_000_000, 60).buckets, 60);
    }

    #[test]
    fn beyond_ten_there_is_a_rest() {
        let one = |n: u64| Series { name: n.to_string(), total: n, counts: vec![n] };
        let series = top((0..25).rev().map(one).collect());
        assert_eq!(series.len(), 11);
        assert_eq!((series[10].name.as_str(), series[10].total), (REST, (0..15).sum()));
        assert_eq!(top((0..11).map(one).collect()).len(), 11);
    }

    proptest! {
        #[test]
        fn every_time_of_a_range_has_a_bucket(from in -10_000_000_000_000_000i64..10_000_000_000_000_000,
                                              width in 1i64..1_000_000_000_000_000, buckets in 1usize..500) {
            let axis = Axis::over(from, from + width, buckets);
            prop_assert!(axis.buckets <= buckets + 2);
            prop_assert!(axis.from <= from && axis.to() >= from + width, "{axis:?}");
            prop_assert!(axis.bucket(from).is_some() && axis.bucket(from + width - 1).is_some());
        }

        #[test]
        fn no_range_panics(from in any::<i64>(), to in any::<i64>(), buckets in 1usize..500) {
            let axis = Axis::over(from.min(to), from.max(to), buckets);
            let _ = (axis.to(), axis.bucket(from), axis.bucket(to));
        }
    }
}
