//! Where a page of a list ends, as opaque text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::{Code, Refusal};

/// As it stands in `next`.
pub(crate) fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// Reads what [`encode`] wrote with a number before the first slash.
pub(crate) fn decode(text: &str) -> Result<(i64, String), Refusal> {
    let key = decode_text(text)?;
    let parts = key.split_once('/').and_then(|(number, rest)| Some((number.parse().ok()?, rest.to_owned())));
    parts.ok_or_else(refused)
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode_text(text: &str) -> Result<String, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
    String::from_utf8(bytes).map_err(|_| refused())
}

/// A cursor that is none.
pub(crate) fn refused() -> Refusal {
    Refusal::new(Code::BadCursor, "use a cursor as `next` gave it, or none to begin at the top")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_cursors_are_read_and_others_refused() {
        assert_eq!(decode(&encode("-5/f1-ab/c")).unwrap(), (-5, "f1-ab/c".to_owned()));
        for text in ["", "%", "aGFsbG8", &encode("x/y")] {
            assert_eq!(decode(text).unwrap_err().code, Code::BadCursor, "{text}");
        }
    }
}
