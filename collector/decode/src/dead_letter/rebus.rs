//! Rebus (.NET): the queue `error`.
//!
//! The tap hands over the headers as text, under their own names.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;
use crate::encoding;
use crate::stack::{self, Cause};

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("rbs2-source-queue", Field::OriginTopic),
    ("rbs2-error-details", Field::Stack),
    ("rbs2-delivery-count", Field::Attempts),
    ("rbs2-senttime", Field::OriginTimestamp),
];

pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let row = record.common();
    let Some(details) = row.stack else { return row };
    let thrown = thrown(details);
    DeadLetterRow {
        exception: thrown.map(|thrown| thrown.class),
        message: thrown.and_then(|thrown| thrown.message).or_else(|| details.lines().next()),
        attempts: row.attempts.or_else(|| exceptions(details)),
        ..row
    }
}

/// `5 unhandled exceptions: 11/21/2026 03:12:44 +00:00: Shop.Broken: no price`, then frames, then the other four; or the
/// message and the exception. The class is the first part that looks like one.
fn thrown(details: &str) -> Option<Cause<'_>> {
    let line = details.lines().next()?;
    let parts = std::iter::once(0).chain(line.match_indices(": ").map(|(at, colon)| at + colon.len()));
    let mut causes = parts.take(8).filter_map(|at| line.get(at..)).filter_map(stack::thrown);
    causes.find(|cause| cause.class.contains('.'))
}

fn exceptions(details: &str) -> Option<i32> {
    encoding::count(details.split_once(" unhandled exceptions: ")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_begin_in_several_ways() {
        let cause = Some(Cause { class: "Shop.Broken", message: Some("no price: XX") });
        for details in [
            "1 unhandled exceptions: 11/21/2026 03:12:44 +00:00: Shop.Broken: no price: XX\r\n   at Shop.Pricing.Price()",
            "1 unhandled exceptions: 21.11.2026 03:12:44 +01:00: Shop.Broken: no price: XX",
            "no price: XX: Shop.Broken: no price: XX\n   at Shop.Pricing.Price()",
            "Shop.Broken: no price: XX",
        ] {
            assert_eq!(thrown(details), cause, "{details}");
        }
        assert_eq!(thrown("gave up: by hand"), None);
        assert_eq!(exceptions("5 unhandled exceptions: x"), Some(5));
        assert_eq!(exceptions("Shop.Broken: 5 unhandled exceptions: x"), None);
    }
}
