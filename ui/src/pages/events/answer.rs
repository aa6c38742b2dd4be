//! The sentence that opens the page, made by rules from the histogram. Nothing is said that it does not show.

use tapline_api::Histogram;

use crate::{
    filter::{self, Term},
    format::{number, time},
    state::{
        settings::Zone,
        time_range::{Moment, TimeRange},
    },
};

/// What the sentences need beside the histogram.
pub(super) struct Facts {
    /// What is asked for.
    pub(super) range: TimeRange,
    /// Time of the newest row, milliseconds since 1970.
    pub(super) newest: Option<i64>,
    /// In which zone clocks are read.
    pub(super) zone: Zone,
    /// Now, milliseconds since 1970.
    pub(super) now: i64,
}

/// The answer and where it comes from.
pub(super) fn sentences(terms: &[Term], histogram: Option<&Histogram>, by: &str, facts: &Facts) -> (String, String) {
    let Some(histogram) = histogram else { return ("Events".to_owned(), String::new()) };
    if histogram.total == 0 {
        return none(terms, facts);
    }
    (headline(terms, histogram, by, facts), detail(histogram, by, facts))
}

fn headline(terms: &[Term], histogram: &Histogram, by: &str, facts: &Facts) -> String {
    let least = if histogram.truncated { "at least " } else { "" };
    let count = format!("{least}{}", number::short(histogram.total));
    let span = span(facts);
    let only = match histogram.series.as_slice() {
        [only] if by == "type" && !only.name.is_empty() && only.name != "…" => Some(&only.name),
        _ => None,
    };
    let what = match (only, histogram.total) {
        (Some(name), _) => format!("`{name}`"),
        (None, 1) => "event".to_owned(),
        (None, _) => "events".to_owned(),
    };
    let sentence = match terms {
        [] => format!("{count} {what} passed {span}."),
        [Term::DeadLetter(true)] => {
            format!("{count} {what} {} given up {span}.", if histogram.total == 1 { "was" } else { "were" })
        }
        _ => format!("{count} {what} {} {span}.", if histogram.total == 1 { "matches" } else { "match" }),
    };
    capital(&sentence)
}

