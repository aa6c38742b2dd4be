//! Inside a JSON string: finding its end sixteen bytes at a time, checking and resolving escapes.

use bumpalo::Bump;
use bumpalo::collections::String;
use wide::u8x16;

/// One bit for each of sixteen bytes that ends a run.
#[inline]
fn stops(bytes: [u8; 16]) -> u32 {
    let bytes = u8x16::new(bytes);
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\')) | control).to_bitmask()
}

/// First position from `at` on of a quote, a backslash or a control character, else the length.
#[inline]
pub(super) fn stop(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let stops = stops(*chunk);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize;
        }
        at += 16;
    }
    while bytes.get(at).is_some_and(|b| !matches!(b, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// Length of the escape that begins with the backslash at the start of `bytes`; `Err` with the position of what is
/// wrong, which is the length when the text ends too early.
pub(super) fn escape(bytes: &[u8]) -> Result<usize, usize> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => match (2..6).find(|&at| !bytes.get(at).is_some_and(u8::is_ascii_hexdigit)) {
            Some(at) => Err(at),
            None => Ok(6),
        },
        _ => Err(1),
    }
}

/// The text that a checked string spells; `None` when it holds half of a surrogate pair.
pub(crate) fn unescape<'a>(arena: &'a Bump, raw: &'a str) -> Option<&'a str> {
    let mut text = String::with_capacity_in(raw.len(), arena);
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (letter, length) = letter(escaped)?;
        text.push(letter);
        rest = escaped.get(length..)?;
    }
    text.push_str(rest);
    Some(text.into_bump_str())
}

/// What stands behind a backslash: the character and the bytes it took.
fn letter(escaped: &str) -> Option<(char, usize)> {
    let simple = match escaped.as_bytes().first()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(escaped),
        other => char::from(*other),
    };
    Some((simple, 1))
}

fn unicode(escaped: &str) -> Option<(char, usize)> {
    let unit = |from: usize| u32::from_str_radix(escaped.get(from..from + 4)?, 16).ok();
    let first = unit(1)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 5));
    }
    let second = escaped.get(5..7).filter(|next| *next == "\\u").and_then(|_| unit(7))?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?, 11))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stop_finds_the_first(bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), any::<u8>(), Just(0x80)], 0..40)) {
            let expected = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).unwrap_or(bytes.len());
            prop_assert_eq!(stop(&bytes, 0), expected);
        }

        #[test]
        fn unescape_reads_what_serde_json_writes(text in any::<std::string::String>()) {
            let arena = Bump::new();
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&arena, &written[1..written.len() - 1]), Some(&*text));
        }
    }

    #[test]
    fn surrogates_count_in_pairs_only() {
        let arena = Bump::new();
        assert_eq!(unescape(&arena, r"\ud83d\ude00 \u00e9\/"), Some("😀 é/"));
        for half in [r"\ud83d", r"\ude00", r"\ud83dx", r"\ud83d\n", r"\ud83d\u0041"] {
            assert_eq!(unescape(&arena, half), None, "{half}");
        }
    }
}
