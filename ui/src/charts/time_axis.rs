//! Where the words under a time axis stand: round moments in the user's zone, both ends always named.

use crate::{format::time, state::settings::Zone};

/// A word under the axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// From the left, in percent.
    pub(crate) at: f64,
    /// `02:43`, `21 Nov`.
    pub(crate) label: String,
    /// The class that keeps the word within the chart: `xl l`, `xl`, `xl r`.
    pub(crate) class: &'static str,
}

const STEPS: [i64; 21] = [
    10,
    50,
    100,
    500,
    1_000,
    5_000,
    10_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// Words for a range in milliseconds since 1970, about `count` of them.
pub(crate) fn ticks(from: i64, to: i64, count: u32, zone: Zone) -> Vec<Tick> {
    if to <= from || count == 0 {
        return Vec::new();
    }
    let span = (to - from) as f64;
    let step = step(to - from, count);
    let offset = zone.offset(from);
    let first = (from + offset).div_euclid(step) * step + step - offset;
    // The fewer words, the narrower the chart: those of both ends need their room.
    let margin = (48.0 / f64::from(count)).min(40.0);
    let mut ticks = vec![Tick { at: 0.0, label: label(from, step, to - from, zone), class: "xl l" }];
    for index in 0..64 {
        let at = first + index * step;
        let percent = (at - from) as f64 / span * 100.0;
        if percent > 100.0 - margin {
            break;
        }
        if percent >= margin {
            ticks.push(Tick { at: percent, label: label(at, step, to - from, zone), class: "xl" });
        }
    }
    ticks.push(Tick { at: 100.0, label: label(to, step, to - from, zone), class: "xl r" });
    ticks
}

fn step(span: i64, count: u32) -> i64 {
    let rough = span / i64::from(count);
    STEPS.into_iter().find(|step| *step >= rough).unwrap_or_else(|| {
        let week = STEPS[STEPS.len() - 1];
        (rough / week + 1) * week
    })
}

/// Up to that a clock says more than the day; midnight is named by its day.
const DAYS: i64 = 3 * 86_400_000;

/// From that on minutes are told without their seconds.
const MINUTES: i64 = 600_000;

fn label(at: i64, step: i64, span: i64, zone: Zone) -> String {
    let midnight = (at + zone.offset(at)) % 86_400_000 == 0;
    match step {
        21_600_000.. if span <= DAYS => {
            if midnight {
                time::day(at, zone)
            } else {
                time::minute(at, zone)
            }
        }
        86_400_000.. => time::day(at, zone),
        21_600_000.. => format!("{} {}", time::day(at, zone), time::minute(at, zone)),
        // Both ends of a few minutes have names of their own only with their seconds.
        60_000.. if span >= MINUTES => time::minute(at, zone),
        1_000.. => time::second(at, zone),
        _ => time::milli(at, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: i64, to: i64, count: u32) -> Vec<String> {
        ticks(from, to, count, Zone::Utc).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn an_hour_has_round_minutes_and_both_ends() {
        let from = 1_795_227_180_000;
        assert_eq!(labels(from, from + 3_600_000, 6), ["02:13", "02:20", "02:30", "02:40", "02:50", "03:00", "03:13"]);
    }

    #[test]
    fn a_few_minutes_have_their_seconds() {
        let from = 1_795_227_188_000;
        assert_eq!(labels(from, from + 150_000, 3), ["02:13:08", "02:14:00", "02:15:00", "02:15:38"]);
    }

    #[test]
    fn weeks_are_named_by_days_and_a_moment_by_milliseconds() {
        assert_eq!(labels(0, 4 * 86_400_000, 4), ["1 Jan", "2 Jan", "3 Jan", "4 Jan", "5 Jan"]);
        assert_eq!(labels(0, 20, 2), ["00:00:00.000", "00:00:00.010", "00:00:00.020"]);
    }

    #[test]
    fn a_day_has_clocks_and_the_name_of_its_midnight() {
        assert_eq!(labels(28_740_000, 28_740_000 + 86_400_000, 2), ["07:59", "2 Jan", "07:59"]);
        assert_eq!(labels(28_740_000, 28_740_000 + 86_400_000, 4), ["07:59", "12:00", "18:00", "2 Jan", "07:59"]);
    }

    #[test]
    fn a_range_without_length_has_no_words_and_centuries_end() {
        assert!(labels(5, 5, 6).is_empty());
        assert!(labels(0, 3_000_000_000_000, 6).len() < 10);
    }
}
