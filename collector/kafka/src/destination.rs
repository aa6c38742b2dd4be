//! What a cluster tells of topics that may be written to. None is created by being asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tapline_adapter::{AdapterError, DestinationFacts, DestinationSettings, PartitionFacts, Remedy, Trouble};
use tapline_model::TimestampKind;

use crate::ffi::{Client, ErrorCode, OffsetSpec, Settings, Topic, TopicDescription};
use crate::mock::is_embedded;
use crate::outage::Outage;
use crate::source::Cluster;

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Nothing is fetched.
const QUEUE_BYTES: usize = 1 << 20;
/// The longest name that Kafka allows.
const LONGEST: usize = 249;

/// Offsets by topic and partition.
type Marks = BTreeMap<(String, i32), Option<i64>>;

pub(crate) fn destinations(
    cluster: &Cluster,
    names: &[&str],
) -> Result<Vec<Result<DestinationFacts, AdapterError>>, AdapterError> {
    let Some(first) = names.iter().copied().find(|name| is_name(name)) else {
        return Ok(names.iter().map(|name| Err(absent(name))).collect());
    };
    let client = cluster.client(QUEUE_BYTES)?;
    let inquiry = Inquiry { cluster, broker: broker(cluster, &client, first)?, client };
    let found = inquiry.describe(names)?;
    Ok(names.iter().map(|name| found.get(*name).cloned().unwrap_or_else(|| Err(absent(name)))).collect())
}

/// Any broker that answers. A topic is asked for because all of them would be a lot.
pub(crate) fn broker(cluster: &Cluster, client: &Arc<Client>, topic: &str) -> Result<i32, AdapterError> {
    let topic = Topic::new(client, topic).ok_or_else(|| absent(topic))?;
    let metadata = client.metadata_of(&topic, ANSWER).map_err(|code| Outage::of(client, code).error(cluster))?;
    let known = std::iter::once(metadata.broker).chain(metadata.brokers).find(|id| *id >= 0);
    known.ok_or_else(|| Outage::of(client, ErrorCode::TRANSPORT).error(cluster))
}

pub(crate) fn absent(topic: &str) -> AdapterError {
    AdapterError::UnknownDestination { destination: topic.to_owned() }
}

/// A broker's answer about a topic that was asked for by its name.
pub(crate) fn fault(cluster: &Cluster, topic: &str, code: ErrorCode) -> AdapterError {
    match code {
        ErrorCode::TOPIC_DENIED => AdapterError::Denied {
            operation: "describe".to_owned(),
            resource: format!("topic `{topic}`"),
            command: Some(cluster.grant_operations(&["Describe"], topic)),
        },
        ErrorCode::NO_SUCH_PARTITION | ErrorCode::UNKNOWN_TOPIC => absent(topic),
        code => AdapterError::Protocol { operation: "describing a topic", detail: code.words() },
    }
}

/// Whether a topic can have this name. Others are not asked for: librdkafka refuses the question as a whole.
pub(crate) fn is_name(topic: &str) -> bool {
    (1..=LONGEST).contains(&topic.len())
        && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

struct Inquiry<'a> {
    cluster: &'a Cluster,
    client: Arc<Client>,
    broker: i32,
}

impl Inquiry<'_> {
    fn describe(
        &self,
        names: &[&str],
    ) -> Result<BTreeMap<String, Result<DestinationFacts, AdapterError>>, AdapterError> {
        let mut names: Vec<&str> = names.iter().copied().filter(|name| is_name(name)).collect();
        names.sort_unstable();
        names.dedup();
        let described = self.client.describe_topics(&names, self.broker, true, ANSWER);
        let described = described.map_err(|code| self.failed("describing topics", code))?;
        let there: Vec<&str> =
            described.iter().filter(|topic| topic.error.is_none()).map(|topic| topic.name.as_str()).collect();
        let mut settings = self.settings(&there)?;
        let places: Vec<(String, i32)> = described.iter().flat_map(places).collect();
        let (starts, ends) = (self.marks(&places, OffsetSpec::Earliest)?, self.marks(&places, OffsetSpec::End)?);
        let facts = |topic: TopicDescription| {
            let settings = settings.remove(&topic.name);
            let name = topic.name.clone();
            (name, self.facts(topic, settings, &starts, &ends))
        };
        Ok(described.into_iter().map(facts).collect())
    }

    fn facts(
        &self,
        topic: TopicDescription,
        settings: Option<Settings>,
        starts: &Marks,
        ends: &Marks,
    ) -> Result<DestinationFacts, AdapterError> {
        let TopicDescription { name, error, id, partitions, writable } = topic;
        error.map_or(Ok(()), |code| Err(fault(self.cluster, &name, code)))?;
        let mut problems = Vec::new();
        if writable == Some(false) {
            problems.push(self.missing("write", "Write", &name));
        }
        let settings = match settings {
            Some(Ok(all)) => Some(settings_of(&all)),
            Some(Err(ErrorCode::TOPIC_DENIED)) => {
                problems.push(self.missing("describe the settings of", "DescribeConfigs", &name));
                None
            }
            Some(Err(code)) => {
                let sentence = format!("the settings of topic `{name}` are not told: {}", code.words());
                problems.push(Remedy { sentence, command: None, trouble: Trouble::Other });
                None
            }
            None => None,
        };
        let mark = |marks: &Marks, partition| marks.get(&(name.clone(), partition)).copied().flatten();
        let mut partitions: Vec<PartitionFacts> = partitions
            .into_iter()
            .map(|(partition, led)| {
                let (start, end) = (mark(starts, partition), mark(ends, partition));
                PartitionFacts { partition, led, start, end }
            })
            .collect();
        partitions.sort_unstable_by_key(|facts| facts.partition);
        Ok(DestinationFacts { name, id, partitions, settings, writable, problems })
    }

    /// The embedded broker has no settings and would leave the question without an answer.
    fn settings(&self, topics: &[&str]) -> Result<BTreeMap<String, Settings>, AdapterError> {
        if self.client.cluster_id(Duration::ZERO).is_some_and(|id| is_embedded(&id)) {
            return Ok(BTreeMap::new());
        }
        let settings = self.client.topic_settings(topics, self.broker, ANSWER);
        settings.map_err(|code| self.failed("asking for the settings of topics", code))
    }

    fn marks(&self, places: &[(String, i32)], spec: OffsetSpec) -> Result<Marks, AdapterError> {
        let marks = self.client.list_offsets(places, spec, ANSWER);
        marks.map_err(|code| self.failed("asking where partitions begin and end", code))
    }

    fn missing(&self, what: &str, operation: &str, topic: &str) -> Remedy {
        Remedy {
            sentence: format!("the right to {what} topic `{topic}` is missing"),
            command: Some(self.cluster.grant_operations(&[operation], topic)),
            trouble: Trouble::Other,
        }
    }

    fn failed(&self, operation: &'static str, code: ErrorCode) -> AdapterError {
        match code {
            ErrorCode::TIMED_OUT | ErrorCode::TRANSPORT => Outage::of(&self.client, code).error(self.cluster),
            code => AdapterError::Protocol { operation, detail: code.words() },
        }
    }
}

