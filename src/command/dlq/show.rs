//! What answers about causes look like.

use tapline_api::{Apart, ApartFact, Cause, CauseDetail, DeadLetterMember};

use crate::command::table::{Cell, count, plain, share, text};

pub(super) const CAUSES: [&str; 9] =
    ["fingerprint", "state", "waiting", "count", "first", "last", "group", "origin", "cause"];
pub(super) const MEMBERS: [&str; 8] = ["timestamp", "address", "type", "key", "attempts", "size", "origin", "message"];

pub(super) fn cause(cause: &Cause) -> Vec<Cell> {
    vec![
        text(&cause.fingerprint),
        text(cause.state.as_str()),
        count(cause.waiting),
        count(cause.count),
        text(cause.first.as_deref().unwrap_or_default()),
        text(cause.last.as_deref().unwrap_or_default()),
        text(cause.consumer_group.as_deref().unwrap_or_default()),
        text(cause.origin.as_deref().unwrap_or_default()),
        text(&plain(&cause.title)),
    ]
}

pub(super) fn member(member: &DeadLetterMember) -> Vec<Cell> {
    vec![
        text(member.timestamp.as_deref().unwrap_or_default()),
        text(&member.address),
        text(member.event_type.as_deref().unwrap_or_default()),
        text(&member.key.as_ref().map(crate::command::table::bytes).unwrap_or_default()),
        member.attempts.map_or(Cell::Null, Cell::from),
        Cell::from(member.size),
        text(member.origin.as_deref().unwrap_or_default()),
        text(member.message.as_deref().unwrap_or_default()),
    ]
}

/// A cause for a person: what, how many, what sets it apart, its newest events, what was done.
pub(super) fn story(detail: &CauseDetail, apart: &Apart, newest: &[DeadLetterMember]) -> String {
    let mut lines = vec![plain(&detail.cause.sentence), standing(&detail.cause)];
    lines.extend(detail.cause.note.as_ref().map(|note| {
        let words = note.text.as_deref().unwrap_or("changed its state");
        format!("{}, {}: {words}", note.who, note.at)
    }));
    lines.push(String::new());
    lines.extend(figures(&detail.cause));
    lines.push(String::new());
    lines.extend(apart_lines(apart));
    lines.push(String::new());
    lines.push("newest:".to_owned());
    lines.extend(newest.iter().map(line));
    if !detail.history.is_empty() {
        lines.push(String::new());
        lines.push("history:".to_owned());
        lines.extend(detail.history.iter().map(crate::command::replay::show::audit_line));
    }
    lines.join("\n")
}

fn standing(cause: &Cause) -> String {
    let grows = if cause.growing { ", and it still grows" } else { "" };
    let regrouped = if cause.regrouped { "; people grouped it" } else { "" };
    format!("{}: {} of {} dead letters wait{grows}{regrouped}", cause.state.as_str(), cause.waiting, cause.count)
}

fn figures(cause: &Cause) -> Vec<String> {
    let facts = [
        ("first", cause.first.clone()),
        ("last", cause.last.clone()),
        ("exception", cause.root_cause.clone()),
        ("at", cause.frame.clone()),
        ("group", cause.consumer_group.clone()),
        ("failed on", cause.origin.clone()),
        ("stands on", Some(cause.destinations.join(", "))),
        ("types", Some(cause.types.join(", "))),
        ("keys", Some(cause.keys.to_string())),
        ("stories", Some(cause.chains.to_string())),
        ("by", Some(cause.framework.clone())),
    ];
    let told = facts.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    told.map(|(name, value)| format!("{name:<10} {value}")).collect()
}

fn apart_lines(apart: &Apart) -> Vec<String> {
    if let Some(reason) = &apart.reason {
        return vec![format!("what sets it apart: {}", plain(reason))];
    }
    let head = format!("what sets it apart ({} members, {} events that passed):", apart.members, apart.passed);
    let fact = |fact: &ApartFact| {
        let test = match (fact.test.as_str(), &fact.value) {
            ("is", Some(value)) => format!("is {value}"),
            (test, _) => format!("is {test}"),
        };
        let (members, passed) = (share(fact.of_members), share(fact.of_passed));
        format!("  {} {} {test}: {members} of the members, {passed} of those that passed", fact.part, fact.name)
    };
    std::iter::once(head).chain(apart.facts.iter().map(fact)).collect()
}

fn line(member: &DeadLetterMember) -> String {
    let key = member.key.as_ref().map(crate::command::table::bytes).unwrap_or_default();
    let time = member.timestamp.as_deref().unwrap_or("without time");
    let message = member.message.as_deref().unwrap_or_default().replace('\n', " ");
    format!("  {time}  {:<16} {}  {message}", key, member.address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detail() -> CauseDetail {
        let value = json!({
            "cause": {
                "fingerprint": "4f21", "state": "acknowledged",
                "note": {"who": "ana", "at": "2026-11-22T08:00:00.000000Z", "text": "looking"},
                "title": "card type `CARTE`", "sentence": "`payments` could not read card type `CARTE`.",
                "root_cause": "IllegalArgumentException", "frame": null, "framework": "spring_kafka",
                "consumer_group": "payments", "source": "shop", "origin": "orders", "destinations": ["orders-dlt"],
                "types": ["OrderPlaced"], "count": 12, "waiting": 12, "keys": 11, "chains": 11,
                "first": "2026-11-22T07:00:00.000000Z", "last": "2026-11-22T08:00:00.000000Z", "growing": true,
                "trend": [], "newest": "shop/orders-dlt/0/7", "regrouped": false
            },
            "from": "", "to": "", "step_seconds": 1.0, "counts": [],
            "history": [{"number": 3, "at": "2026-11-22T08:00:00.000000Z", "who": "ana", "action": "cause.state",
                "subject": "4f21", "reason": "looking", "before": "new", "after": "acknowledged"}],
            "sql": "SELECT 1"
        });
        serde_json::from_value(value).unwrap()
    }

    fn apart() -> Apart {
        let fact = ApartFact {
            part: "payload".to_owned(),
            name: "card.type".to_owned(),
            test: "is".to_owned(),
            value: Some("CARTE".to_owned()),
            of_members: 1.0,
            of_passed: 0.004,
        };
        Apart { members: 12, passed: 500, facts: vec![fact], reason: None, example: None }
    }

    #[test]
    fn a_cause_is_told_with_what_sets_it_apart() {
        let told = story(&detail(), &apart(), &[]);
        for line in [
            "payments could not read card type CARTE.",
            "acknowledged: 12 of 12 dead letters wait, and it still grows",
            "ana, 2026-11-22T08:00:00.000000Z: looking",
            "failed on  orders",
            "  payload card.type is CARTE: 100% of the members, 0.4% of those that passed",
            "  2026-11-22T08:00:00.000000Z  ana  cause.state  4f21  new → acknowledged  looking",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
        }
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let apart = Apart { reason: Some("No event passed.".to_owned()), facts: Vec::new(), ..apart() };
        assert_eq!(apart_lines(&apart), ["what sets it apart: No event passed."]);
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        assert_eq!(cause(&detail().cause).len(), CAUSES.len());
        let letter = DeadLetterMember {
            address: "shop/orders-dlt/0/7".to_owned(),
            timestamp: None,
            origin: None,
            event_type: None,
            key: Some(tapline_api::Bytes::Text("ORD-1".to_owned())),
            attempts: Some(3),
            message: Some("no\ncard".to_owned()),
            size: 120,
        };
        assert_eq!(member(&letter).len(), MEMBERS.len());
        assert!(line(&letter).ends_with("no card"));
    }
}
