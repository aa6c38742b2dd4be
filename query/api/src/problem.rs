//! Errors as `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

/// Why a call failed and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable word, such as `sql_syntax`; documented in docs/errors.md.
    pub code: String,
    /// Short, the same for every problem of this code.
    pub title: String,
    /// HTTP status: 4xx the caller's fault, 5xx ours.
    pub status: u16,
    /// A sentence that says what to do.
    pub detail: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Line in the SQL text, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}
