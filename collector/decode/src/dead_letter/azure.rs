//! Azure Service Bus: every queue and subscription has a dead-letter queue of its own, `<entity>/$deadletterqueue`.
//!
//! The tap hands over the application properties as text, under their own names.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::{Failures, Field};
use super::framework::Framework;
use crate::names::TopicRole;

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("DeadLetterReason", Field::Reason),
    ("DeadLetterErrorDescription", Field::Message),
    // Set where dead letters are forwarded to another queue.
    ("DeadLetterSource", Field::OriginTopic),
];

const QUEUE: &str = "/$deadletterqueue";
const SUBSCRIPTIONS: &str = "/subscriptions/";

/// Application properties stay when a message is sent again: they count in a dead-letter queue alone.
pub(super) fn is_meant(failures: &Failures<'_>, role: Option<TopicRole>) -> bool {
    role == Some(TopicRole::DeadLetter) || failures.has(Framework::AzureServiceBus, Field::OriginTopic)
}

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let row = record.common();
    let own = split(record.destination, QUEUE).map(|(entity, _)| entity);
    let Some(entity) = row.origin_destination.or(own) else { return row };
    match split(entity, SUBSCRIPTIONS) {
        Some((topic, subscription)) => {
            DeadLetterRow { origin_destination: Some(topic), consumer_group: Some(subscription), ..row }
        }
        None => DeadLetterRow { origin_destination: Some(entity), ..row },
    }
}

/// What stands before and behind a part of an entity's name, in any case.
fn split<'a>(name: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    let at = name.as_bytes().windows(part.len()).position(|found| found.eq_ignore_ascii_case(part.as_bytes()))?;
    Some((name.get(..at)?, name.get(at + part.len()..)?))
}