/// The partitions that can be asked for their offsets.
fn places(topic: &TopicDescription) -> impl Iterator<Item = (String, i32)> + '_ {
    topic.partitions.iter().filter(|(_, led)| *led).map(|(partition, _)| (topic.name.clone(), *partition))
}

fn settings_of(all: &BTreeMap<String, String>) -> DestinationSettings {
    let number = |name: &str| all.get(name).and_then(|value| value.parse::<i64>().ok());
    // Kafka's word for "without a bound" is -1 or the largest number.
    let bounded = |name: &str| {
        let bound = number(name).filter(|bound| *bound != i64::MAX);
        bound.and_then(|bound| u64::try_from(bound).ok()).map(Duration::from_millis)
    };
    let policy = all.get("cleanup.policy").map_or("delete", String::as_str);
    let has = |word: &str| policy.split(',').any(|part| part.trim() == word);
    let appended = all.get("message.timestamp.type").is_some_and(|kind| kind == "LogAppendTime");
    // Kafka before 3.6 had one bound for both.
    let difference = bounded("message.timestamp.difference.max.ms");
    DestinationSettings {
        retention: bounded("retention.ms"),
        bounded_in_bytes: number("retention.bytes").is_some_and(|bytes| bytes >= 0),
        deletes: has("delete"),
        compacts: has("compact"),
        timestamps: if appended { TimestampKind::Appended } else { TimestampKind::Created },
        max_message_bytes: number("max.message.bytes").and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(MESSAGE),
        accepts_before: bounded("message.timestamp.before.max.ms").or(difference),
        accepts_after: bounded("message.timestamp.after.max.ms").or(difference),
    }
}

/// Kafka's default of `max.message.bytes`.
const MESSAGE: u64 = 1_048_588;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &[(&str, &str)]) -> DestinationSettings {
        settings_of(&settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn settings_without_a_bound_have_none() {
        let open = of(&[
            ("retention.ms", "-1"),
            ("cleanup.policy", "compact"),
            ("message.timestamp.before.max.ms", "9223372036854775807"),
            ("message.timestamp.after.max.ms", "3600000"),
        ]);
        assert_eq!((open.retention, open.accepts_before), (None, None));
        assert_eq!(open.accepts_after, Some(Duration::from_secs(3_600)));
        assert!(open.compacts && !open.deletes);
        assert_eq!(open.max_message_bytes, MESSAGE);
    }

    #[test]
    fn both_policies_and_the_older_bound_are_understood() {
        let both = of(&[
            ("cleanup.policy", "compact,delete"),
            ("retention.ms", "604800000"),
            ("message.timestamp.difference.max.ms", "1000"),
            ("message.timestamp.type", "LogAppendTime"),
            ("max.message.bytes", "2000"),
        ]);
        assert!(both.compacts && both.deletes);
        assert_eq!(both.retention, Some(Duration::from_secs(7 * 86_400)));
        assert_eq!(
            (both.accepts_before, both.accepts_after),
            (Some(Duration::from_secs(1)), Some(Duration::from_secs(1)))
        );
        assert_eq!((both.timestamps, both.max_message_bytes), (TimestampKind::Appended, 2_000));
    }

    #[test]
    fn what_no_topic_can_be_called_is_not_asked_for() {
        assert!(is_name("shop.orders_v1-eu"));
        for name in ["", "shop orders", "sh\u{f6}p", "a\0b", &"x".repeat(250)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
