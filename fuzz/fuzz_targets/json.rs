//! The JSON scanner says of every payload what serde_json says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use tapline_fuzz::{Record, decode};

fuzz_target!(|payload: &[u8]| {
    // A registry's frame is not looked at as plain JSON, and an empty payload has a format of its own.
    if payload.is_empty() || payload[0] == 0 || payload.len() > 1 << 20 {
        return;
    }
    let record = Record { payload: Some(payload), ..Record::default() };
    let valid = std::str::from_utf8(payload).is_ok();
    decode(&record, |meaning| match serde_json::from_slice::<IgnoredAny>(payload) {
        Ok(_) => assert_eq!(meaning.format == "json", valid),
        // The scanner has no limit of depth for validity.
        Err(error) if error.to_string().starts_with("recursion limit") => {}
        Err(_) => assert_ne!(meaning.format, "json"),
    });
});
