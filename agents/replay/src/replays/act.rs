//! What somebody does with a replay: start, pause, resume, cancel, confirm, discard.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use tapline_api::{Level, ReplayAct, ReplayDetail, ReplayState};
use tapline_state::{NewAudit, ReplayRecord};

use super::keep::{etag, significant};
use super::work::Meanwhile;
use super::{ITSELF, Open, Replays, id, now};
use crate::error::ReplayError;
use crate::live::Wish;
use crate::plan::examine::{Examined, examine};
use crate::plan::targets::Target;

/// How long an answer waits for what was asked to happen.
const PATIENCE: Duration = Duration::from_secs(5);

impl Replays {
    /// Starts a plan that was read: its etag is asked for, and what was read has to be true still.
    ///
    /// # Errors
    /// [`ReplayError::Stale`] when the plan changed, and others of what stands in the way.
    pub fn start(
        &self,
        number: i64,
        act: &ReplayAct,
        who: &str,
        stop: &dyn Fn() -> bool,
    ) -> Result<ReplayDetail, ReplayError> {
        let open = self.opened(number)?;
        let _turn = open.turn.lock();
        let record = self.0.state.replay(number)?;
        may(&record, "started", &[ReplayState::Planned])?;
        if act.etag.as_deref() != Some(&record.etag) {
            let what = match act.etag {
                None => "a start names the `etag` of the plan that was read",
                Some(_) => "it is another one than was read",
            };
            return Err(ReplayError::Stale { number, what: what.to_owned() });
        }
        self.names_environment(act)?;
        if record.plan.needs_second_person && record.plan.confirmed_by.is_none() {
            return Err(ReplayError::Unconfirmed(number));
        }
        let since = now();
        let record = self.still_holds(record, &open, stop)?;
        if let Some(bad) = record.plan.warnings.iter().find(|warning| warning.level == Level::Bad) {
            return Err(ReplayError::Refused { number, what: bad.sentence.clone() });
        }
        let entry = NewAudit::by(who).did("replay.start", &id(number)).because(act.reason.as_deref());
        let warnings = match record.plan.warnings.len() {
            1 => "one warning".to_owned(),
            many => format!("{many} warnings"),
        };
        let read = format!("{}; {warnings} read", record.sentence);
        let record = ReplayRecord { started_at: Some(now()), ..record };
        self.go(record, &open, who, entry.changed(None, Some(read)), (since, Meanwhile::Refuse))?;
        self.detail(number)
    }

    /// Goes on with what was paused or stopped.
    ///
    /// # Errors
    /// [`ReplayError::Stale`] when the target is not what it was.
    pub fn resume(&self, number: i64, act: &ReplayAct, who: &str) -> Result<ReplayDetail, ReplayError> {
        let open = self.opened(number)?;
        let _turn = open.turn.lock();
        let record = self.0.state.replay(number)?;
        may(&record, "resumed", &[ReplayState::Paused, ReplayState::Stopped])?;
        self.names_environment(act)?;
        self.same_targets(number, &open)?;
        // Whoever was held before the canary was through goes on with the canary.
        let progress = open.live.progress(false);
        let sent = progress.items - progress.planned;
        open.live.allow(record.request.canary.filter(|canary| sent < *canary).unwrap_or(u64::MAX));
        // What had been put back before it was started is sent: whoever started it has read that.
        let since = record.started_at.unwrap_or_else(now);
        let entry = NewAudit::by(who).did("replay.resume", &id(number)).because(act.reason.as_deref());
        self.go(record, &open, who, entry, (since, Meanwhile::Leave))?;
        self.detail(number)
    }

