//! When a rule fired, as a strip: a stretch for each time, days above. Where stretches stand is pure.

use leptos::prelude::*;
use tapline_api::{Fired, Level};

use crate::{
    format::{self, number, time},
    order::sort_by,
    react::memo,
    state::{settings::Zone, time_range::use_zone},
    ui::state::tone,
};

const DAY: i64 = 86_400_000;

/// What stands nearer than that to its neighbour cannot be told from it, percent.
const NEAR: f64 = 0.3;

/// Times that are read aloud.
const TOLD: usize = 5;

/// Both ends, milliseconds since 1970.
pub(super) type Range = (i64, i64);

/// The ends as the API says them.
pub(super) fn range(from: &str, to: &str) -> Range {
    let at = |text| time::parse(text).map_or(0, |micros| micros.div_euclid(1000));
    (at(from), at(to))
}

/// The strip.
#[component]
pub(super) fn Strip(
    /// When it fired.
    #[prop(into)]
    fired: Signal<Vec<Fired>>,
    /// What the strip spans.
    #[prop(into)]
    range: Signal<Range>,
    /// Its colour.
    #[prop(into)]
    level: Signal<Level>,
) -> impl IntoView {
    let zone = use_zone();
    let drawn = memo(move || fired.with(|fired| stretches(fired, range.get())));
    let label = memo(move || fired.with(|fired| label(fired, zone.get(), format::now())));
    let stretch = |stretch: Stretch| {
        let (left, right) = stretch.sides();
        view! { <i style:left=left style:right=right style:width=format!("{:.2}%", stretch.width)></i> }
    };
    view! {
        <span class=move || format!("strip {}", tone(level.get())) role="img" aria-label=label title=label>
            {move || drawn.get().into_iter().map(stretch).collect_view()}
        </span>
    }
}

/// The names of the days that a strip spans.
#[component]
pub(super) fn Days(#[prop(into)] range: Signal<Range>) -> impl IntoView {
    let zone = use_zone();
    let days = memo(move || days(range.get(), zone.get()));
    let day = |(at, name): (f64, &'static str)| view! { <i style:left=format!("{at:.1}%")>{name}</i> };
    view! { <span class="days">{move || days.get().into_iter().map(day).collect_view()}</span> }
}

/// A piece of the strip, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    left: f64,
    width: f64,
}

impl Stretch {
    /// One that reaches the end hangs from it: it keeps its least width there.
    fn sides(self) -> (String, String) {
        match self.left + self.width >= 99.9 {
            true => ("auto".to_owned(), "0".to_owned()),
            false => (format!("{:.2}%", self.left), "auto".to_owned()),
        }
    }
}

/// Stretches from the left; what overlaps, or cannot be told apart, is one.
fn stretches(fired: &[Fired], range: Range) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = fired.iter().filter_map(|it| stretch(it, range)).collect();
    sort_by(&mut all, |one, other| one.left.total_cmp(&other.left));
    let mut joined: Vec<Stretch> = Vec::new();
    for next in all {
        match joined.last_mut() {
            Some(last) if next.left <= last.left + last.width + NEAR => {
                last.width = last.width.max(next.left + next.width - last.left);
            }
            _ => joined.push(next),
        }
    }
    joined
}

/// Nothing of what lies outside.
fn stretch(fired: &Fired, (from, to): Range) -> Option<Stretch> {
    let span = (to > from).then_some((to - from) as f64)?;
    let begin = time::parse(&fired.from)?.div_euclid(1000);
    let end = fired.to.as_deref().map_or(Some(to), |to| time::parse(to).map(|at| at.div_euclid(1000)))?;
    let inside = begin <= to && end >= from;
    let percent = |at: i64| (at.clamp(from, to) - from) as f64 / span * 100.0;
    inside.then(|| Stretch { left: percent(begin), width: percent(end.max(begin)) - percent(begin) })
}

/// Midnights with the day that begins there; none so near the end that its name would not fit.
fn days((from, to): Range, zone: Zone) -> Vec<(f64, &'static str)> {
    if to <= from || to - from > 32 * DAY {
        return Vec::new();
    }
    // The offset is that of the midnight itself: clocks may change between two of them.
    let midnight = |day: i64| {
        let about = day * DAY - zone.offset(day * DAY);
        day * DAY - zone.offset(about)
    };
    let place = |day: i64| (midnight(day) - from) as f64 / (to - from) as f64 * 100.0;
    let all = zone.day(from)..=zone.day(to);
    let seen = all.map(|day| (place(day), day)).filter(|(at, _)| (0.0..=88.0).contains(at));
    seen.map(|(at, day)| (at, time::weekday(midnight(day), zone))).collect()
}

