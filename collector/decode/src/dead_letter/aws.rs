//! SQS and EventBridge.
//!
//! The tap hands over system and message attributes as text, under their own names. SQS says where a message was and how
//! often it was received, never why. EventBridge sends an event that it could not deliver with attributes; a custom event
//! bus sends a record instead, JSON in the payload, which points to one or several events. Of several the first is the
//! origin; the ids of all are among the dead letter's own, as `eventId`.

use bumpalo::Bump;
use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;
use super::framework::Framework;
use crate::{encoding, json};

pub(super) const SQS: &[(&str, Field)] = &[
    ("DeadLetterQueueSourceArn", Field::OriginTopic),
    ("ApproximateReceiveCount", Field::Attempts),
    ("SentTimestamp", Field::OriginTimestamp),
    ("ApproximateFirstReceiveTimestamp", Field::Ignored),
];

pub(super) const EVENT_BRIDGE: &[(&str, Field)] = &[
    ("RULE_ARN", Field::OriginTopic),
    ("TARGET_ARN", Field::Stage),
    ("ERROR_CODE", Field::Reason),
    ("ERROR_MESSAGE", Field::Message),
    ("EXHAUSTED_RETRY_CONDITION", Field::Ignored),
    ("RETRY_ATTEMPTS", Field::Attempts),
];

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let row = record.common();
    let resource = row.origin_destination.map(resource);
    if record.framework == Framework::Sqs {
        return DeadLetterRow { origin_destination: resource, ..row };
    }
    let (bus, rule) = resource.map(bus_and_rule).unwrap_or_default();
    DeadLetterRow { origin_destination: bus, consumer_group: rule, attempts: row.attempts.map(tried), ..row }
}

/// What a custom event bus writes of events that a subscriber's target did not take.
pub(super) fn undelivered<'a>(arena: &'a Bump, payload: &'a [u8]) -> Option<DeadLetterRow<'a>> {
    let names =
        ["busArn", "subscriberArn", "targetArn", "errorCode", "errorMessage", "retryAttempts", "eventId", "timestamp"];
    let [bus, subscriber, target, code, message, retries, event, timestamp] =
        json::pick(arena, payload, &names).map(|found| found.first);
    let (Some(code), Some(_)) = (code, event) else { return None };
    Some(DeadLetterRow {
        framework: Framework::EventBridge.as_str(),
        origin_destination: bus.and_then(name),
        origin_timestamp: timestamp.and_then(encoding::iso_time),
        consumer_group: subscriber.and_then(name),
        exception: Some(code),
        message,
        attempts: retries.and_then(encoding::count).map(tried),
        stage: target,
        ..DeadLetterRow::default()
    })
}

/// The first attempt is no retry.
fn tried(retries: i32) -> i32 {
    retries.saturating_add(1)
}

/// The last part of `arn:aws:sqs:us-east-1:111122223333:orders`.
fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// Bus and rule of `rule/orders/large`; rules of the default bus do not name it.
fn bus_and_rule(resource: &str) -> (Option<&str>, Option<&str>) {
    let path = resource.strip_prefix("rule/").unwrap_or(resource);
    let (bus, rule) = path.rsplit_once('/').unwrap_or(("default", path));
    (Some(bus), Some(rule))
}

/// The name in `arn:aws:events:us-east-1:111122223333:event-busv2/orders/4f2a`.
fn name(arn: &str) -> Option<&str> {
    resource(arn).split('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        assert_eq!(resource("arn:aws:sqs:eu-central-1:111122223333:orders.fifo"), "orders.fifo");
        assert_eq!(resource("orders"), "orders");
        assert_eq!(bus_and_rule("rule/large"), (Some("default"), Some("large")));
        assert_eq!(
            bus_and_rule("rule/aws.partner/shop/orders/large"),
            (Some("aws.partner/shop/orders"), Some("large"))
        );
        assert_eq!(name("arn:aws:events:eu-central-1:111122223333:subscriber/large-orders/4f2a"), Some("large-orders"));
        assert_eq!(name("arn"), None);
    }
}
