//! Replays at work: a thread that sends, or that finds out what a cancelled one had on its way; a canary's end.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tapline_api::{Delivery, ReplayState, thousands};
use tapline_state::{NewAudit, ReplayRecord};

use super::{ITSELF, Open, Replays, id, keep, now};
use crate::error::ReplayError;
use crate::item::Stand;
use crate::live::{Live, Wish};
use crate::run::{Ended, Job, run, told};
use crate::settle::settle;

impl Replays {
    /// What another replay has put back while this one was held is not sent a second time. What had been put back before
    /// it was started is: whoever started it has read that.
    pub(super) fn leave_to_others(&self, record: &ReplayRecord, open: &Open) -> Result<(), ReplayError> {
        let (live, since) = (&open.live, record.started_at.unwrap_or_else(now));
        let planned: Vec<u32> = live.look(|standing| standing.all(Delivery::Planned).collect());
        for item in planned {
            let address = live.items.hash(&live.items.items[item as usize]);
            if let Some(other) = self.0.put_back.by_other_since(address, record.number, since) {
                live.left_to(item, other)?;
            }
        }
        live.sync()
    }

    /// How many of its events another one is about to put back on the same target, and which one.
    fn sent_by_another(&self, number: i64, live: &Live) -> Option<(usize, i64)> {
        let mut others: Vec<Arc<Open>> = self.0.open.lock().values().map(Arc::clone).collect();
        others.retain(|it| it.live.number != number && it.sending.load(Ordering::Relaxed));
        if others.is_empty() {
            return None;
        }
        let ours: HashSet<(u64, &Stand)> = live.unsent().collect();
        let shared = |live: &Live| live.unsent().filter(|event| ours.contains(event)).count();
        let mut counted = others.iter().map(|it| (shared(&it.live), it.live.number));
        counted.find(|(count, _)| *count > 0)
    }

    /// Begins to send on a thread.
    pub(super) fn go(
        &self,
        record: ReplayRecord,
        open: &Arc<Open>,
        who: &str,
        entry: NewAudit,
    ) -> Result<(), ReplayError> {
        let number = record.number;
        let job = self.job(&record, open, who)?;
        let _starting = self.0.starting.lock();
        if let Some((count, other)) = self.sent_by_another(number, &open.live) {
            let other = id(other);
            let what = format!("{count} of its events are being put back by {other}; wait until that one stands");
            return Err(ReplayError::Refused { number, what });
        }
        let running = ReplayRecord { state: ReplayState::Running, why: None, ended_at: None, ..record };
        self.0.state.set_replay(&running, Some(entry))?;
        open.live.want(Wish::Run);
        open.tried.store(false, Ordering::Relaxed);
        open.said.lock().clear();
        open.sending.store(true, Ordering::Relaxed);
        let (replays, open) = (self.clone(), Arc::clone(open));
        self.keep_thread(thread::spawn(move || replays.send(number, &open, &job)));
        Ok(())
    }

    fn job(&self, record: &ReplayRecord, open: &Open, who: &str) -> Result<Job, ReplayError> {
        let targets = self.folder(record.number).read_targets()?;
        let identities: HashMap<u32, Option<String>> =
            targets.into_iter().map(|target| (target.stand, target.id)).collect();
        Ok(Job {
            live: Arc::clone(&open.live),
            archive: Arc::clone(&self.0.archive),
            sources: Arc::clone(&self.0.sources),
            options: self.0.options.clone(),
            token: record.token.clone(),
            identities,
            changes: self.changes(&record.request)?,
            order: record.request.order,
            rate: record.request.rate,
            speed: record.request.speed,
            by: who.to_owned(),
            at: record.started_at.unwrap_or_else(now),
        })
    }

