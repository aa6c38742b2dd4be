//! Failure headers of all frameworks with any values, in any number and order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapline_fuzz::{Record, decode};

const NAMES: [&str; 28] = [
    "kafka_dlt-original-topic",
    "kafka_dlt-original-partition",
    "kafka_dlt-original-offset",
    "kafka_dlt-original-timestamp",
    "kafka_dlt-original-consumer-group",
    "kafka_dlt-exception-fqcn",
    "kafka_dlt-exception-cause-fqcn",
    "kafka_dlt-exception-message",
    "kafka_dlt-exception-stacktrace",
    "kafka_dlt-key-exception-fqcn",
    "kafka_original-topic",
    "kafka_exception-stacktrace",
    "retry_topic-attempts",
    "retry_topic-backoff-timestamp",
    "x-original-topic",
    "x-exception-message",
    "__connect.errors.topic",
    "__connect.errors.offset",
    "__connect.errors.exception.stacktrace",
    "__streams.errors.exception",
    "__dlq.errors.delivery.count",
    "dead-letter-reason",
    "source_topic",
    "source_partition",
    "source_offset",
    "reason_poisoned",
    "_watermill_delayed_until",
    "dlq-original-offset",
];

fuzz_target!(|input: (u8, Vec<(u8, &[u8])>)| {
    let (destination, values) = input;
    let name = |at: u8| NAMES[usize::from(at) % NAMES.len()];
    let record = Record {
        destination: ["orders", "orders-dlt", "orders-retry-0", "error.orders.billing"][usize::from(destination) % 4],
        headers: values.iter().map(|&(at, value)| (name(at), Some(value))).collect(),
        ..Record::default()
    };
    decode(&record, |meaning| {
        if let Some(row) = meaning.dead_letter {
            assert!(row.fingerprint.is_some_and(|text| text.len() == 16));
            assert!(row.attempts.is_none_or(|attempts| attempts >= 0));
            assert_ne!(row.origin_destination, Some(record.destination));
        }
    });
});
