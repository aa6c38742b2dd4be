//! MassTransit (.NET): `<queue>_error` for what a consumer threw on, `<queue>_skipped` for what none wanted.
//!
//! The tap hands over the transport's headers as text, under their own names.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;

pub(super) const HEADERS: &[(&str, Field)] = &[
    // `fault`, or `dead-letter` for what was skipped.
    ("MT-Reason", Field::Reason),
    ("MT-Fault-InputAddress", Field::OriginTopic),
    ("MT-Fault-ExceptionType", Field::Exception),
    ("MT-Fault-Message", Field::Message),
    ("MT-Fault-StackTrace", Field::Stack),
    ("MT-Fault-ConsumerType", Field::Stage),
    ("MT-Fault-Timestamp", Field::FailedAt),
    ("MT-Fault-MessageType", Field::Ignored),
    ("MT-Fault-RetryCount", Field::Attempts),
    ("MT-Fault-RedeliveryCount", Field::Ignored),
];

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let mut row = record.common();
    let destination = record.destination;
    let named = || destination.strip_suffix("_error").or_else(|| destination.strip_suffix("_skipped"));
    row.origin_destination = row.origin_destination.and_then(queue).or_else(named);
    // Retries are counted, and none is not written.
    let consumed = record.last_value(Field::Exception).is_some();
    row.attempts = consumed.then(|| row.attempts.unwrap_or(0).saturating_add(1));
    row
}

/// The queue of `rabbitmq://host/vhost/queue?durable=true`, `sb://namespace/queue` or `queue:queue`.
fn queue(address: &str) -> Option<&str> {
    let path = address.split('?').next().unwrap_or_default();
    path.rsplit(['/', ':']).next().filter(|queue| !queue.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_with_the_queue() {
        for address in [
            "rabbitmq://localhost/orders",
            "rabbitmq://localhost/shop/orders?temporary=true",
            "sb://shop.servicebus.windows.net/orders",
            "queue:orders",
        ] {
            assert_eq!(queue(address), Some("orders"), "{address}");
        }
        assert_eq!(queue("loopback://localhost/"), None);
    }
}
