//! NATS JetStream has no dead letters: a message that was delivered too often stays in its stream, and an advisory says so,
//! JSON under `$JS.EVENT.ADVISORY.>`. It points to the message by stream and sequence.

use bumpalo::Bump;
use tapline_model::{DeadLetterRow, RetryRow};

use super::framework::Framework;
use crate::{encoding, json};

/// What the `type` of an advisory begins with; the kind of advisory follows.
pub(super) const ADVISORY: &str = "io.nats.jetstream.advisory.v1.";

/// A message that is given up, or will be delivered again.
pub(super) fn advisory<'a>(
    arena: &'a Bump,
    kind: &'a str,
    payload: &'a [u8],
) -> (Option<DeadLetterRow<'a>>, Option<RetryRow<'a>>) {
    let names = ["stream", "consumer", "stream_seq", "deliveries", "reason"];
    let [stream, consumer, sequence, deliveries, reason] = json::pick(arena, payload, &names).map(|found| found.first);
    let (Some(stream), origin_offset) = (stream, sequence.and_then(encoding::count)) else {
        return (None, None);
    };
    let attempts = deliveries.and_then(encoding::count);
    let given_up = DeadLetterRow {
        framework: Framework::Nats.as_str(),
        origin_destination: Some(stream),
        origin_offset,
        consumer_group: consumer,
        exception: Some(kind),
        message: reason,
        attempts,
        ..DeadLetterRow::default()
    };
    let again = RetryRow { origin_destination: Some(stream), origin_offset, attempts, ..RetryRow::default() };
    match kind {
        "max_deliver" | "terminated" => (Some(given_up), None),
        "nak" => (None, Some(again)),
        _ => (None, None),
    }
}
