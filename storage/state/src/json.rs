//! Columns that hold JSON.

use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StateError;

/// `column` is `table.column`, for the error.
pub(crate) fn json(column: &'static str, value: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|source| StateError::Json { column, source })
}

/// The reverse.
pub(crate) fn parse<T: DeserializeOwned>(column: &'static str, row: &Row<'_>) -> Result<T, StateError> {
    let name = column.rsplit('.').next().unwrap_or(column);
    let text: String = row.get(name)?;
    serde_json::from_str(&text).map_err(|source| StateError::Json { column, source })
}
