//! The grammar of JSON numbers.

/// A number at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// Bytes it takes.
    pub(super) length: usize,
    /// Written without fraction and exponent.
    pub(super) integer: bool,
}

/// Reads the number at the start of `bytes`, which is a minus or a digit; `Err` with the position of what is wrong,
/// which is the length when the text ends too early.
pub(super) fn number(bytes: &[u8]) -> Result<Number, usize> {
    let start = usize::from(bytes.first() == Some(&b'-'));
    let mut at = match bytes.get(start) {
        Some(b'0') => start + 1,
        _ => digits(bytes, start)?,
    };
    let whole = at;
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = digits(bytes, at + 1 + usize::from(sign))?;
    }
    Ok(Number { length: at, integer: at == whole })
}

/// End of at least one digit.
fn digits(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == from { Err(from.min(bytes.len())) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_told_from_others() {
        let integer = |length| Ok(Number { length, integer: true });
        let other = |length| Ok(Number { length, integer: false });
        assert_eq!(number(b"-120,"), integer(4));
        assert_eq!(number(b"01"), integer(1));
        assert_eq!(number(b"1.0e3]"), other(5));
        assert_eq!(number(b"-0.5"), other(4));
        assert_eq!(number(b"1E+"), Err(3));
        assert_eq!(number(b"-"), Err(1));
        assert_eq!(number(b"-x"), Err(1));
        assert_eq!(number(b"1.x"), Err(2));
    }
}
