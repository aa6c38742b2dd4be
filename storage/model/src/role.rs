//! What a topic is for, as its name tells: how frameworks spell retry and dead-letter topics.
//!
//! A name proves nothing. What a record is, is said by its headers (`collector/decode`).

/// What a topic is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicRole {
    /// Records wait here for another attempt.
    Retry,
    /// Records end here.
    DeadLetter,
}

/// The role that the well-known spellings of frameworks give a name, compared without case.
///
/// Dead letters: a word `dlq`, `dlt`, `dead` or `dead-letter(s)`, prefixes `error.`, `dead-letter-topic-` and `poison`,
/// suffixes `_error`, `_skipped`, `.error(s)`, `-error(s)` and `/$deadletterqueue`. Retries: a word `retry` or `retries`
/// at the end or followed by up to two numbers, or at the beginning; `-delay-<n>` at the end.
pub fn role(topic: &str) -> Option<TopicRole> {
    if is_dead_letter(topic) {
        Some(TopicRole::DeadLetter)
    } else if is_retry(topic) {
        Some(TopicRole::Retry)
    } else {
        None
    }
}

/// Whether a word of a name may tell its role, alone or with the words beside it.
pub(crate) fn is_word(word: &str) -> bool {
    const PARTS: &[&str] = &["letter", "letters", "error", "errors", "skipped", "delay", "$deadletterqueue"];
    [DEAD_LETTERS, RETRIES, PARTS].iter().any(|known| is_any(word, known)) || starts(word, POISON)
}

const DEAD_LETTERS: &[&str] = &["dlq", "dlt", "dead", "deadletter", "deadletters"];
const RETRIES: &[&str] = &["retry", "retries"];
const POISON: &str = "poison";

fn words(topic: &str) -> impl DoubleEndedIterator<Item = &str> {
    topic.split(['.', '_', '-'])
}

/// An attempt or a delay.
pub(crate) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_any(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn starts(topic: &str, prefix: &str) -> bool {
    topic.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn ends(topic: &str, suffix: &str) -> bool {
    let from = topic.len().checked_sub(suffix.len());
    from.is_some_and(|from| topic.as_bytes()[from..].eq_ignore_ascii_case(suffix.as_bytes()))
}

fn is_dead_letter(topic: &str) -> bool {
    const SUFFIXES: &[&str] = &["_error", "_skipped", ".error", ".errors", "-error", "-errors", "/$deadletterqueue"];
    words(topic).any(|word| is_any(word, DEAD_LETTERS) || starts(word, POISON))
        || ["error.", "dead-letter-topic-"].iter().any(|prefix| starts(topic, prefix))
        || SUFFIXES.iter().any(|suffix| ends(topic, suffix))
}

fn is_retry(topic: &str) -> bool {
    let number = |word: &&str| is_number(word);
    let mut from_end = words(topic).rev().peekable();
    let mut numbers = 0;
    while from_end.next_if(number).is_some() {
        numbers += 1;
    }
    let last = from_end.next().unwrap_or_default();
    let first = words(topic).next().unwrap_or_default();
    let alone = first.len() == topic.len();
    (numbers <= 2 && is_any(last, RETRIES))
        || (numbers == 1 && last.eq_ignore_ascii_case("delay"))
        || (!alone && is_any(first, RETRIES))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_frameworks() {
        let dead = [
            "orders.DLT",
            "orders-dlt",
            "orders.dlq",
            "dlq.orders",
            "error.orders.billing",
            "orders_error",
            "orders_skipped",
            "dead-letter-topic-in",
            "shop.dead_letter.orders",
            "poison-messages",
            "poison_queue",
            "dlq-lcc-x1",
            "a/$DeadLetterQueue",
        ];
        for topic in dead {
            assert_eq!(role(topic), Some(TopicRole::DeadLetter), "{topic}");
        }
        let retry = [
            "orders-retry",
            "orders-retry-0",
            "orders-retry-16000-0",
            "orders.retry.3",
            "orders-sub-RETRY",
            "orders_retry_5000",
            "billing-orders-delay-30",
            "retry.orders",
            "orders.retries",
        ];
        for topic in retry {
            assert_eq!(role(topic), Some(TopicRole::Retry), "{topic}");
        }
        for topic in [
            "orders",
            "retryable",
            "orders.retry.policy",
            "deadline",
            "terror",
            "delayed-orders",
            "",
            "a-delay",
            "errors",
        ] {
            assert_eq!(role(topic), None, "{topic}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read(topic in "\\PC{0,40}") {
            let _ = role(&topic);
        }
    }
}
