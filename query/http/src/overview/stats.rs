//! Numbers over time, each beside the period before.

use tapline_api::{Level, Stat};
use tapline_model::time;

use super::facts::{Facts, Series};
use crate::events::histogram::seconds;
use crate::href;
use crate::words::{counted, short, size};

pub(super) fn all(facts: &Facts) -> Vec<Stat> {
    vec![events(facts), dead_letters(facts), failed_share(facts), bytes(facts)]
}

fn events(facts: &Facts) -> Stat {
    let per_second = 1.0 / seconds(facts.axis.step);
    let total = facts.events.total();
    let note = match facts.events.total_before() {
        0 => format!("{} in range", counted(total, "event")),
        before => format!("{} in range, {}", counted(total, "event"), change(total, before)),
    };
    stat(facts, "Events", "/s", "line", rates(facts, &facts.events, per_second), note, range_link(facts, &[]))
}

fn dead_letters(facts: &Facts) -> Stat {
    let per_minute = 60.0 / seconds(facts.axis.step);
    let note = match (facts.dead.total(), facts.causes.len()) {
        (0, _) => "none in range".to_owned(),
        (total, 1) => format!("{} in range, one cause", short_count(total)),
        (total, causes) => format!("{} in range, {causes} causes", short_count(total)),
    };
    let link = range_link(facts, &[("dead_letter", "true")]);
    let mut stat = stat(facts, "Dead letters", "/min", "bars", rates(facts, &facts.dead, per_minute), note, link);
    stat.level = match (stat.value > 0.0, facts.dead.total()) {
        (true, _) => Level::Bad,
        (false, 0) => Level::Mute,
        (false, _) => Level::Warn,
    };
    stat
}

/// Dead letters among the events that were not put there by failing themselves.
#[expect(clippy::cast_precision_loss, reason = "a share is shown with three digits")]
fn failed_share(facts: &Facts) -> Stat {
    let share = |events: u64, dead: u64, retries: u64| {
        let fresh = events.saturating_sub(dead + retries);
        (fresh > 0).then(|| (dead as f64 * 100.0 / fresh as f64).min(100.0))
    };
    let shares = |events: &[u64], dead: &[u64], retries: &[u64]| {
        let all = events.iter().zip(dead).zip(retries);
        all.map(|((events, dead), retries)| share(*events, *dead, *retries)).collect()
    };
    let points = shares(&facts.events.points, &facts.dead.points, &facts.retries.points);
    let before = shares(&facts.events.before, &facts.dead.before, &facts.retries.before);
    let whole = share(facts.events.total(), facts.dead.total(), facts.retries.total()).unwrap_or(0.0);
    let link = range_link(facts, &[("dead_letter", "true")]);
    let note = format!("{} % of the range's events died", short(whole));
    let mut stat = stat(facts, "Failed share", "%", "line", (known(facts, points), before), note, link);
    stat.level = if stat.value >= 1.0 {
        Level::Bad
    } else if stat.value > 0.0 {
        Level::Warn
    } else {
        Level::Mute
    };
    stat
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn bytes(facts: &Facts) -> Stat {
    let per_second = 1.0 / seconds(facts.axis.step);
    let note = format!("{} of keys, headers and payloads in range", size(facts.bytes.total() as f64));
    stat(facts, "Bytes", "bytes/s", "line", rates(facts, &facts.bytes, per_second), note, "/system".to_owned())
}

type Points = (Vec<Option<f64>>, Vec<Option<f64>>);

fn stat(facts: &Facts, name: &str, unit: &str, chart: &str, points: Points, note: String, href: String) -> Stat {
    Stat {
        name: name.to_owned(),
        value: newest(facts, &points.0),
        unit: unit.to_owned(),
        chart: chart.to_owned(),
        level: Level::Mute,
        from: time::format(facts.axis.from),
        step_seconds: seconds(facts.axis.step),
        points: points.0,
        before: points.1,
        note,
        href,
    }
}

/// The newest point that is over: the one in progress would always look like a fall.
fn newest(facts: &Facts, points: &[Option<f64>]) -> f64 {
    let over = |at: usize| {
        let end = facts.axis.step.saturating_mul(i64::try_from(at + 1).unwrap_or(i64::MAX));
        facts.axis.from.saturating_add(end) <= facts.now
    };
    let newest = (0..points.len()).rev().find(|at| over(*at)).or(Some(0));
    newest.and_then(|at| points.get(at).copied().flatten()).unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "rates are shown with three digits")]
fn rates(facts: &Facts, series: &Series, factor: f64) -> Points {
    let rate = |counts: &[u64]| counts.iter().map(|count| Some(*count as f64 * factor)).collect::<Vec<_>>();
    (known(facts, rate(&series.points)), rate(&series.before))
}

/// Points that are not over yet are unknown.
fn known(facts: &Facts, mut points: Vec<Option<f64>>) -> Vec<Option<f64>> {
    let count = points.len();
    for (at, point) in points.iter_mut().enumerate() {
        let end = facts.axis.step.saturating_mul(i64::try_from(at + 1).unwrap_or(i64::MAX));
        if count > 1 && facts.axis.from.saturating_add(end) > facts.now {
            *point = None;
        }
    }
    points
}

fn range_link(facts: &Facts, more: &[(&str, &str)]) -> String {
    let (from, to) = (time::format(facts.from), time::format(facts.to));
    let mut parameters = more.to_vec();
    parameters.extend([("from", from.as_str()), ("to", to.as_str())]);
    href::events(&parameters)
}

#[expect(clippy::cast_precision_loss, reason = "a change is shown in whole percents")]
fn change(now: u64, before: u64) -> String {
    let percent = (now as f64 - before as f64) * 100.0 / before as f64;
    match percent {
        p if p >= 1_000.0 => "many times more than before".to_owned(),
        p if p >= 1.0 => format!("{p:.0} % more than before"),
        p if p <= -1.0 => format!("{:.0} % fewer than before", -p),
        _ => "as before".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn short_count(count: u64) -> String {
    short(count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::facts::tests::{dead, facts};

    #[test]
    fn rates_are_by_second_and_minute() {
        let mut facts = facts();
        facts.events = Series { points: vec![120; 60], before: vec![60; 60] };
        facts.dead.points[59] = 6;
        facts.causes = vec![dead("d", None)];
        let [events, dead, share, _] = &all(&facts)[..] else { panic!("four numbers") };
        assert_eq!((events.value, events.before[0]), (2.0, Some(1.0)));
        assert_eq!(events.note, "7,200 events in range, 100 % more than before");
        assert_eq!((dead.value, dead.level, dead.note.as_str()), (6.0, Level::Bad, "6 in range, one cause"));
        assert!((share.value - 6.0 * 100.0 / 114.0).abs() < 1e-9);
        assert_eq!(share.points[0], Some(0.0));
    }

    #[test]
    fn a_share_of_nothing_is_unknown() {
        let facts = facts();
        assert!(failed_share(&facts).points.iter().all(Option::is_none));
        assert_eq!(dead_letters(&facts).level, Level::Mute);
        assert_eq!(
            [change(0, 5), change(100, 100), change(1, 1_000)],
            ["100 % fewer than before", "as before", "100 % fewer than before"]
        );
    }

    #[test]
    fn the_point_in_progress_is_not_shown_as_a_fall() {
        let mut facts = facts();
        facts.events.points = vec![60; 60];
        facts.now -= facts.axis.step / 2;
        let events = events(&facts);
        assert_eq!((events.value, events.points[59], events.points[58]), (1.0, None, Some(1.0)));
    }
}
