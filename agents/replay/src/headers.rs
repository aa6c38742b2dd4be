//! Which headers are taken off an event that is put back, and which are put on.
//!
//! Headers of the failure have to go: Kafka Connect never overwrites its own, so that the first failure would stand there
//! for ever; Spring's pile up until the record is too large; an attempt that is counted already sends the event straight
//! back. All others stay in their order, duplicates and nulls included.

use std::fmt::{Display, Write};

use tapline_model::Header;

/// The replay.
pub(crate) const ID: &str = "tapline-replay-id";
/// Which item of it, behind what tells replays of different archives apart: `4f1c9a2e/17`.
pub(crate) const ITEM: &str = "tapline-replay-item";
/// How often the event was put back, with this time.
pub(crate) const ATTEMPT: &str = "tapline-replay-attempt";
/// Address of the event that was put back.
pub(crate) const ORIGIN: &str = tapline_model::id::REPLAY_ORIGIN;
/// Who started it.
pub(crate) const BY: &str = "tapline-replay-by";
/// When it was started, RFC 3339.
pub(crate) const AT: &str = "tapline-replay-at";

const OURS: &str = "tapline-replay-";

/// Beginnings of names, in lower case. By framework: facts of `collector/decode/src/dead_letter`.
const OF_FAILURES: &[&str] = &[
    "kafka_dlt-",
    "kafka_original-",
    "kafka_exception-",
    "kafka_key-exception-",
    "retry_topic-",
    "springdeserializerexception",
    "__connect.errors.",
    "__streams.errors.",
    "__dlq.errors.",
    "_dlq.errors.",
    "x-exception-",
    "x-original-",
    "dead-letter-",
    "delayed-retry-",
    "__krafka.dlq.",
    "_watermill_requeuer_",
    "_watermill_delayed_",
    "x-death",
    "x-first-death-",
    "x-last-death-",
    "x-opt-deaths",
    "x-delivery-count",
    "x-acquired-count",
    "mt-fault-",
    "nservicebus.exceptioninfo.",
    "rbs2-error-details",
    "deadletter",
    "nats-",
];

/// Whole names, in lower case.
const NAMES: &[&str] = &[
    "source_topic",
    "source_partition",
    "source_offset",
    "source_consumer_group",
    "source_attempts",
    "original_topic",
    "original_partition",
    "original_offset",
    "original_consumer_group",
    "original_attempts",
    "original-topic",
    "original-partition",
    "original-offset",
    "original-consumer-group",
    "original-attempts",
    "reason_poisoned",
    "topic_poisoned",
    "handler_poisoned",
    "subscriber_poisoned",
    "mt-reason",
    "mt-redelivery-count",
    "nservicebus.failedq",
    "nservicebus.timeoffailure",
    "nservicebus.retries",
    "nservicebus.flretries",
    "nservicebus.retries.timestamp",
    "servicecontrol.editof",
    "rbs2-source-queue",
    "rbs2-delivery-count",
    "reconsumetimes",
    "delay_time",
    "real_topic",
    "retry_topic",
    "origin_message_id",
    "origin_message_idy_time",
];

/// Whether a header is taken off: one of ours always, one of a failure from events that failed.
pub(crate) fn is_taken_off(name: &str, failed: bool, own: &[String]) -> bool {
    let begins = |with: &str| name.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    begins(OURS)
        || (failed
            && (OF_FAILURES.iter().any(|with| begins(with))
                || NAMES.iter().any(|whole| name.eq_ignore_ascii_case(whole))
                || own.iter().any(|whole| name.eq_ignore_ascii_case(whole))))
}

/// What is put on an item. Made once a replay: only what differs is written anew for each item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: String,
    pub(crate) item: String,
    pub(crate) attempt: String,
    pub(crate) origin: String,
    pub(crate) by: String,
    pub(crate) at: String,
}

impl Stamp {
    /// For this item, of the replay with this token, with the address it had.
    pub(crate) fn put_on(&mut self, token: &str, number: u32, attempt: u8, origin: &impl Display) {
        for text in [&mut self.item, &mut self.attempt, &mut self.origin] {
            text.clear();
        }
        // Writing into a String cannot fail.
        let _ = write!(self.item, "{token}/{number}");
        let _ = write!(self.attempt, "{attempt}");
        let _ = write!(self.origin, "{origin}");
    }

    pub(crate) fn headers(&self) -> [Header<'_>; 6] {
        [
            (ID, &self.id),
            (ITEM, &self.item),
            (ATTEMPT, &self.attempt),
            (ORIGIN, &self.origin),
            (BY, &self.by),
            (AT, &self.at),
        ]
        .map(|(name, value)| Header { name, value: Some(value.as_bytes()) })
    }
}

/// The item that a record on a target was sent as, when a replay with this token sent it.
pub(crate) fn item_of(headers: &[Header<'_>], token: &str) -> Option<u32> {
    // Whoever copies our headers onto other records may put others before them.
    let values = headers.iter().filter(|header| header.name == ITEM).filter_map(|header| header.value);
    let mut parts = values.filter_map(|value| std::str::from_utf8(value).ok()?.split_once('/'));
    parts.find(|(of, _)| *of == token).and_then(|(_, number)| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_failures_go_and_all_others_stay() {
        for name in [
            "kafka_dlt-original-topic",
            "kafka_exception-fqcn",
            "retry_topic-attempts",
            "__connect.errors.stage",
            "X-Original-Topic",
            "dead-letter-reason",
            "source_topic",
            "tapline-replay-attempt",
        ] {
            assert!(is_taken_off(name, true, &[]), "{name}");
        }
        for name in ["ce_id", "traceparent", "content-type", "kafka_correlationId", "source", "x-tenant", "é"] {
            assert!(!is_taken_off(name, true, &[]), "{name}");
        }
        assert!(is_taken_off("dlq-why", true, &["DLQ-Why".to_owned()]));
    }

    #[test]
    fn events_that_did_not_fail_keep_all_but_ours() {
        assert!(!is_taken_off("x-original-topic", false, &[]));
        assert!(is_taken_off("tapline-replay-id", false, &[]));
    }

    #[test]
    fn an_item_is_recognised_by_its_replay_s_token() {
        let mut stamp =
            Stamp { id: "r-33".to_owned(), by: "mara".to_owned(), at: "now".to_owned(), ..Stamp::default() };
        stamp.put_on("4f1c9a2e", 3, 2, &"k/orders-dlt/0/4");
        stamp.put_on("4f1c9a2e", 17, 1, &"k/orders-dlt/0/5");
        let headers = stamp.headers();
        let values = headers.map(|header| String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned());
        assert_eq!(values, ["r-33", "4f1c9a2e/17", "1", "k/orders-dlt/0/5", "mara", "now"]);
        assert_eq!(item_of(&headers, "4f1c9a2e"), Some(17));
        assert_eq!(item_of(&headers, "00000000"), None);
        assert_eq!(item_of(&[], "4f1c9a2e"), None);
        let odd = Header { name: ITEM, value: Some(b"4f1c9a2e/\xff") };
        assert_eq!(item_of(&[odd], "4f1c9a2e"), None);
    }
}
