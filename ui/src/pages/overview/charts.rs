//! Four numbers over time: value, chart with the period before, a line beneath. Where a change explains a turn of the
//! line, it is marked.

use leptos::prelude::*;
use tapline_api::{Change, Level, Stat};

use super::turning;
use crate::{
    charts::line::{LineChart, Points},
    format::{number, sentence, time},
    state::url::use_address,
    ui::state::tone,
};

/// The strip of charts.
pub(super) fn charts(stats: Vec<Stat>, changes: &[Change]) -> Option<impl IntoView + use<>> {
    let turns = |stat: &Stat| if stat.level >= Level::Warn { marks(&points(stat), changes) } else { Vec::new() };
    let turns: Vec<Turns> = stats.iter().map(turns).collect();
    // Words of turns stand above the plots: all of them make room, so that they stay in line.
    let class = if turns.iter().any(|turns| !turns.is_empty()) { "panel minis turned" } else { "panel minis" };
    let charts: Vec<_> = stats.into_iter().zip(turns).map(|(stat, turns)| chart(stat, turns)).collect();
    (!charts.is_empty()).then(|| view! { <section class=class aria-label="Over time">{charts}</section> })
}

/// Turns of a line in percent, with a word each.
type Turns = Vec<(f64, String)>;

fn chart(stat: Stat, turns: Turns) -> impl IntoView + use<> {
    let address = use_address();
    let points = points(&stat);
    let (value, unit) = value(stat.value, &stat.unit);
    let label = format!("{} over time, now {value}{unit}", stat.name);
    let axis = if stat.unit == "%" { "%" } else { "" };
    let tone = if stat.level >= Level::Warn { tone(stat.level) } else { "" };
    let two = turns.len() > 1;
    let turn = |(at, word): (f64, String)| {
        // A word stands above the plot, towards the side where there is room for it.
        let class = if at > 55.0 || two && at > 25.0 { "m l" } else { "m" };
        view! { <i class=class style:left=format!("{at:.2}%")><span>{word}</span></i> }
    };
    let href = stat.href.clone();
    view! {
        <a class="num-chart" href=move || address.link(&href)>
            <div class="mh"><span>{stat.name}</span><b>{value}<small>{unit}</small></b></div>
            <div class="plot-box">
                <LineChart points unit=axis tone label/>
                <div class=format!("chart over {tone}") aria-hidden="true">{turns.into_iter().map(turn).collect_view()}</div>
            </div>
            <p title=stat.note.clone()>{stat.note.clone()}</p>
        </a>
    }
}

fn points(stat: &Stat) -> Points {
    let from = time::parse(&stat.from).unwrap_or_default().div_euclid(1000);
    Points {
        from,
        to: from + (stat.step_seconds * 1000.0 * stat.points.len() as f64) as i64,
        values: stat.points.clone(),
        before: stat.before.clone(),
        bars: stat.chart == "bars",
        ..Points::default()
    }
}

/// The newest value and its unit, as people read it.
fn value(value: f64, unit: &str) -> (String, String) {
    match unit {
        "bytes" | "bytes/s" => {
            let (number, size) = number::size(value.max(0.0) as u64);
            (number, format!(" {size}{}", unit.trim_start_matches("bytes")))
        }
        "%" => (number::si(value), " %".to_owned()),
        _ => {
            let text = if (100.0..10_000.0).contains(&value) {
                number::exact(value.round() as u64)
            } else {
                number::si(value)
            };
            (text, if unit.starts_with('/') { unit.to_owned() } else { format!(" {unit}") })
        }
    }
}

/// Turns of the line that a change explains, in percent, with the first words of the change.
fn marks(points: &Points, changes: &[Change]) -> Vec<(f64, String)> {
    let step = (points.to - points.from) as f64 / points.values.len().max(1) as f64;
    let explain = |turn: usize| {
        let at = points.from + (turn as f64 * step) as i64;
        let near =
            |change: &&Change| time::parse(&change.at).map(|micros| (micros.div_euclid(1000) - at).unsigned_abs());
        let change = changes.iter().min_by_key(|change| near(change).unwrap_or(u64::MAX))?;
        let moment = time::parse(&change.at)?.div_euclid(1000);
        ((moment - at).unsigned_abs() as f64 <= 2.5 * step).then(|| {
            let percent = (moment - points.from) as f64 / (points.to - points.from).max(1) as f64 * 100.0;
            (percent.clamp(0.0, 100.0), first_words(&change.sentence))
        })
    };
    let mut marks: Vec<(f64, String)> = turning::turns(&points.values).into_iter().filter_map(explain).collect();
    marks.dedup_by(|one, other| one.1 == other.1);
    marks
}

/// Up to a colon where that is short, else the first three words.
fn first_words(text: &str) -> String {
    let text = sentence::plain(text);
    let head = text.split(':').next().unwrap_or(&text);
    let words = if head.chars().count() <= 24 { usize::MAX } else { 3 };
    head.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_unit() {
        let said = |number, unit: &str| {
            let (number, unit) = value(number, unit);
            format!("{number}{unit}")
        };
        assert_eq!(said(1238.2, "/s"), "1,238/s");
        assert_eq!(said(0.26, "%"), "0.26 %");
        assert_eq!(said(43_600.0, "events"), "43.6k events");
        assert_eq!(said(2_810_000.0, "bytes"), "2.8 MB");
        assert_eq!(said(2_810_000.0, "bytes/s"), "2.8 MB/s");
        assert_eq!(said(0.0, "/min"), "0/min");
    }

    /// The chart said `No more dead`.
    #[test]
    fn a_short_sentence_keeps_its_last_word() {
        assert_eq!(first_words("No more dead letters: no tariff zone"), "No more dead letters");
        assert_eq!(first_words("First dead letter in `inventory-dlt`: no tariff zone"), "First dead letter");
    }

    #[test]
    fn a_change_near_a_turn_is_named() {
        let change = |at: i64, sentence: &str| Change {
            at: time::rfc3339(at * 1_000_000),
            mark: "new".into(),
            sentence: sentence.into(),
            href: None,
        };
        let mut values = vec![Some(0.0); 30];
        values.extend(vec![Some(40.0); 30]);
        let points = Points { from: 0, to: 3_600_000, values, ..Points::default() };
        let changes = [change(1800, "`orders` 4.18.0: new value"), change(60, "far away")];
        assert_eq!(marks(&points, &changes), [(50.0, "orders 4.18.0".to_owned())]);
        assert_eq!(marks(&points, &changes[1..]), []);
    }
}
