//! Which topics are read.

use std::collections::BTreeSet;

use globset::{Glob, GlobSet, GlobSetBuilder};
use tapline_adapter::{AdapterError, TapOptions};

/// What makes an entry of `topics` a pattern.
pub(crate) const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];

/// Decides by name.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    include: GlobSet,
    exclude: GlobSet,
    /// Entries of `include` without a wildcard: the only way to name an internal topic.
    named: Vec<String>,
    /// The other entries with what they begin with, and where they stand in `include`.
    patterns: Vec<(usize, Pattern)>,
}

/// An entry of `topics` with a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    /// What every topic that it matches begins with.
    pub(crate) prefix: String,
}

/// That no topic is to be read, although topics that cannot be seen may match.
#[derive(Debug, Clone)]
pub(crate) struct Nothing {
    /// How many topics can be seen.
    pub(crate) seen: usize,
    /// What every topic that may match begins with, one of them.
    pub(crate) prefixes: Vec<String>,
}

/// What is done with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Read,
    /// Matched by `include`, left out for this reason.
    LeftOut(&'static str),
    /// Not asked for.
    Other,
}

impl Filter {
    pub(crate) fn new(source: &str, options: &TapOptions) -> Result<Self, AdapterError> {
        let (patterns, named): (Vec<_>, Vec<_>) =
            options.include.iter().enumerate().partition(|(_, entry)| entry.contains(WILDCARDS));
        let pattern = |(at, text): (usize, &String)| {
            let prefix = text.split(WILDCARDS).next().unwrap_or_default().to_owned();
            (at, Pattern { text: text.clone(), prefix })
        };
        Ok(Self {
            include: globs(source, "topics", &options.include)?,
            exclude: globs(source, "exclude", &options.exclude)?,
            named: named.into_iter().map(|(_, name)| name.clone()).collect(),
            patterns: patterns.into_iter().map(pattern).collect(),
        })
    }

    pub(crate) fn verdict(&self, topic: &str) -> Verdict {
        if !self.include.is_match(topic) {
            Verdict::Other
        } else if self.exclude.is_match(topic) {
            Verdict::LeftOut("exclude")
        } else if self.is_kept_out(topic) {
            Verdict::LeftOut("internal")
        } else {
            Verdict::Read
        }
    }

    /// Whether single records of a topic may be looked up.
    pub(crate) fn allows(&self, topic: &str) -> bool {
        !self.exclude.is_match(topic) && !self.is_kept_out(topic)
    }

    /// Internal topics have to be asked for by their names.
    fn is_kept_out(&self, topic: &str) -> bool {
        is_internal(topic) && !self.named.iter().any(|name| name == topic)
    }

    /// Topics asked for by their plain names.
    pub(crate) fn named(&self) -> &[String] {
        &self.named
    }

    /// By how many topics can be seen and how many of them are to be read.
    pub(crate) fn nothing(&self, seen: usize, read: usize) -> Option<Nothing> {
        let prefixes: Vec<String> = self.patterns.iter().map(|(_, pattern)| pattern.prefix.clone()).collect();
        (read == 0 && !prefixes.is_empty()).then_some(Nothing { seen, prefixes })
    }

    /// Patterns that match none of the topics that are read.
    pub(crate) fn idle<'a>(&self, read: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &Pattern> {
        let matched: BTreeSet<usize> = read.flat_map(|topic| self.include.matches(topic)).collect();
        self.patterns.iter().filter(move |(at, _)| !matched.contains(at)).map(|(_, pattern)| pattern)
    }
}

/// Kafka's own, the schema registry's, and what Kafka Streams keeps for itself.
fn is_internal(topic: &str) -> bool {
    topic.starts_with("__") || topic == "_schemas" || topic.ends_with("-changelog") || topic.ends_with("-repartition")
}

/// The patterns of one option of the source.
pub(crate) fn globs(source: &str, key: &str, patterns: &[String]) -> Result<GlobSet, AdapterError> {
    let fault = |error: globset::Error| {
        let (pattern, why) = (error.glob().unwrap_or_default(), error.kind());
        let detail = format!("`sources.{source}.{key}` holds `{pattern}`, which is no pattern: {why}");
        AdapterError::Configuration { name: source.to_owned(), detail }
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(fault)?);
    }
    set.build().map_err(fault)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tapline_adapter::Start;

    use super::*;

    fn options(include: &[&str], exclude: &[&str]) -> TapOptions {
        TapOptions {
            include: include.iter().map(|&text| text.to_owned()).collect(),
            exclude: exclude.iter().map(|&text| text.to_owned()).collect(),
            start: Start::Earliest,
            queue_bytes: 1 << 20,
            backfill_rate: 1 << 20,
            discovery_interval: Duration::from_secs(1),
        }
    }

    #[test]
    fn internal_topics_are_left_out_unless_named() {
        let filter = Filter::new("s", &options(&["*", "__consumer_offsets"], &["*.internal"])).unwrap();
        assert_eq!(filter.verdict("shop.orders"), Verdict::Read);
        assert_eq!(filter.verdict("shop.internal"), Verdict::LeftOut("exclude"));
        for internal in ["_schemas", "__transaction_state", "app-store-changelog", "app-by-key-repartition"] {
            assert_eq!(filter.verdict(internal), Verdict::LeftOut("internal"), "{internal}");
        }
        assert_eq!(filter.verdict("__consumer_offsets"), Verdict::Read);
    }

    #[test]
    fn a_star_spans_dots() {
        let filter = Filter::new("s", &options(&["shop.*"], &[])).unwrap();
        assert_eq!(filter.verdict("shop.orders.v1"), Verdict::Read);
        assert_eq!(filter.verdict("bank.orders"), Verdict::Other);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_known_by_its_beginning() {
        let filter = Filter::new("s", &options(&["shop.*", "bank.[ab]", "orders"], &[])).unwrap();
        assert_eq!(filter.nothing(3, 0).unwrap().prefixes, ["shop.", "bank."]);
        assert!(filter.nothing(3, 1).is_none());
        let named = Filter::new("s", &options(&["orders"], &[])).unwrap();
        assert!(named.nothing(0, 0).is_none(), "named topics are told one by one");
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_known_among_others_that_do() {
        let filter = Filter::new("s", &options(&["orders", "shop.*", "bank.*"], &[])).unwrap();
        let idle = |topics: &[&'static str]| -> Vec<&str> {
            filter.idle(topics.iter().copied()).map(|pattern| pattern.text.as_str()).collect()
        };
        assert_eq!(idle(&["orders", "shop.carts"]), ["bank.*"]);
        assert_eq!(idle(&["bank.orders", "shop.carts"]), [""; 0]);
    }

    #[test]
    fn a_bad_pattern_is_named() {
        for (include, exclude, key) in [("shop.[a", "b", "topics"), ("*", "shop.[a", "exclude")] {
            let error = Filter::new("orders", &options(&[include], &[exclude])).unwrap_err().to_string();
            let start =
                format!("configuration of source `orders`: `sources.orders.{key}` holds `shop.[a`, which is no");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}
