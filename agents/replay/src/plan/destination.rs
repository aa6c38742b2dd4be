//! What has to be known of the destinations that events go to: rights, limits, who reads them.

use std::collections::BTreeMap;

use tapline_adapter::{AdapterError, DestinationFacts, GroupState, Readers};
use tapline_api::{Level, ReaderView, ReplayPlan, thousands};

use super::Planning;
use super::examine::{about, check, events, warn, where_to};
use crate::item::Items;
use crate::plan::targets::{Described, Target};

pub(super) fn look_at_target(items: &Items, described: &Described, plan: &mut ReplayPlan) {
    let (target, name) = (&described.target, &described.target.destination);
    let facts = match &described.facts {
        Ok(facts) => facts,
        Err(error) => {
            let there = where_to(items, |item| item.to == target.stand);
            let kind =
                if matches!(error, AdapterError::UnknownDestination { .. }) { "unknown_target" } else { "target" };
            let warning = warn(kind, Level::Bad, format!("`{name}` cannot be written to"), Some(error.to_string()));
            plan.warnings.push(about(warning, items, &there));
            return;
        }
    };
    match facts.writable {
        Some(true) => plan.checks.push(check(Level::Ok, format!("Rights: Tapline may write to `{name}`"))),
        Some(false) => {
            let help = facts.problems.first().map(|remedy| match &remedy.command {
                Some(command) => format!("{}: `{command}`", remedy.sentence),
                None => remedy.sentence.clone(),
            });
            plan.warnings.push(warn("not_writable", Level::Bad, format!("Tapline may not write to `{name}`"), help));
        }
        None => plan
            .checks
            .push(check(Level::Mute, format!("Rights: the broker does not say whether `{name}` may be written to"))),
    }
    let led = |partition: i32| facts.partitions.iter().any(|known| known.partition == partition && known.led);
    let dark = where_to(items, |item| item.to == target.stand && !led(item.to_partition));
    if !dark.is_empty() {
        let sentence = format!("{} go to partitions of `{name}` that no broker leads", events(dark.len()));
        plan.warnings.push(about(warn("no_leader", Level::Bad, sentence, None), items, &dark));
    }
    settings(items, target, facts, plan);
}

fn settings(items: &Items, target: &Target, facts: &DestinationFacts, plan: &mut ReplayPlan) {
    let name = &target.destination;
    let Some(settings) = facts.settings else {
        plan.checks
            .push(check(Level::Mute, format!("Settings of `{name}` are not told: retention and limits are not known")));
        return;
    };
    let large = where_to(items, |item| item.to == target.stand && u64::from(item.size) > settings.max_message_bytes);
    if !large.is_empty() {
        let sentence = format!("{} may be larger than `{name}` takes", events(large.len()));
        let detail = format!(
            "Its `max.message.bytes` is {}, of a batch after compression.",
            thousands(settings.max_message_bytes)
        );
        plan.warnings.push(about(warn("too_large", Level::Warn, sentence, Some(detail)), items, &large));
    }
    let renewed = where_to(items, |item| item.to == target.stand && item.now && item.timestamp != i64::MIN);
    if !renewed.is_empty() {
        let sentence = format!("{} get the time of their sending", events(renewed.len()));
        let detail = match settings.retention.filter(|_| settings.deletes) {
            Some(kept) => {
                format!("`{name}` keeps events for {}: with their own time they would be gone at once.", words(kept))
            }
            None => "Their own time would not be accepted, or it was asked for so.".to_owned(),
        };
        plan.warnings.push(about(warn("expires", Level::Warn, sentence, Some(detail)), items, &renewed));
    }
    let keyless = where_to(items, |item| item.to == target.stand && item.key == 0);
    if settings.compacts && !keyless.is_empty() {
        let sentence = format!("{} have no key, and `{name}` is compacted", events(keyless.len()));
        let detail = "The broker refuses events without a key there.".to_owned();
        plan.warnings.push(about(warn("no_key", Level::Bad, sentence, Some(detail)), items, &keyless));
    }
}

fn words(time: std::time::Duration) -> String {
    match time.as_secs() {
        seconds @ 172_800.. => format!("{} days", seconds / 86_400),
        seconds @ 7_200.. => format!("{} h", seconds / 3_600),
        seconds @ 120.. => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// Groups that will see the events.
pub(super) fn readers(planning: &Planning<'_>, items: &Items, described: &Described, plan: &mut ReplayPlan) {
    let target = &described.target;
    if described.facts.is_err() {
        return;
    }
    let asked = planning.sources.get(&target.source).map(|source| {
        source
            .groups(&planning.options.groups(&target.source))
            .and_then(|mut groups| groups.reading(&target.destination))
    });
    let readers = match asked {
        Some(Ok(readers)) => readers,
        Some(Err(error)) => {
            let sentence = format!("Who reads `{}` is not known: {error}", target.destination);
            plan.checks.push(check(Level::Mute, sentence));
            return;
        }
        None => return,
    };
    let failed_in: BTreeMap<&str, usize> =
        items.items.iter().filter(|item| item.to == target.stand).filter_map(|item| items.word(item.group)).fold(
            BTreeMap::new(),
            |mut counts, group| {
                *counts.entry(group).or_default() += 1;
                counts
            },
        );
    let ends: BTreeMap<i32, i64> = described
        .facts
        .iter()
        .flat_map(|facts| facts.partitions.iter().filter_map(|known| Some((known.partition, known.end?))))
        .collect();
    let mut others = Vec::new();
    for reading in &readers.groups {
        let name = reading.group.name.clone();
        let failed_here = failed_in.contains_key(name.as_str());
        if !failed_here {
            others.push(format!("`{name}`"));
        }
        let behind = ends.iter().filter_map(|(partition, end)| Some((end - reading.committed.get(partition)?).max(0)));
        plan.readers.push(ReaderView {
            state: reading.group.state.map_or("unknown", state).to_owned(),
            members: reading.members,
            lag: u64::try_from(behind.sum::<i64>()).ok(),
            failed_here,
            group: name,
        });
    }
    read_again(target, &others, &failed_in, &readers, plan);
}

fn state(state: GroupState) -> &'static str {
    match state {
        GroupState::PreparingRebalance => "preparing rebalance",
        GroupState::CompletingRebalance => "completing rebalance",
        GroupState::Stable => "stable",
        GroupState::Empty => "empty",
        GroupState::Dead => "dead",
    }
}

fn read_again(
    target: &Target,
    others: &[String],
    failed_in: &BTreeMap<&str, usize>,
    readers: &Readers,
    plan: &mut ReplayPlan,
) {
    let name = &target.destination;
    if readers.groups.is_empty() && readers.unknown.is_empty() {
        let sentence = format!("No group reads `{name}`: what is put back will wait there");
        plan.warnings.push(warn("nobody_reads", Level::Warn, sentence, None));
        return;
    }
    for (group, count) in failed_in {
        if readers.groups.iter().all(|reading| reading.group.name != *group) {
            let sentence =
                format!("`{group}`, in which {} failed, does not read `{name}` at the moment", events(*count));
            plan.warnings.push(warn("group_away", Level::Warn, sentence, None));
        }
    }
    if !others.is_empty() && !failed_in.is_empty() {
        let more = if others.len() == 1 { "One more group reads" } else { "More groups read" };
        let sentence = format!("{more} `{name}` and will see these events a second time: {}", others.join(", "));
        let detail =
            "They are the same events with the same ids and keys; whether a group ignores what it knows is up to it.";
        plan.warnings.push(warn("read_again", Level::Warn, sentence, Some(detail.to_owned())));
    }
}
