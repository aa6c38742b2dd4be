//! Which cause a dead letter belongs to: by its fingerprint, and by what people took apart and joined.

use std::collections::HashMap;

use tapline_model::id::hash_value;
use tapline_state::{Regrouping, SplitBy};

use crate::letters::Sample;

/// Steps from a fingerprint to its cause; people do not nest deeper.
const DEEPEST: usize = 16;

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Grouping(HashMap<String, Regrouping>);

impl Grouping {
    /// As the state holds them.
    pub fn new(rules: HashMap<String, Regrouping>) -> Self {
        Self(rules)
    }

    /// The cause of a dead letter.
    pub fn cause(&self, sample: &Sample, kind: Option<&str>) -> String {
        let mut id = sample.fingerprint.clone();
        for _ in 0..DEEPEST {
            match self.0.get(&id) {
                None => break,
                Some(Regrouping::Merged(into)) => id.clone_from(into),
                Some(Regrouping::Split(by)) => {
                    let value = match by {
                        SplitBy::Type => kind.unwrap_or_default(),
                        SplitBy::Destination => &sample.destination,
                        SplitBy::Message => &sample.folded,
                    };
                    id = part(&id, *by, value);
                }
            }
        }
        id
    }

    /// Whether a dead letter is of a cause.
    pub(crate) fn is_of(&self, sample: &Sample, kind: Option<&str>, cause: &str) -> bool {
        if self.0.is_empty() { sample.fingerprint == cause } else { self.cause(sample, kind) == cause }
    }

    /// Whether a rule has to do with a cause: it is a part of another, or others are part of it.
    pub fn concerns(&self, cause: &str) -> bool {
        let merged = |rule: &Regrouping| matches!(rule, Regrouping::Merged(into) if into == cause);
        cause.contains('-') || self.0.values().any(merged)
    }
}

/// Name of a part of a cause.
fn part(cause: &str, by: SplitBy, value: &str) -> String {
    let hash = hash_value(&format!("{}\0{value}", by.as_str()));
    format!("{cause}-{:08x}", hash & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(destination: &str) -> Sample {
        Sample { fingerprint: "f1".to_owned(), destination: destination.to_owned(), ..Sample::default() }
    }

    fn grouping(rules: &[(&str, Regrouping)]) -> Grouping {
        Grouping::new(rules.iter().map(|(id, rule)| ((*id).to_owned(), rule.clone())).collect())
    }

    #[test]
    fn without_rules_the_fingerprint_is_the_cause() {
        assert_eq!(Grouping::default().cause(&sample("a"), None), "f1");
    }

    #[test]
    fn a_cause_is_taken_apart_by_value() {
        let rules = grouping(&[("f1", Regrouping::Split(SplitBy::Destination))]);
        let (a, b) = (rules.cause(&sample("a"), None), rules.cause(&sample("b"), None));
        assert!(a.starts_with("f1-") && a != b && rules.concerns(&a), "{a} {b}");
        assert_eq!(a, rules.cause(&sample("a"), Some("Type")));
    }

    #[test]
    fn causes_are_joined_and_their_parts_too() {
        let split = grouping(&[("f1", Regrouping::Split(SplitBy::Type))]);
        let part = split.cause(&sample("a"), Some("T"));
        let rules = grouping(&[
            ("f1", Regrouping::Split(SplitBy::Type)),
            (&part, Regrouping::Merged("f2".to_owned())),
            ("f2", Regrouping::Merged("f3".to_owned())),
        ]);
        assert_eq!(rules.cause(&sample("a"), Some("T")), "f3");
        assert!(rules.concerns("f3") && !rules.concerns("f4"));
    }

    #[test]
    fn a_circle_in_a_damaged_state_ends() {
        let rules =
            grouping(&[("f1", Regrouping::Merged("f2".to_owned())), ("f2", Regrouping::Merged("f1".to_owned()))]);
        assert!(["f1", "f2"].contains(&rules.cause(&sample("a"), None).as_str()));
    }
}
