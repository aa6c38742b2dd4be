//! Binary values in JSON: text if they are UTF-8, else `{"base64": "..."}`.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};
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

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64 { base64: STANDARD.encode(bytes) },
        }
    }
}

impl Bytes {
    /// The bytes themselves.
    ///
    /// # Errors
    /// When what should be base64 is none.
    pub fn to_vec(&self) -> Result<Vec<u8>, DecodeError> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Base64 { base64 } => STANDARD.decode(base64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        assert_eq!(Bytes::from(&b"abc"[..]), Bytes::Text("abc".into()));
        assert_eq!(Bytes::from(&[0xff, 0][..]), Bytes::Base64 { base64: "/wA=".into() });
        for bytes in [&b"abc"[..], &[0xff, 0]] {
            assert_eq!(Bytes::from(bytes).to_vec().as_deref(), Ok(bytes));
        }
        assert!(Bytes::Base64 { base64: "no base64".into() }.to_vec().is_err());
    }
}
