//! One text for one cause: dead letters with the same fingerprint failed for the same reason.
//!
//! Made of what stays the same from event to event and from release to release: the innermost exception, the method of
//! ours that it came from (line numbers move with every release), who read the event and from where. Without such a
//! method the innermost message stands in, without its numbers, identifiers and quoted values.

use bumpalo::Bump;
use bumpalo::collections::String;
use tapline_model::{DeadLetterRow, id};

use crate::{encoding, stack};

/// Sixteen hexadecimal digits.
pub(crate) fn of<'a>(arena: &'a Bump, row: &DeadLetterRow<'_>) -> &'a str {
    let mut text = String::new_in(arena);
    for part in [row.root_cause, row.consumer_group, row.origin_destination] {
        text.push_str(part.unwrap_or_default());
        text.push('\0');
    }
    match row.stack.and_then(stack::own_frame) {
        Some(frame) => push_frame(&mut text, frame),
        None => push_folded(&mut text, innermost_message(row).unwrap_or_default()),
    }
    encoding::format(arena, format_args!("{:016x}", id::hash_value(&text)))
}

/// A message without what differs from event to event: messages that fold alike say the same.
pub fn folded(message: &str) -> std::string::String {
    let arena = Bump::new();
    let mut text = String::new_in(&arena);
    push_folded(&mut text, message);
    text.as_str().to_owned()
}

/// That of the exception which counts: frameworks around it quote values in ways of their own.
fn innermost_message<'a>(row: &DeadLetterRow<'a>) -> Option<&'a str> {
    row.stack.and_then(stack::deepest_cause).and_then(|cause| cause.message).or(row.message)
}

/// Generated names change from run to run: `$$SpringCGLIB$$0`, `lambda$price$3`.
fn push_frame(text: &mut String<'_>, frame: &str) {
    let (class, method) = frame.rsplit_once('.').unwrap_or(("", frame));
    for part in [class, method] {
        let stable = part.split("$$").next().unwrap_or_default();
        text.extend(stable.chars().filter(|c| !c.is_ascii_digit()));
        text.push('.');
    }
}

/// Longer messages differ by the data they quote.
const MAX_MESSAGE: usize = 300;

/// The first line without what differs from event to event: quoted values and words with a digit become one sign.
fn push_folded(text: &mut String<'_>, message: &str) {
    let line = message.lines().next().unwrap_or_default();
    let mut rest = &line[..line.floor_char_boundary(MAX_MESSAGE)];
    while let Some(first) = rest.chars().next() {
        let length = if let Some(quoted) = quoted(rest, first) {
            text.push('?');
            quoted
        } else if first.is_alphanumeric() {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let word = &rest[..length];
            if word.contains(|c: char| c.is_ascii_digit()) {
                text.push('#')
            } else {
                text.push_str(word)
            }
            length
        } else {
            text.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
}

/// Identifiers and numbers hold these without ending.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Length of the quoted text at the start, quotes included.
fn quoted(text: &str, quote: char) -> Option<usize> {
    if !matches!(quote, '\'' | '"' | '`') {
        return None;
    }
    text[1..].find(quote).map(|end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fingerprint(row: &DeadLetterRow<'_>) -> std::string::String {
        of(&Bump::new(), row).to_owned()
    }

    const ROW: DeadLetterRow<'_> = DeadLetterRow {
        framework: "spring_kafka",
        origin_destination: Some("orders"),
        consumer_group: Some("billing"),
        root_cause: Some("shop.CardException"),
        message: Some("card 4711 of 'Ann' is unknown"),
        stack: Some("shop.CardException: card 4711\n\tat shop.Cards$$SpringCGLIB$$0.read(Cards.java:12)"),
        origin_partition: None,
        origin_offset: None,
        origin_timestamp: None,
        exception: None,
        attempts: None,
        stage: None,
        fingerprint: None,
    };

    #[test]
    fn what_moves_with_a_release_or_an_event_does_not_count() {
        let moved = DeadLetterRow {
            framework: "spring_retry_topic",
            message: Some("something else"),
            stack: Some("shop.CardException: card 12\n\tat shop.Cards$$SpringCGLIB$$7.read(Cards.java:99)"),
            attempts: Some(3),
            ..ROW
        };
        assert_eq!(fingerprint(&ROW), fingerprint(&moved));
        assert_eq!(fingerprint(&ROW).len(), 16);
    }

    #[test]
    fn cause_place_and_reader_tell_failures_apart() {
        let other_cause = DeadLetterRow { root_cause: Some("shop.OtherException"), ..ROW };
        let other_group = DeadLetterRow { consumer_group: Some("shipping"), ..ROW };
        let other_origin = DeadLetterRow { origin_destination: Some("payments"), ..ROW };
        let other_frame = DeadLetterRow { stack: Some("x\n\tat shop.Cards.write(Cards.java:12)"), ..ROW };
        for other in [other_cause, other_group, other_origin, other_frame] {
            assert_ne!(fingerprint(&ROW), fingerprint(&other));
        }
    }

    #[test]
    fn without_own_code_the_folded_message_counts() {
        let row = |message| DeadLetterRow { stack: None, message: Some(message), ..ROW };
        assert_eq!(fingerprint(&row("card 4711 of 'Ann'")), fingerprint(&row("card 12 of 'Bob'")));
        assert_ne!(fingerprint(&row("card is unknown")), fingerprint(&row("card is expired")));
        assert_eq!(folded("order ORD-17 (0b1e5c4a-0000) \"x y\": it's late, 3.5 s"), "order # (#) ?: it's late, # s");
        assert_eq!(folded("first\nsecond"), "first");
    }

    #[test]
    fn what_stands_around_the_innermost_cause_does_not_count() {
        let outer = |message, stack| DeadLetterRow { stack: Some(stack), message: Some(message), ..ROW };
        let many = outer("Value (many) was", "org.apache.E: Value (many) was\nCaused by: java.lang.N: input \"many\"");
        let lots = outer("Value (lots) was", "org.apache.E: Value (lots) was\nCaused by: java.lang.N: input \"lots\"");
        let other = outer("Value (many) was", "org.apache.E: Value (many) was\nCaused by: java.lang.N: no digits");
        assert_eq!(fingerprint(&many), fingerprint(&lots));
        assert_ne!(fingerprint(&many), fingerprint(&other));
    }

    proptest! {
        #[test]
        fn any_message_is_folded(message in "(\\PC|'|\"|`|é|7|\\n){0,40}") {
            let _ = folded(&message);
        }
    }
}
