//! How header values spell numbers, times and texts. The same fact has five encodings; the header's name decides.

use std::fmt::{Arguments, Write};

use bumpalo::Bump;
use bumpalo::collections::String;
use tapline_model::time;

/// Big-endian, exactly four bytes.
pub(crate) fn int32(bytes: &[u8]) -> Option<i32> {
    bytes.try_into().map(i32::from_be_bytes).ok()
}

/// Big-endian, exactly eight bytes.
pub(crate) fn int64(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().map(i64::from_be_bytes).ok()
}

/// Java's `BigInteger.toByteArray()`: two's complement, big-endian, as short as possible; at most eight bytes.
pub(crate) fn big_integer(bytes: &[u8]) -> Option<i64> {
    let (first, rest) = bytes.split_first().filter(|(_, rest)| rest.len() < 8)?;
    let signed = i64::from(i8::from_be_bytes([*first]));
    Some(rest.iter().fold(signed, |number, byte| (number << 8) | i64::from(*byte)))
}

/// ASCII digits with an optional sign, blanks around them ignored.
pub(crate) fn decimal(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// How many: no sign, no fraction.
pub(crate) fn count<T: std::str::FromStr + PartialOrd + Default>(digits: &str) -> Option<T> {
    digits.parse().ok().filter(|count| *count >= T::default())
}

/// For names of no framework: digits first, since a binary integer is hardly ever spelled like them.
pub(crate) fn any_integer(bytes: &[u8]) -> Option<i64> {
    decimal(bytes).or_else(|| int32(bytes).map(i64::from)).or_else(|| int64(bytes))
}

/// RFC 3339, and what .NET writes by its format "O": microseconds.
pub(crate) fn iso_time(text: &str) -> Option<i64> {
    // Relative times are the contract's, no producer's.
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| time::parse(text, 0).ok()).flatten()
}

/// `2026-11-21 03:12:44:512345 Z`, with a colon before the fraction: microseconds.
pub(crate) fn nservicebus_time(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(' ')?;
    let (clock, fraction) = rest.strip_suffix(" Z")?.rsplit_once(':')?;
    iso_time(&format!("{date}T{clock}.{fraction}Z"))
}

/// Milliseconds to microseconds; Kafka's -1 and what does not fit is no time.
pub(crate) fn micros(millis: i64) -> Option<i64> {
    if millis < 0 { None } else { millis.checked_mul(1_000) }
}

/// Without the blanks around it. Texts hardly ever have any, and looking for Unicode's blanks takes its time.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_some_and(|byte| (b'!'..0x7f).contains(byte));
    let bytes = text.as_bytes();
    if plain(bytes.first()) && plain(bytes.last()) { text } else { text.trim() }
}

/// The kinds of characters a text holds, found in one pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds(u8);

const DIGIT: u8 = 1;
const CAPITAL: u8 = 2;
const BLANK: u8 = 4;
const CONTROL: u8 = 8;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 0x80 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => CAPITAL,
            b' ' => BLANK,
            0..b' ' | 0x7f => CONTROL,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

impl Kinds {
    #[inline]
    pub(crate) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0, |kinds, byte| kinds | KINDS[usize::from(byte)]))
    }

    pub(crate) fn digit(self) -> bool {
        self.0 & DIGIT != 0
    }

    pub(crate) fn capital(self) -> bool {
        self.0 & CAPITAL != 0
    }

    pub(crate) fn blank(self) -> bool {
        self.0 & BLANK != 0
    }

    pub(crate) fn control(self) -> bool {
        self.0 & CONTROL != 0
    }
}

/// Not empty UTF-8, blanks around it dropped.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(trimmed).filter(|text| !text.is_empty())
}

