//! Times as the contract writes them: RFC 3339 with microseconds, and `now-15m`. Microseconds since 1970, UTC.

use std::ops::RangeInclusive;

use chrono::{DateTime, SecondsFormat, Utc};

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Neither RFC 3339 nor relative.
    #[error("`{0}` is not a time; write RFC 3339 such as 2026-11-21T03:12:44Z, or now-15m")]
    Time(String),
    /// A duration without a known unit.
    #[error("`{0}` is not a duration; write a number and one of ms, s, m, h, d, w, such as 15m")]
    Duration(String),
}

/// What RFC 3339 can write: the years 1 to 9999, in microseconds.
const CALENDAR: RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Milliseconds in microseconds, if they lie in the years 1 to 9999.
pub fn of_millis(millis: i64) -> Option<i64> {
    millis.checked_mul(1_000).filter(|micros| CALENDAR.contains(micros))
}

/// The present, in microseconds.
pub fn now() -> i64 {
    Utc::now().timestamp_micros()
}

/// RFC 3339 with microseconds and `Z`. Years chrono cannot hold are written as plain microseconds.
pub fn format(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .map_or_else(|| micros.to_string(), |time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// Reads `now`, `now-15m`, `now+1h` or RFC 3339, relative to `now` (microseconds).
pub fn parse(text: &str, now: i64) -> Result<i64, TimeError> {
    if let Some(rest) = text.strip_prefix("now") {
        return match rest.as_bytes().first() {
            None => Ok(now),
            Some(b'-') => Ok(now.saturating_sub(parse_duration(&rest[1..])?)),
            Some(b'+') => Ok(now.saturating_add(parse_duration(&rest[1..])?)),
            Some(_) => Err(TimeError::Time(text.to_owned())),
        };
    }
    // In a query string an unescaped `+` of an offset arrives as a space.
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    time.map(|time| time.timestamp_micros()).map_err(|_| TimeError::Time(text.to_owned()))
}

/// Reads `500ms`, `90s`, `15m`, `1h30m`, `7d` as microseconds.
pub fn parse_duration(text: &str) -> Result<i64, TimeError> {
    let fault = || TimeError::Duration(text.to_owned());
    let (mut total, mut rest) = (0i64, text);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: i64 = rest[..digits].parse().map_err(|_| fault())?;
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[digits..digits + letters] {
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            "w" => 604_800_000_000,
            _ => return Err(fault()),
        };
        let micros = amount.checked_mul(unit).ok_or_else(fault)?;
        total = total.checked_add(micros).ok_or_else(fault)?;
        rest = &rest[digits + letters..];
    }
    if text.is_empty() { Err(fault()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relative_and_absolute() {
        let now = 1_000_000_000_000_000;
        assert_eq!(parse("now", now), Ok(now));
        assert_eq!(parse("now-1h30m", now), Ok(now - 5_400_000_000));
        assert_eq!(parse("2026-11-21T03:12:44.5Z", now).map(format).unwrap(), "2026-11-21T03:12:44.500000Z");
        assert_eq!(parse("2026-11-21T03:12:44 01:00", now).map(format).unwrap(), "2026-11-21T02:12:44.000000Z");
        assert_eq!(parse("nowish", now), Err(TimeError::Time("nowish".into())));
        assert_eq!(parse("now-5x", now), Err(TimeError::Duration("5x".into())));
        assert_eq!(parse("now-", now), Err(TimeError::Duration(String::new())));
        assert!(parse("now-99999999999999999w", now).is_err());
    }

    #[test]
    fn times_that_no_calendar_holds_are_none() {
        for (millis, text) in [
            (-62_135_596_800_000, "0001-01-01T00:00:00.000000Z"),
            (-1_000, "1969-12-31T23:59:59.000000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999000Z"),
        ] {
            assert_eq!(of_millis(millis).map(format).as_deref(), Some(text));
        }
        for millis in [i64::MIN, -62_135_596_800_001, 253_402_300_800_000, i64::MAX / 1_000, i64::MAX] {
            assert_eq!(of_millis(millis), None, "{millis}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = parse(&text, 0);
            let _ = parse_duration(&text);
        }

        #[test]
        fn written_times_are_read(micros in -60_000_000_000_000_000i64..200_000_000_000_000_000) {
            prop_assert_eq!(parse(&format(micros), 0), Ok(micros));
        }
    }
}
