//! What programs make of events, seen from outside.

#![expect(clippy::unwrap_used, reason = "a test's fault is told by its panic")]

mod changes;
mod hostile;
mod properties;
mod refusals;

use tapline_model::Header;
use tapline_transform::{Changed, Event, Transform, TransformError};

const HEADERS: [Header<'static>; 3] = [
    Header { name: "type", value: Some(b"OrderPlaced") },
    Header { name: "retry", value: Some(b"1") },
    Header { name: "retry", value: None },
];

/// An event with this payload.
fn event(payload: &[u8]) -> Event<'_> {
    Event { key: Some(b"ORD-1"), headers: &HEADERS, payload: Some(payload) }
}

fn apply(program: &str, payload: &str) -> Result<Changed, TransformError> {
    Transform::parse(program)?.apply(event(payload.as_bytes()))
}

/// What becomes of a payload; untouched is empty.
fn payload(program: &str, before: &str) -> String {
    let changed = apply(program, before).unwrap_or_else(|error| panic!("{program}: {error}"));
    assert_eq!((changed.key, changed.headers), (None, None), "{program}");
    match changed.payload {
        None => String::new(),
        Some(None) => "tombstone".to_owned(),
        Some(Some(bytes)) => String::from_utf8(bytes).unwrap(),
    }
}

/// What a program is refused with, at once or on an event.
fn refusal(program: &str, before: &str) -> String {
    match apply(program, before) {
        Ok(changed) => panic!("{program} answered {changed:?}"),
        Err(error) => error.to_string(),
    }
}
