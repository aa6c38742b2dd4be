//! Apache Pulsar: consumers send to `<topic>-<subscription>-RETRY` and `<topic>-<subscription>-DLQ` unless told otherwise.
//!
//! The tap hands over a message's properties as text, under their own names. The id of the original message
//! (`ORIGIN_MESSAGE_ID`) is no offset, and stays among the identifiers.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("REAL_TOPIC", Field::OriginTopic),
    ("REAL_SUBSCRIPTION", Field::ConsumerGroup),
    // Counted before the message is sent on: what it says is how often it has failed.
    ("RECONSUMETIMES", Field::Attempts),
    // Milliseconds to wait from when it was sent.
    ("DELAY_TIME", Field::DueAt),
    ("RETRY_TOPIC", Field::Ignored),
];

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let mut row = record.common();
    let Some(topic) = row.origin_destination else { return row };
    if let Some((topic, partition)) = partition(topic) {
        (row.origin_destination, row.origin_partition) = (Some(topic), Some(partition));
    }
    row.consumer_group = row.consumer_group.or_else(|| subscription(record.destination, row.origin_destination?));
    row
}

/// Each partition of a topic is a topic, `<topic>-partition-<number>`.
fn partition(topic: &str) -> Option<(&str, i32)> {
    let (topic, number) = topic.rsplit_once("-partition-")?;
    Some((topic, number.parse().ok()?))
}

/// Older clients name it in the topic alone.
fn subscription<'a>(destination: &'a str, origin: &str) -> Option<&'a str> {
    let rest = destination.strip_prefix(origin)?.strip_prefix('-')?;
    let name = rest.strip_suffix("-DLQ").or_else(|| rest.strip_suffix("-RETRY"))?;
    Some(name).filter(|name| !name.is_empty())
}
