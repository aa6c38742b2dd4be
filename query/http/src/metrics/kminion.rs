//! The same under kminion's names and labels, for those who ask for it (`lag.kminion_metrics`). `cluster_name` is added: two
//! sources may have groups of one name.
//!
//! What kminion has and we do not know, the coordinator and how often a group commits, is left out.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::{GroupDetail, GroupPartition};

use super::groups::{MOST_PAIRS, ends, offset_of};
use super::text::{Kind, Sink};
use super::{bytes, count};

/// Writes all families.
pub(super) fn write(text: &mut dyn Sink, groups: &[GroupDetail]) {
    let marks = [
        ("kminion_kafka_topic_partition_high_water_mark", "The next offset of a partition."),
        ("kminion_kafka_topic_partition_low_water_mark", "The oldest offset of a partition."),
    ];
    ends(text, groups, marks, ["topic_name", "partition_id"]);
    whole(text, groups);
    topics(text, groups);
    pairs(text, groups);
}

fn whole(text: &mut dyn Sink, groups: &[GroupDetail]) {
    let name = "kminion_kafka_consumer_group_info";
    text.family(name, Kind::Gauge, "1, with how a group stands as labels.");
    for detail in groups {
        let [source, group] = labels(detail);
        let protocol = detail.group.protocol.as_deref().unwrap_or_default();
        let state = state(detail.group.broker_state.as_deref().unwrap_or_default());
        text.sample(name, &[source, group, ("protocol_type", protocol), ("state", state)], 1.0);
    }
    let members = "kminion_kafka_consumer_group_members";
    text.family(members, Kind::Gauge, "Members of a group.");
    for detail in groups {
        if let Some(all) = &detail.members {
            text.sample(members, &labels(detail), count(all.len()));
        }
    }
    let empty = "kminion_kafka_consumer_group_empty_members";
    text.family(empty, Kind::Gauge, "Members of a group that were given no partition.");
    for detail in groups {
        if let Some(all) = &detail.members {
            let idle = all.iter().filter(|member| member.partitions == 0).count();
            text.sample(empty, &labels(detail), count(idle));
        }
    }
}

/// As Kafka's protocol writes it.
fn state(broker_state: &str) -> &'static str {
    match broker_state {
        "stable" => "Stable",
        "empty" => "Empty",
        "dead" => "Dead",
        "preparing_rebalance" => "PreparingRebalance",
        "completing_rebalance" => "CompletingRebalance",
        _ => "Unknown",
    }
}

/// A group on a topic.
#[derive(Default)]
struct OnTopic {
    members: BTreeSet<usize>,
    assigned: usize,
    committed: Option<i64>,
    lag: Option<u64>,
}

impl OnTopic {
    fn add(&mut self, it: &GroupPartition) {
        self.members.extend(it.member);
        self.assigned += usize::from(it.member.is_some());
        let sum = |sum: Option<i64>, next: i64| Some(sum.unwrap_or(0).saturating_add(next));
        self.committed = it.committed.map_or(self.committed, |committed| sum(self.committed, committed));
        self.lag = it.lag.map_or(self.lag, |lag| Some(self.lag.unwrap_or(0).saturating_add(lag)));
    }
}

fn topics(text: &mut dyn Sink, groups: &[GroupDetail]) {
    let mut all = BTreeMap::<(&str, &str, &str), OnTopic>::new();
    for (detail, it) in pairs_of(groups) {
        all.entry((&detail.group.source, &detail.group.name, &it.destination)).or_default().add(it);
    }
    type Value = fn(&OnTopic) -> Option<f64>;
    let families: [(&str, &str, Value); 4] = [
        ("kminion_kafka_consumer_group_topic_members", "Members that were given partitions of a topic.", |it| {
            Some(count(it.members.len()))
        }),
        ("kminion_kafka_consumer_group_topic_assigned_partitions", "Partitions of a topic given to members.", |it| {
            Some(count(it.assigned))
        }),
        ("kminion_kafka_consumer_group_topic_offset_sum", "Sum of what a group committed on a topic.", |it| {
            it.committed.map(offset_of)
        }),
        ("kminion_kafka_consumer_group_topic_lag", "Records of a topic that a group has not read.", |it| {
            it.lag.map(bytes)
        }),
    ];
    for (name, help, value) in families {
        text.family(name, Kind::Gauge, help);
        for ((source, group, topic), it) in &all {
            if let Some(value) = value(it) {
                text.sample(name, &[("cluster_name", source), ("group_id", group), ("topic_name", topic)], value);
            }
        }
    }
}

