//! What answers about replays look like.

use tapline_api::{
    AuditView, ChangePreview, Count, Level, PlanWarning, Progress, Replay, ReplayDetail, ReplayItem, ReplayPlan, span,
};

use crate::command::table::{Cell, bytes, count, plain, text};

pub(super) const REPLAYS: [&str; 8] =
    ["id", "state", "items", "confirmed", "reprocessed", "failed_again", "planned_at", "what"];
pub(super) const ITEMS: [&str; 9] =
    ["number", "delivery", "outcome", "address", "destination", "partition", "key", "written", "why"];
pub(super) const AUDIT: [&str; 8] = ["number", "at", "who", "action", "subject", "before", "after", "reason"];

/// Lines of a count that a person reads.
const LINES: usize = 5;

pub(super) fn replay(replay: &Replay) -> Vec<Cell> {
    let progress = &replay.progress;
    vec![
        text(&replay.id),
        text(replay.state.as_str()),
        count(progress.items),
        count(progress.confirmed),
        count(progress.reprocessed),
        count(progress.failed_again),
        text(&replay.planned_at),
        text(&plain(&replay.sentence)),
    ]
}

pub(super) fn item(item: &ReplayItem) -> Vec<Cell> {
    vec![
        count(item.number),
        text(item.delivery.as_str()),
        text(item.outcome.map_or("", |outcome| outcome.as_str())),
        text(&item.address),
        text(&item.destination),
        Cell::from(item.partition),
        text(&item.key.as_ref().map(bytes).unwrap_or_default()),
        text(item.written.as_deref().unwrap_or_default()),
        text(&item.why.as_deref().map(plain).unwrap_or_default()),
    ]
}

pub(super) fn audit(entry: &AuditView) -> Vec<Cell> {
    vec![
        Cell::from(entry.number),
        text(&entry.at),
        text(&entry.who),
        text(&entry.action),
        text(&entry.subject),
        text(entry.before.as_deref().unwrap_or_default()),
        text(entry.after.as_deref().unwrap_or_default()),
        text(entry.reason.as_deref().unwrap_or_default()),
    ]
}

/// An entry of the audit as a line of a history.
pub(in crate::command) fn audit_line(entry: &AuditView) -> String {
    let change = match (&entry.before, &entry.after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (before, after) => before.as_ref().or(after.as_ref()).cloned().unwrap_or_default(),
    };
    let reason = entry.reason.as_deref().unwrap_or_default();
    let line = format!("  {}  {}  {}  {}  {change}  {reason}", entry.at, entry.who, entry.action, entry.subject);
    line.trim_end().to_owned()
}

/// A plan for a person: what it does, what to know before, counts, and how to start it.
pub(super) fn plan(detail: &ReplayDetail) -> String {
    let (replay, plan) = (&detail.replay, &detail.plan);
    let what = vec![head(detail), format!("chosen: {}", plain(&plan.chosen_by)), size(replay, plan)];
    let checks = plan.checks.iter().map(|check| format!("{:<5} {}", word(check.level), plain(&check.sentence)));
    let known = plan.warnings.iter().flat_map(warning).chain(checks).collect();
    let counts = [
        ("cause", &plan.by_cause),
        ("type", &plan.by_type),
        ("key", &plan.by_key),
        ("age", &plan.by_age),
        ("from", &plan.by_origin),
    ];
    let counts = counts.into_iter().filter_map(|(name, counts)| counted(name, counts));
    let counts = counts.chain(places(plan)).chain(changes(plan)).collect();
    let parts: [Vec<String>; 4] = [what, known, counts, start(detail)];
    let parts = parts.iter().filter(|part| !part.is_empty()).map(|part| part.join("\n"));
    parts.collect::<Vec<_>>().join("\n\n")
}

fn head(detail: &ReplayDetail) -> String {
    let more = detail.headline_detail.as_deref().map(|more| format!(" {}", plain(more))).unwrap_or_default();
    format!("{}{more}\n{}", plain(&detail.headline), plain(&detail.replay.sentence))
}

fn size(replay: &Replay, plan: &ReplayPlan) -> String {
    let time = plan.seconds.map(|seconds| format!(", about {} to send", span(seconds))).unwrap_or_default();
    let (events, keys) = (several(replay.progress.items, "event"), several(plan.keys, "key"));
    format!("{events}, {keys}, {} bytes{time}", plan.bytes)
}

fn several(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Bad => "BAD",
        Level::Warn => "warn",
        Level::Act => "act",
        Level::Ok => "ok",
        Level::Mute => "-",
    }
}

fn warning(warning: &PlanWarning) -> Vec<String> {
    let events = if warning.items > 0 { format!(" ({})", several(warning.items, "event")) } else { String::new() };
    let first = format!("{:<5} {}{events}  [{}]", word(warning.level), plain(&warning.sentence), warning.kind);
    let detail = warning.detail.as_deref().map(|detail| format!("      {}", plain(detail)));
    std::iter::once(first).chain(detail).collect()
}

