//! How far consumer groups are behind, under the names of kafka-lag-exporter: dashboards and alerts that were made for it
//! go on. A group that is gone has no samples any more, which Prometheus takes for stale; one without members keeps them.

use std::collections::BTreeMap;

use tapline_api::{Drain, GroupDetail, GroupPartition};

use super::text::{Kind, Sink};
use super::{bytes, count};

/// Pairs of group and partition listed one by one; beyond them only groups are, so that a scrape stays small.
pub(super) const MOST_PAIRS: usize = 100_000;

pub(super) const NAMES: [&str; 14] = [
    "kafka_partition_latest_offset",
    "kafka_partition_earliest_offset",
    "kafka_consumergroup_group_offset",
    "kafka_consumergroup_group_lag",
    "kafka_consumergroup_group_lag_seconds",
    "tapline_group_retention_margin_seconds",
    "tapline_group_drain_seconds",
    "kafka_consumergroup_group_sum_lag",
    "kafka_consumergroup_group_max_lag",
    "kafka_consumergroup_group_max_lag_seconds",
    "tapline_group_lost_total",
    "kafka_consumergroup_group_topic_sum_lag",
    "tapline_group_state",
    "tapline_group_members",
];

/// Writes all families.
pub(super) fn write(text: &mut dyn Sink, groups: &[GroupDetail]) {
    let families = [
        ("kafka_partition_latest_offset", "The next offset of a partition that is read by a group."),
        ("kafka_partition_earliest_offset", "The oldest offset of a partition that is read by a group."),
    ];
    ends(text, groups, families, ["topic", "partition"]);
    pairs(text, groups);
    sums(text, groups);
    states(text, groups);
}

/// Where partitions end and begin that groups read: names and meanings of both families, and what topic and partition are
/// called.
pub(super) fn ends(
    text: &mut dyn Sink,
    groups: &[GroupDetail],
    [end, start]: [(&'static str, &str); 2],
    [topic, partition]: [&str; 2],
) {
    let mut ends = BTreeMap::new();
    for detail in groups {
        for it in &detail.partitions {
            ends.insert((&detail.group.source, &it.destination, it.partition), [it.end, it.start]);
        }
    }
    for (which, (name, help)) in [end, start].into_iter().enumerate() {
        if !text.family(name, Kind::Gauge, help) {
            continue;
        }
        for ((source, destination, number), ends) in &ends {
            let number = number.to_string();
            let labels = [("cluster_name", source.as_str()), (topic, destination), (partition, &number)];
            if let Some(offset) = ends[which] {
                text.sample(name, &labels, offset_of(offset));
            }
        }
    }
}

fn pairs(text: &mut dyn Sink, groups: &[GroupDetail]) {
    type Value = fn(&GroupPartition) -> Option<f64>;
    let families: [(&'static str, &str, Value); 5] = [
        ("kafka_consumergroup_group_offset", "The next offset that a group reads.", |it| it.committed.map(offset_of)),
        ("kafka_consumergroup_group_lag", "Records that a group has not read.", |it| it.lag.map(bytes)),
        (
            "kafka_consumergroup_group_lag_seconds",
            "Since the first record was written that a group has not read.",
            |it| it.behind.as_ref().map(|behind| behind.seconds),
        ),
        (
            "tapline_group_retention_margin_seconds",
            "Until the first record may be deleted that a group has not read.",
            |it| it.retention_margin,
        ),
        (
            "tapline_group_drain_seconds",
            "Until a group has caught up at the pace of the last minutes; +Inf when it never does.",
            |it| drain(&it.drain),
        ),
    ];
    for (name, help, value) in families {
        if !text.family(name, Kind::Gauge, help) {
            continue;
        }
        let all = groups.iter().flat_map(|detail| detail.partitions.iter().map(move |it| (detail, it)));
        for (detail, it) in all.take(MOST_PAIRS) {
            let (member, number) = (detail.owner(it), it.partition.to_string());
            let of_member = |of: fn(&tapline_api::GroupMember) -> &str| member.map_or("", of);
            let labels = [
                ("cluster_name", detail.group.source.as_str()),
                ("group", &detail.group.name),
                ("topic", &it.destination),
                ("partition", &number),
                ("member_host", of_member(|member| &member.host)),
                ("consumer_id", of_member(|member| &member.id)),
                ("client_id", of_member(|member| &member.client)),
            ];
            if let Some(value) = value(it) {
                text.sample(name, &labels, value);
            }
        }
    }
}

fn sums(text: &mut dyn Sink, groups: &[GroupDetail]) {
    type Value = fn(&GroupDetail) -> Option<f64>;
    let families: [(&'static str, &str, Value); 4] = [
        ("kafka_consumergroup_group_sum_lag", "Records that a group has not read, of all partitions.", |it| {
            it.group.lag.map(bytes)
        }),
        ("kafka_consumergroup_group_max_lag", "Records that a group has not read, of the worst partition.", |it| {
            it.partitions.iter().filter_map(|partition| partition.lag).max().map(bytes)
        }),
        ("kafka_consumergroup_group_max_lag_seconds", "How long a group is behind, on the worst partition.", |it| {
            it.group.behind.as_ref().map(|behind| behind.seconds)
        }),
        ("tapline_group_lost_total", "Records that were deleted before a group read them.", |it| {
            Some(bytes(it.group.lost))
        }),
    ];
    for (name, help, value) in families {
        let kind = if name.ends_with("_total") { Kind::Counter } else { Kind::Gauge };
        if !text.family(name, kind, help) {
            continue;
        }
        for detail in groups {
            if let Some(value) = value(detail) {
                text.sample(name, &labels(detail), value);
            }
        }
    }
    let name = "kafka_consumergroup_group_topic_sum_lag";
    let is_wanted = text.family(name, Kind::Gauge, "Records that a group has not read, of all partitions of a topic.");
    for detail in groups.iter().filter(|_| is_wanted) {
        let mut topics = BTreeMap::<&str, u64>::new();
        for it in &detail.partitions {
            if let Some(lag) = it.lag {
                let sum = topics.entry(&it.destination).or_default();
                *sum = sum.saturating_add(lag);
            }
        }
        for (topic, lag) in topics {
            let [source, group] = labels(detail);
            text.sample(name, &[source, group, ("topic", topic)], bytes(lag));
        }
    }
}

fn states(text: &mut dyn Sink, groups: &[GroupDetail]) {
    let is_wanted = text.family("tapline_group_state", Kind::Gauge, "1, with how a group stands as a label.");
    for detail in groups.iter().filter(|_| is_wanted) {
        let [source, group] = labels(detail);
        text.sample("tapline_group_state", &[source, group, ("state", detail.group.state.as_str())], 1.0);
    }
    let is_wanted = text.family("tapline_group_members", Kind::Gauge, "Consumers in a group.");
    for detail in groups.iter().filter(|_| is_wanted) {
        if let Some(members) = detail.group.members {
            text.sample("tapline_group_members", &labels(detail), count(members));
        }
    }
}

fn drain(drain: &Drain) -> Option<f64> {
    match drain {
        Drain::Done => Some(0.0),
        Drain::In { seconds, .. } => Some(*seconds),
        Drain::Never => Some(f64::INFINITY),
        Drain::Unknown => None,
    }
}

fn labels(detail: &GroupDetail) -> [(&str, &str); 2] {
    [("cluster_name", &detail.group.source), ("group", &detail.group.name)]
}

/// Prometheus has floating point numbers only; above 2^53 the last digits are lost.
#[expect(clippy::cast_precision_loss, reason = "the format has no integers")]
pub(super) fn offset_of(offset: i64) -> f64 {
    offset as f64
}
