//! All replays of an archive: planned, started, paused, watched, by whoever calls, and taken up again after a restart.

mod act;
mod items;
mod keep;
mod put_back;
mod shown;
mod work;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tapline_api::{CauseState, Delivery, Environment, ReplayDetail, ReplayRequest, ReplayState, StopAt};
use tapline_archive::{Archive, View};
use tapline_model::time;
use tapline_state::{NewAudit, ReplayRecord, State};

use crate::error::ReplayError;
use crate::folder::Folder;
use crate::item::Items;
use crate::journal::Journal;
use crate::live::{Live, Wish};
use crate::message::Changes;
use crate::options::{ReplayOptions, Sources};
use crate::plan::examine::examine;
use crate::plan::{Planning, Selected};
use crate::read::Archives;
use crate::standing::{Counts, Standing};
use crate::watch::Watcher;

pub use items::ItemFilter;
pub(crate) use put_back::PutBack;

/// Between two looks at what became of items.
const LOOK: Duration = Duration::from_millis(500);

/// Items of a replay that nobody asked for so long are not kept in memory.
const IDLE: Duration = Duration::from_secs(600);

/// Name of those who act by themselves, in the audit.
const ITSELF: &str = "Tapline";

/// All replays of an archive. Cheap to clone; every call blocks on disk or broker.
#[derive(Clone)]
pub struct Replays(Arc<Inner>);

struct Inner {
    archives: Archives,
    state: State,
    sources: Arc<Sources>,
    options: ReplayOptions,
    environment: Environment,
    /// Replays whose items are in memory.
    open: Mutex<HashMap<i64, Arc<Open>>>,
    /// Held by whoever reads the items of one: nobody who only looks at `open` waits for a million of them.
    opening: Mutex<()>,
    /// Held by whoever begins to send: of two that put the same back only one does.
    starting: Mutex<()>,
    put_back: PutBack,
    stopping: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A replay whose items are in memory.
struct Open {
    live: Arc<Live>,
    watcher: Mutex<Watcher>,
    used: Mutex<Instant>,
    /// Whether its sender runs.
    sending: AtomicBool,
    /// Whether its canary came to its end in this process.
    tried: AtomicBool,
    /// When it stops by itself: what was asked for never changes.
    stop: StopAt,
    /// What was written down of how far it is.
    counted: Mutex<Option<Counts>>,
    /// What was said of causes.
    said: Mutex<HashMap<String, CauseState>>,
    /// Held by whoever changes how it stands.
    turn: Mutex<()>,
}

impl Open {
    fn is_sending(&self) -> bool {
        self.sending.load(Ordering::Relaxed)
    }

    /// Whether it had items on their way and does not know yet what became of them.
    fn has_doubts(&self) -> bool {
        self.live.look(|standing| standing.counts().of(Delivery::Sending)) > 0
    }
}

impl Replays {
    /// Takes up the replays of an archive, beside which stand the events that its dead letters only point to. One that was
    /// running when the process ended is paused: whoever resumes it decides that it goes on.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn open(
        archive: Arc<Archive>,
        originals: Arc<Archive>,
        state: State,
        sources: Sources,
        options: ReplayOptions,
        environment: Environment,
    ) -> Result<Self, ReplayError> {
        let replays = Self(Arc::new(Inner {
            archives: Archives { events: archive, originals },
            state,
            sources: Arc::new(sources),
            options,
            environment,
            open: Mutex::new(HashMap::new()),
            opening: Mutex::new(()),
            starting: Mutex::new(()),
            put_back: PutBack::default(),
            stopping: AtomicBool::new(false),
            threads: Mutex::new(Vec::new()),
        }));
        replays.take_up()?;
        // Before anybody plans: what was put back does not wait any more.
        replays.0.put_back.fill(&replays);
        let watching = replays.clone();
        replays.0.threads.lock().push(thread::spawn(move || watching.watch()));
        Ok(replays)
    }