fn counted(name: &str, counts: &[Count]) -> Option<String> {
    let shown: Vec<String> =
        counts.iter().take(LINES).map(|count| format!("{} {}", plain(&count.name), count.count)).collect();
    let more = if counts.len() > LINES { ", ..." } else { "" };
    (!shown.is_empty()).then(|| format!("{name:<8} {}{more}", shown.join(", ")))
}

fn places(plan: &ReplayPlan) -> Vec<String> {
    let share = plan
        .partitions
        .iter()
        .map(|share| format!("to       {}/{}/{} {}", share.source, share.destination, share.partition, share.items));
    let chosen = (!plan.partitions.is_empty()).then(|| format!("         partitions {}", plain(&plan.partitioner)));
    let reader = plan.readers.iter().map(|reader| {
        let members = reader.members.map(|members| format!(", {members} members")).unwrap_or_default();
        let lag = reader.lag.map(|lag| format!(", {lag} behind")).unwrap_or_default();
        let failed = if reader.failed_here { ", the events failed there" } else { "" };
        format!("read by  {} ({}{members}{lag}{failed})", reader.group, reader.state)
    });
    share.chain(chosen).chain(reader).collect()
}

fn changes(plan: &ReplayPlan) -> Vec<String> {
    let stripped = (!plan.stripped.is_empty()).then(|| format!("off      headers {}", plan.stripped.join(", ")));
    let stamped = plan.stamped.iter().map(|(name, example)| format!("on       header {name}: {example}"));
    stripped.into_iter().chain(stamped).collect()
}

fn start(detail: &ReplayDetail) -> Vec<String> {
    if detail.replay.state != tapline_api::ReplayState::Planned {
        return vec![progress(&detail.replay)];
    }
    let confirm = match (&detail.plan.confirmed_by, detail.plan.needs_second_person) {
        (Some(who), _) => Some(format!("confirmed by {who}")),
        (None, true) => Some(format!("first somebody else confirms it: tapline replay confirm {}", detail.replay.id)),
        (None, false) => None,
    };
    let environment = if detail.plan.names_environment { " --environment NAME" } else { "" };
    let start = match is_forbidden(&detail.plan) {
        true => "it cannot start as long as something above is BAD".to_owned(),
        false => format!("start it: tapline replay start {} --etag {}{environment}", detail.replay.id, detail.etag),
    };
    confirm.into_iter().chain([format!("etag {}", detail.etag), start]).collect()
}

/// Whether something refuses to start it.
pub(super) fn is_forbidden(plan: &ReplayPlan) -> bool {
    plan.warnings.iter().any(|warning| warning.level == Level::Bad)
}

/// How far it is, in a line.
pub(super) fn progress(replay: &Replay) -> String {
    let Progress { items, confirmed, uncertain, rejected, pending, reprocessed, failed_again, unknown, .. } =
        replay.progress;
    let known = [
        (reprocessed, "reprocessed"),
        (failed_again, "failed again"),
        (rejected, "rejected"),
        (uncertain, "uncertain"),
        (unknown, "unknown"),
        (pending, "pending"),
    ];
    let known = known.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    let left = replay.progress.seconds_left.map(|left| format!(", {} left", span(left))).unwrap_or_default();
    let why = replay.why.as_deref().map(|why| format!(": {}", plain(why))).unwrap_or_default();
    let known: String = known.collect();
    format!("{} {}: {confirmed} of {items} sent{known}{left}{why}", replay.id, replay.state.as_str())
}

