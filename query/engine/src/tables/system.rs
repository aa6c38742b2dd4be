//! A table whose rows are made from the state of the process when a query reads it.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tapline_model::{schema, time};

use crate::facts::SystemTables;

/// Columns with their values, in order.
pub(super) type Rows = Vec<ArrayRef>;

/// Rows are made once a query, so that a table joined with itself agrees with itself.
pub(super) struct SystemTable {
    schema: SchemaRef,
    facts: Arc<dyn SystemTables>,
    rows: fn(&dyn SystemTables) -> Rows,
    made: OnceLock<RecordBatch>,
}

impl SystemTable {
    pub(super) fn provider(
        columns: &[(&str, DataType)],
        facts: &Arc<dyn SystemTables>,
        rows: fn(&dyn SystemTables) -> Rows,
    ) -> Arc<dyn TableProvider> {
        let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
        Arc::new(Self { schema: Arc::new(Schema::new(fields)), facts: Arc::clone(facts), rows, made: OnceLock::new() })
    }
}

impl std::fmt::Debug for SystemTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let batch = match self.made.get() {
            Some(batch) => batch.clone(),
            None => {
                let batch = RecordBatch::try_new(Arc::clone(&self.schema), (self.rows)(self.facts.as_ref()))?;
                self.made.get_or_init(|| batch).clone()
            }
        };
        let source = MemorySourceConfig::try_new(&[vec![batch]], Arc::clone(&self.schema), projection.cloned())?;
        Ok(datafusion::catalog::memory::DataSourceExec::from_data_source(source.with_limit(limit)))
    }
}

/// Text.
pub(super) const TEXT: DataType = DataType::Utf8View;

/// Times as the rest of the tables have them.
pub(super) fn micros() -> DataType {
    schema::micros_type()
}

/// Reads the API's texts back as times.
pub(super) fn times<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let read = |text: Option<&str>| time::parse(text?, 0).ok();
    Arc::new(texts.map(read).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// Counts beyond an `Int64` do not occur.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
