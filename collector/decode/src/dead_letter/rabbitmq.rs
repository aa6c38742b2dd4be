//! RabbitMQ's dead-letter exchanges. The broker writes why and where from; what a consumer thought of it, it never knows.
//!
//! The tap hands over the arguments of a message under their own names, texts and numbers as text, the array `x-death` as
//! JSON text: integers as numbers, timestamps as seconds. One that reads by AMQP 1.0 writes `x-opt-deaths` in this form.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;
use crate::{encoding, json};

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("x-death", Field::Deaths),
    ("x-first-death-queue", Field::OriginTopic),
    ("x-first-death-reason", Field::Ignored),
    ("x-first-death-exchange", Field::Ignored),
    ("x-last-death-queue", Field::Ignored),
    ("x-last-death-reason", Field::Reason),
    ("x-last-death-exchange", Field::Ignored),
    // Of quorum queues, on every message that was delivered before.
    ("x-delivery-count", Field::Attempts),
];

/// Deaths that a consumer brought about; the others came by time or length.
const TRIED: [&str; 2] = ["rejected", "delivery_limit"];

/// The newest death stands first in `x-death`; an older one of the same queue and reason is counted there, and `time` is
/// that of its first.
pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let row = record.common();
    let deaths = record.last_value(Field::Deaths);
    let deaths = deaths.map(|deaths| json::pick(record.headers.arena, deaths, &["queue", "reason", "count", "time"]));
    let [queue, reason, count, time] = deaths.unwrap_or_default();
    let newest = reason.first.or(row.exception);
    let attempts = if is_tried(newest) {
        count.first.and_then(encoding::count).max(row.attempts)
    } else {
        count.last.filter(|_| is_tried(reason.last)).and_then(encoding::count)
    };
    DeadLetterRow {
        origin_destination: row.origin_destination.or(queue.last),
        origin_timestamp: time.last.and_then(seconds),
        exception: newest,
        attempts,
        ..row
    }
}

/// Retries wait in a queue without consumers until their time is over, and come back as dead as they went.
pub(super) fn comes_back(row: &DeadLetterRow<'_>) -> bool {
    row.exception == Some("expired") && row.attempts.is_some()
}

fn is_tried(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| TRIED.contains(&reason))
}

fn seconds(text: &str) -> Option<i64> {
    encoding::count::<i64>(text)?.checked_mul(1_000_000)
}