/// An event before and after a change.
pub(super) fn preview(preview: &ChangePreview) -> String {
    let after = match (&preview.after, &preview.error) {
        (_, Some(error)) => format!("✕ {error}"),
        (Some(after), None) if *after == preview.before => "  (not changed)".to_owned(),
        (Some(after), None) => format!("+ {after}"),
        (None, None) => "+".to_owned(),
    };
    format!("{}\n- {}\n{after}", preview.address, preview.before)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A replay in a state, with counts.
    pub(in crate::command::replay) fn replay_in(state: &str, counts: &Value) -> Replay {
        let mut progress = json!({
            "items": 3, "planned": 0, "sending": 0, "confirmed": 0, "uncertain": 0, "rejected": 0, "pending": 0,
            "reprocessed": 0, "failed_again": 0, "unknown": 0, "rate": 0.0, "seconds_left": null, "rates": [],
            "step_seconds": 1.0
        });
        for (name, value) in counts.as_object().unwrap() {
            progress[name] = value.clone();
        }
        let replay = json!({
            "id": "r-33", "state": state, "why": null, "sentence": "Puts 3 `OrderPlaced` back on `orders`.",
            "who": "ana", "reason": "fixed", "fingerprint": "4f21", "planned_at": "2026-11-22T08:00:00.000000Z",
            "started_at": null, "ended_at": null, "progress": progress
        });
        serde_json::from_value(replay).unwrap()
    }

    fn planned() -> ReplayDetail {
        ReplayDetail {
            replay: replay_in("planned", &json!({ "planned": 3 })),
            headline: "r-33 waits for a second person.".to_owned(),
            headline_detail: Some("Sending takes 1 min 3 s.".to_owned()),
            etag: "e1".to_owned(),
            request: tapline_api::ReplayRequest::default(),
            plan: serde_json::from_value(json!({
                "chosen_by": "what waits of the cause", "sql": null,
                "warnings": [{"kind": "newer_events", "level": "warn", "sentence": "2 keys have newer events.",
                    "detail": "They would be overwritten.", "items": 2, "addresses": [], "sql": null}],
                "checks": [{"level": "ok", "sentence": "`orders` is there."}],
                "by_cause": [], "by_type": [{"name": "OrderPlaced", "count": 3}], "by_key": [], "by_age": [],
                "by_origin": [], "keys": 3, "bytes": 900,
                "partitions": [{"source": "shop", "destination": "orders", "partition": 0, "items": 3}],
                "partitioner": "as the producer does (murmur2)",
                "readers": [{"group": "payments", "state": "Stable", "members": 2, "lag": 0, "failed_here": true}],
                "seconds": 63.0, "stripped": ["kafka_dlt-exception-fqcn"], "stamped": [["tapline-replay", "r-33/0"]],
                "needs_second_person": true, "confirmed_by": null, "names_environment": true
            }))
            .unwrap(),
            history: Vec::new(),
        }
    }

    #[test]
    fn a_plan_says_what_to_know_and_how_to_start_it() {
        let told = plan(&planned());
        for line in [
            "r-33 waits for a second person. Sending takes 1 min 3 s.",
            "Puts 3 OrderPlaced back on orders.",
            "3 events, 3 keys, 900 bytes, about 1 min 3 s to send",
            "warn  2 keys have newer events. (2 events)  [newer_events]",
            "      They would be overwritten.",
            "ok    orders is there.",
            "type     OrderPlaced 3",
            "to       shop/orders/0 3",
            "read by  payments (Stable, 2 members, 0 behind, the events failed there)",
            "off      headers kafka_dlt-exception-fqcn",
            "on       header tapline-replay: r-33/0",
            "first somebody else confirms it: tapline replay confirm r-33",
            "start it: tapline replay start r-33 --etag e1 --environment NAME",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
        }
    }

    #[test]
    fn what_is_bad_forbids_to_start() {
        let mut bad = planned();
        assert!(!is_forbidden(&bad.plan));
        bad.plan.warnings[0].level = Level::Bad;
        assert!(is_forbidden(&bad.plan));
        assert!(plan(&bad).ends_with("it cannot start as long as something above is BAD"));
    }

    #[test]
    fn progress_tells_what_there_is() {
        let running =
            replay_in("running", &json!({ "confirmed": 2, "pending": 1, "reprocessed": 1, "seconds_left": 5.0 }));
        assert_eq!(progress(&running), "r-33 running: 2 of 3 sent, 1 reprocessed, 1 pending, 5 s left");
        let stopped = Replay { why: Some("2 came back dead".to_owned()), ..replay_in("stopped", &json!({})) };
        assert_eq!(progress(&stopped), "r-33 stopped: 0 of 3 sent: 2 came back dead");
        assert_eq!(span(7_300.0), "2 h 1 min");
    }

    #[test]
    fn a_preview_shows_both_sides_or_the_error() {
        let both = |after: Option<&str>, error: Option<&str>| {
            let [after, error] = [after, error].map(|text| text.map(str::to_owned));
            preview(&ChangePreview { address: "a".to_owned(), before: "1".to_owned(), after, error })
        };
        assert_eq!(both(Some("2"), None), "a\n- 1\n+ 2");
        assert_eq!(both(Some("1"), None), "a\n- 1\n  (not changed)");
        assert_eq!(both(None, Some("no")), "a\n- 1\n✕ no");
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        assert_eq!(replay(&replay_in("done", &json!({}))).len(), REPLAYS.len());
        let sent: ReplayItem = serde_json::from_value(json!({
            "number": 0, "address": "s/d/0/1", "timestamp": null, "event_type": null, "key": {"base64": "AA=="},
            "chain": null, "destination": "orders", "partition": 2, "changed": false, "delivery": "confirmed",
            "outcome": "failed_again", "written": null, "confirmed_at": null, "evidence": null, "seconds": null,
            "why": null
        }))
        .unwrap();
        assert_eq!(item(&sent).len(), ITEMS.len());
        let entry: AuditView = serde_json::from_value(json!({
            "number": 1, "at": "t", "who": "ana", "action": "replay.start", "subject": "r-33", "reason": null,
            "before": "planned", "after": "running"
        }))
        .unwrap();
        assert_eq!(audit(&entry).len(), AUDIT.len());
        assert_eq!(audit_line(&entry), "  t  ana  replay.start  r-33  planned → running");
    }
}
