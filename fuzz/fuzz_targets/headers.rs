//! Whole records with any headers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapline_fuzz::{Record, decode};

fuzz_target!(|record: Record<'_>| decode(&record, |_| {}));
