//! Failure headers of all frameworks with any values, in any number and order, and any payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tapline_fuzz::{Record, decode};

const NAMES: [&str; 55] = [
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
    "x-death",
    "x-first-death-queue",
    "x-last-death-reason",
    "x-delivery-count",
    "x-original-exchange",
    "x-original-routingKey",
    "retry-count",
    "MT-Reason",
    "MT-Fault-InputAddress",
    "MT-Fault-RetryCount",
    "MT-Fault-Timestamp",
    "NServiceBus.FailedQ",
    "NServiceBus.TimeSent",
    "NServiceBus.ExceptionInfo.StackTrace",
    "rbs2-error-details",
    "rbs2-source-queue",
    "DeadLetterReason",
    "DeadLetterSource",
    "DeadLetterQueueSourceArn",
    "ApproximateReceiveCount",
    "SentTimestamp",
    "RULE_ARN",
    "RETRY_ATTEMPTS",
    "REAL_TOPIC",
    "RECONSUMETIMES",
    "DELAY_TIME",
    "x-exception-stacktrace",
];

const DESTINATIONS: [&str; 6] =
    ["orders", "orders-dlt", "orders-retry-0", "error.orders.billing", "orders_error", "orders/$deadletterqueue"];

fuzz_target!(|input: (u8, Option<&[u8]>, Vec<(u8, &[u8])>)| {
    let (destination, payload, values) = input;
    let name = |at: u8| NAMES[usize::from(at) % NAMES.len()];
    let record = Record {
        destination: DESTINATIONS[usize::from(destination) % DESTINATIONS.len()],
        payload,
        headers: values.iter().map(|&(at, value)| (name(at), Some(value))).collect(),
        ..Record::default()
    };
    decode(&record, |meaning| {
        if let Some(row) = meaning.dead_letter {
            assert!(row.fingerprint.is_some_and(|text| text.len() == 16));
            assert!(row.attempts.is_none_or(|attempts| attempts >= 0));
            // Notices may stand beside what they point to.
            let notice = ["nats", "eventbridge"].contains(&row.framework);
            assert!(notice || row.origin_destination != Some(record.destination));
        }
    });
});
