//! `uuid_time(text)`: when a UUID was made, where it says so.

use std::sync::Arc;

use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use datafusion::common::cast::as_string_view_array;
use datafusion::logical_expr::ScalarUDF;
use tapline_model::schema::micros_type;
use uuid::Uuid;

use super::function;

/// UUIDs of version 1, 6 and 7 hold their time; every other text gives null.
pub(super) fn uuid_time() -> ScalarUDF {
    function("uuid_time", vec![DataType::Utf8View], micros_type(), |arguments| {
        let texts = as_string_view_array(&arguments[0])?;
        let times: TimestampMicrosecondArray = texts.iter().map(|text| micros(text?)).collect();
        Ok(Arc::new(times.with_timezone("UTC")) as ArrayRef)
    })
}

fn micros(text: &str) -> Option<i64> {
    let (seconds, nanos) = Uuid::try_parse(text.trim()).ok()?.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos) / 1_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_is_too_much(bytes in any::<[u8; 16]>(), version in 0..=15u8, text in "\\PC{0,40}") {
            let mut bytes = bytes;
            bytes[6] = (bytes[6] & 0x0f) | (version << 4);
            let _ = micros(&Uuid::from_bytes(bytes).to_string());
            let _ = micros(&text);
        }
    }

    #[test]
    fn only_uuids_with_a_time_have_one() {
        assert_eq!(micros("01890a5d-ac96-774b-bcce-b302099a8057"), Some(1_688_096_058_518_000));
        assert_eq!(micros(" 01890A5D-AC96-774B-BCCE-B302099A8057 "), Some(1_688_096_058_518_000));
        assert_eq!(micros("0b1e5c4a-0000-4000-8000-00000000000f"), None);
        assert_eq!(micros("order-1"), None);
        assert_eq!(micros(""), None);
    }
}
