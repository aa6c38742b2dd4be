//! One thread a source, started again after faults; and how each source stands.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tapline_adapter::{AdapterError, Capability, Source, SourceFacts, Tap, TapOptions};
use tapline_archive::Archive;
use tapline_decode::Rules;
use tokio_util::sync::CancellationToken;

use crate::appender::Appender;
use crate::feed::{Feed, FeedError, FeedOptions};
use crate::rates::Rates;
use crate::resume;
use crate::sink::{ChunkSink, PayloadPolicy};

/// A source with what is read of it.
#[derive(Clone)]
pub struct Tapped {
    /// The broker.
    pub source: Arc<dyn Source>,
    /// What is read and how hard.
    pub options: TapOptions,
    /// How records are decoded.
    pub rules: Rules,
    /// How much of a payload is kept.
    pub payloads: PayloadPolicy,
}

/// How a source stands.
#[derive(Debug, Clone)]
pub struct SourceStanding {
    /// Configured name.
    pub name: String,
    /// Kind of system.
    pub system: &'static str,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// As the tap sees it.
    pub facts: SourceFacts,
    /// Why nothing is read at the moment, if that is so.
    pub fault: Option<String>,
    /// Why reading waits, if it does.
    pub paused: Option<String>,
    /// Records and bytes a second of both lanes, over the last ten seconds.
    pub rate: (f64, f64),
    /// Records a second of the backfill lane.
    pub backfill_rate: f64,
}

/// Reads all sources until dropped or stopped.
pub struct Pipeline {
    states: Vec<Arc<State>>,
    cancel: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

/// What one thread shows to others.
struct State {
    name: String,
    system: &'static str,
    capabilities: Vec<Capability>,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    facts: SourceFacts,
    fault: Option<String>,
    paused: Option<String>,
    rates: Rates,
    backfill: Rates,
}

/// Wait after the first fault; doubled up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// How often the tap is asked how it stands.
const FACTS_INTERVAL: Duration = Duration::from_secs(1);

impl Pipeline {
    /// Starts one thread for each source.
    pub fn start(sources: Vec<Tapped>, archive: &Arc<Archive>, options: FeedOptions) -> std::io::Result<Self> {
        let cancel = CancellationToken::new();
        let (mut states, mut threads) = (Vec::new(), Vec::new());
        for tapped in sources {
            let state = Arc::new(State::of(tapped.source.as_ref()));
            states.push(Arc::clone(&state));
            let worker = Worker { tapped, archive: Arc::clone(archive), options, state, cancel: cancel.clone() };
            let name = format!("tap {}", worker.state.name);
            threads.push(std::thread::Builder::new().name(name).spawn(move || worker.run())?);
        }
        Ok(Self { states, cancel, threads })
    }

    /// How each source stands, in the order given.
    pub fn standings(&self) -> Vec<SourceStanding> {
        self.states.iter().map(|state| state.standing()).collect()
    }

    /// Stops reading and waits until what was read is handed over. Blocks.
    pub fn stop(&mut self) {
        self.cancel.cancel();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a tap thread panicked; its source was not read to the end");
            }
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn of(source: &dyn Source) -> Self {
        let (name, capabilities) = (source.name().to_owned(), source.capabilities());
        Self { name, system: source.system(), capabilities, shown: Mutex::default() }
    }

    fn standing(&self) -> SourceStanding {
        let (shown, now) = (self.shown.lock(), Instant::now());
        SourceStanding {
            name: self.name.clone(),
            system: self.system,
            capabilities: self.capabilities.clone(),
            facts: shown.facts.clone(),
            fault: shown.fault.clone(),
            paused: shown.paused.clone(),
            rate: shown.rates.per_second(now),
            backfill_rate: shown.backfill.per_second(now).0,
        }
    }
}

struct Worker {
    tapped: Tapped,
    archive: Arc<Archive>,
    options: FeedOptions,
    state: Arc<State>,
    cancel: CancellationToken,
}

impl Worker {
    /// Opens the tap and reads; after a fault again, with growing waits, until cancelled.
    fn run(self) {
        let mut wait = FIRST_WAIT;
        while !self.cancel.is_cancelled() {
            let begun = Instant::now();
            let fault = match self.open() {
                Ok(mut tap) => self.read(tap.as_mut()),
                Err(error) => Some(FeedError::Adapter(error)),
            };
            let Some(fault) = fault else { return };
            self.show_fault(&fault);
            wait = if begun.elapsed() > LONGEST_WAIT { FIRST_WAIT } else { (wait * 2).min(LONGEST_WAIT) };
            self.pause(wait);
        }
    }

    fn open(&self) -> Result<Box<dyn Tap>, AdapterError> {
        // The archive's positions, not the broker's: what is not archived is read again.
        let positions = resume::positions(&self.archive.ledger(), &self.state.name);
        self.tapped.source.tap(&self.tapped.options, positions)
    }

    /// Reads until cancelled (`None`) or until the tap must be opened anew.
    fn read(&self, tap: &mut dyn Tap) -> Option<FeedError> {
        let (name, system) = (&self.state.name, self.state.system);
        let sink = |_| ChunkSink::new(name, system, self.tapped.rules.clone(), self.tapped.payloads);
        let sinks = (0..self.options.decoders.get()).map(sink).collect();
        let appender = match Appender::start(Arc::clone(&self.archive), name) {
            Ok(appender) => appender,
            Err(error) => return Some(FeedError::Thread(error)),
        };
        let mut feed = Feed::new(appender, sinks, name, system, self.options);
        let mut asked = None::<Instant>;
        while !self.cancel.is_cancelled() {
            if asked.is_none_or(|asked| asked.elapsed() >= FACTS_INTERVAL) {
                self.show_facts(tap.facts());
                asked = Some(Instant::now());
            }
            if !self.archive.wait_for_room(Duration::from_millis(200)) {
                self.state.shown.lock().paused = self.archive.pause_reason();
                continue;
            }
            match feed.round(tap) {
                Ok(round) => self.show_round(round),
                Err(FeedError::Adapter(error)) if error.is_retryable() => {
                    self.show_fault(&FeedError::Adapter(error));
                    self.pause(FIRST_WAIT);
                }
                Err(fault) => return Some(fault),
            }
        }
        feed.close().err()
    }

    /// Outages are told in the log as they begin and end; other problems stand on the page.
    fn show_facts(&self, facts: SourceFacts) {
        let mut shown = self.state.shown.lock();
        let outage = |facts: &SourceFacts| facts.problems.first().filter(|_| !facts.connected).cloned();
        match (outage(&shown.facts), outage(&facts)) {
            (None, Some(problem)) => tracing::warn!(source = %self.state.name, problem, "a source is away"),
            (Some(_), None) => tracing::info!(source = %self.state.name, "a source is there again"),
            _ => {}
        }
        shown.facts = facts;
    }

    fn show_round(&self, round: crate::feed::Round) {
        let (mut shown, now) = (self.state.shown.lock(), Instant::now());
        shown.fault = None;
        shown.paused = None;
        let [live, backfill] = round.records;
        if live + backfill > 0 {
            shown.rates.add(now, live + backfill, round.bytes);
            shown.backfill.add(now, backfill, 0);
        }
    }

    fn show_fault(&self, fault: &FeedError) {
        tracing::warn!(source = %self.state.name, error = fault as &dyn std::error::Error, "tap");
        self.state.shown.lock().fault = Some(fault.to_string());
    }

    /// Waits, but not longer than until cancelled.
    fn pause(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while !self.cancel.is_cancelled() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
