//! Words anywhere in an event: body, key, names and values of headers, whatever their case.

use tapline_model::columns::{ColumnError, EventColumns};

use crate::events::columns::{binary, body};

/// Keeps the rows that hold `needle` somewhere.
pub(crate) fn retain(needle: &str, columns: &EventColumns<'_>, rows: &mut Vec<u32>) -> Result<(), ColumnError> {
    let finder = Finder::new(needle);
    let keys = columns.binary("key")?;
    let mut kept = Vec::new();
    for row in rows.iter().copied() {
        let at = row as usize;
        let found = body(columns, at)?.is_some_and(|body| finder.is_in(body.as_bytes()))
            || binary(keys, at).is_some_and(|key| finder.is_in(key))
            || columns
                .headers(at)?
                .iter()
                .any(|(name, value)| finder.is_in(name.as_bytes()) || value.is_some_and(|value| finder.is_in(value)));
        if found {
            kept.push(row);
        }
    }
    *rows = kept;
    Ok(())
}

/// Finds a text whatever the case of its ASCII letters.
struct Finder<'a> {
    needle: &'a [u8],
    /// Both cases of the first byte.
    first: (u8, u8),
}

impl<'a> Finder<'a> {
    fn new(needle: &'a str) -> Self {
        let needle = needle.as_bytes();
        let first = needle.first().copied().unwrap_or_default();
        Self { needle, first: (first.to_ascii_lowercase(), first.to_ascii_uppercase()) }
    }

    fn is_in(&self, hay: &[u8]) -> bool {
        let Some(last) = hay.len().checked_sub(self.needle.len()) else { return false };
        memchr::memchr2_iter(self.first.0, self.first.1, &hay[..=last.min(hay.len().saturating_sub(1))])
            .any(|at| hay[at..at + self.needle.len()].eq_ignore_ascii_case(self.needle))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_does_not_matter() {
        let found = |needle: &str, hay: &str| Finder::new(needle).is_in(hay.as_bytes());
        assert!(found("card declined", "{\"note\":\"Card DECLINED\"}"));
        assert!(found("é", "é") && found("a", "xa") && found("xa", "xa"));
        assert!(!found("abc", "ab") && !found("a", "") && !found("b", "a"));
    }

    proptest! {
        #[test]
        fn finds_what_lower_case_finds(needle in "[a-cA-C ]{1,3}", hay in "[a-cA-C ]{0,12}") {
            let expected = hay.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
            prop_assert_eq!(Finder::new(&needle).is_in(hay.as_bytes()), expected);
        }
    }
}
