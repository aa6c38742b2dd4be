//! What holds for every replay of a node: the brokers it may write to, and bounds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tapline_adapter::{GroupOptions, Source};

/// The configured brokers, by name.
pub type Sources = BTreeMap<String, Arc<dyn Source>>;

/// What holds for every replay.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// Events that one replay takes.
    pub most_items: usize,
    /// How often one event may be put back.
    pub attempts: u8,
    /// More events than this need a second person.
    pub second_person_above: Option<u64>,
    /// How long after its sending an item that nobody confirmed may still arrive.
    pub settle: Duration,
    /// How long it is watched what becomes of an item.
    pub watch: Duration,
    /// Headers of failures that the configuration names, by source.
    pub own_headers: HashMap<String, Vec<String>>,
    /// Groups that are asked how far they have read, by source: globs, and plain names for brokers that list none.
    pub groups: HashMap<String, Vec<String>>,
}

impl ReplayOptions {
    /// Of a source, all where the configuration does not say.
    pub(crate) fn groups(&self, source: &str) -> GroupOptions {
        let include = self.groups.get(source).cloned().unwrap_or_else(|| vec!["*".to_owned()]);
        GroupOptions { include }
    }
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self {
            most_items: 2_000_000,
            attempts: 3,
            second_person_above: None,
            settle: Duration::from_secs(10),
            watch: Duration::from_secs(600),
            own_headers: HashMap::new(),
            groups: HashMap::new(),
        }
    }
}
