//! The same thing more than once.

use std::collections::BTreeMap;

use tapline_api::{EdgeRule, Finding, FindingKind};

use super::finding;
use crate::row::{Role, Row};
use crate::story::Story;
use crate::wording::{counted, duration};

/// Hops through retry topics (or attempts said by a dead letter) from which on it is a storm.
const STORM: usize = 6;
/// Replays of one message from which on it goes round.
const LOOP: usize = 3;

/// One message at several addresses of a destination.
pub(super) fn duplicates(story: &Story<'_>) -> Vec<Finding> {
    let mut same = BTreeMap::<(&str, &str), Vec<&Row>>::new();
    for row in story.members().filter(|row| !row.is_copy() && row.id(Role::Replay).is_none()) {
        if let Some(message) = row.id(Role::Message) {
            same.entry((&row.address.destination, message)).or_default().push(row);
        }
    }
    let several = same.into_iter().filter(|(_, rows)| rows.len() > 1);
    let found = several.map(|((destination, message), rows)| {
        let apart = times(&rows).map(|(first, last)| last - first).filter(|apart| *apart > 0);
        let apart = apart.map_or_else(String::new, |apart| format!(", {} apart", duration(apart)));
        let (kind, times, all) = (rows[0].short_type(), said(rows.len()), if rows.len() == 2 { "both" } else { "all" });
        let sentence = format!("`{kind}` stands in `{destination}` {times}{apart}: {all} are message `{message}`.");
        finding(FindingKind::Duplicate, sentence, rows)
    });
    found.collect()
}

/// Two messages of one type, from one cause, about exactly the same things.
pub(super) fn same_effect_twice(story: &Story<'_>) -> Vec<Finding> {
    let mut same = BTreeMap::<_, BTreeMap<&str, &Row>>::new();
    for row in story.members().filter(|row| !row.is_copy() && row.id(Role::Replay).is_none()) {
        let (Some(cause), Some(message), Some(kind)) =
            (row.id(Role::Causation), row.id(Role::Message), &row.event_type)
        else {
            continue;
        };
        let about = row.ids.iter().filter(|id| matches!(id.role, Role::Key | Role::Business));
        let about: Vec<(&str, &str)> = about.map(|id| (&*id.normal, &*id.value)).collect();
        if !about.is_empty() {
            let effect = (&row.address.destination, &row.service, kind, cause, about);
            same.entry(effect).or_default().entry(message).or_insert(row);
        }
    }
    let several = same.into_values().filter(|messages| messages.len() > 1);
    let found = several.map(|messages| {
        let rows: Vec<&Row> = messages.into_values().collect();
        let (kind, times) = (rows[0].short_type(), said(rows.len()));
        let sentence = format!("One cause led to `{kind}` {times}, under different message ids.");
        finding(FindingKind::Duplicate, sentence, rows)
    });
    found.collect()
}

/// Many attempts at one event.
pub(super) fn retry_storms(story: &Story<'_>) -> Vec<Finding> {
    let mut attempts = BTreeMap::<String, Vec<&Row>>::new();
    for row in &story.graph.order {
        if let Some(origin) = story.book.origin(*row) {
            attempts.entry(origin.to_string()).or_default().push(story.row(*row));
        }
    }
    let mut found = Vec::new();
    for rows in attempts.into_values() {
        let said = rows.iter().filter_map(|row| row.dead.as_ref()?.attempts).max().unwrap_or(0);
        let tries = rows.iter().filter(|row| row.retry.is_some()).count().max(usize::try_from(said).unwrap_or(0));
        if tries < STORM {
            continue;
        }
        let (kind, over) = (rows[0].short_type(), times(&rows).map_or(0, |(first, last)| last - first));
        let over = if over > 0 { format!(" within {}", duration(over)) } else { String::new() };
        let sentence = format!("`{kind}` was tried {}{over}.", counted(tries, "time"));
        found.push(finding(FindingKind::RetryStorm, sentence, rows));
    }
    found
}

/// A message that was put back again and again.
pub(super) fn replay_loops(story: &Story<'_>) -> Vec<Finding> {
    let mut replays = BTreeMap::<&str, Vec<&Row>>::new();
    for link in story.graph.links.iter().filter(|link| link.rule == EdgeRule::Replay) {
        let row = story.row(link.to);
        if let Some(message) = row.id(Role::Message) {
            replays.entry(message).or_default().push(row);
        }
    }
    let several = replays.into_values().filter(|rows| rows.len() >= LOOP);
    let found = several.map(|rows| {
        let sentence = format!("`{}` was replayed {}.", rows[0].short_type(), counted(rows.len(), "time"));
        finding(FindingKind::ReplayLoop, sentence, rows)
    });
    found.collect()
}

fn times(rows: &[&Row]) -> Option<(i64, i64)> {
    let times = || rows.iter().filter_map(|row| row.time);
    times().min().zip(times().max())
}

fn said(times: usize) -> String {
    if times == 2 { "twice".to_owned() } else { counted(times, "time") }
}
