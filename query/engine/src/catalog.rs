//! The tables of one query: views over one snapshot, made anew for each query because they are cheap.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProviderList, SchemaProvider, TableProvider,
};
use datafusion::common::Result;

use crate::facts::SystemTables;
use crate::provider::StoredEvents;
use crate::tables::{self, TABLES};

/// Name of the catalog.
pub(crate) const CATALOG: &str = "tapline";
/// Name of its schema.
pub(crate) const SCHEMA: &str = "public";

/// The catalog of one query.
pub(crate) fn catalogs(
    stored: &Arc<StoredEvents>,
    facts: &Arc<dyn SystemTables>,
) -> Result<Arc<dyn CatalogProviderList>> {
    let mut providers = BTreeMap::new();
    for table in &TABLES {
        providers.insert(table.name, tables::provider(table, stored, facts)?);
    }
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(ReadOnly { tables: Arc::new(Tables(providers)) }));
    Ok(Arc::new(catalogs))
}

/// A catalog of one schema, to which nothing can be added.
#[derive(Debug)]
struct ReadOnly {
    tables: Arc<Tables>,
}

impl CatalogProvider for ReadOnly {
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == SCHEMA).then(|| Arc::clone(&self.tables) as Arc<dyn SchemaProvider>)
    }
}

#[derive(Debug)]
struct Tables(BTreeMap<&'static str, Arc<dyn TableProvider>>);

#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.0.get(name).map(Arc::clone))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
