//! Spring: `DeadLetterPublishingRecoverer`, `@RetryableTopic`, Spring Cloud Stream's Kafka binder, and Spring AMQP's
//! `RepublishMessageRecoverer`, which its Rabbit binder uses too.
//!
//! On Kafka numbers are big-endian integers; a tap of RabbitMQ hands over arguments of messages as text. The recoverer appends its headers on each hop, `@RetryableTopic` only those of the
//! retries. The same failure is wrapped in another exception and another sentence by each of them; both come off here.

use tapline_model::{DeadLetterRow, time};

use super::facts::{Failures, Field};
use super::framework::Framework;
use super::{Failed, stack};
use crate::encoding;
use crate::names::TopicRole;

pub(super) const RECOVERER: &[(&str, Field)] = &[
    ("kafka_dlt-original-topic", Field::OriginTopic),
    ("kafka_dlt-original-partition", Field::OriginPartition),
    ("kafka_dlt-original-offset", Field::OriginOffset),
    ("kafka_dlt-original-timestamp", Field::OriginTimestamp),
    ("kafka_dlt-original-timestamp-type", Field::Ignored),
    // `@RetryableTopic` uses this name too.
    ("kafka_dlt-original-consumer-group", Field::ConsumerGroup),
    ("kafka_dlt-exception-fqcn", Field::Exception),
    ("kafka_dlt-exception-cause-fqcn", Field::RootCause),
    ("kafka_dlt-exception-message", Field::Message),
    ("kafka_dlt-exception-stacktrace", Field::Stack),
    ("kafka_dlt-key-exception-fqcn", Field::KeyException),
    ("kafka_dlt-key-exception-message", Field::KeyMessage),
    ("kafka_dlt-key-exception-stacktrace", Field::KeyStack),
];

pub(super) const RETRY_TOPIC: &[(&str, Field)] = &[
    ("kafka_original-topic", Field::OriginTopic),
    ("kafka_original-partition", Field::OriginPartition),
    ("kafka_original-offset", Field::OriginOffset),
    ("kafka_original-timestamp", Field::OriginTimestamp),
    ("kafka_original-timestamp-type", Field::Ignored),
    ("kafka_exception-fqcn", Field::Exception),
    ("kafka_exception-cause-fqcn", Field::RootCause),
    ("kafka_exception-message", Field::Message),
    ("kafka_exception-stacktrace", Field::Stack),
    ("kafka_key-exception-fqcn", Field::KeyException),
    ("kafka_key-exception-message", Field::KeyMessage),
    ("kafka_key-exception-stacktrace", Field::KeyStack),
    ("retry_topic-attempts", Field::Attempts),
    ("retry_topic-original-timestamp", Field::Ignored),
    ("retry_topic-backoff-timestamp", Field::DueAt),
];

pub(super) const CLOUD_STREAM: &[(&str, Field)] = &[
    ("x-original-topic", Field::OriginTopic),
    ("x-original-partition", Field::OriginPartition),
    ("x-original-offset", Field::OriginOffset),
    ("x-original-timestamp", Field::OriginTimestamp),
    ("x-original-timestamp-type", Field::Ignored),
    ("x-exception-fqcn", Field::Exception),
    ("x-exception-message", Field::Message),
    ("x-exception-stacktrace", Field::Stack),
];

/// `x-exception-message` and `x-exception-stacktrace` are written too, under the names of Spring Cloud Stream.
pub(super) const AMQP: &[(&str, Field)] = &[
    // Empty for the default exchange, which routes to the queue of the key's name.
    ("x-original-exchange", Field::OriginTopic),
    ("x-original-routingKey", Field::RoutingKey),
    ("retry-count", Field::Attempts),
];

/// Which of the two is meant that share the names of the exception: where the record came from tells. `x-original-*` alone
/// may be a router's.
pub(super) fn meant(failures: &Failures<'_>, role: Option<TopicRole>) -> Option<Framework> {
    let has = |field| failures.has(Framework::SpringCloudStream, field);
    let failed =
        has(Field::Exception) || has(Field::Message) || has(Field::Stack) || role == Some(TopicRole::DeadLetter);
    let routed =
        [Field::OriginTopic, Field::RoutingKey].iter().any(|field| failures.has(Framework::SpringAmqp, *field));
    failed.then_some(if routed { Framework::SpringAmqp } else { Framework::SpringCloudStream })
}

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let mut row = record.common();
    match record.framework {
        Framework::SpringRetryTopic => {
            row.attempts = record.last_value(Field::Attempts).map(attempts_made);
            row.consumer_group = group_of_recoverer(record);
        }
        Framework::SpringCloudStream => row.consumer_group = group_in_name(record.destination, row.origin_destination),
        Framework::SpringAmqp => row = amqp(record, row),
        _ => {}
    }
    let key = row.exception.is_none() && record.last_value(Field::KeyException).is_some();
    if key {
        row.exception = record.last_text(Field::KeyException);
        row.message = record.last_text(Field::KeyMessage);
        row.stack = record.last_text(Field::KeyStack);
    }
    explain(row, key)
}

