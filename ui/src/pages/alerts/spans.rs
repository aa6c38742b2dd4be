//! Lengths of time as rules write them, in Prometheus' words: `5m`, `1h30m`. Pure.

use crate::format::number;

/// From the longest to the shortest.
const UNITS: [(&str, i64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds; `None` where it is no length.
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(count.parse::<i64>().ok()?.checked_mul(*size)?)?;
        rest = tail;
    }
    Some(sum)
}

/// `5 min`; what is no length stays as it was written.
pub(super) fn said(text: &str) -> String {
    parse(text).map_or_else(|| text.to_owned(), |ms| number::duration(ms as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_unit_or_several() {
        assert_eq!(["5m", "1h30m", " 90s ", "250ms", "0s"].map(parse), [300_000, 5_400_000, 90_000, 250, 0].map(Some));
        assert_eq!(["", "5", "m", "5 m", "-5m", "5mm", "99999999999999999999s"].map(parse), [None; 7]);
        assert_eq!(parse("9223372036854775807y"), None);
    }

    #[test]
    fn they_are_said_as_people_say_them() {
        assert_eq!(["5m", "1h30m", "soon"].map(said), ["5 min", "1 h 30 min", "soon"]);
    }
}