fn pairs(text: &mut dyn Sink, groups: &[GroupDetail]) {
    let name = "kminion_kafka_consumer_group_topic_partition_lag";
    text.family(name, Kind::Gauge, "Records of a partition that a group has not read.");
    for (detail, it) in pairs_of(groups).take(MOST_PAIRS) {
        if let Some(lag) = it.lag {
            let ([source, group], number) = (labels(detail), it.partition.to_string());
            text.sample(name, &[source, group, ("topic_name", &it.destination), ("partition_id", &number)], bytes(lag));
        }
    }
}

fn pairs_of(groups: &[GroupDetail]) -> impl Iterator<Item = (&GroupDetail, &GroupPartition)> {
    groups.iter().flat_map(|detail| detail.partitions.iter().map(move |it| (detail, it)))
}

fn labels(detail: &GroupDetail) -> [(&str, &str); 2] {
    [("cluster_name", &detail.group.source), ("group_id", &detail.group.name)]
}

#[cfg(test)]
mod tests {
    use tapline_api::{Drain, Group, GroupMember, LagState};

    use super::*;
    use crate::metrics::Text;

    fn partition(number: i32, committed: Option<i64>, member: Option<usize>) -> GroupPartition {
        GroupPartition {
            destination: "orders".to_owned(),
            partition: number,
            state: LagState::Ok,
            committed,
            committed_at: None,
            start: Some(10),
            stable_end: Some(100),
            end: Some(100),
            lag: committed.map(|committed| 100 - committed.unsigned_abs()),
            stable_lag: None,
            behind: None,
            behind_why: None,
            written: None,
            read: None,
            drain: Drain::Unknown,
            retention_margin: None,
            lost: 0,
            member,
        }
    }

    fn member(partitions: usize) -> GroupMember {
        let text = String::new;
        GroupMember { id: text(), client: text(), host: text(), partitions, lag: None }
    }

    #[test]
    fn a_group_is_told_as_kminion_tells_it() {
        let group = Group {
            source: "shop".to_owned(),
            name: "billing".to_owned(),
            state: LagState::Ok,
            sentence: String::new(),
            protocol: Some("consumer".to_owned()),
            broker_state: Some("preparing_rebalance".to_owned()),
            destinations: vec!["orders".to_owned()],
            partitions: 3,
            members: Some(2),
            lag: Some(70),
            behind: None,
            written: None,
            read: None,
            drain: Drain::Unknown,
            retention_margin: None,
            retention_known: true,
            lost: 0,
            trend: Vec::new(),
        };
        let partitions =
            vec![partition(0, Some(90), Some(0)), partition(1, Some(40), Some(0)), partition(2, None, None)];
        let members = Some(vec![member(2), member(0)]);
        let detail =
            GroupDetail { group, partitions, members, findings: Vec::new(), history: None, asked_at: String::new() };
        let mut text = Text::default();
        write(&mut text, &[detail]);
        let text = text.finish();
        let of = "{cluster_name=\"shop\",group_id=\"billing\"";
        for line in [
            format!(
                "kminion_kafka_consumer_group_info{of},protocol_type=\"consumer\",state=\"PreparingRebalance\"}} 1"
            ),
            format!("kminion_kafka_consumer_group_empty_members{of}}} 1"),
            format!("kminion_kafka_consumer_group_topic_members{of},topic_name=\"orders\"}} 1"),
            format!("kminion_kafka_consumer_group_topic_assigned_partitions{of},topic_name=\"orders\"}} 2"),
            format!("kminion_kafka_consumer_group_topic_offset_sum{of},topic_name=\"orders\"}} 130"),
            format!("kminion_kafka_consumer_group_topic_lag{of},topic_name=\"orders\"}} 70"),
            format!(
                "kminion_kafka_consumer_group_topic_partition_lag{of},topic_name=\"orders\",partition_id=\"1\"}} 60"
            ),
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(!text.contains(
            "partition_lag{cluster_name=\"shop\",group_id=\"billing\",topic_name=\"orders\",partition_id=\"2\""
        ));
    }
}