/// Takes the wrappers off: the exception Spring wraps every listener's failure in, and its sentences.
fn explain(mut row: DeadLetterRow<'_>, key: bool) -> DeadLetterRow<'_> {
    let unreadable = [row.exception, row.root_cause].into_iter().flatten().any(is_unreadable);
    row.stage = match (key, unreadable) {
        (true, _) => Some("key_deserialization"),
        (_, true) => Some("deserialization"),
        _ => row.exception.filter(|class| class.ends_with(".ListenerExecutionFailedException")).map(|_| "listener"),
    };
    if row.exception.is_some_and(is_wrapper) {
        row.exception = row.root_cause.or(row.exception);
    }
    row.message = row.message.and_then(unwrapped);
    // "failed to deserialize" is all the header says; the reason stands in the stack trace alone.
    if unreadable || key {
        let cause = row.stack.and_then(stack::deepest_cause).and_then(|cause| cause.message);
        row.message = cause.or(row.message);
    }
    row
}

fn is_unreadable(class: &str) -> bool {
    class == "org.springframework.kafka.support.serializer.DeserializationException"
}

fn is_wrapper(class: &str) -> bool {
    const WRAPPERS: &[&str] = &["ListenerExecutionFailedException", "TimestampedException", "MessagingException"];
    class.starts_with("org.springframework.") && WRAPPERS.iter().any(|wrapper| class.ends_with(wrapper))
}

/// Drops `Listener method '<signature>' threw exception; ` and `Listener failed; `, which stand before what the
/// listener said.
fn unwrapped(message: &str) -> Option<&str> {
    let mut message = message.trim();
    loop {
        let inner = if message.starts_with("Listener method '") {
            message.split_once("' threw exception").map(|(_, rest)| rest)
        } else {
            message.strip_prefix("Listener failed")
        };
        let Some(inner) = inner else { break };
        message = inner.trim_start_matches([';', ':', ' ']);
    }
    Some(message).filter(|message| !message.is_empty())
}

/// The exception's class stands in the stack trace alone.
fn amqp<'a>(record: &Failed<'a, '_>, row: DeadLetterRow<'a>) -> DeadLetterRow<'a> {
    let shared = |field| record.text(record.failures.last(Framework::SpringCloudStream, field)?);
    let stack = shared(Field::Stack);
    DeadLetterRow {
        origin_destination: row.origin_destination.or_else(|| record.first_text(Field::RoutingKey)),
        exception: stack.and_then(stack::thrown).map(|thrown| thrown.class),
        root_cause: stack.and_then(stack::deepest_cause).map(|cause| cause.class),
        message: shared(Field::Message),
        stack,
        ..row
    }
}

/// The header counts the attempt that would come next: four bytes, formerly one; anything else means the first.
fn attempts_made(value: &[u8]) -> i32 {
    let next = match value {
        [one] => i32::from(*one),
        other => encoding::int32(other).filter(|next| *next > 0).unwrap_or(1),
    };
    (next - 1).max(1)
}

/// When a listener of `@RetryableTopic` threw, microseconds. Delays are counted from there, in whole milliseconds.
pub(super) fn thrown_at(stack: &str) -> Option<i64> {
    let (_, time) = stack.split_once("TimestampedException: Exception thrown at ")?;
    let time = time.lines().next().filter(|time| time.starts_with(|c: char| c.is_ascii_digit()))?;
    time::parse(time.trim_end(), 0).ok().map(|micros| micros - micros.rem_euclid(1_000))
}

fn group_of_recoverer<'a>(record: &Failed<'a, '_>) -> Option<&'a str> {
    record.text(record.failures.last(Framework::SpringKafka, Field::ConsumerGroup)?)
}

/// The binder's topic is `error.<destination>.<group>`.
fn group_in_name<'a>(destination: &'a str, origin: Option<&str>) -> Option<&'a str> {
    let group = destination.strip_prefix("error.")?.strip_prefix(origin?)?.strip_prefix('.')?;
    Some(group).filter(|group| !group.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_around_the_message_come_off() {
        let message = "Listener method 'public void shop.Pricing.on(shop.Order)' threw exception; cannot price parcel";
        assert_eq!(unwrapped(message), Some("cannot price parcel"));
        assert_eq!(unwrapped("Listener failed; Listener method 'x' threw exception; no"), Some("no"));
        assert_eq!(unwrapped("Listener failed"), None);
        assert_eq!(unwrapped("card is expired"), Some("card is expired"));
    }

    #[test]
    fn attempts_in_both_widths() {
        assert_eq!(attempts_made(&[0, 0, 0, 4]), 3);
        assert_eq!(attempts_made(&[2]), 1);
        assert_eq!(attempts_made(&[255]), 254);
        for odd in [&[0u8, 0][..], &[], &[0xff, 0, 0, 0], &[0, 0, 0, 0]] {
            assert_eq!(attempts_made(odd), 1);
        }
    }

    #[test]
    fn delays_count_from_when_the_listener_threw() {
        let stack =
            |time: &str| format!("a.B: c\nCaused by: x.TimestampedException: Exception thrown at {time}\n\tat d");
        assert_eq!(thrown_at(&stack("1970-01-01T00:00:01.819840267Z")), Some(1_819_000));
        assert_eq!(thrown_at(&stack("1970-01-01T00:00:01Z")), Some(1_000_000));
        for odd in ["now", "", "1970"] {
            assert_eq!(thrown_at(&stack(odd)), None);
        }
        assert_eq!(thrown_at("a.B: c"), None);
    }

    #[test]
    fn the_binder_names_the_group_in_the_topic() {
        assert_eq!(group_in_name("error.shop.orders.billing", Some("shop.orders")), Some("billing"));
        assert_eq!(group_in_name("error.orders", Some("orders")), None);
    }
}
