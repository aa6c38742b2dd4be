//! Watermill (Go): poison queue, and the delays and requeues of its middleware. All values are text,
//! times in RFC 3339.

use super::facts::Field;

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("reason_poisoned", Field::Message),
    ("topic_poisoned", Field::OriginTopic),
    ("handler_poisoned", Field::Stage),
    ("subscriber_poisoned", Field::Ignored),
    ("_watermill_requeuer_retries", Field::Attempts),
    ("_watermill_delayed_until", Field::DueAt),
    ("_watermill_delayed_for", Field::Ignored),
];
