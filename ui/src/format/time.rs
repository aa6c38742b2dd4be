//! Times as text: RFC 3339 with microseconds in and out, clock and date in the zone that the user chose, relative to
//! now. The browser is only asked for the offset of the local zone.

use super::number;
use crate::state::settings::Zone;

const DAY: i64 = 86_400_000;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Microseconds since 1970 of an RFC 3339 text; also without seconds, and with a blank for the `T`.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    let zone_at = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone_at);
    let midnight = days_from_civil(year, month, day) * DAY * 1000;
    Some(midnight + clock_micros(clock)? - zone_minutes(zone)? * 60_000_000)
}

fn clock_micros(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let (seconds, fraction) = parts.next().map_or(("0", ""), |part| part.split_once('.').unwrap_or((part, "")));
    let seconds: i64 = seconds.parse().ok()?;
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let valid = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..61).contains(&seconds);
    valid.then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.get(1..)?;
    let (hours, minutes) = digits.split_once(':').or_else(|| digits.split_at_checked(2))?;
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
}

/// Howard Hinnant's algorithm: days since 1970 of a date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// `2026-11-21T03:12:44.197402Z` of microseconds since 1970.
pub(crate) fn rfc3339(micros: i64) -> String {
    let (year, month, day) = civil_from_days(micros.div_euclid(DAY * 1000));
    let (hours, minutes, seconds) = clock_of(micros.div_euclid(1000));
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:06}Z", micros.rem_euclid(1_000_000))
}

fn clock_of(ms: i64) -> (i64, i64, i64) {
    let of_day = ms.rem_euclid(DAY) / 1000;
    (of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// `03:12` of milliseconds since 1970.
pub(crate) fn minute(at: i64, zone: Zone) -> String {
    let (hours, minutes, _) = clock_of(at + zone.offset(at));
    format!("{hours:02}:{minutes:02}")
}

/// `03:12:44`.
pub(crate) fn second(at: i64, zone: Zone) -> String {
    let (hours, minutes, seconds) = clock_of(at + zone.offset(at));
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

/// `03:12:44.197`.
pub(crate) fn milli(at: i64, zone: Zone) -> String {
    format!("{}.{:03}", second(at, zone), at.rem_euclid(1000))
}

/// `21 Nov`.
pub(crate) fn day(at: i64, zone: Zone) -> String {
    let (_, month, day) = civil_from_days(zone.day(at));
    format!("{day} {}", MONTHS[(month - 1) as usize])
}

/// `Sat`.
pub(crate) fn weekday(at: i64, zone: Zone) -> &'static str {
    WEEKDAYS[zone.day(at).rem_euclid(7) as usize]
}

/// `03:12:44.197` on the day that is now, else `20 Nov 03:12:44`.
pub(crate) fn row(at: i64, now: i64, zone: Zone) -> String {
    if zone.day(at) == zone.day(now) { milli(at, zone) } else { format!("{} {}", day(at, zone), second(at, zone)) }
}

/// `03:12:44` on the day that is now, else `20 Nov`: short, for narrow columns.
pub(crate) fn short(at: i64, now: i64, zone: Zone) -> String {
    if zone.day(at) == zone.day(now) { second(at, zone) } else { day(at, zone) }
}

/// Everything that is known: `Sat 21 Nov 2026 03:12:44.197402 UTC+01:00`.
pub(crate) fn full(micros: i64, zone: Zone) -> String {
    let at = micros.div_euclid(1000);
    let offset = zone.offset(at);
    let (year, month, day) = civil_from_days(zone.day(at));
    let weekday = weekday(at, zone);
    let month = MONTHS[(month - 1) as usize];
    let fraction = micros.rem_euclid(1_000_000);
    format!("{weekday} {day} {month} {year} {}.{fraction:06} {}", second(at, zone), offset_name(offset))
}

fn offset_name(offset: i64) -> String {
    let minutes = offset.abs() / 60_000;
    match offset {
        0 => "UTC".to_owned(),
        _ => format!("UTC{}{:02}:{:02}", if offset < 0 { '−' } else { '+' }, minutes / 60, minutes % 60),
    }
}

/// `25 min ago`, `just now`, `in 3 s` for a clock that runs ahead.
pub(crate) fn relative(at: i64, now: i64) -> String {
    let past = now - at;
    match past {
        -999..=999 => "just now".to_owned(),
        past if past < 0 => format!("in {}", largest(past)),
        _ => format!("{} ago", largest(past)),
    }
}

/// `25 min`: the largest unit of a length.
pub(crate) fn largest(ms: i64) -> String {
    let text = number::duration(ms as f64);
    let mut words = text.split(' ');
    match (words.next(), words.next()) {
        (Some(value), Some(unit)) => format!("{} {unit}", value.split('.').next().unwrap_or(value)),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: i64 = 1_795_230_764_197_402;

    #[test]
    fn short_times_are_clocks_today_and_days_before() {
        let now = 1_795_233_164_000;
        assert_eq!(short(now - 60_000, now, Zone::Utc), second(now - 60_000, Zone::Utc));
        assert_eq!(short(now - 2 * DAY, now, Zone::Utc), day(now - 2 * DAY, Zone::Utc));
    }

    #[test]
    fn rfc3339_is_read_in_its_spellings() {
        for text in
            ["2026-11-21T03:12:44.197402Z", "2026-11-21t04:12:44.197402+01:00", "2026-11-20 22:12:44.197402-0500"]
        {
            assert_eq!(parse(text), Some(AT), "{text}");
        }
        assert_eq!(parse("2026-11-21T03:12Z"), Some(1_795_230_720_000_000));
        for text in ["", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z", "2026-11-21T03:12:44", "TZ", "é"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_in_every_length() {
        let at = AT / 1000;
        assert_eq!(minute(at, Zone::Utc), "03:12");
        assert_eq!(milli(at, Zone::Utc), "03:12:44.197");
        assert_eq!(row(at, at + 1, Zone::Utc), "03:12:44.197");
        assert_eq!(row(at, at + DAY, Zone::Utc), "21 Nov 03:12:44");
        assert_eq!(full(AT, Zone::Utc), "Sat 21 Nov 2026 03:12:44.197402 UTC");
    }

    #[test]
    fn relative_times_say_the_largest_unit() {
        let now = 10 * DAY;
        assert_eq!(relative(now - 400, now), "just now");
        assert_eq!(relative(now - 4_200, now), "4 s ago");
        assert_eq!(relative(now - 25 * 60_000 - 3_000, now), "25 min ago");
        assert_eq!(relative(now + 3_000, now), "in 3 s");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in -62_135_596_800_000_000_i64..253_402_300_799_000_000) {
            prop_assert_eq!(parse(&rfc3339(micros)), Some(micros));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _any = parse(&text);
        }
    }
}
