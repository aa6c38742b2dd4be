//! Identifiers: how they are written, when two are the same, and under which hash they are found.
//!
//! `collector/decode` finds identifiers and normalises them with these functions before they are stored;
//! `storage/index` and `query/chains` compare with the same functions, so that all three agree.

use std::borrow::Cow;

/// Names of the identifier columns; every other name comes from payloads and rules.
pub const COLUMN_NAMES: [&str; 8] = [
    "key",
    "message_id",
    "causation_id",
    "correlation_id",
    "conversation_id",
    "trace_id",
    "origin_trace_id",
    "span_id",
];

/// Values longer than this (bytes) are not identifiers; they are neither listed nor indexed.
pub const MAX_VALUE: usize = 256;

/// The form in which ID names are compared: lower case without `_`, `-` and `.`.
///
/// `orderId`, `order_id`, `OrderID` and the path `order.id` are all `orderid`.
pub fn normal_name(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|b| !b.is_ascii_uppercase() && !matches!(b, b'_' | b'-' | b'.')) && name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let kept = name.chars().filter(|c| !matches!(c, '_' | '-' | '.'));
    Cow::Owned(kept.flat_map(char::to_lowercase).collect())
}

/// The form in which ID values are stored and compared: trimmed, UUIDs and trace IDs in lower case without braces.
pub fn normal_value(value: &str) -> Cow<'_, str> {
    let trimmed = value.trim();
    match without_case(trimmed) {
        None => Cow::Borrowed(trimmed),
        Some(bare) if bare.bytes().any(|b| b.is_ascii_uppercase()) => Cow::Owned(bare.to_ascii_lowercase()),
        Some(bare) => Cow::Borrowed(bare),
    }
}

/// What of a trimmed value is compared without case, if it is of that kind: a UUID, with or without hyphens and braces,
/// or a trace ID.
pub fn without_case(trimmed: &str) -> Option<&str> {
    let bare = trimmed.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(trimmed);
    let hex = || bare.len() == 32 && bare.bytes().all(|b| b.is_ascii_hexdigit());
    (is_uuid(bare) || hex()).then_some(bare)
}

/// 8-4-4-4-12 hexadecimal digits.
pub fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// A trace ID in lower case, 16-digit ones (B3) padded to 32; `None` when it is not one or all zero (W3C: invalid).
pub fn normal_trace_id(text: &str) -> Option<String> {
    let text = text.trim();
    let hex = matches!(text.len(), 16 | 32) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let zero = text.bytes().all(|b| b == b'0');
    (hex && !zero).then(|| format!("{:0>32}", text.to_ascii_lowercase()))
}

/// True for a value that joins nothing without its name: a bare number of fewer than six digits, a word of fewer than
/// five letters (a country, a currency), one or two characters of any kind.
pub fn is_weak(value: &str) -> bool {
    let (length, all) = (value.len(), |kind: fn(&u8) -> bool| value.as_bytes().iter().all(kind));
    length < 3 || (length < 5 && all(u8::is_ascii_alphabetic)) || (length < 6 && all(u8::is_ascii_digit))
}

/// The header of an event that a replay put back: the address of the event or dead letter that was chosen. It stands among
/// the identifiers under this name, and the row is found under that address too.
pub const REPLAY_ORIGIN: &str = "tapline-replay-origin";

/// The key of a normalised value in the ID index. Names are not part of it, so that a bare value can be looked up.
pub fn hash_value(value: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(value.as_bytes())
}

/// The normalised text of a message key when it can serve as an identifier.
pub fn key_text(key: &[u8]) -> Option<Cow<'_, str>> {
    if key.is_empty() || key.len() > MAX_VALUE {
        return None;
    }
    let text = std::str::from_utf8(key).ok()?;
    if text.chars().any(char::is_control) {
        return None;
    }
    let value = normal_value(text);
    (!value.is_empty()).then_some(value)
}

/// What somebody typed to find something: a bare value, or a value with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdQuery {
    /// Normalised name, if one was given.
    pub name: Option<String>,
    /// Normalised value.
    pub value: String,
}

impl IdQuery {
    /// Splits at the first `=` only if the left side is a known ID name: base64 ends in `=`.
    pub fn parse(text: &str, known_name: impl Fn(&str) -> bool) -> Self {
        if let Some((left, right)) = text.split_once('=') {
            let name = normal_name(left.trim());
            let column = COLUMN_NAMES.iter().any(|column| normal_name(column) == name);
            if column || known_name(&name) {
                return Self { value: value_for(&name, right), name: Some(name.into_owned()) };
            }
        }
        Self { name: None, value: normal_value(text).into_owned() }
    }

    /// The key under which the ID index finds it.
    pub fn hash(&self) -> u64 {
        hash_value(&self.value)
    }
}

fn value_for(name: &str, value: &str) -> String {
    let trace = matches!(name, "traceid" | "origintraceid").then(|| normal_trace_id(value)).flatten();
    trace.unwrap_or_else(|| normal_value(value).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_equal_without_case_and_separators() {
        for name in ["orderId", "order_id", "OrderID", "order.id", "ORDER-ID"] {
            assert_eq!(normal_name(name), "orderid");
        }
        assert_eq!(normal_name("Straße.ID"), "straßeid");
    }

    #[test]
    fn values_are_normalised() {
        assert_eq!(normal_value(" ORD-1 "), "ORD-1");
        assert_eq!(normal_value("{0B1E5C4A-0000-4000-8000-00000000000F}"), "0b1e5c4a-0000-4000-8000-00000000000f");
        assert_eq!(normal_value("{not-a-uuid}"), "{not-a-uuid}");
        assert_eq!(normal_value("0B1E5C4A00004000800000000000000F"), "0b1e5c4a00004000800000000000000f");
        assert_eq!(normal_value("0B1E5C4A"), "0B1E5C4A");
        assert_eq!(normal_trace_id("463AC35C9F6413AD").as_deref(), Some("0000000000000000463ac35c9f6413ad"));
        assert_eq!(normal_trace_id("00000000000000000000000000000000"), None);
    }

    #[test]
    fn short_numbers_and_words_are_weak() {
        assert!(["", "12345", "n", "d1", "EUR", "test"].into_iter().all(is_weak));
        assert!(!["123456", "A12", "order"].into_iter().any(is_weak));
    }

    #[test]
    fn queries_split_only_at_known_names() {
        let known = |name: &str| name == "orderid";
        let named = |name: &str, value: &str| IdQuery { name: Some(name.into()), value: value.into() };
        assert_eq!(IdQuery::parse("order_id=12345", known), named("orderid", "12345"));
        assert_eq!(
            IdQuery::parse("trace_id=463ac35c9f6413ad", known),
            named("traceid", "0000000000000000463ac35c9f6413ad")
        );
        assert_eq!(IdQuery::parse("aGVsbG8=", known), IdQuery { name: None, value: "aGVsbG8=".into() });
    }

    #[test]
    fn keys_that_are_not_text_are_no_identifiers() {
        assert_eq!(key_text(b"ORD-1").as_deref(), Some("ORD-1"));
        assert_eq!(key_text(&[0xff, 0xfe]), None);
        assert_eq!(key_text(b"a\0b"), None);
        assert_eq!(key_text(b""), None);
    }

    proptest! {
        #[test]
        fn normal_forms_are_fixed_points(text in "\\PC{0,60}") {
            let name = normal_name(&text).into_owned();
            prop_assert_eq!(normal_name(&name).into_owned(), name.clone());
            let value = normal_value(&text).into_owned();
            prop_assert_eq!(normal_value(&value).into_owned(), value.clone());
        }
    }
}
