//! Consumer groups of a cluster. Asking joins nothing; where even the question could create something, the topic that
//! keeps committed offsets, it is not asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use globset::GlobSet;
use tapline_adapter::{
    AdapterError, Committed, Group, GroupDetail, GroupFault, GroupKind, GroupList, GroupMember, GroupOptions,
    GroupReading, GroupState, Groups, Readers, Remedy, Trouble,
};

use crate::destination::{absent, fault, is_name};
use crate::ffi::{Client, DescribedGroup, ErrorCode, GroupType, ListedGroup, State, Topic};
use crate::filter::{WILDCARDS, globs};
use crate::outage::Outage;
use crate::source::Cluster;
use ends::{AskEnds, Ends};

mod ends;

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How often it is asked who the groups are that cannot be asked.
const UNKNOWN: Duration = Duration::from_secs(300);
/// Nothing is fetched.
const QUEUE_BYTES: usize = 1 << 20;
/// Where brokers keep what groups have committed. Made by the first look-up of any group's coordinator.
const OFFSETS: &str = "__consumer_offsets";

pub(crate) struct KafkaGroups {
    cluster: Arc<Cluster>,
    include: GlobSet,
    /// Entries without a wildcard.
    named: Vec<String>,
    /// Made by the first question.
    client: Option<Arc<Client>>,
    ends: AskEnds,
    unknown: Unknown,
}

/// Groups that cannot be asked by the requests this client has, as they were found last.
#[derive(Debug, Default)]
struct Unknown {
    asked: Option<Instant>,
    names: Vec<String>,
}

impl KafkaGroups {
    pub(crate) fn new(cluster: Arc<Cluster>, options: &GroupOptions) -> Result<Self, AdapterError> {
        let include = globs(&cluster.name, "groups", &options.include)?;
        let named: BTreeSet<&String> = options.include.iter().filter(|name| !name.contains(WILDCARDS)).collect();
        Ok(Self {
            cluster,
            include,
            named: named.into_iter().cloned().collect(),
            client: None,
            ends: AskEnds::default(),
            unknown: Unknown::default(),
        })
    }

    fn client(&mut self) -> Result<Arc<Client>, AdapterError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => self.cluster.asker(QUEUE_BYTES)?,
        };
        Ok(Arc::clone(self.client.insert(client)))
    }

    /// Groups asked for by name that a list does not show: hidden ones, and the others.
    fn missing(&self, client: &Arc<Client>, listed: &[ListedGroup]) -> (Vec<String>, Vec<String>) {
        let missing = self.named.iter().filter(|name| listed.iter().all(|group| group.name != **name));
        let missing: Vec<String> = missing.cloned().collect();
        if missing.is_empty() || (listed.is_empty() && !keeps_offsets(client)) {
            return (Vec::new(), missing);
        }
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        let answers = client.committed(&names, None, ANSWER);
        let denied: Vec<bool> = answers.iter().map(|answer| matches!(answer, Err(ErrorCode::GROUP_DENIED))).collect();
        let (hidden, unseen): (Vec<_>, Vec<_>) = missing.into_iter().zip(denied).partition(|(_, denied)| *denied);
        let name = |(name, _): (String, bool)| name;
        (hidden.into_iter().map(name).collect(), unseen.into_iter().map(name).collect())
    }

    /// Share groups, which librdkafka leaves out of its list. Who they are is asked now and then.
    fn unknown(&mut self, client: &Client, listed: &[ListedGroup]) -> Option<Remedy> {
        if self.unknown.asked.is_none_or(|asked| asked.elapsed() >= UNKNOWN) {
            self.unknown.asked = Some(Instant::now());
            // Without an answer nothing is said of them: this is no part of the pass.
            let all = client.list_all_groups(ANSWER).unwrap_or_default();
            let is_unknown = |(name, protocol): &(String, String)| {
                protocol.is_empty() && self.include.is_match(name) && listed.iter().all(|group| group.name != *name)
            };
            self.unknown.names = all.into_iter().filter(is_unknown).map(|(name, _)| name).collect();
            self.unknown.names.sort();
        }
        let names: Vec<String> = self.unknown.names.iter().take(5).map(|name| format!("`{name}`")).collect();
        let more = self.unknown.names.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let sentence = format!(
            "{}{more}: share groups, of which brokers tell this version no more than that they are there",
            names.join(", ")
        );
        (!names.is_empty()).then(|| remedy(sentence, None))
    }

    fn partitions(&self, client: &Arc<Client>, topic: &str) -> Result<Vec<(String, i32)>, AdapterError> {
        let handle = Topic::new(client, topic).filter(|_| is_name(topic)).ok_or_else(|| absent(topic))?;
        let metadata = client.metadata_of(&handle, ANSWER);
        let metadata = metadata.map_err(|code| Outage::of(client, code).error(&self.cluster))?;
        let found = metadata.topics.into_iter().find(|found| found.name == topic).ok_or_else(|| absent(topic))?;
        found.error.map_or(Ok(()), |code| Err(fault(&self.cluster, topic, code)))?;
        Ok(found.partitions.iter().map(|(partition, _)| (topic.to_owned(), *partition)).collect())
    }
}

