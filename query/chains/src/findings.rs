//! What is remarkable on a chain, each by a rule over its members and edges.

mod order;
mod repeats;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use tapline_api::{EdgeRule, Finding, FindingKind};

use crate::edges::Link;
use crate::row::{Role, Row};
use crate::story::Story;
use crate::wording;

/// Addresses that prove a finding; further ones are not listed.
const EVIDENCE: usize = 50;

/// All findings of a chain. The rows of a hub are not one chain: nothing is said of them.
pub(crate) fn findings(story: &Story<'_>) -> Vec<Finding> {
    if !story.is_whole_story() {
        return Vec::new();
    }
    let rules = [
        repeats::duplicates,
        repeats::same_effect_twice,
        repeats::retry_storms,
        repeats::replay_loops,
        order::out_of_order,
        order::clock_skew,
        lost_trace,
        schema_change,
        tombstones,
        recreated,
    ];
    rules.iter().flat_map(|rule| rule(story)).collect()
}

/// Builds a finding; evidence is bounded.
fn finding<'r>(kind: FindingKind, sentence: String, rows: impl IntoIterator<Item = &'r Row>) -> Finding {
    let evidence = rows.into_iter().take(EVIDENCE).map(|row| row.text.to_string()).collect();
    Finding { kind, sentence, evidence }
}

/// Causation with both ends, copies left out.
fn caused<'s>(story: &'s Story<'_>) -> impl Iterator<Item = (&'s Row, &'s Row)> {
    let declared = story.graph.links.iter().filter(|link| link.rule == EdgeRule::Causation);
    declared.map(|link: &Link| (story.row(link.from), story.row(link.to)))
}

/// A service that makes an event without trace context although its cause carried one. Where no event of the chain
/// declares its cause, only the first member without trace context can be blamed on somebody.
fn lost_trace(story: &Story<'_>) -> Vec<Finding> {
    let traced = |row: &Row| row.id(Role::Trace).is_some();
    let mut followed: Vec<(&Row, &Row)> = caused(story).collect();
    if followed.is_empty() {
        let first = story.members().find(|row| !row.is_copy() && !traced(row));
        let led = |link: &&Link| first.is_some_and(|first| story.row(link.to).text == first.text);
        followed.extend(story.graph.links.iter().find(led).map(|link| (story.row(link.from), story.row(link.to))));
    }
    let mut by_service = BTreeMap::<&str, Vec<(&Row, &Row)>>::new();
    for (cause, effect) in followed.into_iter().filter(|(cause, effect)| traced(cause) && !traced(effect)) {
        if let Some(service) = effect.service.as_deref() {
            by_service.entry(service).or_default().push((cause, effect));
        }
    }
    let sentence = |service: &str, lost: &[(&Row, &Row)]| {
        let (cause, effect) = lost[0];
        let more = match lost.len() {
            1 => String::new(),
            n => format!("; {} in all", wording::counted(n, "event")),
        };
        let (effect, cause) = (effect.short_type(), cause.short_type());
        format!("`{service}` lost the trace: `{effect}` carries no trace context, `{cause}` before it does{more}.")
    };
    let found = by_service.into_iter().map(|(service, lost)| {
        let rows = lost.iter().flat_map(|(cause, effect)| [*cause, *effect]);
        finding(FindingKind::LostTrace, sentence(service, &lost), rows)
    });
    found.collect()
}

/// One type under several schemas.
fn schema_change(story: &Story<'_>) -> Vec<Finding> {
    let mut by_type = BTreeMap::<(&str, &str), Vec<&Row>>::new();
    for row in story.members().filter(|row| !row.is_copy() && row.schema_id.is_some()) {
        by_type.entry((&row.address.destination, row.kind())).or_default().push(row);
    }
    let mut found = Vec::new();
    for ((destination, _), rows) in by_type {
        let mut ids: Vec<i32> = rows.iter().filter_map(|row| row.schema_id).collect();
        ids.dedup();
        if let [first, .., last] = ids[..] {
            let kind = rows[0].short_type();
            let sentence = format!("`{kind}` in `{destination}` changed from schema {first} to {last} on the way.");
            found.push(finding(FindingKind::SchemaChange, sentence, rows));
        }
    }
    found
}

fn tombstones(story: &Story<'_>) -> Vec<Finding> {
    let tombstone = |row: &&Row| row.tombstone && !row.is_copy();
    let found = story.members().filter(tombstone).map(|row| {
        let destination = &row.address.destination;
        let sentence = match row.id(Role::Key) {
            Some(key) => format!("`{destination}` deletes key `{key}`: a tombstone."),
            None => format!("`{destination}` holds a tombstone without a key, which deletes nothing."),
        };
        finding(FindingKind::Tombstone, sentence, [row])
    });
    found.collect()
}

/// Offsets of a destination that was made anew mean other events than before.
fn recreated(story: &Story<'_>) -> Vec<Finding> {
    let mut lives = BTreeMap::<&str, Vec<&Row>>::new();
    for row in story.members().filter(|row| row.address.incarnation > 1) {
        lives.entry(&row.address.destination).or_default().push(row);
    }
    let found = lives.into_iter().map(|(destination, rows)| {
        let life = rows.iter().map(|row| row.address.incarnation).max().unwrap_or(2);
        let sentence = format!("`{destination}` was deleted and made anew: members are from its life {life}.");
        finding(FindingKind::Recreated, sentence, rows)
    });
    found.collect()
}
