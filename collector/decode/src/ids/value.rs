//! Whether a value looks like an identifier, and its normal form.

use bumpalo::Bump;
use tapline_model::id;

use crate::encoding::{self, Kinds};

/// What programs write where they have no identifier.
const PLACEHOLDERS: &[&str] = &["null", "none", "nil", "undefined", "unknown", "n/a", "na", "-", "true", "false"];
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// Decimal digits of the largest integers that still can be identifiers.
const MAX_DIGITS: usize = 40;
/// Shorter values of weak names are counters and categories.
const MIN_WEAK: usize = 3;

/// The normal form of a text if it looks like an identifier. Behind a strong name anything short without blanks does;
/// behind a weak one it needs a digit.
pub(crate) fn text<'a>(arena: &'a Bump, strong: bool, value: &'a str) -> Option<&'a str> {
    let value = encoding::trimmed(value);
    if value.is_empty() || value.len() > id::MAX_VALUE {
        return None;
    }
    let kinds = Kinds::of(value);
    let looks = match (kinds.digit(), strong) {
        (true, true) => value != NIL,
        (true, false) => value.len() >= MIN_WEAK && value != NIL,
        (false, true) => !kinds.blank() && !PLACEHOLDERS.iter().any(|word| word.eq_ignore_ascii_case(value)),
        (false, false) => false,
    };
    (looks && !kinds.control()).then(|| normal(arena, value, kinds))
}

/// The decimal form of an integer if it looks like an identifier.
pub(crate) fn digits(strong: bool, value: &str) -> Option<&str> {
    let value = if value == "-0" { "0" } else { value };
    (value.len() <= MAX_DIGITS && (strong || value.len() >= MIN_WEAK)).then_some(value)
}

/// The normal form of a value that a framework declares to be an identifier; `None` when it cannot be one.
pub(crate) fn column<'a>(arena: &'a Bump, value: &'a str) -> Option<&'a str> {
    let value = encoding::trimmed(value);
    let kinds = Kinds::of(value);
    let fits =
        !value.is_empty() && value.len() <= id::MAX_VALUE && !kinds.control() && !value.eq_ignore_ascii_case("null");
    fits.then(|| normal(arena, value, kinds))
}

/// [`id::normal_value`] of a trimmed value, with what must be written going to the arena instead of the heap.
fn normal<'a>(arena: &'a Bump, value: &'a str, kinds: Kinds) -> &'a str {
    if !kinds.capital() && !value.starts_with('{') {
        return value;
    }
    let Some(bare) = id::without_case(value) else { return value };
    let copy = arena.alloc_str(bare);
    copy.make_ascii_lowercase();
    copy
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
        fn normal_form_is_the_models(value in "\\PC{0,40}|\\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\}?|[0-9A-Fa-f]{32}") {
            let arena = Bump::new();
            let value = value.trim();
            prop_assert_eq!(normal(&arena, value, Kinds::of(value)), id::normal_value(value));
        }
    }
}