/// Not empty text in which bytes that are no UTF-8 are replaced: stack traces are cut anywhere.
pub(crate) fn lossy<'a>(arena: &'a Bump, bytes: &'a [u8]) -> Option<&'a str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => arena.alloc_str(&std::string::String::from_utf8_lossy(bytes)),
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Parts one behind the other.
pub(crate) fn joined<'a, const N: usize>(arena: &'a Bump, parts: [&str; N]) -> &'a str {
    let mut text = String::with_capacity_in(parts.iter().map(|part| part.len()).sum(), arena);
    for part in parts {
        text.push_str(part);
    }
    text.into_bump_str()
}

/// A sentence in the arena.
pub(crate) fn format<'a>(arena: &'a Bump, sentence: Arguments<'_>) -> &'a str {
    let mut text = String::new_in(arena);
    // Writing to memory fails only where a value's own formatting does; those here are numbers and texts.
    let _ = text.write_fmt(sentence);
    text.into_bump_str()
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex<'a>(arena: &'a Bump, bytes: &[u8]) -> &'a str {
    let mut text = String::with_capacity_in(bytes.len() * 2, arena);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text.into_bump_str()
}

/// The text form of a UUID.
pub(crate) fn uuid_text<'a>(arena: &'a Bump, bytes: &[u8; 16]) -> &'a str {
    let mut text = String::with_capacity_in(36, arena);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text.into_bump_str()
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_by_encoding() {
        assert_eq!(int32(&[0, 0, 0, 7]), Some(7));
        assert_eq!(int32(b"7"), None);
        assert_eq!(int64(&[0, 0, 0, 0, 0, 0, 1, 2]), Some(258));
        assert_eq!(decimal(b" -12 "), Some(-12));
        assert_eq!(decimal(b"99999999999999999999"), None);
        assert_eq!(any_integer(b"1234"), Some(1234));
        assert_eq!(any_integer(&[0, 0, 0, 3]), Some(3));
    }

    #[test]
    fn big_integers_are_as_long_as_they_must_be() {
        // 2026-11-21T03:12:44.500Z in milliseconds.
        let millis = 1_795_230_764_500i64;
        assert_eq!(big_integer(&millis.to_be_bytes()[2..]), Some(millis));
        assert_eq!(big_integer(&[0x7f]), Some(127));
        assert_eq!(big_integer(&[0x00, 0xff]), Some(255));
        assert_eq!(big_integer(&[0xff]), Some(-1));
        assert_eq!(big_integer(&i64::MIN.to_be_bytes()), Some(i64::MIN));
        assert_eq!(big_integer(&[]), None);
        assert_eq!(big_integer(&[0; 9]), None);
    }

    #[test]
    fn times_outside_the_range_are_none() {
        assert_eq!(micros(-1), None);
        assert_eq!(micros(i64::MAX), None);
        assert_eq!(micros(1), Some(1_000));
    }

    #[test]
    fn times_of_dotnet() {
        let written = Some(1_795_230_764_512_345);
        assert_eq!(nservicebus_time("2026-11-21 03:12:44:512345 Z"), written);
        assert_eq!(iso_time("2026-11-21T03:12:44.5123450Z"), written);
        assert_eq!(iso_time("2026-11-21T04:12:44.5123450+01:00"), written);
        for odd in ["now", "now-1h", "2026-11-21 03:12:44 Z", "2026-11-21 03:12:44.512345 Z", "", ": Z", " : Z"] {
            assert_eq!((nservicebus_time(odd), iso_time(odd)), (None, None), "{odd}");
        }
    }

    #[test]
    fn raw_bytes_become_text() {
        let arena = Bump::new();
        assert_eq!(hex(&arena, &[0, 0xab]), "00ab");
        let uuid = [0x0b, 0x1e, 0x5c, 0x4a, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x0f];
        assert_eq!(uuid_text(&arena, &uuid), "0b1e5c4a-0000-4000-8000-00000000000f");
        assert_eq!(lossy(&arena, b"cut \xe2\x82"), Some("cut \u{fffd}"));
        assert_eq!(lossy(&arena, b" "), None);
    }
}
