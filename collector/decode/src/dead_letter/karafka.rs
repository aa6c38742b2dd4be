//! Karafka (Ruby): `source_*` since 2.5, `original_*` before, `original-*` before 2.0.17. All values are text.

use super::facts::{Failures, Field};
use super::framework::Framework;
use crate::names::TopicRole;

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("source_topic", Field::OriginTopic),
    ("source_partition", Field::OriginPartition),
    ("source_offset", Field::OriginOffset),
    ("source_consumer_group", Field::ConsumerGroup),
    ("source_attempts", Field::Attempts),
    ("original_topic", Field::OriginTopic),
    ("original_partition", Field::OriginPartition),
    ("original_offset", Field::OriginOffset),
    ("original_consumer_group", Field::ConsumerGroup),
    ("original_attempts", Field::Attempts),
    ("original-topic", Field::OriginTopic),
    ("original-partition", Field::OriginPartition),
    ("original-offset", Field::OriginOffset),
    ("original-consumer-group", Field::ConsumerGroup),
    ("original-attempts", Field::Attempts),
];

/// Mirrors and routers write names like these too: a failure is meant only where attempts were counted, or where the
/// topic's name agrees.
pub(super) fn is_meant(failures: &Failures<'_>, role: Option<TopicRole>) -> bool {
    let has = |field| failures.has(Framework::Karafka, field);
    let place = has(Field::OriginTopic) && has(Field::OriginPartition) && has(Field::OriginOffset);
    place && (has(Field::Attempts) || role == Some(TopicRole::DeadLetter))
}
