//! From new dead letters to events that are kept.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::AdapterError;
use tapline_archive::{Archive, ArchiveError, Ledger, Place, Progress, View};
use tapline_deadletter::{DeadLetterError, pointers};

use crate::ask::{Fate, ask};
use crate::open::{Open, Opens, Spot, address, is_coming, life, spot};
use crate::{Broker, Originals};

/// Records asked for at once.
const AT_ONCE: usize = 4_096;

/// Pointers whose events are not there yet; with so many, no further dead letters are looked through.
const MOST_OPEN: usize = 100_000;

/// Hashes of events that need nothing more; with so many, all are forgotten, and looked for again when they are seen.
const MOST_KNOWN: usize = 4_000_000;

/// Between two attempts to read what could not be read.
const AGAIN: Duration = Duration::from_secs(60);

/// A file by its path, a chunk by its number.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Seen {
    File(String),
    Chunk(u64),
}

/// Looks for pointers that are new.
pub(crate) struct Looker {
    events: Arc<Archive>,
    kept: Arc<Archive>,
    brokers: BTreeMap<String, Broker>,
    /// Files and chunks that were looked through.
    seen: HashSet<Seen>,
    open: Opens,
    /// Addresses, in the first life of their destination, that need nothing more.
    known: HashSet<u64>,
}

impl Looker {
    pub(crate) fn new(originals: Originals) -> Self {
        let Originals { events, kept, brokers } = originals;
        Self { events, kept, brokers, seen: HashSet::new(), open: Opens::new(), known: HashSet::new() }
    }

    /// One look. Blocks on disk and brokers.
    pub(crate) fn look(&mut self, stop: &dyn Fn() -> bool) -> Result<(), DeadLetterError> {
        let view = self.events.view();
        self.gather(&view, stop)?;
        self.settle(&view, stop)
    }

    /// Takes up the pointers of what was not looked through yet.
    fn gather(&mut self, view: &View, stop: &dyn Fn() -> bool) -> Result<(), DeadLetterError> {
        let files = view.files.iter().enumerate().filter(|(_, file)| file.damage().is_none());
        let files = files.map(|(at, file)| (Place::File(at), Seen::File(file.path.clone())));
        let chunks = view.hot.iter().enumerate();
        let chunks = chunks.map(|(at, chunk)| (Place::Hot(at), Seen::Chunk(chunk.sequence)));
        // Those that are no more are forgotten.
        let mut there = HashSet::with_capacity(self.seen.len());
        for (place, key) in files.chain(chunks) {
            if self.seen.contains(&key) || (!stop() && self.open.len() < MOST_OPEN && self.take(view, place)?) {
                there.insert(key);
            }
        }
        self.seen = there;
        Ok(())
    }