impl Groups for KafkaGroups {
    fn list(&mut self) -> Result<GroupList, AdapterError> {
        let client = self.client()?;
        let listed = client.list_groups(ANSWER).map_err(|code| Outage::of(&client, code).error(&self.cluster))?;
        if listed.faults.iter().any(|(code, _)| *code == ErrorCode::UNSUPPORTED) {
            let groups = self.named.iter().map(|name| Group { name: name.clone(), kind: None, state: None });
            return Ok(GroupList { groups: groups.collect(), ..GroupList::default() });
        }
        if let (true, Some((code, _))) = (listed.groups.is_empty(), listed.faults.first()) {
            return Err(Outage::of(&client, *code).error(&self.cluster));
        }
        let (hidden, unseen) = self.missing(&client, &listed.groups);
        let partial = !listed.faults.is_empty();
        let unknown = self.unknown(&client, &listed.groups);
        let silent = listed.faults.into_iter().map(|(_, sentence)| remedy(sentence, None));
        let denied = hidden.iter().map(|group| {
            remedy(format!("the right to describe group `{group}` is missing"), Some(self.cluster.grant_group(group)))
        });
        let problems = silent.chain(denied).chain(unknown).collect();
        let matching = listed.groups.iter().filter(|group| self.include.is_match(&group.name));
        let mut groups: Vec<Group> = matching.map(group_of).collect();
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(GroupList { groups, hidden, unseen, problems, partial, listed: true })
    }

    fn describe(&mut self, groups: &[&str]) -> Vec<Result<GroupDetail, GroupFault>> {
        match self.client() {
            Ok(client) => client.describe_groups(groups, ANSWER).into_iter().map(detail_of).collect(),
            Err(error) => groups.iter().map(|_| Err(GroupFault::Other(error.to_string()))).collect(),
        }
    }

    fn committed(&mut self, groups: &[&str], of: Option<&[(String, i32)]>) -> Vec<Result<Committed, GroupFault>> {
        // librdkafka refuses to ask for nothing.
        if of.is_some_and(<[_]>::is_empty) {
            return groups.iter().map(|_| Ok(Committed::new())).collect();
        }
        match self.client() {
            Ok(client) => client.committed(groups, of, ANSWER).into_iter().map(|answer| answer.map_err(why)).collect(),
            Err(error) => groups.iter().map(|_| Err(GroupFault::Other(error.to_string()))).collect(),
        }
    }