    fn take_up(&self) -> Result<(), ReplayError> {
        let mut below = None;
        loop {
            let records = self.0.state.replays(below, 100)?;
            let Some(last) = records.last() else { return Ok(()) };
            below = Some(last.number);
            for record in records {
                // Of what is not known yet what became of it, it is watched.
                let unknown = record.progress.pending + record.progress.sending > 0;
                if record.started_at.is_some()
                    && unknown
                    && let Err(error) = self.opened(record.number)
                {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, replay = record.number, "it is not watched");
                }
                if record.state == ReplayState::Cancelled && record.progress.sending > 0 {
                    self.find_out_on_a_thread(&record);
                }
                if record.state == ReplayState::Running {
                    let why = "Tapline was stopped while it ran; resume goes on where it stood";
                    let entry = NewAudit::by(ITSELF).did("replay.pause", &id(record.number)).because(Some(why));
                    // Its journal knows what was sent; what became of that is watched.
                    let progress = self.opened(record.number).map(|open| open.live.progress(false));
                    let progress = progress.unwrap_or_else(|_| record.progress.clone());
                    let (state, why_so) = (ReplayState::Paused, Some(why.to_owned()));
                    let paused = ReplayRecord { state, why: why_so, progress, ..record };
                    self.0.state.set_replay(&paused, Some(entry))?;
                }
            }
        }
    }

    /// Plans a replay of what was chosen; nothing is sent.
    ///
    /// # Errors
    /// When nothing can be put back, a target's broker does not answer, or the request is none.
    pub fn plan(
        &self,
        request: &ReplayRequest,
        view: &Arc<View>,
        selected: &Selected,
        who: &str,
        stop: &dyn Fn() -> bool,
    ) -> Result<ReplayDetail, ReplayError> {
        check(request)?;
        let changes = self.changes(request)?;
        let planning = self.planning(stop);
        let view = &self.0.archives.with(view);
        let drawn = planning.choose(view, request, selected)?;
        let before = |address| self.0.put_back.by(address);
        let examined = examine(&planning, view, &drawn.items, request, &changes, &before)?;
        let record = keep::record(self, request, selected, &drawn, examined, who);
        let number = self.0.state.add_replay(&record)?;
        let folder = self.folder(number);
        if let Err(error) = folder.write(&drawn.items, &drawn.targets) {
            // A plan without its items would never start.
            let _ = folder.remove();
            let why = Some("its files could not be written".to_owned());
            let lost = ReplayRecord { number, state: ReplayState::Cancelled, why, ..record };
            self.0.state.set_replay(&lost, None)?;
            return Err(error);
        }
        self.detail(number)
    }

    fn planning<'a>(&'a self, stop: &'a dyn Fn() -> bool) -> Planning<'a> {
        Planning { archives: &self.0.archives, sources: &self.0.sources, options: &self.0.options, stop }
    }

    fn changes(&self, request: &ReplayRequest) -> Result<Changes, ReplayError> {
        Changes::new(&request.edits, request.transform.as_deref(), self.own_headers()).map_err(ReplayError::BadRequest)
    }

    fn own_headers(&self) -> Vec<String> {
        self.0.options.own_headers.values().flatten().cloned().collect()
    }

    fn folder(&self, number: i64) -> Folder {
        Folder::new(&self.0.archives.events.root(), number)
    }

    /// The items of a replay, read if they are not in memory.
    fn opened(&self, number: i64) -> Result<Arc<Open>, ReplayError> {
        if let Some(open) = self.in_memory(number) {
            return Ok(open);
        }
        let _opening = self.0.opening.lock();
        if let Some(open) = self.in_memory(number) {
            return Ok(open);
        }
        let record = self.0.state.replay(number)?;
        let folder = self.folder(number);
        let items: Arc<Items> = Arc::new(folder.read_items()?);
        let journal = folder.journal();
        if record.started_at.is_some() && !journal.exists() {
            let what = "it is not there: what was sent is not known".to_owned();
            return Err(ReplayError::Damaged { path: journal, what });
        }
        let journal = Journal::open(&journal, Arc::clone(&items))?;
        let allowed = allowed(&record, &journal);
        let open = Arc::new(Open {
            live: Arc::new(Live::new(number, items, journal, allowed)),
            watcher: Mutex::new(Watcher::default()),
            used: Mutex::new(Instant::now()),
            sending: AtomicBool::new(false),
            tried: AtomicBool::new(false),
            stop: record.request.stop,
            counted: Mutex::new(None),
            said: Mutex::default(),
            turn: Mutex::new(()),
        });
        self.0.open.lock().insert(number, Arc::clone(&open));
        Ok(open)
    }

    fn in_memory(&self, number: i64) -> Option<Arc<Open>> {
        let open = self.0.open.lock().get(&number).cloned();
        open.inspect(|open| *open.used.lock() = Instant::now())
    }

    /// Looks at what became of items until the process stops.
    fn watch(&self) {
        while !self.0.stopping.load(Ordering::Relaxed) {
            self.look();
            thread::sleep(LOOK);
        }
    }

    fn look(&self) {
        let open: Vec<(i64, Arc<Open>)> = self.0.open.lock().iter().map(|(at, it)| (*at, Arc::clone(it))).collect();
        for (number, open) in open {
            // One that cannot be watched does not keep the others from it.
            let looked = catch_unwind(AssertUnwindSafe(|| self.look_at(number, &open)));
            if let Ok(Err(error)) = looked {
                tracing::error!(error = &error as &dyn std::error::Error, replay = number, "it cannot be watched");
            }
        }
        let mut all = self.0.open.lock();
        all.retain(|_, open| {
            let counts = open.live.look(Standing::counts).progress();
            let pending = counts.pending + counts.sending;
            // Two of the same would each write to its journal.
            let used = Arc::strong_count(open) > 1 || open.used.lock().elapsed() < IDLE;
            pending > 0 || open.sending.load(Ordering::Relaxed) || used
        });
    }

    fn look_at(&self, number: i64, open: &Arc<Open>) -> Result<(), ReplayError> {
        let live = &open.live;
        let fresh = live.take_fresh();
        self.0.put_back.note(number, live, &fresh);
        let view = self.0.archives.events.view();
        let looked = open.watcher.lock().look(live, fresh, &view, &self.0.sources, &self.0.options)?;
        if open.sending.load(Ordering::Relaxed) {
            let stop = open.stop;
            if let (Some(most), Some(share)) = (stop.failed_again, looked.failed_again)
                && share > most
            {
                let why = format!("{:.0} % of the last that were put back came back dead", share * 100.0);
                live.want(Wish::Stop(why));
            }
            if let (Some(most), Some(lag)) = (stop.lag, looked.lag)
                && lag > most
            {
                live.want(Wish::Stop(format!("a group that reads the target is {lag} events behind")));
            }
        }
        let counts = live.look(Standing::counts);
        if *open.counted.lock() != Some(counts) {
            keep::outcomes(self, number, open)?;
            *open.counted.lock() = Some(counts);
        }
        self.judge_canary(number, open)
    }

    /// The replay that put back the event at this address (its hash), if one did.
    pub fn put_back_by(&self, address: u64) -> Option<i64> {
        self.0.put_back.by(address)
    }

    /// Whether the events at each of these addresses (their hashes) were put back.
    pub fn are_put_back(&self, addresses: &[u64]) -> Vec<bool> {
        self.0.put_back.are(addresses)
    }

    /// How many of these addresses were put back.
    pub fn count_put_back(&self, addresses: &[u64]) -> u64 {
        self.0.put_back.count(addresses)
    }

    /// Senders pause, watching ends. Blocks until the last answers came.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
        for open in self.0.open.lock().values() {
            open.live.want(Wish::Pause);
        }
        let threads = std::mem::take(&mut *self.0.threads.lock());
        for thread in threads {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// `r-33`.
pub(crate) fn id(number: i64) -> String {
    format!("r-{number}")
}

/// Items that may be sent before somebody has to say more: all, once somebody resumed after the canary.
fn allowed(record: &ReplayRecord, journal: &Journal) -> u64 {
    let sent = journal.told().standing.counts().progress();
    match record.request.canary {
        Some(canary) if sent.items - sent.planned < canary => canary,
        Some(canary) if record.state == ReplayState::Planned => canary,
        _ => u64::MAX,
    }
}

fn check(request: &ReplayRequest) -> Result<(), ReplayError> {
    let refuse = |text: &str| Err(ReplayError::BadRequest(text.to_owned()));
    let within = |value: Option<f64>| value.is_none_or(|value| (0.001..=1e7).contains(&value));
    if request.reason.trim().is_empty() {
        return refuse("`reason` is empty; say why the events are put back, it stands in the audit");
    }
    if !within(request.rate) || !within(request.speed) {
        return refuse("`rate` and `speed` are numbers from 0.001 to 10000000");
    }
    if request.rate.is_some() && request.speed.is_some() {
        return refuse("`rate` and `speed` cannot both be asked for; name one of them");
    }
    if request.stop.failed_again.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        return refuse("`stop.failed_again` is a share, between 0 and 1");
    }
    if request.canary == Some(0) {
        return refuse("`canary` is 0; name how many events are tried first, or leave it out");
    }
    Ok(())
}

/// Now, in microseconds.
fn now() -> i64 {
    time::now()
}
