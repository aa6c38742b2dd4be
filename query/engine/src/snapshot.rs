//! What one query sees, fixed at its start.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::context::SessionContext;
use datafusion::execution::{SessionState, SessionStateBuilder};
use tapline_api::{SqlColumn, SqlTable};
use tapline_archive::View;

use crate::catalog;
use crate::facts::SystemTables;
use crate::provider::{StoredEvents, Trace};
use crate::tables::{self, Table};

/// The base session, the view, and the state of the sources.
pub(crate) struct Snapshot {
    pub(crate) base: SessionState,
    pub(crate) facts: Arc<dyn SystemTables>,
    pub(crate) view: Arc<View>,
    pub(crate) trace: Arc<Trace>,
}

impl Snapshot {
    /// A session with the tables over this snapshot.
    pub(crate) fn session(&self) -> Result<SessionContext> {
        let catalogs = catalog::catalogs(&self.stored(), &self.facts)?;
        let state = SessionStateBuilder::new_from_existing(self.base.clone()).with_catalog_list(catalogs).build();
        Ok(SessionContext::new_with_state(state))
    }

    fn stored(&self) -> Arc<StoredEvents> {
        Arc::new(StoredEvents { view: Arc::clone(&self.view), trace: Arc::clone(&self.trace) })
    }

    /// A table with its columns and their meaning.
    pub(crate) fn describe(&self, table: &Table) -> Result<SqlTable> {
        let schema = tables::provider(table, &self.stored(), &self.facts)?.schema();
        let column = |field: &arrow::datatypes::FieldRef| SqlColumn {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            description: table.meaning(field.name()).map(str::to_owned),
        };
        Ok(SqlTable {
            name: table.name.to_owned(),
            description: table.description.to_owned(),
            columns: schema.fields().iter().map(column).collect(),
        })
    }
}
