//! From new dead letters to events that are kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::AdapterError;
use tapline_archive::find::FEW;
use tapline_archive::{Archive, ArchiveError, Ledger, Place, PlaceKey, Progress, View};
use tapline_deadletter::{DeadLetterError, pointers};
use tapline_pipeline::Tapped;

use crate::Originals;
use crate::ask::{Described, Fate, ask};
use crate::open::{Open, Opens, Spot, address, is_coming, life, spot};

/// Records asked for at once, of each source in each look.
const AT_ONCE: usize = 4_096;

/// Pointers whose events are not there yet; with so many, no further dead letters are looked through.
const MOST_OPEN: usize = 100_000;

/// Pointers that need nothing more; with so many, all are forgotten, and looked for again when they are seen.
const MOST_KNOWN: usize = 4_000_000;

/// Names of destinations come from headers: with so many, all are forgotten.
const MOST_NAMES: usize = 10_000;

/// Until what a question did not come to is asked for again.
const NEXT: Duration = Duration::from_secs(10);

/// Looks for pointers that are new.
pub(crate) struct Looker {
    events: Arc<Archive>,
    kept: Arc<Archive>,
    brokers: BTreeMap<String, Tapped>,
    /// By source and destination, whether records may be looked up: asked once.
    allowed: HashMap<(String, String), bool>,
    /// Files and chunks that were looked through.
    seen: HashSet<PlaceKey>,
    open: Opens,
    /// Pointers that need nothing more, as [`mark`] tells them apart.
    known: HashSet<u64>,
}

impl Looker {
    pub(crate) fn new(originals: Originals) -> Self {
        let Originals { events, kept, brokers } = originals;
        let allowed = HashMap::new();
        Self { events, kept, brokers, allowed, seen: HashSet::new(), open: Opens::new(), known: HashSet::new() }
    }

    /// One look. Blocks on disk and brokers.
    pub(crate) fn look(&mut self, stop: &dyn Fn() -> bool) -> Result<(), ArchiveError> {
        let view = self.events.view();
        self.gather(&view, stop);
        if self.open.is_empty() { Ok(()) } else { self.settle(&view, stop) }
    }

    /// Takes up the pointers of what was not looked through yet.
    fn gather(&mut self, view: &View, stop: &dyn Fn() -> bool) {
        if self.open.len() >= MOST_OPEN {
            self.give_up();
        }
        // Those that are no more are forgotten.
        let mut there = HashSet::with_capacity(self.seen.len());
        for (place, key) in view.places(|_| true) {
            if self.seen.contains(&key) || (!stop() && self.open.len() < MOST_OPEN && self.take(view, place)) {
                there.insert(key);
            }
        }
        self.seen = there;
    }

    /// Those that could not be read before make room.
    fn give_up(&mut self) {
        let failed: Vec<Spot> =
            self.open.iter().filter(|(_, open)| open.attempts > 0).map(|(spot, _)| spot.clone()).collect();
        if !failed.is_empty() {
            tracing::warn!(count = failed.len(), "events that dead letters point to and cannot be read are given up");
        }
        failed.iter().for_each(|spot| self.close(spot));
    }

