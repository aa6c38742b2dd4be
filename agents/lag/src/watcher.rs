//! The thread that looks at one broker's groups: when, how often, and how it gives way to a broker that is slow.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rand::Rng as _;
use tapline_adapter::{
    AdapterError, Ended, GroupOptions, Groups, OffsetRange, RangeRead, RawRecord, ReadLimits, RecordSink, Source,
};
use tapline_api::{GroupProblem, Level};
use tapline_archive::{Archive, Ledger};
use tapline_history::History;
use tapline_model::time;

use crate::ask::{Known, ask};
use crate::board::Board;
use crate::forecast::Retention;
use crate::stop::{Stop, Stopped};
use crate::watch::Watch;

/// Members of every group are asked for each so many passes; in between, of those that changed.
const DESCRIBED: u64 = 4;

/// Settings of destinations are asked for when they are seen first, and again each so many passes.
const SETTINGS: u64 = 40;

/// A pass may take this share of the time between two, a quarter: a broker that needs longer is asked less often, up to so
/// many times.
const SHARE: u32 = 4;

/// For all offsets of a pass of which it is not known whether records stand there.
const LOOKED_UP: ReadLimits = ReadLimits { wait: Duration::from_secs(5), bytes: 1 << 20 };

/// It is only asked whether there are any.
struct Unread;

impl RecordSink for Unread {
    fn record(&mut self, _: &RawRecord<'_>) {}
}

/// What a thread needs.
pub(crate) struct Watched {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) groups: GroupOptions,
    pub(crate) archive: Arc<Archive>,
    pub(crate) history: Arc<History>,
    pub(crate) board: Arc<ArcSwap<Board>>,
    pub(crate) interval: Duration,
}

impl Watched {
    /// Begins. It ends once it has the answer that it waits for.
    pub(crate) fn start(self) -> std::io::Result<Stop> {
        let name = format!("lag-{}", self.source.name());
        Stop::spawn(name, move |stop| self.run(stop))
    }

    fn run(self, stop: &Stopped) {
        let mut groups = match self.source.groups(&self.groups) {
            Ok(groups) => groups,
            Err(error) => return self.tell_fault(error.to_string()),
        };
        let mut watch = Watch::new(self.source.name(), self.interval);
        let restored = catch_unwind(AssertUnwindSafe(|| watch.restore(&self.history, time::now())));
        if !matches!(restored, Ok(Ok(()))) {
            tracing::warn!(?restored, "what groups did before is not known");
            watch = Watch::new(self.source.name(), self.interval);
        }
        let mut wait = Duration::ZERO;
        for pass in 0.. {
            if stop.waits(wait) {
                return;
            }
            let begun = Instant::now();
            let looked = AssertUnwindSafe(|| self.pass(pass, groups.as_mut(), &mut watch));
            let fault = match catch_unwind(looked) {
                Ok(outcome) => outcome.err().map(|error| error.to_string()),
                Err(_) => {
                    // What it had noted may be half done.
                    watch = Watch::new(self.source.name(), self.interval);
                    Some("groups cannot be judged, which is a bug: the log says where".to_owned())
                }
            };
            tracing::debug!(source = self.source.name(), took = ?begun.elapsed(), fault, "groups were asked for");
            if let Some(fault) = fault {
                self.tell_fault(fault);
            }
            wait = self.wait(begun.elapsed());
        }
    }

    fn pass(&self, pass: u64, groups: &mut dyn Groups, watch: &mut Watch) -> Result<(), AdapterError> {
        let ledger = self.archive.ledger();
        let tapped = tapped(&ledger, self.source.name());
        let every = pass.is_multiple_of(DESCRIBED);
        let assigned = watch.assigned();
        let asked = {
            let describe = |group: &tapline_adapter::Group| every || watch.is_news(group);
            ask(groups, &Known { tapped: &tapped, assigned: &assigned, describe: &describe })?
        };
        // The tap went on meanwhile: what it read since can be dated.
        // Its ledger first: what that says is read must be in the view.
        let ledger = self.archive.ledger();
        let view = self.archive.view();
        let board = watch.take(asked, &tapped, &view, &ledger);
        self.history.add(watch.record(&board));
        let at = board.at;
        self.board.store(Arc::new(board));
        self.look_up(watch.doubted(at, &tapped), watch);
        let mut unknown = watch.destinations();
        if !pass.is_multiple_of(SETTINGS) {
            unknown.retain(|name| !watch.retention.contains_key(name));
        }
        let told = self.retention(&unknown);
        // Who is not told is not asked again at once, and what was told before stays.
        for name in unknown {
            watch.retention.entry(name).or_default();
        }
        watch.retention.extend(told);
        Ok(())
    }

    /// Whether there is anything to be read at these offsets.
    fn look_up(&self, doubted: Vec<OffsetRange>, watch: &mut Watch) {
        if doubted.is_empty() {
            return;
        }
        match self.source.read(&doubted, LOOKED_UP, &mut Unread) {
            Ok(told) => {
                // Of the others it is asked again.
                let answered = |read: &RangeRead| {
                    matches!(read.ended, Ended::Whole | Ended::Expired(_) | Ended::Failed(AdapterError::Denied { .. }))
                };
                for (range, read) in doubted.iter().zip(&told).filter(|(_, read)| answered(read)) {
                    watch.looked_up(range, read.records == 0 && matches!(read.ended, Ended::Whole));
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "whether anything is left to be read is not known");
            }
        }
    }

    /// How long destinations keep their records, as far as that is told.
    fn retention(&self, names: &BTreeSet<String>) -> HashMap<String, Retention> {
        if names.is_empty() {
            return HashMap::new();
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let told = self.source.destinations(&names).unwrap_or_default();
        let keeps = |facts: tapline_adapter::DestinationFacts| {
            let settings = facts.settings?;
            let seconds = settings.retention.filter(|_| settings.deletes).map(|kept| kept.as_secs_f64());
            Some((
                facts.name,
                Retention { seconds, by_size: settings.deletes && settings.bounded_in_bytes, told: true },
            ))
        };
        told.into_iter().flatten().filter_map(keeps).collect()
    }

    /// What was seen last stays, with why there is nothing newer.
    fn tell_fault(&self, sentence: String) {
        let board = self.board.load_full();
        let mut board = Board::clone(&board);
        board.groups.iter_mut().for_each(|group| group.fault = Some(sentence.clone()));
        let problem = GroupProblem { source: board.source.clone(), sentence, command: None, level: Level::Warn };
        board.problems = vec![problem];
        self.board.store(Arc::new(board));
    }

    /// Until the next pass: longer where the broker is slow, and never shorter than that one was. Jitter keeps several of us,
    /// and several sources, from asking one broker at once.
    fn wait(&self, took: Duration) -> Duration {
        let most = (self.interval * SHARE).max(took * 2);
        let period = self.interval.max(took * SHARE).min(most);
        period.saturating_sub(took).mul_f64(rand::rng().random_range(0.9..1.1))
    }
}

/// Partitions that the tap reads.
fn tapped(ledger: &Ledger, source: &str) -> BTreeSet<(String, i32)> {
    let mut newest = BTreeMap::new();
    for life in ledger.sources.get(source).iter().flat_map(|source| &source.destinations) {
        newest.insert(life.name.as_str(), life);
    }
    let partitions = |life: &tapline_archive::DestinationLedger| {
        let name = life.name.clone();
        life.partitions.keys().map(move |number| (name.clone(), *number)).collect::<Vec<_>>()
    };
    newest.into_values().flat_map(partitions).collect()
}