    /// Holds what runs; answers once it stands, or after some seconds.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self, number: i64, act: &ReplayAct, who: &str) -> Result<ReplayDetail, ReplayError> {
        self.end(number, act, who, Wish::Pause)
    }

    /// Ends it for good, also when it was never started. What was sent stays sent.
    ///
    /// # Errors
    /// When it is over.
    pub fn cancel(&self, number: i64, act: &ReplayAct, who: &str) -> Result<ReplayDetail, ReplayError> {
        self.end(number, act, who, Wish::Cancel)
    }

    fn end(&self, number: i64, act: &ReplayAct, who: &str, wish: Wish) -> Result<ReplayDetail, ReplayError> {
        let (verb, action) = if wish == Wish::Pause { ("paused", "pause") } else { ("cancelled", "cancel") };
        let from: &[ReplayState] = match wish {
            Wish::Pause => &[ReplayState::Running],
            _ => &[ReplayState::Planned, ReplayState::Running, ReplayState::Paused, ReplayState::Stopped],
        };
        let open = self.opened(number)?;
        let turn = open.turn.lock();
        let record = self.0.state.replay(number)?;
        may(&record, verb, from)?;
        let entry = NewAudit::by(who).did(&format!("replay.{action}"), &id(number)).because(act.reason.as_deref());
        if open.sending.load(Ordering::Relaxed) {
            self.0.state.audit(entry)?;
            open.live.want(wish);
        } else {
            // Running without a sender: how it ended could not be kept.
            let (state, ended_at) = match wish {
                Wish::Pause => (ReplayState::Paused, None),
                _ => (ReplayState::Cancelled, Some(now())),
            };
            let progress = open.live.progress(false);
            let ended = ReplayRecord { state, why: None, ended_at, progress, ..record };
            self.0.state.set_replay(&ended, Some(entry))?;
            *open.counted.lock() = None;
            if state == ReplayState::Cancelled && ended.progress.sending > 0 {
                self.find_out_on_a_thread(&ended);
            }
        }
        drop(turn);
        let until = Instant::now() + PATIENCE;
        while open.sending.load(Ordering::Relaxed) && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        self.detail(number)
    }

    /// A second person has read the plan.
    ///
    /// # Errors
    /// [`ReplayError::SamePerson`] when it is the first one.
    pub fn confirm(&self, number: i64, act: &ReplayAct, who: &str) -> Result<ReplayDetail, ReplayError> {
        let open = self.opened(number)?;
        let _turn = open.turn.lock();
        let mut record = self.0.state.replay(number)?;
        may(&record, "confirmed", &[ReplayState::Planned])?;
        if act.etag.as_deref().is_some_and(|etag| etag != record.etag) {
            return Err(ReplayError::Stale { number, what: "it is another one than was read".to_owned() });
        }
        if record.who.trim().eq_ignore_ascii_case(who.trim()) {
            return Err(ReplayError::SamePerson(who.to_owned()));
        }
        record.plan.confirmed_by = Some(who.to_owned());
        let entry = NewAudit::by(who).did("replay.confirm", &id(number)).because(act.reason.as_deref());
        self.0.state.set_replay(&record, Some(entry))?;
        self.detail(number)
    }

    /// Throws away a plan that was never started.
    ///
    /// # Errors
    /// When it was started.
    pub fn discard(&self, number: i64, who: &str) -> Result<(), ReplayError> {
        let open = self.opened(number)?;
        let _turn = open.turn.lock();
        let record = self.0.state.replay(number)?;
        may(&record, "discarded", &[ReplayState::Planned])?;
        let why = Some("its plan was discarded".to_owned());
        let gone = ReplayRecord { state: ReplayState::Cancelled, why, ended_at: Some(now()), ..record };
        self.0.state.set_replay(&gone, Some(NewAudit::by(who).did("replay.discard", &id(number))))?;
        self.0.open.lock().remove(&number);
        self.folder(number).remove()
    }

    fn names_environment(&self, act: &ReplayAct) -> Result<(), ReplayError> {
        let environment = &self.0.environment;
        let named = act.environment.as_deref().map(str::trim) == Some(environment.name.as_str());
        if environment.confirm_replays && !named {
            return Err(ReplayError::Environment(environment.name.clone()));
        }
        Ok(())
    }

    /// What was read must be what is. A plan that changed is kept as it is now, to be read again.
    fn still_holds(
        &self,
        record: ReplayRecord,
        open: &Open,
        stop: &dyn Fn() -> bool,
    ) -> Result<ReplayRecord, ReplayError> {
        let number = record.number;
        let changes = self.changes(&record.request)?;
        let before = |address| self.0.put_back.by(address).filter(|by| *by != number);
        let view = self.0.archives.view();
        let Examined { mut plan, targets } =
            examine(&self.planning(stop), &view, &open.live.items, &record.request, &changes, &before)?;
        let old = &record.plan;
        plan.chosen_by.clone_from(&old.chosen_by);
        plan.sql.clone_from(&old.sql);
        plan.partitioner.clone_from(&old.partitioner);
        (plan.needs_second_person, plan.names_environment) = (old.needs_second_person, old.names_environment);
        let kept = |kind: &str| matches!(kind, "left_out") || kind == "loop";
        // What was left out when events were chosen does not come back.
        let chosen = old.warnings.iter().filter(|it| kept(&it.kind) && it.level == Level::Warn);
        plan.warnings.extend(chosen.cloned());
        plan.warnings.sort_by_key(|warning| std::cmp::Reverse(warning.level));
        let what = changed_targets(&self.folder(number).read_targets(&open.live.items)?, &targets)
            .or_else(|| changed(old, &plan));
        let Some(what) = what else {
            plan.confirmed_by.clone_from(&old.confirmed_by);
            return Ok(ReplayRecord { plan, ..record });
        };
        let etag = etag(&format!("{}{}", record.token, now()), &record.request, &plan);
        let entry = NewAudit::by(ITSELF).did("replay.stale", &id(number)).because(Some(&what));
        self.0.state.set_replay(&ReplayRecord { plan, etag, ..record }, Some(entry))?;
        Err(ReplayError::Stale { number, what })
    }

    fn same_targets(&self, number: i64, open: &Open) -> Result<(), ReplayError> {
        let planned = self.folder(number).read_targets(&open.live.items)?;
        for target in &planned {
            let Some(source) = self.0.sources.get(&target.source) else {
                let what = format!("source `{}` is not configured any more", target.source);
                return Err(ReplayError::Stale { number, what });
            };
            let facts = source.destination(&target.destination)?;
            let partitions = i32::try_from(facts.partitions.len()).unwrap_or(i32::MAX);
            let now = Target { id: facts.id, partitions, ..target.clone() };
            if let Some(what) = changed_targets(std::slice::from_ref(target), &[now]) {
                return Err(ReplayError::Stale { number, what });
            }
        }
        Ok(())
    }
}

