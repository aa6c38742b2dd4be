//! How the connection and the topics stand, written by discovery and read by the page, and the sentences that say so.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crate::ffi::ErrorCode;
use crate::filter::Nothing;
use crate::outage::Outage;
use crate::places::Places;
use crate::source::Cluster;

/// A partition without a leader, a topic being made: normal for this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// At most this many sentences of one kind; the rest is counted.
const SHOWN: usize = 5;

#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) connected: bool,
    pub(crate) cluster: Option<String>,
    /// The last error of the connection as a whole.
    pub(crate) connection: Option<Outage>,
    /// Topics named without a wildcard that cannot be seen.
    pub(crate) unseen: Vec<String>,
    /// That no topic is to be read, as the last look at all topics found.
    pub(crate) nothing: Option<Nothing>,
    /// Partitions that cannot be read for the moment, and since when.
    pub(crate) waiting: BTreeMap<(String, i32), Instant>,
    pub(crate) left_out: Vec<(String, &'static str)>,
    /// Oldest and end offset as last heard.
    pub(crate) marks: HashMap<String, BTreeMap<i32, (i64, i64)>>,
}

impl Standing {
    pub(crate) fn reached(&mut self) {
        self.connected = true;
        self.connection = None;
    }

    /// A fault of the connection as a whole.
    pub(crate) fn lost(&mut self, code: ErrorCode, text: &str) {
        self.connected = false;
        self.heard(code, text);
    }

    /// A fault of one broker, which explains the outage that may follow.
    pub(crate) fn heard(&mut self, code: ErrorCode, text: &str) {
        self.connection = Some(Outage::new(code, text).or_better(self.connection.take()));
    }

    pub(crate) fn mark(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        self.marks.get(topic)?.get(&partition).copied()
    }

    /// What is wrong, in sentences, worst first.
    pub(crate) fn problems(&self, cluster: &Cluster, places: &Places, now: Instant) -> Vec<String> {
        let outage = self.connection.iter().filter(|_| !self.connected);
        let mut problems: Vec<String> =
            outage.map(|outage| format!("{}; it is tried again", outage.sentence(cluster))).collect();
        problems.extend(shortened(denied(cluster, places)));
        problems.extend(shortened(self.unseen.iter().map(|topic| unseen(cluster, topic)).collect()));
        problems.extend(self.nothing.iter().map(|found| nothing(cluster, found)));
        problems.extend(shortened(self.waits(now)));
        problems.extend(shortened(unreadable(places)));
        problems.extend(shortened(unsettled(places, now)));
        problems.extend(shortened(truncated(places)));
        problems.extend(shortened(unread_lives(places)));
        problems
    }

    fn waits(&self, now: Instant) -> Vec<String> {
        let long = self.waiting.iter().filter(|(_, since)| now.saturating_duration_since(**since) > PATIENCE);
        long.map(|((topic, partition), since)| {
            let seconds = now.saturating_duration_since(*since).as_secs();
            format!("partition {partition} of topic `{topic}` has had no leader for {seconds} s: look at its brokers")
        })
        .collect()
    }
}

pub(crate) fn unseen(cluster: &Cluster, topic: &str) -> String {
    let grant = cluster.grant(topic);
    format!("topic `{topic}` does not exist or the right to describe it is missing; `{grant}` grants it")
}

/// Brokers do not tell a topic that is hidden from one that does not exist.
pub(crate) fn nothing(cluster: &Cluster, found: &Nothing) -> String {
    let what = match found.seen {
        0 => "no topic can be seen".to_owned(),
        _ => {
            let name = &cluster.name;
            format!("none of the topics that can be seen is to be read, see `topics` and `exclude` in [sources.{name}]")
        }
    };
    let grant = cluster.grant_beginning(&found.prefixes);
    format!("{what}: either there is none yet, or the right to describe them is missing; `{grant}` grants it")
}

fn denied(cluster: &Cluster, places: &Places) -> Vec<String> {
    let mut topics: Vec<&str> =
        places.reported().filter(|(.., code, _)| *code == ErrorCode::TOPIC_DENIED).map(|(topic, ..)| topic).collect();
    topics.dedup();
    let sentence = |topic: &str| {
        let grant = cluster.grant(topic);
        format!("the right to read topic `{topic}` is missing; `{grant}` grants it")
    };
    topics.into_iter().map(sentence).collect()
}

