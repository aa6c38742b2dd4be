//! SQL: `POST /api/v1/sql` and what an editor completes from.

use serde::{Deserialize, Serialize};

/// A query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// PostgreSQL dialect, read only.
    pub sql: String,
    /// Rows answered at most; 10,000 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<usize>,
    /// Milliseconds until the query is stopped, up to ten minutes; `limits.query_timeout` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SqlColumn {
    /// Name.
    pub name: String,
    /// Arrow's name of the type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// What it holds, in the schema listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The answer as `application/json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SqlAnswer {
    /// In the order of the query.
    pub columns: Vec<SqlColumn>,
    /// One array a row.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<Object>>))]
    pub rows: Vec<Vec<serde_json::Value>>,
    /// True when there were more rows.
    pub truncated: bool,
    /// Time it took.
    pub elapsed_ms: f64,
    /// What is missing from the answer, such as rows of damaged files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A table and its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SqlTable {
    /// Name.
    pub name: String,
    /// What a row is.
    pub description: String,
    /// In order.
    pub columns: Vec<SqlColumn>,
}

/// `GET /api/v1/sql/schema`: tables, columns and functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SqlSchema {
    /// Tables and views.
    pub tables: Vec<SqlTable>,
    /// Names of functions.
    pub functions: Vec<String>,
}