    fn ends(&mut self, of: &[(String, i32)]) -> Result<Ends, AdapterError> {
        let client = self.client()?;
        let ends = self.ends.ask(&client, of);
        // Of a broker that is gone librdkafka tells nothing, and no error either.
        if ends.is_empty() && !of.is_empty() {
            return Err(Outage::of(&client, ErrorCode::TIMED_OUT).error(&self.cluster));
        }
        Ok(ends)
    }

    fn reading(&mut self, destination: &str) -> Result<Readers, AdapterError> {
        let client = self.client()?;
        let partitions = self.partitions(&client, destination)?;
        let GroupList { groups, hidden, .. } = self.list()?;
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        let committed = self.committed(&names, Some(&partitions));
        let mut readers = Readers::default();
        readers.unknown.extend(hidden.into_iter().map(|name| (name, GroupFault::Denied)));
        let mut asked = Vec::new();
        for (group, committed) in groups.into_iter().zip(committed) {
            match committed {
                Err(fault) => readers.unknown.push((group.name, fault)),
                Ok(committed) if committed.is_empty() && !group.may_be_active() => {}
                Ok(committed) => asked.push((group, committed)),
            }
        }
        let names: Vec<&str> = asked.iter().map(|(group, _)| group.name.as_str()).collect();
        let details = self.describe(&names);
        let readings = asked.into_iter().zip(details);
        readers.groups.extend(readings.filter_map(|((group, committed), detail)| {
            let detail = detail.ok();
            let assigned = detail.as_ref().is_some_and(|detail| reads(detail, destination));
            let committed = committed.into_iter().map(|((_, partition), offset)| (partition, offset)).collect();
            let members = detail.as_ref().map(|detail| detail.members.len());
            let reading = GroupReading { group: detail.map_or(group, |detail| detail.group), members, committed };
            (assigned || !reading.committed.is_empty()).then_some(reading)
        }));
        Ok(readers)
    }
}

fn remedy(sentence: String, command: Option<String>) -> Remedy {
    Remedy { sentence, command, trouble: Trouble::Other }
}

/// Whether brokers have that topic already, as far as it may be seen.
fn keeps_offsets(client: &Arc<Client>) -> bool {
    let metadata = Topic::new(client, OFFSETS).and_then(|topic| client.metadata_of(&topic, ANSWER).ok());
    metadata.is_some_and(|metadata| metadata.topics.iter().any(|topic| topic.error.is_none()))
}

fn reads(detail: &GroupDetail, destination: &str) -> bool {
    detail.members.iter().flat_map(|member| &member.partitions).any(|(topic, _)| topic == destination)
}

fn why(code: ErrorCode) -> GroupFault {
    match code {
        ErrorCode::GROUP_DENIED | ErrorCode::TOPIC_DENIED => GroupFault::Denied,
        code => GroupFault::Other(code.words()),
    }
}

fn detail_of(described: Result<DescribedGroup, ErrorCode>) -> Result<GroupDetail, GroupFault> {
    let DescribedGroup { listed, members } = described.map_err(why)?;
    let member = |member: crate::ffi::Member| GroupMember {
        id: member.id,
        client: member.client,
        host: member.host,
        partitions: member.partitions,
    };
    Ok(GroupDetail { group: group_of(&listed), members: members.into_iter().map(member).collect() })
}

fn group_of(listed: &ListedGroup) -> Group {
    let kind = match listed.kind {
        GroupType::RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC => Some(GroupKind::Classic),
        GroupType::RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER => Some(GroupKind::Consumer),
        _ => None,
    };
    let state = match listed.state {
        State::RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE => Some(GroupState::PreparingRebalance),
        State::RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE => Some(GroupState::CompletingRebalance),
        State::RD_KAFKA_CONSUMER_GROUP_STATE_STABLE => Some(GroupState::Stable),
        State::RD_KAFKA_CONSUMER_GROUP_STATE_DEAD => Some(GroupState::Dead),
        State::RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY => Some(GroupState::Empty),
        _ => None,
    };
    Group { name: listed.name.clone(), kind, state }
}
