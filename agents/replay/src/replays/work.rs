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
use crate::item::{Item, Stand};
use crate::live::{Live, Wish};
use crate::run::{Ended, Job, run, told};
use crate::settle::settle;

/// Between two attempts to write down how one ended.
const KEPT_LATER: Duration = Duration::from_secs(1);

/// What becomes of events that somebody else has put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    /// They are left to that one: this one was held in between.
    Leave,
    /// Nothing is sent: whoever starts it has not read that.
    Refuse,
}

impl Replays {
    /// What another replay has put on the same target after `since` is not sent a second time. Tells how many there are.
    fn leave_to_others(&self, live: &Live, since: i64) -> Result<usize, ReplayError> {
        let planned: Vec<u32> = live.look(|standing| standing.all(Delivery::Planned).collect());
        let mut left = 0;
        for number in planned {
            let item = &live.items.items[number as usize];
            let (address, target) = (live.items.hash(item), live.items.target(item).hash());
            if let Some(other) = self.0.put_back.by_other_since(address, target, live.number, since) {
                live.left_to(number, other)?;
                left += 1;
            }
        }
        live.sync()?;
        Ok(left)
    }

    /// Why its events cannot be sent now: another one is about to put some of them on the same target, or had them on
    /// their way and does not know yet what became of them.
    fn claimed(&self, live: &Live) -> Option<String> {
        const UNSENT: [Delivery; 2] = [Delivery::Planned, Delivery::Sending];
        let mut others: Vec<Arc<Open>> = self.0.open.lock().values().map(Arc::clone).collect();
        others.retain(|it| it.live.number != live.number && (it.is_sending() || it.has_doubts()));
        if others.is_empty() {
            return None;
        }
        let ours: HashSet<(u64, &Stand)> = live.delivered(&UNSENT).collect();
        others.iter().find_map(|other| {
            let sends = other.is_sending();
            let theirs = other.live.delivered(if sends { &UNSENT } else { &UNSENT[1..] });
            let count = theirs.filter(|event| ours.contains(event)).count();
            let (count, other) = (thousands((count > 0).then_some(count)? as u64), id(other.live.number));
            Some(match sends {
                true => format!("{count} of its events are being put back by {other}; wait until that one stands"),
                false => format!(
                    "{count} of its events may have been put back by {other}, which does not know yet; resume or cancel that one first"
                ),
            })
        })
    }

    /// Begins to send on a thread what nobody else sends, or has put on the same target after `since`.
    pub(super) fn go(
        &self,
        record: ReplayRecord,
        open: &Arc<Open>,
        who: &str,
        entry: NewAudit,
        (since, meanwhile): (i64, Meanwhile),
    ) -> Result<(), ReplayError> {
        let number = record.number;
        let job = self.job(&record, open, who)?;
        // Nobody else begins while it is looked what others have sent: what is seen here stays true.
        let _starting = self.0.starting.lock();
        if let Some(what) = self.claimed(&open.live) {
            return Err(ReplayError::Refused { number, what });
        }
        let others: Vec<Arc<Open>> = self.0.open.lock().values().map(Arc::clone).collect();
        others.iter().for_each(|other| self.0.put_back.note_all(other.live.number, &other.live));
        match meanwhile {
            Meanwhile::Leave => drop(self.leave_to_others(&open.live, since)?),
            Meanwhile::Refuse => self.nothing_since(&open.live, since)?,
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

    /// What was read before a start must be true still.
    fn nothing_since(&self, live: &Live, since: i64) -> Result<(), ReplayError> {
        let put_back = |item: &&Item| {
            let (address, target) = (live.items.hash(item), live.items.target(item).hash());
            self.0.put_back.by_other_since(address, target, live.number, since).is_some()
        };
        match live.items.items.iter().filter(put_back).count() {
            0 => Ok(()),
            count => {
                let what = format!("{} of its events were put back meanwhile; start it again", thousands(count as u64));
                Err(ReplayError::Stale { number: live.number, what })
            }
        }
    }

    fn job(&self, record: &ReplayRecord, open: &Open, who: &str) -> Result<Job, ReplayError> {
        let targets = self.folder(record.number).read_targets(&open.live.items)?;
        let identities: HashMap<u32, Option<String>> =
            targets.into_iter().map(|target| (target.stand, target.id)).collect();
        Ok(Job {
            live: Arc::clone(&open.live),
            archives: self.0.archives.clone(),
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
        // Whoever plans another one now has to see what this one has put back.
        self.0.put_back.note_all(number, &open.live);
        let mut told_once = false;
        // On a disk that is full it would say for ever that it runs, and could not be resumed.
        while let Err(error) = self.end_sending(number, open, &ended) {
            if !std::mem::replace(&mut told_once, true) {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    replay = number,
                    "how it ended is kept later"
                );
            }
            open.live.set_trouble(Some(format!("it ended, which cannot be written down yet: {}", told(&error))));
            if self.0.stopping.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(KEPT_LATER);
        }
        open.live.set_trouble(None);
        self.find_out(number, open, job);
    }

    fn end_sending(&self, number: i64, open: &Open, ended: &Ended) -> Result<(), ReplayError> {
        // Whoever acts at this moment comes before or after the end, not in its middle.
        let _turn = open.turn.lock();
        let cancelled = open.live.wish() == Wish::Cancel && *ended != Ended::Done;
        let ended = if cancelled { &Ended::Cancelled } else { ended };
        open.tried.store(*ended == Ended::Tried, Ordering::Relaxed);
        keep::ended(self, number, open, ended.clone())?;
        open.sending.store(false, Ordering::Relaxed);
        Ok(())
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
            if self.claimed(&open.live).is_some() {
                return Ok(());
            }
            open.live.allow(u64::MAX);
            let entry = NewAudit::by(ITSELF).did("replay.resume", &id(number));
            let all = format!("all of the first {} were reprocessed", thousands(progress.confirmed));
            let by = record.who.clone();
            let since = record.started_at.unwrap_or_else(now);
            return self.go(record, open, &by, entry.because(Some(&all)), (since, Meanwhile::Leave));
        }
        open.tried.store(false, Ordering::Relaxed);
        let (reprocessed, first) = (thousands(progress.reprocessed), thousands(progress.confirmed));
        let why = format!("{reprocessed} of the first {first} were reprocessed");
        let entry = NewAudit::by(ITSELF).did("replay.stopped", &id(number)).because(Some(&why));
        let stopped = ReplayRecord { state: ReplayState::Stopped, why: Some(why), ..record };
        Ok(self.0.state.set_replay(&stopped, Some(entry))?)
    }
}
