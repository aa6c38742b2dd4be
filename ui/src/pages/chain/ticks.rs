//! Words over the time axis: each stretch names its begin, wide ones round moments within, the last its end. A word that
//! follows another says only what changed: `02:47:12`, `.4`, `:14`.

use super::time_scale::{Stretch, TimeScale};
use crate::{format::time, state::settings::Zone};

/// Percent between words that fit where the axis is narrow, and where it is wide.
pub(crate) const NARROW: f64 = 16.0;
/// See [`NARROW`].
pub(crate) const WIDE: f64 = 8.0;
const STEPS: [i64; 24] = [
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
    1_800_000_000,
    3_600_000_000,
    10_800_000_000,
    21_600_000_000,
    43_200_000_000,
    86_400_000_000,
];

/// A word over the axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Percent from the left.
    pub(crate) at: f64,
    /// The word; empty for a line alone.
    pub(crate) label: String,
}

/// Words and lines for a scale, words at least so many percent apart; the end has a word of its own.
pub(crate) fn ticks(scale: &TimeScale, end: &str, apart: f64, zone: Zone) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    let mut said: Option<(i64, f64)> = None;
    let last = scale.stretches.last().map_or(100.0, |last| last.right);
    for (moment, at) in moments(scale) {
        let mut label = label(moment, said.map(|(moment, _)| moment), zone);
        if said.is_none_or(|(_, free)| at >= free) && last - at >= beside(&label, end, apart) {
            // A long word takes more than words are apart: the next one begins behind it.
            said = Some((moment, at + apart.max(beside(&label, "", apart))));
        } else {
            label.clear();
        }
        ticks.push(Tick { at, label });
    }
    ticks.push(Tick { at: last, label: end.to_owned() });
    ticks
}

/// Percent that a word and the end take side by side: the one begins at its moment, the other ends at its own.
fn beside(label: &str, end: &str, apart: f64) -> f64 {
    apart * (label.chars().count() + end.chars().count()) as f64 / 7.0 + 2.0
}

fn moments(scale: &TimeScale) -> Vec<(i64, f64)> {
    scale
        .stretches
        .iter()
        .flat_map(|stretch| {
            let mut moments = vec![stretch.from];
            moments.extend(round(stretch));
            moments.into_iter().map(|moment| (moment, scale.at(moment)))
        })
        .collect()
}

/// Round moments inside a stretch, about one for each tenth of the axis.
fn round(stretch: &Stretch) -> Vec<i64> {
    let count = ((stretch.right - stretch.left) / 10.0).floor();
    let length = stretch.to - stretch.from;
    if count < 2.0 || length <= 0 {
        return Vec::new();
    }
    let rough = (length as f64 / count) as i64;
    let day = STEPS[STEPS.len() - 1];
    let step = STEPS.into_iter().find(|step| *step >= rough).unwrap_or((rough / day + 1) * day);
    let first = stretch.from.div_euclid(step) * step + step;
    (0..40).map(|index| first + index * step).take_while(|moment| *moment < stretch.to).collect()
}

/// What changed since the word before.
fn label(moment: i64, said: Option<i64>, zone: Zone) -> String {
    let (at, fraction) = (moment.div_euclid(1000), moment.rem_euclid(1_000_000) / 1000);
    let clock = time::second(at, zone);
    let Some(before) = said else { return clock };
    let before = before.div_euclid(1000);
    if zone.day(before) != zone.day(at) {
        return format!("{} {}", time::day(at, zone), time::minute(at, zone));
    }
    match (time::minute(before, zone) == time::minute(at, zone), time::second(before, zone) == clock) {
        (true, true) => thousandths(fraction),
        (true, false) if fraction == 0 => clock[5..].to_owned(),
        (true, false) => {
            format!("{}{}", &clock[5..], if fraction % 100 == 0 { thousandths(fraction) } else { String::new() })
        }
        _ => clock,
    }
}

/// `.4`, `.412`.
fn thousandths(fraction: i64) -> String {
    format!(".{fraction:03}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    #[test]
    fn a_word_says_what_changed_since_the_one_before() {
        let at = |seconds: i64, ms: i64| seconds * S + ms * 1000;
        let said = Some(at(3600, 0));
        let words = [(3600, 400), (3602, 0), (3602, 500), (3725, 17), (90_000, 0)]
            .map(|(s, ms)| label(at(s, ms), said, Zone::Utc));
        assert_eq!(words, [".4", ":02", ":02.5", "01:02:05", "2 Jan 01:00"]);
        assert_eq!(label(at(3600, 104), None, Zone::Utc), "01:00:00");
    }

    #[test]
    fn words_do_not_meet_and_the_end_is_named() {
        let scale = TimeScale::new(vec![0, S, 2 * S, 900 * S, 901 * S], true);
        let ticks = ticks(&scale, "now", NARROW, Zone::Utc);
        let shown: Vec<&Tick> = ticks.iter().filter(|tick| !tick.label.is_empty()).collect();
        assert!(shown.windows(2).all(|pair| pair[1].at - pair[0].at >= 11.0), "{shown:?}");
        assert_eq!(shown.last().map(|tick| tick.label.as_str()), Some("now"));
    }

    #[test]
    fn a_long_stretch_has_round_moments() {
        let stretch = Stretch { from: 3 * S, to: 63 * S, left: 0.0, right: 100.0 };
        assert_eq!(round(&stretch).iter().map(|moment| moment / S).collect::<Vec<_>>(), [10, 20, 30, 40, 50, 60]);
        assert!(round(&Stretch { to: 3 * S, ..stretch }).is_empty());
    }
}
