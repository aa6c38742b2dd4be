//! A replay that runs or is watched: what its sender, its watcher and callers share.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tapline_api::{Delivery, Progress};
use tapline_model::time;

use crate::error::ReplayError;
use crate::item::{Items, Stand};
use crate::journal::{Entry, Floors, Journal, runs};
use crate::standing::{Evidence, Standing};
use crate::watch::Judged;

/// Points of the course that is kept.
const POINTS: usize = 120;

/// Seconds of which the rate is known before it is foreseen how long the rest takes.
const FORESEEN: f64 = 3.0;

/// What somebody wants of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Go on.
    Run,
    /// Stop, to go on later.
    Pause,
    /// Stop for good.
    Cancel,
    /// Stop because of this.
    Stop(String),
}

/// A replay whose items are in memory.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) number: i64,
    pub(crate) items: Arc<Items>,
    goals: Vec<u32>,
    journal: Mutex<Journal>,
    /// Confirmed, and not taken by whoever watches.
    fresh: Mutex<Vec<u32>>,
    begun: Mutex<i64>,
    wish: Mutex<Wish>,
    changed: Condvar,
    meter: Mutex<Meter>,
    /// What holds the sender up at the moment, in a sentence.
    trouble: Mutex<Option<String>>,
    /// Items that may be sent before somebody has to say more.
    allowed: Mutex<u64>,
}

impl Live {
    pub(crate) fn new(number: i64, items: Arc<Items>, journal: Journal, allowed: u64) -> Self {
        let fresh = journal.told().standing.all(Delivery::Confirmed).collect();
        let goals: BTreeSet<u32> = items.items.iter().map(|item| item.to).collect();
        Self {
            number,
            items,
            goals: goals.into_iter().collect(),
            journal: Mutex::new(journal),
            fresh: Mutex::new(fresh),
            begun: Mutex::new(0),
            wish: Mutex::new(Wish::Run),
            changed: Condvar::new(),
            meter: Mutex::new(Meter::default()),
            trouble: Mutex::new(None),
            allowed: Mutex::new(allowed),
        }
    }

    /// Stands that items go to, ascending.
    pub(crate) fn goals(&self) -> &[u32] {
        &self.goals
    }

    /// Whether items go to a destination of this name.
    pub(crate) fn is_goal(&self, destination: &str) -> bool {
        self.goals.iter().any(|goal| self.items.stands[*goal as usize].destination == destination)
    }

    pub(crate) fn wish(&self) -> Wish {
        self.wish.lock().clone()
    }

    /// A cancellation is not taken back.
    pub(crate) fn want(&self, wish: Wish) {
        let mut wanted = self.wish.lock();
        if *wanted != Wish::Cancel {
            *wanted = wish;
        }
        self.changed.notify_all();
    }

    /// Waits that long, or until somebody wants something else than to go on.
    pub(crate) fn rest(&self, wait: Duration) {
        let mut wanted = self.wish.lock();
        if *wanted == Wish::Run {
            self.changed.wait_for(&mut wanted, wait);
        }
    }

    pub(crate) fn allowed(&self) -> u64 {
        *self.allowed.lock()
    }

