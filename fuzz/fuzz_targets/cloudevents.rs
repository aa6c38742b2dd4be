//! CloudEvents, in headers and in the payload, with any values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapline_fuzz::{Record, decode};

const ATTRIBUTES: [&str; 7] = ["id", "source", "type", "specversion", "traceparent", "causationid", "correlationid"];

fuzz_target!(|input: (bool, [Option<&str>; 7])| {
    let (binary, values) = input;
    let given: Vec<(&str, &str)> = ATTRIBUTES.iter().zip(values).filter_map(|(name, value)| Some((*name, value?))).collect();
    let names: Vec<String> = given.iter().map(|(name, _)| format!("ce_{name}")).collect();
    let payload = serde_json::to_vec(&given.iter().copied().collect::<std::collections::BTreeMap<_, _>>()).unwrap_or_default();
    let record = if binary {
        let headers = names.iter().zip(&given).map(|(name, (_, value))| (name.as_str(), Some(value.as_bytes()))).collect();
        Record { headers, ..Record::default() }
    } else {
        Record { payload: Some(&payload), ..Record::default() }
    };
    decode(&record, |meaning| {
        let complete = ["id", "source", "type", "specversion"].iter().all(|name| given.iter().any(|(given, _)| given == name));
        assert!(complete || meaning.producer.is_none());
    });
});
