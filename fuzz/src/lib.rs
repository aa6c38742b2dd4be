//! What the fuzz targets share: a record made of what the fuzzer invents, and what must hold for every record.
//!
//! Run one with `cargo +nightly fuzz run <target>` in this folder's parent.

use std::cell::RefCell;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use tapline_adapter::RawRecord;
use tapline_decode::{Decoder, Meaning, Rules};
use tapline_model::Header;

/// A record as a fuzzer makes it.
#[derive(Debug, Default, Arbitrary)]
pub struct Record<'a> {
    /// Topic.
    pub destination: &'a str,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Payload.
    pub payload: Option<&'a [u8]>,
    /// Headers with names of the fuzzer's own.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

thread_local! {
    /// One for all records, as in a tap: compiling its rules takes far longer than a record.
    static DECODER: RefCell<Decoder> = RefCell::new(Decoder::new(Rules::default()));
}

/// Decodes a record twice with one decoder and checks what holds for every record, then what `check` adds.
pub fn decode(record: &Record<'_>, check: impl FnOnce(&Meaning<'_>)) {
    let headers: Vec<Header<'_>> = record.headers.iter().map(|&(name, value)| Header { name, value }).collect();
    let raw = RawRecord {
        destination: record.destination,
        partition: Some(0),
        offset: Some(0),
        position: None,
        incarnation: 1,
        leader_epoch: None,
        timestamp: None,
        timestamp_outside: None,
        timestamp_kind: None,
        key: record.key,
        payload: record.payload,
        headers: &headers,
        repaired_names: 0,
    };
    DECODER.with_borrow_mut(|decoder| {
        let first = format!("{:?}", decoder.decode(&raw));
        let meaning = decoder.decode(&raw);
        assert_eq!(format!("{meaning:?}"), first, "the second time is not the first");
        holds(&meaning);
        check(&meaning);
    });
}

fn holds(meaning: &Meaning<'_>) {
    assert!(meaning.ids.len() <= 64);
    assert!(meaning.dead_letter.is_none() || meaning.retry.is_none());
    for trace in [meaning.trace_id, meaning.origin_trace_id].into_iter().flatten() {
        assert!(trace.len() == 32 && trace.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{trace}");
    }
    for id in meaning.ids {
        assert!(!id.name.is_empty() && !id.name.contains('=') && !id.value.is_empty() && id.value.len() <= 256, "{id:?}");
    }
}
