//! How far behind the group was, and where that leads: the line so far, the forecast dashed, the retention above.

use leptos::prelude::*;
use tapline_api::{Drain, Fired, GroupDetail, GroupHistory};

use super::words;
use crate::{
    charts::line::{LineChart, Points},
    format::time,
};

/// The chart; seconds where they are known, else unread events.
pub(super) fn course(detail: &GroupDetail, history: &GroupHistory) -> Option<impl IntoView + use<>> {
    let from = time::parse(&history.from)?.div_euclid(1000);
    let width = (history.step * 1000.0) as i64;
    let in_time =
        history.behind.iter().any(|it| it.is_some_and(|seconds| seconds > 0.0)) || detail.group.behind.is_some();
    let values: Vec<Option<f64>> = match in_time {
        true => history.behind.clone(),
        false => history.lag.iter().map(|it| it.map(|lag| lag as f64)).collect(),
    };
    // What is past is not told by how it stands now.
    let ends = time::parse(&history.from)? + (history.step * 1e6) as i64 * values.len() as i64;
    let is_live = ends >= time::parse(&detail.asked_at)?;
    let values = if is_live { up_to_now(values, detail, in_time) } else { values };
    let plan = (in_time && is_live).then(|| Plan::of(detail, history)).flatten();
    let to = from + width * values.len() as i64;
    let points = match plan {
        Some(plan) => plan.points(from, to, values),
        None => Points { from, to, values, ..Points::default() },
    };
    let (unit, points) = if in_time { in_unit(points) } else { ("", points) };
    let title = if in_time { "Time behind, worst partition" } else { "Unread events" };
    let colour = words::colour(detail.group.state);
    let note = match (plan.is_some(), history.rebalances.iter().sum::<u32>()) {
        (true, 0) => "forecast from the last minutes".to_owned(),
        (true, count) => format!("forecast from the last minutes; partitions shared anew {count} times"),
        (false, 0) => String::new(),
        (false, count) => format!("partitions shared anew {count} times"),
    };
    let (shared, fired) = (marks(history, &points), fired(history, &points));
    Some(view! {
        <div class="subh"><h3>{title}</h3><span class="t3 small">{note}</span></div>
        <div class="course"><LineChart points unit tone=colour label=title words=4/><div class="over">{shared}{fired}</div></div>
    })
}

/// Where members shared partitions anew.
fn marks(history: &GroupHistory, points: &Points) -> Vec<impl IntoView + use<>> {
    let drawn = points.values.len().max(1) as f64;
    let at = move |column: usize| format!("{:.2}%", (column as f64 + 0.5) / drawn * 100.0);
    let shared = history.rebalances.iter().enumerate().filter(|(_, count)| **count > 0);
    shared.map(|(column, count)| view! { <i class="shared" style:left=at(column) title=format!("partitions shared anew, {count} times")></i> }).collect()
}

/// When alerts fired, at the foot of the chart; what still fires does so up to now.
fn fired(history: &GroupHistory, points: &Points) -> Vec<impl IntoView + use<>> {
    let length = (points.to - points.from).max(1) as f64;
    let at = |text: &str| time::parse(text).map(|at| (at.div_euclid(1000) - points.from) as f64 / length);
    let now = points.now.unwrap_or(1.0);
    let one = |fired: &Fired| {
        let (begin, end) = (at(&fired.from)?.max(0.0), fired.to.as_deref().map_or(Some(now), at)?.min(1.0));
        let (left, width) = (format!("{:.2}%", begin * 100.0), format!("{:.2}%", (end - begin).max(0.0) * 100.0));
        let title = format!("{} fired", fired.labels.get("alertname").map_or("an alert", String::as_str));
        Some(view! { <i class="fired" style:left=left style:width=width title=title></i> })
    };
    history.alerts.iter().filter_map(one).collect()
}

/// The last column says how it stands now, where it was looked at: a row of the history may be a minute old.
fn up_to_now(mut values: Vec<Option<f64>>, detail: &GroupDetail, in_time: bool) -> Vec<Option<f64>> {
    let now = match in_time {
        true => detail.group.behind.as_ref().map(|behind| behind.seconds),
        false => detail.group.lag.map(|lag| lag as f64),
    };
    if let [.., before, last] = values.as_mut_slice()
        && (before.is_some() || last.is_some())
    {
        *last = now.or(*last);
    }
    values
}