fn may(record: &ReplayRecord, verb: &'static str, from: &[ReplayState]) -> Result<(), ReplayError> {
    if from.contains(&record.state) {
        return Ok(());
    }
    Err(ReplayError::Standing { number: record.number, state: record.state, verb })
}

fn changed_targets(planned: &[Target], now: &[Target]) -> Option<String> {
    for target in planned {
        let name = &target.destination;
        let Some(now) = now.iter().find(|now| now.stand == target.stand) else {
            return Some(format!("`{name}` is not a target any more"));
        };
        if now.id != target.id {
            return Some(format!("`{name}` was deleted and made anew; plan it anew"));
        }
        if now.partitions != target.partitions {
            return Some(format!(
                "`{name}` has {} partitions, it had {}; plan it anew",
                now.partitions, target.partitions
            ));
        }
    }
    None
}

/// The first difference of two plans, in words.
fn changed(old: &tapline_api::ReplayPlan, new: &tapline_api::ReplayPlan) -> Option<String> {
    let (before, after) = (significant(old), significant(new));
    let came = after.iter().find(|line| !before.contains(line));
    let went = before.iter().find(|line| !after.contains(line));
    match (came, went) {
        (Some((_, sentence, _)), _) => Some(format!("by now: {sentence}")),
        (None, Some((_, sentence, _))) => Some(format!("no longer true: {sentence}")),
        (None, None) => None,
    }
}
