//! Watermill (Go): poison queue, and the delays and requeues of its middleware. All values are text.

use tapline_model::time;

use super::Failed;
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

/// The only framework that writes a time as RFC 3339; microseconds.
pub(super) fn due_at(record: &Failed<'_, '_>) -> Option<i64> {
    let text = record.last_text(Field::DueAt)?;
    // Relative times are the contract's, not Watermill's.
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| time::parse(text, 0).ok()).flatten()
}
