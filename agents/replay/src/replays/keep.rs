//! What is written down of a replay as a whole: when it is planned, when it ends, when outcomes become known.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use tapline_api::{CauseState, Outcome, Progress, ReplayRequest, ReplayState, thousands};
use tapline_model::short_type;
use tapline_state::{NewAudit, ReplayRecord};

use super::{ITSELF, Open, Replays, id, now};
use crate::error::ReplayError;
use crate::headline::counted;
use crate::item::Items;
use crate::plan::examine::Examined;
use crate::plan::{Drawn, Selected};
use crate::run::Ended;

/// A new plan.
pub(super) fn record(
    replays: &Replays,
    request: &ReplayRequest,
    selected: &Selected,
    drawn: &Drawn,
    examined: Examined,
    who: &str,
) -> ReplayRecord {
    let mut plan = examined.plan;
    plan.warnings.extend(drawn.warnings.iter().cloned());
    plan.warnings.sort_by_key(|warning| std::cmp::Reverse(warning.level));
    plan.chosen_by.clone_from(&selected.chosen_by);
    plan.sql.clone_from(&selected.sql);
    plan.partitioner.clone_from(&drawn.partitioner);
    let items = drawn.items.items.len() as u64;
    plan.needs_second_person = replays.0.options.second_person_above.is_some_and(|most| items > most);
    plan.names_environment = replays.0.environment.confirm_replays;
    let token = format!(
        "{:08x}",
        xxhash_rust::xxh3::xxh3_64(format!("{}/{}", now(), drawn.items.items.len()).as_bytes()) >> 32
    );
    let etag = etag(&token, request, &plan);
    ReplayRecord {
        number: 0,
        state: ReplayState::Planned,
        why: None,
        etag,
        token,
        sentence: sentence(&drawn.items, request),
        who: who.to_owned(),
        reason: request.reason.trim().to_owned(),
        fingerprint: selected.fingerprint.clone(),
        planned_at: now(),
        started_at: None,
        ended_at: None,
        request: request.clone(),
        plan,
        progress: Progress { items, planned: items, ..Progress::default() },
    }
}

