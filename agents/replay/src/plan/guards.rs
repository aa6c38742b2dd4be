//! What has to be known of the events themselves: loops, copies, what happened since, what cannot be restored.

use tapline_api::{Level, ReplayPlan, ReplayRequest, thousands};
use tapline_model::TopicRole;
use tapline_model::role::role;

use super::examine::{about, check, events, warn, where_to};
use crate::item::Items;
use crate::plan::newer::Newer;

/// Dead letters that would become dead letters.
pub(super) fn loops(items: &Items, plan: &mut ReplayPlan) {
    let own = where_to(items, |item| {
        let (from, to) = (&items.stands[item.from as usize], items.target(item));
        item.cause > 0 && from.source == to.source && from.destination == to.destination
    });
    if !own.is_empty() {
        let sentence = format!("{} would go back to where their dead letters stand", events(own.len()));
        let detail = "They would be dead letters again at once. Choose the topic that their consumer reads.".to_owned();
        plan.warnings.push(about(warn("loop", Level::Bad, sentence, Some(detail)), items, &own));
    }
    let dead = where_to(items, |item| {
        let (from, to) = (&items.stands[item.from as usize], items.target(item));
        from.destination != to.destination && role(&to.destination) == Some(TopicRole::DeadLetter)
    });
    if !dead.is_empty() {
        let sentence = format!("{} would go to a topic of dead letters", events(dead.len()));
        let detail = "Nobody processes events there. Choose the topic that their consumer reads.".to_owned();
        plan.warnings.push(about(warn("loop", Level::Bad, sentence, Some(detail)), items, &dead));
    }
    let again = where_to(items, |item| {
        let (from, to) = (&items.stands[item.from as usize], items.target(item));
        item.cause == 0 && from.source == to.source && from.destination == to.destination
    });
    if !again.is_empty() {
        let sentence = format!("{} go to the destination they stand on: they will be there twice", events(again.len()));
        let detail = "What is chosen is fixed now: copies are not put back again by this replay.".to_owned();
        plan.warnings.push(about(warn("same_destination", Level::Warn, sentence, Some(detail)), items, &again));
    }
    if own.is_empty() && dead.is_empty() && items.items.iter().all(|item| item.attempt <= 1) {
        plan.checks.push(check(Level::Ok, "Loop guard: none of them was put back before"));
    }
}

pub(super) fn replayed_before(items: &Items, before: &dyn Fn(u64) -> Option<i64>, plan: &mut ReplayPlan) {
    let known: Vec<(u32, i64)> =
        (0..).zip(&items.items).filter_map(|(number, item)| Some((number, before(items.hash(item))?))).collect();
    if known.is_empty() {
        return;
    }
    let mut by: Vec<i64> = known.iter().map(|(_, replay)| *replay).collect();
    by.sort_unstable();
    by.dedup();
    let names: Vec<String> = by.iter().map(|number| format!("r-{number}")).collect();
    let were = if known.len() == 1 { "was" } else { "were" };
    let sentence = format!("{} {were} put back before, by {}", events(known.len()), names.join(", "));
    let detail = "Whoever reads them may see them once more. Leave them out unless that is meant.".to_owned();
    let numbers: Vec<u32> = known.into_iter().map(|(number, _)| number).collect();
    plan.warnings.push(about(warn("replayed_before", Level::Warn, sentence, Some(detail)), items, &numbers));
}

pub(super) fn since(items: &Items, newer: &Newer, plan: &mut ReplayPlan) {
    let mut types: Vec<(&String, &u64)> = newer.types.iter().collect();
    types.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let types: Vec<String> =
        types.iter().take(4).map(|(name, count)| format!("`{name}` ({})", thousands(**count))).collect();
    let partly = newer.looked_at < items.items.len();
    let looked = if partly {
        format!(" The first {} were looked at.", thousands(newer.looked_at as u64))
    } else {
        String::new()
    };
    if !newer.behind.is_empty() {
        let sentence = format!("{} have a newer event of their key already", events(newer.behind.len()));
        let detail =
            format!("Put back they come after it, and may undo what it did. Newer are {}.{looked}", types.join(", "));
        plan.warnings.push(about(warn("newer_events", Level::Warn, sentence, Some(detail)), items, &newer.behind));
    }
    if !newer.moved_on.is_empty() {
        let sentence = format!("The stories of {} went on since", events(newer.moved_on.len()));
        let detail =
            format!("Since they failed there were {}. See whether they are still wanted.{looked}", types.join(", "));
        plan.warnings.push(about(warn("moved_on", Level::Warn, sentence, Some(detail)), items, &newer.moved_on));
    }
    if newer.behind.is_empty() && newer.moved_on.is_empty() {
        plan.checks.push(check(Level::Ok, format!("Nothing newer of the same keys or stories was seen.{looked}")));
    }
}

/// What a replay of a time, or to another broker, cannot bring back.
pub(super) fn restored(request: &ReplayRequest, plan: &mut ReplayPlan) {
    let elsewhere = request.target.as_ref().is_some_and(|target| target.source.is_some());
    if request.select.window.is_some() || elsewhere {
        let sentence = "Offsets are new, and what groups had read is not restored".to_owned();
        let detail = "Groups that start anew begin by their `auto.offset.reset`; transactions, leader epochs and offsets of \
                      the original are not brought back, and neither is what the archive has not seen.";
        plan.warnings.push(warn("not_restored", Level::Warn, sentence, Some(detail.to_owned())));
    }
}