fn unreadable(places: &Places) -> Vec<String> {
    places
        .reported()
        .filter(|(.., code, _)| *code != ErrorCode::TOPIC_DENIED)
        .map(|(topic, partition, _, text)| {
            format!("partition {partition} of topic `{topic}` cannot be read: {text}; it is tried again")
        })
        .collect()
}

fn truncated(places: &Places) -> Vec<String> {
    let sentence = |((topic, partition), (was, now)): (&(String, i32), &(i64, i64))| {
        format!(
            "the log of partition {partition} of topic `{topic}` ended at {now} although it had been read up to {was}: \
             the broker lost records that were acknowledged (an unclean election); offsets from {now} on are other \
             records now"
        )
    };
    places.troubles.truncated.iter().map(sentence).collect()
}

fn unsettled(places: &Places, now: Instant) -> Vec<String> {
    let since = places.troubles.unsettled.iter().map(|(topic, since)| (topic, now.saturating_duration_since(*since)));
    let long = since.filter(|(_, waited)| *waited > PATIENCE);
    long.map(|(topic, waited)| {
        let seconds = waited.as_secs();
        format!(
            "brokers have told different identities of topic `{topic}` for {seconds} s: it is not read until they agree"
        )
    })
    .collect()
}

fn unread_lives(places: &Places) -> Vec<String> {
    let sentence = |(topic, lives): (&String, &usize)| {
        format!(
            "topic `{topic}` was deleted and made anew so quickly that {lives} of its lives ended before they were \
             read: their events are in no archive"
        )
    };
    places.troubles.unread_lives.iter().map(sentence).collect()
}

fn shortened(mut sentences: Vec<String>) -> Vec<String> {
    if sentences.len() > SHOWN {
        let more = sentences.len() - SHOWN;
        sentences.truncate(SHOWN);
        sentences.push(format!("{more} more like that"));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KafkaSource;

    #[test]
    fn what_was_heard_of_one_broker_explains_the_outage() {
        let mut standing = Standing::default();
        standing.reached();
        standing.heard(ErrorCode::TRANSPORT, "k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused");
        let (source, places) =
            (KafkaSource::new("s", "k1:9092", BTreeMap::new()).unwrap(), Places::new(BTreeMap::new()));
        let problems = |standing: &Standing| standing.problems(source.cluster(), &places, Instant::now());
        assert_eq!(problems(&standing), Vec::<String>::new(), "other brokers answer");
        standing.lost(ErrorCode::ALL_BROKERS_DOWN, "1/1 brokers are down");
        let said = problems(&standing).remove(0);
        assert!(
            said.starts_with("cannot reach k1:9092: connection refused") && said.ends_with("tried again"),
            "{said}"
        );
        standing.reached();
        assert!(standing.connected && standing.connection.is_none());
    }

    /// Neither `tapline check` nor the page said a word when every right was missing.
    #[test]
    fn nothing_to_read_is_told_with_both_reasons() {
        let source = KafkaSource::new("s", "k1:9092", BTreeMap::new()).unwrap();
        let said = |seen| nothing(source.cluster(), &Nothing { seen, prefixes: vec!["shop.".to_owned()] });
        let reasons = format!(
            ": either there is none yet, or the right to describe them is missing; `{}` grants it",
            source.cluster().grant_beginning(&["shop.".to_owned()])
        );
        assert_eq!(said(0), format!("no topic can be seen{reasons}"));
        let others = "none of the topics that can be seen is to be read, see `topics` and `exclude` in [sources.s]";
        assert_eq!(said(2), format!("{others}{reasons}"));
    }

    #[test]
    fn a_leader_may_be_missing_for_half_a_minute() {
        let (mut standing, since) = (Standing::default(), Instant::now());
        standing.waiting.insert(("t".to_owned(), 3), since);
        assert!(standing.waits(since + Duration::from_secs(29)).is_empty());
        let said = standing.waits(since + Duration::from_secs(31));
        assert_eq!(said, ["partition 3 of topic `t` has had no leader for 31 s: look at its brokers"]);
    }

    #[test]
    fn many_alike_are_counted() {
        let sentences: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        assert_eq!(shortened(sentences), ["0", "1", "2", "3", "4", "4 more like that"]);
    }
}