/// Names what was shown: another plan has another one.
pub(super) fn etag(token: &str, request: &ReplayRequest, plan: &tapline_api::ReplayPlan) -> String {
    let text = serde_json::to_string(&(token, request, significant(plan))).unwrap_or_default();
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

/// What has to be the same when it starts: not how far groups have read, which always changes.
pub(super) fn significant(plan: &tapline_api::ReplayPlan) -> Vec<(String, String, u64)> {
    let warnings = plan.warnings.iter();
    // How many stories went on changes all the time on a busy topic; that some did was read.
    let moving =
        |kind: &str| matches!(kind, "newer_events" | "moved_on" | "nobody_reads" | "read_again" | "group_away");
    let warnings = warnings.map(|warning| match moving(&warning.kind) {
        true => (warning.kind.clone(), String::new(), 0),
        false => (warning.kind.clone(), warning.sentence.clone(), warning.items),
    });
    let partitions = plan.partitions.iter().map(|share| {
        let place = format!("{}/{}", share.destination, share.partition);
        ("partition".to_owned(), place, share.items)
    });
    warnings.chain(partitions).collect()
}

/// "Puts 1,259 `OrderPlaced` from `orders-dlt` back on `orders`, 20 a second, in order for each key".
fn sentence(items: &Items, request: &ReplayRequest) -> String {
    let count = items.items.len() as u64;
    let one = |of: Vec<&str>, many: &str| match of.as_slice() {
        [only] => format!("`{only}`"),
        several => format!("{} {many}", several.len()),
    };
    let kinds = distinct(items.items.iter().map(|item| items.word(item.kind).unwrap_or("event")));
    let what = match kinds.as_slice() {
        [only] if *only != "event" => format!("`{}`", short_type(only)),
        _ if count == 1 => "event".to_owned(),
        _ => "events".to_owned(),
    };
    let from = distinct(items.items.iter().map(|item| items.stands[item.from as usize].destination.as_str()));
    let to = distinct(items.items.iter().map(|item| items.target(item).destination.as_str()));
    let pace = match (request.rate, request.speed) {
        (Some(rate), _) => format!(", {} a second", number(rate)),
        (None, Some(speed)) if (speed - 1.0).abs() < 1e-9 => ", with the pauses there were".to_owned(),
        (None, Some(speed)) => format!(", {} times as fast as it was", number(speed)),
        (None, None) => ", as fast as the broker takes them".to_owned(),
    };
    let order = match request.order {
        tapline_api::KeyOrder::Key => ", in order for each key",
        tapline_api::KeyOrder::None => "",
    };
    let changed = match (request.transform.is_some(), request.edits.len()) {
        (true, _) => ", each changed by a program".to_owned(),
        (false, 0) => String::new(),
        (false, edits) => format!(", {edits} of them edited"),
    };
    let (from, to) = (one(from, "destinations"), one(to, "destinations"));
    format!("Puts {} {what} from {from} back on {to}{pace}{order}{changed}", thousands(count))
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = Vec::new();
    for name in names {
        // Few kinds, mostly in runs.
        if all.last() != Some(&name) && !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// A sender came to its end.
pub(super) fn ended(replays: &Replays, number: i64, open: &Open, ended: Ended) -> Result<(), ReplayError> {
    let record = replays.0.state.replay(number)?;
    let progress = open.live.progress(false);
    let sent = progress.items - progress.planned;
    let (state, why) = match ended {
        Ended::Done if progress.rejected + progress.uncertain > 0 => {
            let text = format!("{} were rejected, {} are uncertain", progress.rejected, progress.uncertain);
            (ReplayState::Done, Some(text))
        }
        Ended::Done => (ReplayState::Done, None),
        Ended::Tried => {
            let text = format!("the first {} were sent; resume goes on with the rest", thousands(sent));
            (ReplayState::Paused, Some(text))
        }
        Ended::Paused => (ReplayState::Paused, None),
        Ended::Cancelled => (ReplayState::Cancelled, None),
        Ended::Stopped(why) => (ReplayState::Stopped, Some(why)),
    };
    let ended_at = state.is_over().then(now);
    let action = format!("replay.{}", state.as_str());
    let after = format!("{} of {} confirmed", thousands(progress.confirmed), thousands(progress.items));
    let entry = NewAudit::by(ITSELF).did(&action, &id(number)).because(why.as_deref()).changed(None, Some(after));
    let record = ReplayRecord { state, why, ended_at, progress, ..record };
    replays.0.state.set_replay(&record, Some(entry))?;
    *open.counted.lock() = None;
    if let Err(error) = causes(replays, &record, open) {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, replay = number, "its causes are not told how they stand");
    }
    Ok(())
}

/// One that was cancelled finds out what it had on its way: why that takes so long, or that it is known.
pub(super) fn explained(replays: &Replays, number: i64, open: &Open, why: Option<String>) -> Result<(), ReplayError> {
    let _turn = open.turn.lock();
    let record = replays.0.state.replay(number)?;
    if record.state != ReplayState::Cancelled {
        return Ok(());
    }
    let progress = open.live.progress(false);
    if record.why == why && counts(&record.progress) == counts(&progress) {
        return Ok(());
    }
    let record = ReplayRecord { why, progress, ..record };
    replays.0.state.set_replay(&record, None)?;
    *open.counted.lock() = None;
    causes(replays, &record, open)
}

/// Outcomes became known: the record counts them, causes follow, a canary's end is judged.
pub(super) fn outcomes(replays: &Replays, number: i64, open: &Open) -> Result<(), ReplayError> {
    let record = replays.0.state.replay(number)?;
    let progress = open.live.progress(open.sending.load(Ordering::Relaxed));
    let finished = record.progress.pending > 0 && progress.pending == 0 && record.state.is_over();
    if counts(&progress) != counts(&record.progress) {
        let entry = finished.then(|| {
            let known = [
                (progress.reprocessed, "reprocessed"),
                (progress.failed_again, "failed again"),
                (progress.unknown, "unknown"),
            ];
            NewAudit::by(ITSELF).did("replay.outcome", &id(number)).changed(None, counted(&known))
        });
        replays.0.state.set_progress(number, &progress, entry)?;
        causes(replays, &record, open)?;
    }
    Ok(())
}

fn counts(progress: &Progress) -> [u64; 9] {
    [
        progress.planned,
        progress.sending,
        progress.confirmed,
        progress.uncertain,
        progress.rejected,
        progress.pending,
        progress.reprocessed,
        progress.failed_again,
        progress.unknown,
    ]
}

/// The causes whose dead letters were put back follow what became of them.
fn causes(replays: &Replays, record: &ReplayRecord, open: &Open) -> Result<(), ReplayError> {
    let known = replays.0.state.causes()?;
    for (cause, counts) in by_cause(record, open) {
        let Some(state) = counts.state(record) else { continue };
        // What this replay has said once is not said again: another one, or a person, may have said more since.
        if open.said.lock().get(&cause) == Some(&state) {
            continue;
        }
        let newer = known.get(&cause).is_some_and(|it| it.who != ITSELF && Some(it.at) > record.started_at);
        if !newer {
            let note = format!("{}: {} of {} reprocessed", id(record.number), counts.reprocessed, counts.all);
            replays.0.state.set_cause(&cause, state, Some(&note), ITSELF)?;
        }
        open.said.lock().insert(cause, state);
    }
    Ok(())
}

/// Items of one cause.
#[derive(Debug, Clone, Copy, Default)]
struct OfCause {
    all: u64,
    reprocessed: u64,
    failed_again: u64,
    confirmed: u64,
}

impl OfCause {
    /// How the cause stands after this; `None` where nothing was put back.
    fn state(&self, record: &ReplayRecord) -> Option<CauseState> {
        let left_out = record.plan.warnings.iter().any(|it| it.kind == "left_out" || it.kind == "loop");
        let whole = record.fingerprint.is_some() && record.request.leave_out.is_empty() && !left_out;
        match self {
            Self { failed_again: 1.., .. } => Some(CauseState::FailedAgain),
            Self { reprocessed, all, .. } if reprocessed == all && whole => Some(CauseState::Resolved),
            Self { confirmed: 1.., .. } => Some(CauseState::Replayed),
            _ => None,
        }
    }
}

fn by_cause(record: &ReplayRecord, open: &Open) -> BTreeMap<String, OfCause> {
    let items = &open.live.items;
    let mut by_word = BTreeMap::<u32, OfCause>::new();
    open.live.look(|standing| {
        for (number, item) in (0..).zip(&items.items).filter(|(_, item)| item.cause > 0) {
            let counts = by_word.entry(item.cause).or_default();
            let outcome = standing.outcome(number);
            counts.all += 1;
            counts.confirmed += u64::from(outcome.is_some());
            counts.reprocessed += u64::from(outcome == Some(Outcome::Reprocessed));
            counts.failed_again += u64::from(outcome == Some(Outcome::FailedAgain));
        }
    });
    let mut by_name = BTreeMap::<String, OfCause>::new();
    for (word, counts) in by_word {
        // What was chosen as a whole may have been a part of a cause, or several.
        let Some(name) = items.word(word).filter(|name| *name != "retry") else { continue };
        let sum = by_name.entry(record.fingerprint.clone().unwrap_or_else(|| name.to_owned())).or_default();
        sum.all += counts.all;
        sum.confirmed += counts.confirmed;
        sum.reprocessed += counts.reprocessed;
        sum.failed_again += counts.failed_again;
    }
    by_name
}
