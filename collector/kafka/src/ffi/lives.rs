//! Which life of a topic a client reads.
//!
//! Since Kafka 2.8 a client fetches by a topic's identity. When a topic was deleted and made anew, librdkafka turns to
//! the new identity as soon as some answer of a broker tells it, goes on at the old offset, and says so nowhere but in
//! its log (`rd_kafka_topic_metadata_update`). It logs before it takes the identity over, and only then can a fetch ask
//! for records of the new life: whoever holds a message and finds nothing told here knows that it is of the life known
//! so far. A test with the embedded broker fails if a newer librdkafka says this in other words.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// How librdkafka writes that it knew none.
const NONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// What a client's log told of the identities of its topics.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    told: AtomicBool,
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    /// Topic and identity, in the order in which the client took them over, since they were last taken.
    new: Vec<(String, String)>,
    /// Topics that had another identity before.
    turned: BTreeSet<String>,
}

impl Lives {
    /// Whether there is anything to take. Cheap enough for every message.
    pub(crate) fn told(&self) -> bool {
        self.told.load(Ordering::Acquire)
    }

    /// Topic and identity, each time that one was taken over since the last call.
    pub(crate) fn take(&self) -> Vec<(String, String)> {
        let mut heard = self.heard.lock();
        self.told.store(false, Ordering::Release);
        std::mem::take(&mut heard.new)
    }

    /// Whether the client ever turned from one life of the topic to another.
    pub(crate) fn has_turned(&self, topic: &str) -> bool {
        self.heard.lock().turned.contains(topic)
    }

    pub(super) fn hear(&self, line: &str) {
        if let Some((topic, before, id)) = turn(line) {
            let mut heard = self.heard.lock();
            heard.new.push((topic.to_owned(), id.to_owned()));
            if before != NONE {
                heard.turned.insert(topic.to_owned());
            }
            self.told.store(true, Ordering::Release);
        }
    }
}

/// Topic, former and new identity, if a line of the log tells them.
fn turn(line: &str) -> Option<(&str, &str, &str)> {
    let (before, ids) = line.split_once(" changed id from ")?;
    let (_, topic) = before.rsplit_once("Topic ")?;
    let (from, to) = ids.split_once(" to ")?;
    Some((topic, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_once_and_nothing_else_is_one() {
        let lives = Lives::default();
        lives.hear("[thrd:main]: Topic a.to.b changed id from AAAAAAAAAAAAAAAAAAAAAA to 5R2tXSnZTmyKgAz4oPQYpQ");
        lives.hear("[thrd:main]: Topic a.to.b [0] Leader 1 Epoch 0");
        assert!(lives.told() && !lives.has_turned("a.to.b"));
        lives.hear("[thrd:main]: Topic a.to.b changed id from 5R2tXSnZTmyKgAz4oPQYpQ to xyz");
        assert!(lives.has_turned("a.to.b") && !lives.has_turned("b"));
        let id = |id: &str| ("a.to.b".to_owned(), id.to_owned());
        assert_eq!(lives.take(), [id("5R2tXSnZTmyKgAz4oPQYpQ"), id("xyz")]);
        assert!(!lives.told() && lives.take().is_empty());
    }
}