    pub(crate) fn allow(&self, items: u64) {
        *self.allowed.lock() = items;
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().clone()
    }

    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock() = trouble;
    }

    /// How the items stand. Keep it shortly: the sender waits.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Standing) -> T) -> T {
        look(&self.journal.lock().told().standing)
    }

    /// Events that are delivered so far: hash of the address, and target.
    pub(crate) fn delivered(&self, so: &[Delivery]) -> impl Iterator<Item = (u64, &Stand)> {
        let numbers: Vec<u32> = self.look(|standing| so.iter().flat_map(|delivery| standing.all(*delivery)).collect());
        numbers.into_iter().map(|number| {
            let item = &self.items.items[number as usize];
            (self.items.hash(item), self.items.target(item))
        })
    }

    /// Items that may be on the target, and where they would be found.
    pub(crate) fn doubtful(&self) -> (Vec<u32>, Floors) {
        let journal = self.journal.lock();
        let told = journal.told();
        (told.standing.all(Delivery::Sending).collect(), told.floors.clone())
    }

    /// Items that were confirmed since this was asked last.
    pub(crate) fn take_fresh(&self) -> Vec<u32> {
        std::mem::take(&mut *self.fresh.lock())
    }

    /// When sending began or went on last, microseconds.
    pub(crate) fn begun(&self) -> i64 {
        *self.begun.lock()
    }

    /// Sending begins: where target partitions end.
    pub(crate) fn began(&self, ends: Vec<(u32, i32, i64)>) -> Result<(), ReplayError> {
        *self.begun.lock() = time::now();
        self.meter.lock().since = Some(Instant::now());
        self.write(Entry::Began { at: time::now(), ends }).and_then(|journal| journal.sync())
    }

    /// These will be sent. On the disk before they are.
    pub(crate) fn sending(&self, items: impl IntoIterator<Item = u32>) -> Result<(), ReplayError> {
        self.write(Entry::Sending { at: time::now(), runs: runs(items) }).and_then(|journal| journal.sync())
    }

    pub(crate) fn confirmed(&self, items: Vec<(u32, i64)>) -> Result<(), ReplayError> {
        if items.is_empty() {
            return Ok(());
        }
        self.meter.lock().add(items.len() as u64);
        let fresh: Vec<u32> = items.iter().map(|(item, _)| *item).collect();
        drop(self.write(Entry::Confirmed { at: time::now(), items })?);
        self.fresh.lock().extend(fresh);
        Ok(())
    }

    pub(crate) fn back(&self, items: Vec<u32>) -> Result<(), ReplayError> {
        if items.is_empty() { Ok(()) } else { self.write(Entry::Back(items)).map(drop) }
    }

    pub(crate) fn rejected(&self, item: u32, why: &str) -> Result<(), ReplayError> {
        self.write(Entry::Rejected(item, why.to_owned())).map(drop)
    }

    pub(crate) fn left_to(&self, item: u32, other: i64) -> Result<(), ReplayError> {
        self.write(Entry::Left(item, other)).map(drop)
    }

    pub(crate) fn uncertain(&self, item: u32, why: &str) -> Result<(), ReplayError> {
        self.write(Entry::Uncertain(item, why.to_owned())).map(drop)
    }

    /// What became of items: outcome, what shows it, why.
    pub(crate) fn turned_out(&self, items: Vec<(u32, Judged)>) -> Result<(), ReplayError> {
        let shown = |evidence: Evidence| (evidence.address, evidence.at);
        let entry = |(item, (outcome, evidence, why)): (u32, Judged)| {
            Entry::Outcome(item, outcome, evidence.map(shown), why.map(str::to_owned))
        };
        let entries: Vec<Entry> = items.into_iter().map(entry).collect();
        if entries.is_empty() { Ok(()) } else { self.write_all(&entries).map(drop) }
    }

    /// What was written survives a loss of power.
    pub(crate) fn sync(&self) -> Result<(), ReplayError> {
        self.journal.lock().sync()
    }

    fn write(&self, entry: Entry) -> Result<MutexGuard<'_, Journal>, ReplayError> {
        self.write_all(&[entry])
    }

    fn write_all(&self, entries: &[Entry]) -> Result<MutexGuard<'_, Journal>, ReplayError> {
        let mut journal = self.journal.lock();
        journal.write(entries)?;
        Ok(journal)
    }

    /// Counted now, with rate and course.
    pub(crate) fn progress(&self, running: bool) -> Progress {
        let mut progress = self.look(|standing| standing.counts().progress());
        self.meter.lock().fill(&mut progress, running, Instant::now());
        progress
    }
}

/// How many are confirmed over time.
#[derive(Debug, Default)]
struct Meter {
    begun: Option<Instant>,
    /// Of each second.
    seconds: VecDeque<u64>,
    /// Seconds that one entry stands for; doubled when there are too many.
    step: u64,
    passed: u64,
    /// When sending began or went on last: what was before says nothing of how long the rest takes.
    since: Option<Instant>,
}

impl Meter {
    fn add(&mut self, count: u64) {
        self.add_at(count, Instant::now());
    }

    fn add_at(&mut self, count: u64, now: Instant) {
        self.advance(now);
        if let Some(last) = self.seconds.back_mut() {
            *last += count;
        }
    }

