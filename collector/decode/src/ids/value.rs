//! Whether a value looks like an identifier, and its normal form.

use bumpalo::Bump;
use tapline_model::id;

use crate::encoding;

/// What programs write where they have no identifier.
const PLACEHOLDERS: &[&str] = &[
    "null",
    "none",
    "nil",
    "undefined",
    "unknown",
    "n/a",
    "na",
    "-",
    "true",
    "false",
    "00000000-0000-0000-0000-000000000000",
];

/// Decimal digits of the largest integers that still can be identifiers.
const MAX_DIGITS: usize = 40;
/// Shorter values of weak names are counters and categories.
const MIN_WEAK: usize = 3;

/// The normal form of a text if it looks like an identifier. Behind a strong name anything short without blanks does;
/// behind a weak one it needs a digit.
pub(crate) fn text<'a>(arena: &'a Bump, strong: bool, value: &'a str) -> Option<&'a str> {
    let value = encoding::trimmed(value);
    let odd = value.is_empty() || value.len() > id::MAX_VALUE || encoding::has_control(value);
    if odd || PLACEHOLDERS.iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return None;
    }
    let digit = value.bytes().fold(false, |found, byte| found | byte.is_ascii_digit());
    let looks = if strong { digit || !value.contains(' ') } else { digit && value.len() >= MIN_WEAK };
    looks.then(|| normal(arena, value))
}

/// The decimal form of an integer if it looks like an identifier.
pub(crate) fn digits(strong: bool, value: &str) -> Option<&str> {
    let value = if value == "-0" { "0" } else { value };
    (value.len() <= MAX_DIGITS && (strong || value.len() >= MIN_WEAK)).then_some(value)
}

/// The normal form of a value that a framework declares to be an identifier; `None` when it cannot be one.
pub(crate) fn column<'a>(arena: &'a Bump, value: &'a str) -> Option<&'a str> {
    let value = encoding::trimmed(value);
    let fits = !value.is_empty() && value.len() <= id::MAX_VALUE && !encoding::has_control(value);
    fits.then(|| normal(arena, value)).filter(|value| !value.eq_ignore_ascii_case("null"))
}

/// [`id::normal_value`], with the one case that must be written going to the arena instead of the heap.
fn normal<'a>(arena: &'a Bump, value: &'a str) -> &'a str {
    let bare = value.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(value);
    if bare.len() != 36 || !id::is_uuid(bare) {
        return value;
    }
    if encoding::has_upper(bare) {
        let copy = arena.alloc_str(bare);
        copy.make_ascii_lowercase();
        return copy;
    }
    bare
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_that_identify() {
        let arena = Bump::new();
        let strong = |value| text(&arena, true, value);
        let weak = |value| text(&arena, false, value);
        assert_eq!(strong(" abc "), Some("abc"));
        assert_eq!(strong("ORD 12"), Some("ORD 12"));
        assert_eq!(strong("just some words"), None);
        assert_eq!(strong("n/a"), None);
        assert_eq!(strong("a\nb1"), None);
        assert_eq!(text(&arena, true, &"1".repeat(257)), None);
        assert_eq!(strong("00000000-0000-0000-0000-000000000000"), None);
        assert_eq!(weak("INV-7"), Some("INV-7"));
        assert_eq!(weak("pending"), None);
        assert_eq!(weak("A1"), None);
        assert_eq!((digits(true, "-0"), digits(true, "7"), digits(false, "7")), (Some("0"), Some("7"), None));
        assert_eq!(digits(true, &"9".repeat(41)), None);
        assert_eq!(column(&arena, "null"), None);
    }

    proptest! {
        #[test]
        fn normal_form_is_the_models(value in "\\PC{0,40}|\\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\}?") {
            let arena = Bump::new();
            prop_assert_eq!(normal(&arena, value.trim()), id::normal_value(&value));
        }
    }
}
