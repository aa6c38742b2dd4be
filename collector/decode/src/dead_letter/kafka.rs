//! What Apache Kafka itself writes: Connect, Streams (KIP-1034) and share groups (KIP-1191). All values are text.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;
use super::framework::Framework;
use crate::{encoding, stack};

/// A dead letter that was put back and fails again gets a second set of all headers: the last one is the newest.
pub(super) const CONNECT: &[(&str, Field)] = &[
    ("__connect.errors.topic", Field::OriginTopic),
    ("__connect.errors.partition", Field::OriginPartition),
    ("__connect.errors.offset", Field::OriginOffset),
    ("__connect.errors.connector.name", Field::ConsumerGroup),
    ("__connect.errors.task.id", Field::Ignored),
    ("__connect.errors.stage", Field::Stage),
    ("__connect.errors.class.name", Field::Ignored),
    ("__connect.errors.exception.class.name", Field::Exception),
    ("__connect.errors.exception.message", Field::Message),
    ("__connect.errors.exception.stacktrace", Field::Stack),
];

pub(super) const STREAMS: &[(&str, Field)] = &[
    ("__streams.errors.exception", Field::Exception),
    ("__streams.errors.message", Field::Message),
    ("__streams.errors.stacktrace", Field::Stack),
    ("__streams.errors.topic", Field::OriginTopic),
    ("__streams.errors.partition", Field::OriginPartition),
    ("__streams.errors.offset", Field::OriginOffset),
];

pub(super) const SHARE_GROUP: &[(&str, Field)] = &[
    ("__dlq.errors.topic", Field::OriginTopic),
    ("__dlq.errors.partition", Field::OriginPartition),
    ("__dlq.errors.offset", Field::OriginOffset),
    ("__dlq.errors.group", Field::ConsumerGroup),
    ("__dlq.errors.delivery.count", Field::Attempts),
    ("__dlq.errors.message", Field::Message),
];

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let mut row = record.common();
    match record.framework {
        // A sink's group is the connector's name behind this prefix unless it was overridden.
        Framework::KafkaConnect => {
            let group = |name| encoding::joined(record.headers.arena, ["connect-", name]);
            row.consumer_group = row.consumer_group.map(group);
            // A converter's sentence ends with a colon and nothing behind: why stands with the innermost cause.
            row.message = row.message.filter(|message| !message.trim_end().ends_with(':'));
        }
        // The header holds `Throwable.toString()`, and the message's own may be missing.
        Framework::KafkaStreams => {
            let cause = row.exception.map(stack::cause);
            row.message = row.message.or(cause.and_then(|cause| cause.message));
            row.exception = cause.map(|cause| cause.class);
        }
        _ => {}
    }
    row
}
