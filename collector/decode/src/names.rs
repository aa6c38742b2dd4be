//! Whether a topic's name looks like a retry or a dead-letter topic.
//!
//! A name is a candidate and nothing more: only headers make a record a dead letter (`dead_letter`).

/// What a topic is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicRole {
    /// Records wait here for another attempt.
    Retry,
    /// Records end here.
    DeadLetter,
}

/// Names a person has pinned; they win over the well-known spellings. `*` stands for any text; without case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicNames {
    /// Retry topics.
    pub retry: Vec<String>,
    /// Dead-letter topics.
    pub dead_letter: Vec<String>,
    /// Topics that are neither, whatever they are called.
    pub neither: Vec<String>,
}

impl TopicNames {
    /// The role of a topic by these names, else by the well-known spellings.
    pub fn role(&self, topic: &str) -> Option<TopicRole> {
        let pinned = |globs: &[String]| globs.iter().any(|glob| matches(glob, topic));
        if pinned(&self.neither) {
            None
        } else if pinned(&self.retry) {
            Some(TopicRole::Retry)
        } else if pinned(&self.dead_letter) {
            Some(TopicRole::DeadLetter)
        } else {
            role(topic)
        }
    }
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

fn words(topic: &str) -> impl DoubleEndedIterator<Item = &str> {
    topic.split(['.', '_', '-'])
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
    const WORDS: &[&str] = &["dlq", "dlt", "dead", "deadletter", "deadletters"];
    const SUFFIXES: &[&str] = &["_error", "_skipped", ".error", ".errors", "-error", "-errors", "/$deadletterqueue"];
    words(topic).any(|word| is_any(word, WORDS) || starts(word, "poison"))
        || ["error.", "dead-letter-topic-"].iter().any(|prefix| starts(topic, prefix))
        || SUFFIXES.iter().any(|suffix| ends(topic, suffix))
}

fn is_retry(topic: &str) -> bool {
    const WORDS: &[&str] = &["retry", "retries"];
    let number = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let mut from_end = words(topic).rev().peekable();
    let mut numbers = 0;
    while from_end.next_if(number).is_some() {
        numbers += 1;
    }
    let last = from_end.next().unwrap_or_default();
    let first = words(topic).next().unwrap_or_default();
    let alone = first.len() == topic.len();
    (numbers <= 2 && is_any(last, WORDS))
        || (numbers == 1 && last.eq_ignore_ascii_case("delay"))
        || (!alone && is_any(first, WORDS))
}

/// A glob with `*` only: broker names hold no other characters that would need more.
fn matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    if !starts(text, first) {
        return false;
    }
    let mut rest = &text.as_bytes()[first.len()..];
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let found = rest.windows(part.len().max(1)).position(|at| at.eq_ignore_ascii_case(part.as_bytes()));
        match (part.is_empty(), found) {
            (true, _) => {}
            (false, Some(at)) => rest = &rest[at + part.len()..],
            (false, None) => return false,
        }
    }
    rest.len() >= last.len() && rest[rest.len() - last.len()..].eq_ignore_ascii_case(last.as_bytes())
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

    #[test]
    fn pinned_names_win() {
        let names = TopicNames {
            retry: vec!["again.*".into()],
            dead_letter: vec!["*.graveyard.*".into(), "morgue".into()],
            neither: vec!["dead.sea.scrolls".into()],
        };
        assert_eq!(names.role("again.orders"), Some(TopicRole::Retry));
        assert_eq!(names.role("eu.Graveyard.orders"), Some(TopicRole::DeadLetter));
        assert_eq!(names.role("morgue"), Some(TopicRole::DeadLetter));
        assert_eq!(names.role("morgue2"), None);
        assert_eq!(names.role("dead.sea.scrolls"), None);
        assert_eq!(names.role("x.dlq"), Some(TopicRole::DeadLetter));
    }

    proptest! {
        #[test]
        fn any_name_and_glob_are_read(topic in "\\PC{0,40}", glob in "[a-z*.é]{0,8}") {
            let names = TopicNames { retry: vec![glob], ..TopicNames::default() };
            let _ = names.role(&topic);
        }

        #[test]
        fn a_name_matches_itself_and_its_prefix(topic in "\\PC{0,20}", more in "\\PC{0,20}") {
            prop_assume!(!topic.contains('*'));
            prop_assert!(matches(&topic, &topic));
            let glob = format!("{topic}*");
            let longer = format!("{topic}{more}");
            prop_assert!(matches(&glob, &longer));
        }
    }
}