    /// Whether it could be looked through.
    fn take(&mut self, view: &View, place: Place) -> Result<bool, DeadLetterError> {
        let found = match pointers(view, place) {
            Ok(found) => found,
            // Damage is told where it is noticed.
            Err(DeadLetterError::Archive(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let now = Instant::now();
        for pointer in found {
            if !self.known.contains(&pointer.origin.hash())
                && let Some(spot) = spot(&pointer)
            {
                self.open.entry(spot).or_insert(Open {
                    timestamp: pointer.timestamp,
                    since: now,
                    due: now,
                    missing: false,
                });
            }
        }
        Ok(true)
    }

    /// Looks for those that are due.
    fn settle(&mut self, view: &View, stop: &dyn Fn() -> bool) -> Result<(), DeadLetterError> {
        let (now, ledger) = (Instant::now(), self.events.ledger());
        let due = self.open.iter().filter(|(_, open)| open.due <= now);
        let due: Vec<(Spot, Open)> = due.map(|(spot, open)| (spot.clone(), open.clone())).collect();
        let (coming, due): (Vec<_>, Vec<_>) = due.into_iter().partition(|(spot, open)| is_coming(&ledger, spot, open));
        coming.iter().for_each(|(spot, _)| self.put_off(spot, crate::LOOK));
        let Some(missing) = self.missing(view, due, &ledger, stop)? else { return Ok(()) };
        let mut wanted = BTreeMap::<String, Vec<(Spot, Open)>>::new();
        for (spot, open) in missing {
            if self.brokers.get(&spot.0).is_some_and(|broker| !broker.exclude.is_match(&spot.1)) {
                wanted.entry(spot.0.clone()).or_default().push((spot, open));
            } else {
                self.close(&spot);
            }
        }
        for (source, wanted) in &wanted {
            for wanted in wanted.chunks(AT_ONCE).take_while(|_| !stop()) {
                self.fetch(source, wanted, &ledger)?;
            }
        }
        Ok(())
    }

    /// Those that are neither archived nor kept; `None` when stopped.
    fn missing(
        &mut self,
        view: &View,
        due: Vec<(Spot, Open)>,
        ledger: &Ledger,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<(Spot, Open)>>, ArchiveError> {
        let hashes =
            |spot: &Spot| (1..=life(ledger, spot)).map(|life| address(spot, life).hash()).collect::<Vec<u64>>();
        let (mut missing, mut due): (Vec<_>, Vec<_>) = due.into_iter().partition(|(_, open)| open.missing);
        for view in [view, &*self.kept.view()] {
            let all: HashSet<u64> = due.iter().flat_map(|(spot, _)| hashes(spot)).collect();
            let Some(found) = view.find(&all, &HashSet::new(), stop)? else { return Ok(None) };
            let (there, gone): (Vec<_>, Vec<_>) =
                due.into_iter().partition(|(spot, _)| hashes(spot).iter().any(|hash| found.contains_key(hash)));
            there.iter().for_each(|(spot, _)| self.close(spot));
            due = gone;
        }
        for (spot, _) in &due {
            self.open.entry(spot.clone()).and_modify(|open| open.missing = true);
        }
        missing.append(&mut due);
        missing.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Some(missing))
    }

    /// Asks a broker, and keeps what it has.
    fn fetch(&mut self, source: &str, wanted: &[(Spot, Open)], ledger: &Ledger) -> Result<(), ArchiveError> {
        let Some(broker) = self.brokers.get(source) else { return Ok(()) };
        let system = broker.source.system().to_owned();
        let answer = match ask(broker, wanted, ledger) {
            Ok(answer) => answer,
            Err(AdapterError::Unsupported { .. }) => {
                wanted.iter().for_each(|(spot, _)| self.close(spot));
                return Ok(());
            }
            Err(error) => {
                tracing::warn!(source, error = &error as &dyn std::error::Error, "what dead letters point to waits");
                wanted.iter().for_each(|(spot, _)| self.put_off(spot, AGAIN));
                return Ok(());
            }
        };
        let kept = answer.batch.num_rows();
        let progress = Progress { source: source.to_owned(), system, ..Progress::default() };
        self.kept.append([answer.batch], &progress)?;
        let mut gone = 0;
        for (spot, fate) in answer.fates {
            match fate {
                Fate::Read => self.close(&spot),
                Fate::Gone => {
                    gone += 1;
                    self.close(&spot);
                }
                Fate::Failed(error) => {
                    tracing::warn!(source, topic = spot.1, %error, "what a dead letter points to cannot be read");
                    self.put_off(&spot, AGAIN);
                }
            }
        }
        tracing::info!(source, kept, gone, "events that dead letters only point to were looked up");
        Ok(())
    }

    fn close(&mut self, spot: &Spot) {
        self.open.remove(spot);
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(address(spot, 1).hash());
    }

    fn put_off(&mut self, spot: &Spot, by: Duration) {
        if let Some(open) = self.open.get_mut(spot) {
            open.due = Instant::now() + by;
        }
    }
}