/// Seconds in the unit in which the greatest is a number people read.
fn in_unit(mut points: Points) -> (&'static str, Points) {
    let (unit, divisor) = match points.max() {
        most if most >= 3.0 * 86_400.0 => ("days", 86_400.0),
        most if most >= 3.0 * 3_600.0 => ("h", 3_600.0),
        most if most >= 180.0 => ("min", 60.0),
        _ => ("s", 1.0),
    };
    points.values.iter_mut().flatten().for_each(|value| *value /= divisor);
    points.forecast.iter_mut().flatten().chain(&mut points.level).for_each(|(_, value)| *value /= divisor);
    (unit, points)
}

/// Of what is written to the partition that is furthest behind, the share that is read.
fn pace(detail: &GroupDetail) -> f64 {
    let worst = detail.furthest_behind();
    let rates = worst.and_then(|worst| worst.read.zip(worst.written)).filter(|(_, written)| *written > 0.0);
    rates.map_or(0.0, |(read, written)| (read / written).min(1.0))
}

/// Where it leads, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plan {
    /// Seconds behind now.
    behind: f64,
    /// How that changes a second.
    slope: f64,
    /// How far behind the oldest event that is kept is.
    kept: Option<f64>,
}

impl Plan {
    fn of(detail: &GroupDetail, history: &GroupHistory) -> Option<Self> {
        let group = &detail.group;
        let behind = group.behind.as_ref()?.seconds;
        // What is past has an end of its own.
        let known = history.behind.iter().rposition(Option::is_some)?;
        if behind <= 1.0 || group.keeps_up() || known + 2 < history.behind.len() {
            return None;
        }
        let slope = match group.drain {
            Drain::In { seconds, .. } if seconds > 0.0 => -behind / seconds,
            // Time goes on; what is read makes up for a part of it.
            Drain::Never => 1.0 - pace(detail),
            _ => return None,
        };
        Some(Self { behind, slope, kept: group.retention_margin.map(|margin| behind + margin) })
    }

    /// A third of the chart is what will be.
    fn points(self, from: i64, now: i64, mut values: Vec<Option<f64>>) -> Points {
        let ahead = values.len().div_ceil(2);
        let length = (now - from) as f64 / values.len().max(1) as f64 * ahead as f64;
        let known = values.len();
        values.extend(std::iter::repeat_n(None, ahead));
        let seconds = length / 1000.0;
        let (last, reached) = match self.slope < 0.0 {
            true => {
                let gone = (-self.behind / self.slope).min(seconds);
                ((self.behind + self.slope * gone).max(0.0), gone / seconds)
            }
            false => (self.behind + self.slope * seconds, 1.0),
        };
        let begins = (known as f64 - 0.5) / (values.len() as f64 - 1.0).max(1.0);
        let ends = begins + (1.0 - begins) * reached;
        let most = values.iter().flatten().copied().fold(last, f64::max);
        // A limit far above would press the line to the ground.
        let kept = self.kept.filter(|kept| *kept <= most * 2.0);
        Points {
            from,
            to: now + length as i64,
            values,
            now: Some(begins),
            forecast: Some([(begins, self.behind), (ends, last)]),
            level: kept.map(|kept| (0.0, kept)),
            ..Points::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_ends_where_the_lag_is_gone() {
        let plan = Plan { behind: 600.0, slope: -1.0, kept: None };
        let points = plan.points(0, 3_600_000, vec![Some(10.0); 60]);
        let [(begin, first), (end, last)] = points.forecast.unwrap();
        assert_eq!((first, last, points.values.len()), (600.0, 0.0, 90));
        assert!(begin < end && end < 1.0, "{begin} {end}");
    }

    #[test]
    fn who_stands_still_rises_to_the_end_and_the_limit_is_drawn() {
        let plan = Plan { behind: 1_800.0, slope: 1.0, kept: Some(3_000.0) };
        let (unit, points) = in_unit(plan.points(0, 3_600_000, vec![Some(600.0); 60]));
        assert_eq!((unit, points.forecast.unwrap()[1]), ("min", (1.0, 60.0)));
        assert_eq!((points.level, points.values[0]), (Some((0.0, 50.0)), Some(10.0)));
    }
}
