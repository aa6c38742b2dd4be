//! Reading a few fields of a small JSON text whose form is known: the tables and notices of brokers.

use bumpalo::Bump;

use super::expected::ExpectedNames;
use super::scanner::{Path, Sink, scan};

/// Longer texts are not read, in bytes: brokers write some hundreds.
const MAX: usize = 64 << 10;
/// Fields below are not looked at.
const MAX_DEPTH: usize = 8;

/// The values of one field, wherever it stands: texts as they mean, integers as digits, empty texts not at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Picked<'a> {
    pub(crate) first: Option<&'a str>,
    pub(crate) last: Option<&'a str>,
}

/// What stands under each of `names`; nothing if the text is no JSON or too long.
pub(crate) fn pick<'a, const N: usize>(arena: &'a Bump, text: &'a [u8], names: &[&str; N]) -> [Picked<'a>; N] {
    let nothing = [Picked::default(); N];
    let Some(text) = std::str::from_utf8(text).ok().filter(|text| text.len() <= MAX) else { return nothing };
    let mut picker = Picker { names, found: nothing };
    let scanned = scan(arena, text, MAX_DEPTH, &mut ExpectedNames::none(), &mut picker);
    if scanned.fault.is_some() { nothing } else { picker.found }
}

struct Picker<'a, 'n, const N: usize> {
    names: &'n [&'n str; N],
    found: [Picked<'a>; N],
}

impl<'a, const N: usize> Picker<'a, '_, N> {
    fn put(&mut self, at: usize, value: &'a str) {
        if let Some(found) = self.found.get_mut(at).filter(|_| !value.is_empty()) {
            found.first.get_or_insert(value);
            found.last = Some(value);
        }
    }
}

impl<'a, const N: usize> Sink<'a> for Picker<'a, '_, N> {
    /// Position of the name.
    type Interest = usize;

    fn field(&mut self, name: &'a str, _: usize) -> Option<usize> {
        self.names.iter().position(|wanted| *wanted == name)
    }

    fn text(&mut self, _: &Path<'_, 'a, usize>, at: usize, value: &'a str) {
        self.put(at, value);
    }

    fn integer(&mut self, _: &Path<'_, 'a, usize>, at: usize, digits: &'a str) {
        self.put(at, digits);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picked(text: &str) -> [(Option<String>, Option<String>); 2] {
        let owned = |found: Picked<'_>| (found.first.map(str::to_owned), found.last.map(str::to_owned));
        pick(&Bump::new(), text.as_bytes(), &["queue", "count"]).map(owned)
    }

    fn both(first: &str, last: &str) -> (Option<String>, Option<String>) {
        (Some(first.into()), Some(last.into()))
    }

    #[test]
    fn first_and_last_of_each_name() {
        let deaths = r#"[{"count":2,"queue":"again \u00e9"},{"queue":"","count":1.5},{"queue":"orders","count":17}]"#;
        assert_eq!(picked(deaths), [both("again é", "orders"), both("2", "17")]);
        assert_eq!(picked(r#"{"in":{"queue":"orders"}}"#), [both("orders", "orders"), (None, None)]);
    }

    #[test]
    fn what_is_no_json_or_too_much_is_nothing() {
        let long = format!(r#"{{"queue":"{}"}}"#, "x".repeat(MAX));
        let deep = format!("{}{{\"queue\":\"x\"}}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        for text in [r#"{"queue":"orders""#, "", "queue", &long, &deep, r#"{"Queue":"x"}"#] {
            assert_eq!(picked(text), [(None, None), (None, None)], "{text:.40}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\{|\\}|\\[|\\]|,|:|\"queue\"|\"count\"|-?[0-9]{1,3}|\"\\PC{0,3}\"|\\\\u00){0,30}") {
            let _ = picked(&text);
        }
    }
}
