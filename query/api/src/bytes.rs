//! Binary values in JSON: text if they are UTF-8, else `{"base64": "..."}`.

use serde::{Deserialize, Serialize};

/// A key, a header value, a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Bytes {
    /// The bytes are UTF-8.
    Text(String),
    /// They are not.
    Base64 {
        /// RFC 4648 with padding.
        base64: String,
    },
}
