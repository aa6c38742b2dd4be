//! What all queries share: the memory pool, functions and settings, and a registry of stores that holds nothing but
//! a name for the archive's files.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use url::Url;

use crate::bounds::grow::Guards;
use crate::engine::EngineOptions;
use crate::{catalog, functions};

/// Names the archive's files to DataFusion. The store behind it is empty: bytes come from [`crate::open`].
pub(crate) const ARCHIVE_URL: &str = "archive://files/";

/// Nesting of expressions and subqueries that the parser follows.
pub(crate) const MAX_NESTING: usize = 50;

/// The state that each query begins from.
pub(crate) fn base(options: &EngineOptions) -> Result<SessionState> {
    // Nothing is spilled: the disk belongs to the archive, and a query that does not fit is better told so.
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(options.memory_bytes)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .with_object_store_registry(Arc::new(OnlyArchive { nothing: Arc::new(InMemory::new()) }))
        .build_arc()?;
    let mut state = SessionStateBuilder::new_with_default_features()
        .with_config(config(options))
        .with_runtime_env(runtime)
        .with_analyzer_rule(Arc::new(Guards))
        .with_optimizer_rule(Arc::new(Guards))
        .with_table_factories(std::collections::HashMap::new())
        .build();
    datafusion_functions_json::register_all(&mut state)?;
    functions::register(&mut state)?;
    Ok(state)
}

fn config(options: &EngineOptions) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.target_partitions)
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(catalog::CATALOG, catalog::SCHEMA);
    let settings = config.options_mut();
    settings.sql_parser.dialect = Dialect::PostgreSQL;
    settings.sql_parser.collect_spans = true;
    settings.execution.time_zone = Some("UTC".to_owned());
    // Pages are small and few columns have statistics: bloom filters are never written.
    settings.execution.parquet.bloom_filter_on_read = false;
    settings.execution.parquet.reorder_filters = true;
    config
}

/// Answers to one URL, and to that with a store that is empty.
#[derive(Debug)]
struct OnlyArchive {
    nothing: Arc<dyn ObjectStore>,
}

impl ObjectStoreRegistry for OnlyArchive {
    fn register_store(&self, _url: &Url, _store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if url.as_str() == ARCHIVE_URL {
            return Ok(Arc::clone(&self.nothing));
        }
        Err(DataFusionError::Plan(format!("{url} cannot be read; queries see the archive's tables only")))
    }
}
