//! What can be said of one event and compared with others: fields, headers, producer, partition.
//!
//! Payloads are untrusted: depth, number and length of what is looked at are bounded.

use std::collections::HashSet;

use serde_json::Value;

/// Levels of a payload that are looked at.
const DEEPEST: usize = 8;
/// Facts of one event.
const MOST: usize = 400;
/// Longer values are no kind of anything.
const LONGEST: usize = 64;
/// Bytes of a payload that are parsed.
const MOST_BYTES: usize = 256 << 10;

/// Which part of an event a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A field of the payload.
    Payload,
    /// A header.
    Header,
    /// Who sent it.
    Producer,
    /// Where it stood.
    Partition,
    /// What it is.
    Type,
    /// Its schema's number.
    Version,
}

impl Part {
    /// As it is written in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Header => "header",
            Self::Producer => "producer",
            Self::Partition => "partition",
            Self::Type => "type",
            Self::Version => "version",
        }
    }
}

/// A value at a place of an event; without a value: that the place is there at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// Which part.
    pub part: Part,
    /// Path of the field, name of the header; empty for the others.
    pub name: String,
    /// The value as text.
    pub value: Option<String>,
}

/// The facts of one event, none twice.
#[derive(Debug, Default)]
pub(crate) struct Facts(HashSet<Fact>);

impl Facts {
    /// A value of the event itself, where it has one.
    pub(crate) fn add(&mut self, part: Part, value: Option<String>) {
        if let Some(value) = value {
            self.push(part, "", Some(value));
        }
    }

    /// A header: its name, and its value where it is short text. Those of a replay tell nothing of the event itself.
    pub(crate) fn header(&mut self, name: &str, value: Option<&[u8]>) {
        if name.starts_with("tapline-replay-") {
            return;
        }
        let text = value.and_then(|value| std::str::from_utf8(value).ok()).filter(|text| is_short(text));
        self.push(Part::Header, name, None);
        if let Some(text) = text {
            self.push(Part::Header, name, Some(text.to_owned()));
        }
    }

    /// The fields of a payload that is JSON.
    pub(crate) fn payload(&mut self, text: &str) {
        if text.len() <= MOST_BYTES
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            self.fields(&mut String::new(), &value, 0);
        }
    }

    pub(crate) fn into_set(self) -> HashSet<Fact> {
        self.0
    }

    fn fields(&mut self, path: &mut String, value: &Value, depth: usize) {
        if depth > DEEPEST || self.0.len() >= MOST {
            return;
        }
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let length = path.len();
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(name);
                    self.fields(path, value, depth + 1);
                    path.truncate(length);
                }
            }
            // The members of an array are alike: what is true of one of them is what counts.
            Value::Array(members) => {
                let length = path.len();
                path.push_str("[]");
                members.iter().take(MOST).for_each(|member| self.fields(path, member, depth + 1));
                path.truncate(length);
            }
            scalar => {
                self.push(Part::Payload, path, None);
                let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
                if is_short(&text) {
                    self.push(Part::Payload, path, Some(text));
                }
            }
        }
    }

    fn push(&mut self, part: Part, name: &str, value: Option<String>) {
        if self.0.len() < MOST && name.len() <= 4 * LONGEST {
            self.0.insert(Fact { part, name: name.to_owned(), value });
        }
    }
}

fn is_short(text: &str) -> bool {
    text.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts(payload: &str) -> Vec<(String, Option<String>)> {
        let mut facts = Facts::default();
        facts.payload(payload);
        let mut facts: Vec<_> = facts.into_set().into_iter().map(|fact| (fact.name, fact.value)).collect();
        facts.sort();
        facts
    }

    #[test]
    fn fields_have_paths_and_values() {
        let found = facts(r#"{"card":{"type":"CB"},"items":[{"sku":"A"},{"sku":"B"}],"total":12.5,"note":null}"#);
        let has = |name: &str, value: &str| found.contains(&(name.to_owned(), Some(value.to_owned())));
        assert!(has("card.type", "CB") && has("items[].sku", "A") && has("items[].sku", "B"), "{found:?}");
        assert!(has("total", "12.5") && has("note", "null"), "{found:?}");
        assert!(found.contains(&("card.type".to_owned(), None)));
    }

    #[test]
    fn deep_and_wide_payloads_are_bounded() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(facts(&deep).len() <= MOST);
        let wide: Vec<String> = (0..5_000).map(|n| format!("\"f{n}\":{n}")).collect();
        assert!(facts(&format!("{{{}}}", wide.join(","))).len() <= MOST);
    }

    proptest! {
        #[test]
        fn any_payload_is_looked_at(text in "\\PC{0,60}") {
            let _ = facts(&text);
        }
    }
}
