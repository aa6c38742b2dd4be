//! `text(binary)` and `hex(binary)`.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryViewArray, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::common::cast::as_binary_view_array;
use datafusion::logical_expr::ScalarUDF;

use super::{TEXT, function};

/// Bytes as text, null where they are not UTF-8.
pub(crate) fn text() -> ScalarUDF {
    function(TEXT, vec![DataType::BinaryView], DataType::Utf8View, |arguments| {
        Ok(Arc::new(as_text(as_binary_view_array(&arguments[0])?)))
    })
}

/// Bytes as hexadecimal digits.
pub(super) fn hex() -> ScalarUDF {
    function("hex", vec![DataType::BinaryView], DataType::Utf8View, |arguments| {
        Ok(Arc::new(as_hex(as_binary_view_array(&arguments[0])?)) as ArrayRef)
    })
}

pub(super) fn as_text(bytes: &BinaryViewArray) -> StringViewArray {
    // Shares the buffers when everything is text, which is the rule.
    if let Ok(text) = bytes.clone().to_string_view() {
        return text;
    }
    bytes.iter().map(|value| std::str::from_utf8(value?).ok()).collect()
}

fn as_hex(bytes: &BinaryViewArray) -> StringViewArray {
    let mut digits = StringViewBuilder::with_capacity(bytes.len());
    let mut text = String::new();
    for value in bytes {
        let Some(value) = value else {
            digits.append_null();
            continue;
        };
        text.clear();
        for byte in value {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        digits.append_value(&text);
    }
    digits.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_text_become_null_and_spoil_no_others() {
        let bytes = BinaryViewArray::from_iter([Some(b"a".as_slice()), Some(&[0xff]), None, Some(b"")]);
        assert_eq!(as_text(&bytes), StringViewArray::from_iter([Some("a"), None, None, Some("")]));
        assert_eq!(as_hex(&bytes), StringViewArray::from_iter([Some("61"), Some("ff"), None, Some("")]));
    }
}