fn capital(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn span(facts: &Facts) -> String {
    let label = facts.range.label(facts.zone);
    match (facts.range.from, facts.range.to) {
        (Moment::Ago(_), Moment::Ago(0)) => {
            format!("in the {}", label.replace(" 1 h", " hour").replace(" 1 day", " day"))
        }
        (Moment::At(_), Moment::At(_)) => format!("from {label}").replacen(" to ", " until ", 1),
        _ => format!("from {label}"),
    }
}

/// The shares of the most frequent, when the first and the last came.
fn detail(histogram: &Histogram, by: &str, facts: &Facts) -> String {
    let mut said = Vec::new();
    let named: Vec<_> =
        histogram.series.iter().filter(|series| !series.name.is_empty() && series.name != "…").collect();
    if named.len() > 1 {
        let share = |series: &&tapline_api::Series| {
            format!("{} `{}`", number::percent(series.total, histogram.total), series.name)
        };
        let shares: Vec<String> = named.iter().take(3).map(share).collect();
        let rest = named.len().saturating_sub(3);
        let more = if rest > 0 { format!(" and {rest} more {}s", by) } else { String::new() };
        said.push(format!("{}{more}", shares.join(", ")));
    }
    if let Some(first) = first_bucket(histogram) {
        said.push(format!("the first came at {}", clock(first, facts)));
    }
    if let Some(newest) = facts.newest {
        said.push(format!("the newest {}", time::relative(newest, facts.now)));
    }
    if said.is_empty() { String::new() } else { capital(&format!("{}.", said.join("; "))) }
}

/// Begin of the first bucket with a row, unless rows reach back to the begin of the range.
fn first_bucket(histogram: &Histogram) -> Option<i64> {
    let buckets = histogram.series.iter().map(|series| series.counts.len()).max()?;
    let first = (0..buckets).find(|bucket| {
        histogram.series.iter().any(|series| series.counts.get(*bucket).is_some_and(|count| *count > 0))
    })?;
    let from = time::parse(&histogram.from)?.div_euclid(1000);
    (first > 1).then(|| from + (first as f64 * histogram.step_seconds * 1000.0) as i64)
}

fn clock(at: i64, facts: &Facts) -> String {
    let minute = time::minute(at, facts.zone);
    if facts.zone.day(at) == facts.zone.day(facts.now) {
        minute
    } else {
        format!("{} {minute}", time::day(at, facts.zone))
    }
}

fn none(terms: &[Term], facts: &Facts) -> (String, String) {
    let span = span(facts);
    match terms {
        [] => (
            format!("No event passed {span}."),
            "A longer time range may hold some; the status line says whether the sources are up.".to_owned(),
        ),
        [Term::DeadLetter(true)] => {
            (format!("No event was given up {span}."), "No consumer wrote a dead letter.".to_owned())
        }
        _ => {
            (format!("No event matches {span}."), format!("Nothing holds `{}`.", filter::line(terms).replace('`', "'")))
        }
    }
}

#[cfg(test)]
mod tests {
    use tapline_api::Series;

    use super::*;

    const NOW: i64 = 1_795_230_764_000;

    fn facts() -> Facts {
        Facts { range: TimeRange::default(), newest: Some(NOW - 300), zone: Zone::Utc, now: NOW }
    }

    fn histogram(series: &[(&str, Vec<u64>)]) -> Histogram {
        let series: Vec<Series> = series
            .iter()
            .map(|(name, counts)| Series { name: (*name).into(), total: counts.iter().sum(), counts: counts.clone() })
            .collect();
        Histogram {
            from: time::rfc3339((NOW - 3_600_000) * 1000),
            to: time::rfc3339(NOW * 1000),
            step_seconds: 900.0,
            total: series.iter().map(|series| series.total).sum(),
            series,
            truncated: false,
        }
    }

    #[test]
    fn everything_that_passed() {
        let two = histogram(&[("OrderPlaced", vec![900, 0, 400, 314]), ("OrderConfirmed", vec![0, 0, 0, 306])]);
        let (headline, detail) = sentences(&[], Some(&two), "type", &facts());
        assert_eq!(headline, "1,920 events passed in the last hour.");
        assert_eq!(detail, "84 % `OrderPlaced`, 16 % `OrderConfirmed`; the newest just now.");
    }

    #[test]
    fn what_matches_says_when_it_began() {
        let one = histogram(&[("OrderPlaced", vec![0, 0, 1, 0])]);
        let (headline, detail) = sentences(&filter::parse("destination:orders"), Some(&one), "type", &facts());
        assert_eq!(headline, "1 `OrderPlaced` matches in the last hour.");
        assert_eq!(detail, "The first came at 02:42; the newest just now.");
    }

    #[test]
    fn a_count_that_was_cut_short_says_so() {
        let cut = Histogram { truncated: true, ..histogram(&[("", vec![5000, 5000, 5000, 5000])]) };
        assert_eq!(sentences(&[], Some(&cut), "type", &facts()).0, "At least 20k events passed in the last hour.");
    }

    #[test]
    fn nothing_says_what_was_looked_for() {
        let (headline, detail) =
            sentences(&filter::parse("type:Nope \"x y\""), Some(&histogram(&[])), "type", &facts());
        assert_eq!(headline, "No event matches in the last hour.");
        assert_eq!(detail, "Nothing holds `type:Nope \"x y\"`.");
        assert_eq!(
            sentences(&[Term::DeadLetter(true)], Some(&histogram(&[])), "type", &facts()).0,
            "No event was given up in the last hour."
        );
    }

    #[test]
    fn a_range_between_two_moments_is_named() {
        let range = TimeRange::between(NOW - 2_040_000, NOW);
        let facts = Facts { range, newest: None, ..facts() };
        let headline = sentences(&[], Some(&histogram(&[("A", vec![2])])), "destination", &facts).0;
        assert_eq!(headline, "2 events passed from 21 Nov 02:38 until 03:12.");
    }
}
