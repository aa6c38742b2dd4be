//! Trace contexts in each spelling with any value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapline_fuzz::{Record, decode};

const NAMES: [&str; 8] =
    ["traceparent", "b3", "X-B3-TraceId", "X-B3-SpanId", "AWSTraceHeader", "MT-Activity-Id", "traceid", "Diagnostic-Id"];

fuzz_target!(|values: Vec<(u8, &[u8])>| {
    let name = |at: u8| NAMES[usize::from(at) % NAMES.len()];
    let headers = values.iter().map(|&(at, value)| (name(at), Some(value))).collect();
    decode(&Record { headers, ..Record::default() }, |meaning| {
        assert!(meaning.span_id.is_none_or(|span| span.len() == 16 && meaning.trace_id.is_some()));
    });
});
