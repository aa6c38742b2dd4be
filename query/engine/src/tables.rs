//! The tables that a query sees: names, columns with their meaning, and how each is made from one snapshot.
//!
//! Names and types of columns are a promise to users. Their list here, docs/sql.md and the schema of each provider
//! are held against each other by tests.

mod alerts;
mod audit;
mod dead_letters;
mod destinations;
mod events;
mod gaps;
mod groups;
mod lag;
mod lag_history;
mod replay_items;
mod replays;
mod sources;
mod system;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Result;

use crate::facts::SystemTables;
use crate::provider::StoredEvents;

/// Makes the table over one snapshot.
type Make = fn(&Arc<StoredEvents>, &Arc<dyn SystemTables>) -> Result<Arc<dyn TableProvider>>;

/// A table as users see it.
pub(crate) struct Table {
    /// Name.
    pub(crate) name: &'static str,
    /// What a row is.
    pub(crate) description: &'static str,
    /// Name and meaning of each column, in order.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    make: Make,
}

impl Table {
    /// What a column holds. Columns that `dead_letters` shares with `events` are described there.
    pub(crate) fn meaning(&self, column: &str) -> Option<&'static str> {
        let described = self.columns.iter().chain(events::TABLE.columns);
        described.into_iter().find(|(name, _)| *name == column).map(|(_, meaning)| *meaning)
    }
}

/// In the order of docs/sql.md.
pub(crate) static TABLES: [Table; 13] = [
    events::TABLE,
    dead_letters::TABLE,
    destinations::TABLE,
    gaps::TABLE,
    sources::TABLE,
    groups::TABLE,
    lag::TABLE,
    lag_history::TABLE,
    alerts::TABLE,
    alerts::HISTORY,
    replays::TABLE,
    replay_items::TABLE,
    audit::TABLE,
];

/// The table over one snapshot.
pub(crate) fn provider(
    table: &Table,
    stored: &Arc<StoredEvents>,
    facts: &Arc<dyn SystemTables>,
) -> Result<Arc<dyn TableProvider>> {
    (table.make)(stored, facts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tapline_api::{DestinationInfo, Gap, SourceInfo};

    use super::*;
    use crate::functions;

    struct Nothing;

    impl SystemTables for Nothing {
        fn sources(&self) -> Vec<SourceInfo> {
            Vec::new()
        }
        fn destinations(&self) -> Vec<DestinationInfo> {
            Vec::new()
        }
        fn gaps(&self) -> Vec<Gap> {
            Vec::new()
        }
    }

    const DOCUMENT: &str = include_str!("../../../docs/sql.md");

    /// First and second cell of each row of the table under a heading, without backticks.
    fn documented(heading: &str) -> Vec<(String, String)> {
        let section = DOCUMENT.split("\n## ").find(|section| section.starts_with(heading));
        let section = section.unwrap_or_else(|| panic!("docs/sql.md has no section {heading}"));
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let cell = |text: &str| text.trim().trim_matches('`').to_owned();
        rows.map(|row| {
            let mut cells = row.split(" | ").map(cell);
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect()
    }

    /// Names and types as a query sees them.
    fn provided(table: &Table) -> Vec<(String, String)> {
        let stored = Arc::new(StoredEvents { view: Arc::default(), trace: Arc::default() });
        let facts: Arc<dyn SystemTables> = Arc::new(Nothing);
        let schema = provider(table, &stored, &facts).unwrap().schema();
        schema.fields().iter().map(|field| (field.name().clone(), field.data_type().to_string())).collect()
    }

    #[test]
    fn the_document_lists_exactly_the_columns_with_their_types() {
        for table in &TABLES {
            let mut expected = provided(table);
            if table.name == "dead_letters" {
                let shared: BTreeMap<_, _> = provided(&events::TABLE).into_iter().collect();
                expected.retain(|(name, kind)| shared.get(name) != Some(kind));
            }
            assert_eq!(documented(&format!("`{}`", table.name)), expected, "docs/sql.md, section {}", table.name);
        }
    }

    #[test]
    fn every_column_has_a_meaning() {
        for table in &TABLES {
            let named: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
            let provided = provided(table);
            let known: Vec<&str> = provided.iter().map(|(name, _)| name.as_str()).collect();
            assert!(named.iter().all(|name| known.contains(name)), "{}: {named:?}", table.name);
            assert!(known.iter().all(|name| table.meaning(name).is_some()), "{}: {known:?}", table.name);
        }
    }

    #[test]
    fn the_document_lists_exactly_our_functions() {
        let listed = documented("Functions").into_iter().map(|(call, _)| call.split('(').next().unwrap().to_owned());
        let own: Vec<String> = functions::own().iter().map(|function| function.name().to_owned()).collect();
        assert_eq!(listed.collect::<Vec<_>>(), own);
    }
}