    fn advance(&mut self, now: Instant) {
        let begun = *self.begun.get_or_insert(now);
        self.step = self.step.max(1);
        let seconds = now.saturating_duration_since(begun).as_secs();
        while self.seconds.is_empty() || self.passed + self.step <= seconds {
            if !self.seconds.is_empty() {
                self.passed += self.step;
            }
            self.seconds.push_back(0);
            if self.seconds.len() > POINTS {
                self.halve();
            }
        }
    }

    /// Two points become one.
    fn halve(&mut self) {
        let points: Vec<u64> = self.seconds.iter().copied().collect();
        self.seconds = points.chunks(2).map(|pair| pair.iter().sum()).collect();
        self.step *= 2;
        self.passed = self.step * (self.seconds.len() as u64 - 1);
    }

    #[expect(clippy::cast_precision_loss, reason = "rates are shown, not counted with")]
    fn fill(&mut self, progress: &mut Progress, running: bool, now: Instant) {
        if self.begun.is_none() {
            return;
        }
        if running {
            self.advance(now);
        }
        let step = self.step as f64;
        progress.rates = self.seconds.iter().map(|count| *count as f64 / step).collect();
        progress.step_seconds = step;
        // The last point is not over yet.
        let points = self.since.map_or(5, |since| now.saturating_duration_since(since).as_secs() / self.step).min(5);
        let points = usize::try_from(points).unwrap_or(5);
        let whole: Vec<u64> = self.seconds.iter().rev().skip(1).take(points).copied().collect();
        if running && !whole.is_empty() {
            let seconds = whole.len() as f64 * step;
            progress.rate = whole.iter().sum::<u64>() as f64 / seconds;
            let left = progress.planned + progress.sending;
            // What leaves at once in the beginning is not how it goes on.
            progress.seconds_left = (progress.rate > 0.0 && seconds >= FORESEEN).then(|| left as f64 / progress.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_course_is_told_in_few_points() {
        let begin = Instant::now();
        let mut meter = Meter::default();
        for second in 0..1_000 {
            meter.add_at(10, begin + Duration::from_secs(second));
        }
        let mut progress = Progress { planned: 100, ..Progress::default() };
        meter.fill(&mut progress, true, begin + Duration::from_secs(1_000));
        assert!(progress.rates.len() <= POINTS, "{}", progress.rates.len());
        assert!((progress.rate - 10.0).abs() < 1e-9, "{}", progress.rate);
        assert_eq!(progress.seconds_left, Some(10.0));
        assert!(progress.rates[..progress.rates.len() - 1].iter().all(|rate| (rate - 10.0).abs() < 1e-9));
    }

    /// After so many seconds, of which the first took many at once and the others ten each.
    fn left_after(seconds: u64, begin: Instant, meter: &mut Meter) -> Option<f64> {
        for second in 0..seconds {
            meter.add_at(if second == 0 { 4_000 } else { 10 }, begin + Duration::from_secs(second));
        }
        let mut progress = Progress { planned: 100, ..Progress::default() };
        meter.fill(&mut progress, true, begin + Duration::from_secs(seconds));
        progress.seconds_left
    }

    #[test]
    fn how_long_it_takes_is_not_foreseen_by_what_left_at_once_in_the_beginning() {
        let begin = Instant::now();
        let meter = || Meter { since: Some(begin), ..Meter::default() };
        assert_eq!((left_after(1, begin, &mut meter()), left_after(2, begin, &mut meter())), (None, None));
        assert_eq!(left_after(7, begin, &mut meter()), Some(10.0));
    }

    #[test]
    fn a_pause_does_not_count_when_it_goes_on() {
        let begin = Instant::now();
        let mut meter = Meter { since: Some(begin), ..Meter::default() };
        meter.add_at(10, begin);
        let resumed = begin + Duration::from_secs(60);
        meter.since = Some(resumed);
        assert_eq!(left_after(7, resumed, &mut meter), Some(10.0));
        meter.since = Some(begin + Duration::from_secs(90));
        assert_eq!(left_after(2, begin + Duration::from_secs(90), &mut meter), None);
    }
}