/// `Fired 2 times: 21 Nov 03:12 for 33 min, 22 Nov 04:00 until now`, newest last.
fn label(fired: &[Fired], zone: Zone, now: i64) -> String {
    if fired.is_empty() {
        return "Never fired".to_owned();
    }
    let left_out = fired.len().saturating_sub(TOLD);
    let told: Vec<String> = fired.iter().skip(left_out).filter_map(|it| when(it, zone, now)).collect();
    let before = if left_out > 0 { format!("{} earlier, ", number::exact(left_out as u64)) } else { String::new() };
    format!("Fired {}: {before}{}", number::count(fired.len() as u64, "time", "times"), told.join(", "))
}

/// `21 Nov 03:12 for 33 min`.
pub(super) fn when(fired: &Fired, zone: Zone, now: i64) -> Option<String> {
    let at = time::parse(&fired.from)?.div_euclid(1000);
    let begin = format!("{} {}", time::day(at, zone), time::minute(at, zone));
    Some(match fired.to.as_deref().and_then(time::parse) {
        Some(end) => format!("{begin} for {}", time::largest((end.div_euclid(1000) - at).max(0))),
        None => format!("{begin} until now, {}", time::largest((now - at).max(0))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sat 21 Nov 2026, noon.
    const NOON: i64 = 1_795_262_400_000;

    fn fired(from: i64, to: Option<i64>) -> Fired {
        let text = |at: i64| time::rfc3339(at * 1000);
        Fired { from: text(from), to: to.map(text), ..Fired::default() }
    }

    fn drawn(fired: &[Fired]) -> Vec<(f64, f64)> {
        stretches(fired, (0, 1_000_000)).into_iter().map(|it| (it.left, it.width)).collect()
    }

    #[test]
    fn a_stretch_stands_where_it_was_and_one_that_goes_on_reaches_the_end() {
        let all = [fired(900_000, None), fired(100_000, Some(200_000))];
        assert_eq!(drawn(&all), [(10.0, 10.0), (90.0, 10.0)]);
        let [first, last] = stretches(&all, (0, 1_000_000))[..] else { unreachable!("two stand apart") };
        assert_eq!(first.sides(), ("10.00%".to_owned(), "auto".to_owned()));
        assert_eq!(last.sides(), ("auto".to_owned(), "0".to_owned()));
    }

    #[test]
    fn what_overlaps_is_one_and_what_is_outside_is_cut_off() {
        let all = [fired(100_000, Some(300_000)), fired(200_000, Some(250_000)), fired(301_000, Some(400_000))];
        assert_eq!(drawn(&all), [(10.0, 30.0)]);
        assert_eq!(drawn(&[fired(-500_000, Some(100_000)), fired(-9, Some(-5))]), [(0.0, 10.0)]);
        assert_eq!(drawn(&[fired(500_000, Some(400_000))]), [(50.0, 0.0)]);
    }

    #[test]
    fn broken_times_and_a_range_without_length_draw_nothing() {
        assert!(drawn(&[Fired { from: "soon".to_owned(), ..Fired::default() }]).is_empty());
        assert!(stretches(&[fired(5, None)], (7, 7)).is_empty());
        assert!(days((7, 7), Zone::Utc).is_empty() && days((0, i64::MAX / 2), Zone::Utc).is_empty());
    }

    #[test]
    fn days_are_named_at_their_midnight() {
        let days = days((NOON - 4 * DAY, NOON), Zone::Utc);
        assert_eq!(days, [(12.5, "Wed"), (37.5, "Thu"), (62.5, "Fri"), (87.5, "Sat")]);
    }

    #[test]
    fn a_strip_is_read_aloud() {
        let all = [fired(NOON - 3_600_000, Some(NOON - 1_620_000)), fired(NOON - 780_000, None)];
        let want = "Fired 2 times: 21 Nov 11:00 for 33 min, 21 Nov 11:47 until now, 13 min";
        assert_eq!(label(&all, Zone::Utc, NOON), want);
        assert_eq!(label(&[], Zone::Utc, NOON), "Never fired");
        let many = vec![fired(NOON - 60_000, Some(NOON)); 7];
        assert!(label(&many, Zone::Utc, NOON).starts_with("Fired 7 times: 2 earlier, 21 Nov"));
    }
}