    fn send(&self, number: i64, open: &Open, job: &Job) {
        let ended = catch_unwind(AssertUnwindSafe(|| run(job)));
        let ended = ended.unwrap_or_else(|_| Ended::Stopped("a bug of Tapline; its log says which".to_owned()));
        {
            // Whoever acts at this moment comes before or after the end, not in its middle.
            let _turn = open.turn.lock();
            let cancelled = open.live.wish() == Wish::Cancel && ended != Ended::Done;
            let ended = if cancelled { Ended::Cancelled } else { ended };
            open.tried.store(ended == Ended::Tried, Ordering::Relaxed);
            // Whoever starts another one now has to see what this one has put back.
            let confirmed: Vec<u32> = open.live.look(|standing| standing.all(Delivery::Confirmed).collect());
            self.0.put_back.note(number, &open.live, &confirmed);
            if let Err(error) = keep::ended(self, number, open, ended) {
                tracing::error!(error = &error as &dyn std::error::Error, replay = number, "how it ended is not kept");
            }
            open.sending.store(false, Ordering::Relaxed);
        }
        self.find_out(number, open, job);
    }

    /// What was on its way when it was cancelled is found out all the same, however long the broker is away.
    fn find_out(&self, number: i64, open: &Open, job: &Job) {
        let stopping = || self.0.stopping.load(Ordering::Relaxed);
        let doubtful = || open.live.look(|standing| standing.counts().of(Delivery::Sending));
        while open.live.wish() == Wish::Cancel && !stopping() {
            let why = settle(job, &stopping).err().map(|error| {
                let count = thousands(doubtful());
                format!("{count} are looked for on the target, to know whether they are there: {}", told(&error))
            });
            if let Err(error) = keep::explained(self, number, open, why) {
                tracing::error!(error = &error as &dyn std::error::Error, replay = number, "how it stands is not kept");
            }
            if doubtful() == 0 {
                return;
            }
            (0..50).take_while(|_| !stopping()).for_each(|_| thread::sleep(Duration::from_millis(100)));
        }
    }

    /// The same for one that has no sender any more.
    pub(super) fn find_out_on_a_thread(&self, record: &ReplayRecord) {
        let number = record.number;
        let begun = self.opened(number).and_then(|open| Ok((self.job(record, &open, &record.who)?, open)));
        match begun {
            Ok((job, open)) => {
                open.live.want(Wish::Cancel);
                let replays = self.clone();
                self.keep_thread(thread::spawn(move || replays.find_out(number, &open, &job)));
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, replay = number, "what it had on its way is not found out");
            }
        }
    }

    fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = self.0.threads.lock();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }

    /// All of a canary is known: well, and the rest follows; or not, and it stops. Only while this process has seen it
    /// come to its end: after a restart a person decides.
    pub(super) fn judge_canary(&self, number: i64, open: &Arc<Open>) -> Result<(), ReplayError> {
        if !open.tried.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(_turn) = open.turn.try_lock() else { return Ok(()) };
        let (record, progress) = (self.0.state.replay(number)?, open.live.progress(false));
        let waits = record.state == ReplayState::Paused && record.request.canary_goes_on;
        if !waits || progress.pending + progress.sending > 0 || open.sending.load(Ordering::Relaxed) {
            return Ok(());
        }
        let well = progress.confirmed > 0 && progress.reprocessed == progress.confirmed;
        if well && progress.rejected + progress.uncertain == 0 {
            if self.sent_by_another(number, &open.live).is_some() {
                return Ok(());
            }
            self.leave_to_others(&record, open)?;
            open.live.allow(u64::MAX);
            let entry = NewAudit::by(ITSELF).did("replay.resume", &id(number));
            let all = format!("all of the first {} were reprocessed", thousands(progress.confirmed));
            let by = record.who.clone();
            return self.go(record, open, &by, entry.because(Some(&all)));
        }
        open.tried.store(false, Ordering::Relaxed);
        let (reprocessed, first) = (thousands(progress.reprocessed), thousands(progress.confirmed));
        let why = format!("{reprocessed} of the first {first} were reprocessed");
        let entry = NewAudit::by(ITSELF).did("replay.stopped", &id(number)).because(Some(&why));
        let stopped = ReplayRecord { state: ReplayState::Stopped, why: Some(why), ..record };
        Ok(self.0.state.set_replay(&stopped, Some(entry))?)
    }
}
