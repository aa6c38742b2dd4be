//! The one time range that all pages share: `from` and `to` of the address, in the words of the API and the command
//! line. Half-open, on the broker's time. How moments are written belongs to [`crate::format::time`].

use leptos::prelude::*;

use super::{
    settings::{Zone, use_settings},
    url::{Query, use_address},
};
use crate::{format::time, react::memo};

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// That many milliseconds before now.
    Ago(i64),
    /// Milliseconds since 1970.
    At(i64),
}

impl Moment {
    /// Reads `now`, `now-15m` or RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "now" {
            return Some(Self::Ago(0));
        }
        if let Some(back) = text.strip_prefix("now-") {
            return duration(back).map(Self::Ago);
        }
        time::parse(text).map(|micros| Self::At(micros.div_euclid(1000)))
    }

    /// As the address and the API say it.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Ago(0) => "now".to_owned(),
            Self::Ago(back) => format!("now-{}", short(back)),
            Self::At(at) => time::rfc3339(at * 1000),
        }
    }

    fn at(self, now: i64) -> i64 {
        match self {
            Self::Ago(back) => now - back,
            Self::At(at) => at,
        }
    }
}

const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Milliseconds of `90s`, `15m`, `1h`, `7d`.
fn duration(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    count.parse::<i64>().ok()?.checked_mul(*size)
}

fn short(ms: i64) -> String {
    let (unit, size) = UNITS.iter().find(|(_, size)| ms % size == 0).unwrap_or(&UNITS[4]);
    format!("{}{unit}", ms / size)
}

/// What all pages show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeRange {
    /// Inclusive.
    pub(crate) from: Moment,
    /// Exclusive.
    pub(crate) to: Moment,
}

impl Default for TimeRange {
    fn default() -> Self {
        Self { from: Moment::Ago(3_600_000), to: Moment::Ago(0) }
    }
}

impl TimeRange {
    /// The last milliseconds until now.
    pub(crate) fn last(ms: i64) -> Self {
        Self { from: Moment::Ago(ms), to: Moment::Ago(0) }
    }

    /// Two moments in milliseconds since 1970.
    pub(crate) fn between(from: i64, to: i64) -> Self {
        Self { from: Moment::At(from.min(to)), to: Moment::At(from.max(to)) }
    }

    /// What the address says; the last hour where it says nothing that can be read.
    pub(crate) fn of(query: &Query) -> Self {
        let from = query.get("from").and_then(Moment::parse);
        let to = query.get("to").and_then(Moment::parse);
        match (from, to) {
            (Some(from), to) => Self { from, to: to.unwrap_or(Moment::Ago(0)) },
            (None, Some(Moment::At(to))) => Self { from: Moment::At(to - 3_600_000), to: Moment::At(to) },
            _ => Self::default(),
        }
    }

    /// Says it in an address or a call: an end at `now` goes without saying.
    pub(crate) fn write(self, query: &mut Query) {
        query.set("from", Some(&self.from.word()));
        query.set("to", (self.to != Moment::Ago(0)).then(|| self.to.word()).as_deref());
    }

    /// Whether it moves on with the clock.
    pub(crate) fn is_moving(self) -> bool {
        self.to == Moment::Ago(0)
    }

    /// Both ends in milliseconds since 1970.
    pub(crate) fn resolve(self, now: i64) -> (i64, i64) {
        (self.from.at(now), self.to.at(now))
    }

    /// As the menu says it: `last 1 h`, `02:31 to 03:05`.
    pub(crate) fn label(self, zone: Zone) -> String {
        match (self.from, self.to) {
            (Moment::Ago(back), Moment::Ago(0)) => format!("last {}", spaced(back)),
            (Moment::At(from), Moment::At(to)) if zone.day(from) == zone.day(to) => {
                format!("{} {} to {}", time::day(from, zone), time::minute(from, zone), time::minute(to, zone))
            }
            (from, to) => format!("{} to {}", named(from, zone), named(to, zone)),
        }
    }
}

fn spaced(ms: i64) -> String {
    let word = short(ms);
    let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let unit = match &word[digits..] {
        "m" => "min",
        "d" if ms == 86_400_000 => "day",
        "d" => "days",
        unit => unit,
    };
    format!("{} {unit}", &word[..digits])
}

fn named(moment: Moment, zone: Zone) -> String {
    match moment {
        Moment::Ago(0) => "now".to_owned(),
        Moment::Ago(back) => format!("{} ago", spaced(back)),
        Moment::At(at) => format!("{} {}", time::day(at, zone), time::minute(at, zone)),
    }
}

/// The range that the address says, followed as it changes.
pub(crate) fn use_time_range() -> Memo<TimeRange> {
    let address = use_address();
    memo(move || address.query.with(TimeRange::of))
}

/// A function that sets the range for all pages; Back undoes it.
pub(crate) fn use_set_time_range() -> impl Fn(TimeRange) + Copy {
    let address = use_address();
    move |range: TimeRange| address.push(|query| range.write(query))
}

/// The zone in which times are shown, followed as it changes.
pub(crate) fn use_zone() -> Signal<Zone> {
    use_settings().zone.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> TimeRange {
        TimeRange::of(&Query::parse(text))
    }

    #[test]
    fn the_last_hour_where_nothing_is_said() {
        assert_eq!(of("").resolve(10_000_000), (6_400_000, 10_000_000));
        assert_eq!(of("from=yesterday"), TimeRange::default());
    }

    #[test]
    fn words_are_read_and_written_back() {
        let mut query = Query::default();
        for text in
            ["from=now-15m", "from=now-7d&to=now-1h", "from=2026-11-21T02:31:00.000000Z&to=2026-11-21T03:05:00.000000Z"]
        {
            of(text).write(&mut query);
            assert_eq!(query.to_string(), text);
        }
    }

    #[test]
    fn labels_say_what_people_say() {
        assert_eq!(of("from=now-15m").label(Zone::Utc), "last 15 min");
        assert_eq!(of("from=now-24h").label(Zone::Utc), "last 1 day");
        assert_eq!(of("from=2026-11-21T02:31:00Z&to=2026-11-21T03:05:00Z").label(Zone::Utc), "21 Nov 02:31 to 03:05");
        assert_eq!(of("from=2026-11-20T02:31:00Z").label(Zone::Utc), "20 Nov 02:31 to now");
    }

    #[test]
    fn an_end_alone_gets_an_hour_before_it() {
        let (from, to) = of("to=2026-11-21T03:00:00Z").resolve(0);
        assert_eq!(to - from, 3_600_000);
    }
}