    /// Whether it was looked through.
    fn take(&mut self, view: &View, place: Place) -> bool {
        let found = match pointers(view, place) {
            Ok(found) => found,
            // Damage is told where it is noticed.
            Err(DeadLetterError::Archive(_)) => return false,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "dead letters cannot be looked through");
                return true;
            }
        };
        let now = Instant::now();
        for pointer in found {
            let Some(spot) = spot(&pointer) else { continue };
            if !self.known.contains(&mark(&spot, pointer.timestamp)) {
                let open = self.open.entry(spot).or_insert_with(|| Open::new(pointer.timestamp, now));
                open.timestamp = open.timestamp.max(pointer.timestamp);
            }
        }
        true
    }

    /// Looks for those that are due.
    fn settle(&mut self, view: &View, stop: &dyn Fn() -> bool) -> Result<(), ArchiveError> {
        let (now, ledger) = (Instant::now(), self.events.ledger());
        let due = self.open.iter().filter(|(_, open)| open.due <= now);
        let due: Vec<(Spot, Open)> = due.map(|(spot, open)| (spot.clone(), open.clone())).collect();
        let mut wanted = BTreeMap::<String, Vec<(Spot, Open)>>::new();
        for (spot, open) in due {
            if !self.allows(&spot) {
                self.close(&spot);
            } else if is_coming(&ledger, &spot, &open) {
                self.put_off(&spot, crate::LOOK);
            } else {
                wanted.entry(spot.0.clone()).or_default().push((spot, open));
            }
        }
        for (source, mut wanted) in wanted {
            wanted.truncate(AT_ONCE);
            // Taps wait for memory and disk too.
            if !stop() && self.kept.wait_for_room(Duration::ZERO) {
                self.fetch(&source, wanted, &ledger, view, stop)?;
            }
        }
        Ok(())
    }

    /// Whether records of its destination may be looked up.
    fn allows(&mut self, spot: &Spot) -> bool {
        let Some(tapped) = self.brokers.get(&spot.0) else { return false };
        let place = (spot.0.clone(), spot.1.clone());
        if self.allowed.len() >= MOST_NAMES {
            self.allowed.clear();
        }
        *self.allowed.entry(place).or_insert_with(|| tapped.source.allows(&tapped.options, &spot.1))
    }

    /// Asks a broker, and keeps what it has.
    fn fetch(
        &mut self,
        source: &str,
        wanted: Vec<(Spot, Open)>,
        ledger: &Ledger,
        view: &View,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), ArchiveError> {
        let Some(tapped) = self.brokers.get(source) else { return Ok(()) };
        let (tapped, ours) = (tapped.clone(), self.kept.ledger());
        let described = Described::ask(&tapped, &wanted, |name, id| life([ledger, &ours], source, name, id));
        let described = match described {
            Ok(described) => described,
            Err(error) => {
                self.failed(source, wanted.iter().map(|(spot, _)| spot), &error);
                return Ok(());
            }
        };
        let moved = described.moved(&wanted);
        let Some((fates, left)) = self.without_reading(wanted, &described, view, stop)? else { return Ok(()) };
        let answer = match ask(&tapped, &left, &described) {
            Ok(answer) => answer,
            Err(error) => {
                self.failed(source, left.iter().map(|(spot, _)| spot), &error);
                return Ok(());
            }
        };
        // Those that were not come to do not keep others waiting.
        left.iter().for_each(|(spot, _)| self.put_off(spot, NEXT));
        let kept = answer.batch.num_rows();
        let system = tapped.source.system().to_owned();
        let progress = Progress { source: source.to_owned(), system, moved, missing: Vec::new() };
        self.kept.append([answer.batch], &progress)?;
        self.tell(source, kept, fates.into_iter().chain(answer.fates));
        Ok(())
    }

    /// What is archived or kept already or known to be gone, and what has to be read; `None` when stopped.
    #[expect(clippy::type_complexity, reason = "a pair of lists")]
    fn without_reading(
        &mut self,
        wanted: Vec<(Spot, Open)>,
        described: &Described,
        view: &View,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<(Vec<(Spot, Fate)>, Vec<(Spot, Open)>)>, ArchiveError> {
        let (mut fates, mut there) = (Vec::new(), Vec::new());
        for (spot, open) in wanted {
            match described.of(&spot) {
                Err(fate) => fates.push((spot, fate)),
                Ok(known) => there.push((address(&spot, known.incarnation).hash(), spot, open)),
            }
        }
        let all = there.iter().map(|(hash, ..)| *hash).collect();
        let Some(mut found) = self.kept.view().find(&all, &HashSet::new(), stop)? else { return Ok(None) };
        let unseen = there.iter().filter(|(hash, _, open)| !open.missing && !found.contains_key(hash));
        let unseen: Vec<u64> = unseen.map(|(hash, ..)| *hash).collect();
        // By the index, however many they are: the archive is not looked through for what is seldom there.
        for some in unseen.chunks(FEW) {
            let Some(archived) = view.find(&some.iter().copied().collect(), &HashSet::new(), stop)? else {
                return Ok(None);
            };
            found.extend(archived);
        }
        let mut left = Vec::new();
        for (hash, spot, open) in there {
            if found.contains_key(&hash) {
                fates.push((spot, Fate::Read));
            } else {
                self.open.entry(spot.clone()).and_modify(|open| open.missing = true);
                left.push((spot, open));
            }
        }
        Ok(Some((fates, left)))
    }

    fn tell(&mut self, source: &str, kept: usize, fates: impl Iterator<Item = (Spot, Fate)>) {
        let (mut gone, mut failed, mut why) = (0, 0, None);
        for (spot, fate) in fates {
            match fate {
                Fate::Read => self.close(&spot),
                Fate::Gone => {
                    gone += 1;
                    self.close(&spot);
                }
                Fate::Failed(error) => {
                    failed += 1;
                    self.fail(&spot);
                    why.get_or_insert((spot.1, error));
                }
            }
        }
        if kept + gone > 0 {
            tracing::info!(source, kept, gone, "events that dead letters only point to were looked up");
        }
        if let Some((topic, error)) = why {
            tracing::warn!(source, topic, failed, %error, "events that dead letters only point to cannot be read");
        }
    }

    /// None of them could be asked for.
    fn failed<'s>(&mut self, source: &str, spots: impl Iterator<Item = &'s Spot>, error: &AdapterError) {
        if let AdapterError::Unsupported { .. } = error {
            spots.for_each(|spot| self.close(spot));
            return;
        }
        tracing::warn!(source, %error, "events that dead letters only point to cannot be read");
        spots.for_each(|spot| self.fail(spot));
    }

    fn fail(&mut self, spot: &Spot) {
        if self.open.get_mut(spot).is_some_and(|open| !open.failed()) {
            self.close(spot);
        }
    }

    fn close(&mut self, spot: &Spot) {
        let Some(open) = self.open.remove(spot) else { return };
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(mark(spot, open.timestamp));
    }

    fn put_off(&mut self, spot: &Spot, by: Duration) {
        if let Some(open) = self.open.get_mut(spot) {
            open.due = Instant::now() + by;
        }
    }
}

/// Two dead letters may name the same offset in two lives of a destination.
fn mark(spot: &Spot, timestamp: Option<i64>) -> u64 {
    address(spot, 1).hash() ^ timestamp.unwrap_or(0).cast_unsigned().rotate_left(32)
}
