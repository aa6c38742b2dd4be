//! The tables that a query sees: names, columns with their meaning, and how each is made from one snapshot.
//!
//! Names and types of columns are a promise to users. Their list here, docs/sql.md and the schema of each provider
//! are held against each other by tests.

mod dead_letters;
mod destinations;
mod events;
mod gaps;
mod sources;
mod system;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Result;

use crate::facts::SystemTables;
use crate::provider::StoredEvents;

/// A table as users see it.
pub(crate) struct Table {
    /// Name.
    pub(crate) name: &'static str,
    /// What a row is.
    pub(crate) description: &'static str,
    /// Name and meaning of each column, in order.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    make: fn(&Arc<StoredEvents>, &Arc<dyn SystemTables>) -> Result<Arc<dyn TableProvider>>,
}

impl Table {
    /// What a column holds. Columns that `dead_letters` shares with `events` are described there.
    pub(crate) fn meaning(&self, column: &str) -> Option<&'static str> {
        let described = self.columns.iter().chain(events::TABLE.columns);
        described.into_iter().find(|(name, _)| *name == column).map(|(_, meaning)| *meaning)
    }
}

/// In the order of docs/sql.md.
pub(crate) static TABLES: [Table; 5] =
    [events::TABLE, dead_letters::TABLE, destinations::TABLE, gaps::TABLE, sources::TABLE];

/// The table over one snapshot.
pub(crate) fn provider(
    table: &Table,
    stored: &Arc<StoredEvents>,
    facts: &Arc<dyn SystemTables>,
) -> Result<Arc<dyn TableProvider>> {
    (table.make)(stored, facts)
}
