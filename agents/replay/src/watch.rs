//! What becomes of items once they stand on their target: reprocessed, dead again, or nobody can tell.
//!
//! An item failed again when a dead letter names the place where it was written as its origin. It was reprocessed when
//! the group that it failed in (any group, where that is not known) has read past it and an event of its story followed
//! elsewhere. Both are found in the archive by the ID index; which groups read how far is asked of the broker.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use arrow::array::Array;
use foldhash::HashMap;
use tapline_adapter::{AdapterError, Groups, Source};
use tapline_api::Outcome;
use tapline_archive::{Hit, View};
use tapline_model::columns::EventColumns;
use tapline_model::time;

use crate::error::ReplayError;
use crate::find::rows_of;
use crate::item::{Item, Items};
use crate::live::Live;
use crate::options::{ReplayOptions, Sources};
use crate::standing::Evidence;

/// Work of one look, so that a million items do not keep others waiting.
const BUDGET: Duration = Duration::from_millis(250);

/// How often groups are asked how far they are.
const ASKED_AGAIN: Duration = Duration::from_secs(2);

/// A group that has read past an item may still be about to write the dead letter, and we to read it.
const GRACE: i64 = 2_000_000;

/// Producers' clocks may be behind by this much, microseconds.
const SKEW: i64 = 60_000_000;

/// An event that followed may be read before the confirmation is written down.
const LATE: i64 = 1_000_000;

/// Rows of a story that are looked at.
const ROWS: usize = 200;

const COLUMNS: [&str; 11] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "archived_at",
    "dead_letter",
    "retry",
    "replay_id",
];

/// Watches one replay.
#[derive(Default)]
pub(crate) struct Watcher {
    /// Items that nothing is known of, those first that were not looked at longest.
    pending: VecDeque<u32>,
    /// What was seen of them.
    known: HashMap<u32, Seen>,
    /// What became of some, not written down yet.
    decided: Vec<(u32, Judged)>,
    readers: Readers,
    /// The last hundred outcomes since sending went on, true for dead again.
    last: VecDeque<bool>,
    /// When sending went on, and how many were confirmed since.
    begun: i64,
    sent: usize,
}

/// What was seen of an item.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// When it was first looked at, microseconds.
    first: i64,
    /// When its group was first seen past it, microseconds.
    passed: Option<i64>,
}

/// How far groups have read a target.
type Read = BTreeMap<String, BTreeMap<i32, i64>>;

/// The same, by stand of the target.
type Committed = HashMap<u32, Read>;

/// What was found out in one look.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Looked {
    /// Of the last hundred, the share that died again; `None` before two did.
    pub(crate) failed_again: Option<f64>,
    /// The largest lag of a group on a target.
    pub(crate) lag: Option<u64>,
}

impl Watcher {
    /// Looks once.
    pub(crate) fn look(
        &mut self,
        live: &Live,
        fresh: Vec<u32>,
        view: &View,
        sources: &Sources,
        options: &ReplayOptions,
    ) -> Result<Looked, ReplayError> {
        self.take_in(live, fresh);
        if self.pending.is_empty() {
            return Ok(self.share(None));
        }
        self.readers.ask(live, sources, options);
        let lag = self.readers.lag;
        let (begin, now) = (Instant::now(), time::now());
        let mut fault = None;
        for _ in 0..self.pending.len() {
            if begin.elapsed() > BUDGET || fault.is_some() {
                break;
            }
            let Some(number) = self.pending.pop_front() else { break };
            match self.judge(live, view, number, now, options.watch) {
                Ok(Some(judged)) => self.decided.push((number, judged)),
                Ok(None) => self.pending.push_back(number),
                Err(error) => {
                    // It is looked at again: nothing is known of it.
                    self.pending.push_back(number);
                    fault = Some(error);
                }
            }
        }
        self.tell(live)?;
        fault.map_or_else(|| Ok(self.share(lag)), Err)
    }

    /// Written down together: a million lines, each by itself, cost more than finding out what they say.
    fn tell(&mut self, live: &Live) -> Result<(), ReplayError> {
        let decided = std::mem::take(&mut self.decided);
        let known: Vec<(u32, Outcome)> = decided.iter().map(|(number, (outcome, ..))| (*number, *outcome)).collect();
        live.turned_out(decided).inspect_err(|_| self.pending.extend(known.iter().map(|(number, _)| number)))?;
        let since: Vec<bool> = live.look(|standing| {
            known.iter().map(|(number, _)| standing.confirmed_at(*number) >= Some(self.begun)).collect()
        });
        for ((number, outcome), since) in known.into_iter().zip(since) {
            self.known.remove(&number);
            if since {
                self.note(outcome == Outcome::FailedAgain);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, live: &Live, fresh: Vec<u32>) {
        let begun = live.begun();
        if self.begun != begun {
            // Somebody looked at it and went on: only what comes from here on counts.
            self.begun = begun;
            self.last.clear();
            self.sent = 0;
        }
        self.sent += fresh.len();
        let first = time::now();
        let pending = live.look(|standing| {
            let pending = fresh.into_iter().filter(|item| standing.outcome(*item) == Some(Outcome::Pending));
            pending.collect::<Vec<u32>>()
        });
        for item in pending {
            if self.known.insert(item, Seen { first, passed: None }).is_none() {
                self.pending.push_back(item);
            }
        }
    }

    fn note(&mut self, again: bool) {
        self.last.push_back(again);
        if self.last.len() > 100 {
            self.last.pop_front();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of a hundred")]
    fn share(&self, lag: Option<u64>) -> Looked {
        let again = self.last.iter().filter(|again| **again).count();
        // Dead letters are told sooner than what went well: the share is of those that were sent.
        let of = self.last.len().max(self.sent.min(100));
        let failed_again = (again >= 2).then(|| again as f64 / of as f64);
        Looked { failed_again, lag }
    }

    fn judge(
        &mut self,
        live: &Live,
        view: &View,
        number: u32,
        now: i64,
        patience: Duration,
    ) -> Result<Option<Judged>, ReplayError> {
        let item = &live.items.items[number as usize];
        let Some((offset, at)) = live.look(|it| Some((it.offset(number)?, it.confirmed_at(number)?))) else {
            return Ok(Some((Outcome::Unknown, None, Some("the broker did not say where it was written"))));
        };
        let since = at.saturating_sub(LATE);
        let trace = trace(view, &live.items, item, offset, since)?;
        if let Some(dead) = trace.dead {
            return Ok(Some((Outcome::FailedAgain, Some(dead), None)));
        }
        let seen = self.known.entry(number).or_default();
        if self.readers.passed(&live.items, item, offset) {
            seen.passed.get_or_insert(now);
        }
        let settled = seen.passed.is_some_and(|passed| now - passed >= GRACE);
        if settled && let Some(next) = trace.follow_up(follow_ups(view, live, item, since)?) {
            return Ok(Some((Outcome::Reprocessed, Some(next), None)));
        }
        // After a restart the taps have to catch up first.
        let waited = now - at.max(seen.first);
        let deciding = seen.passed.is_some() && !settled;
        let late = !deciding && waited > i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
        let why = match (seen.passed.is_some(), item.story == 0) {
            (false, _) => "no group read past it in time",
            (true, true) => {
                "a group read past it, and nothing tells its story: whether it was processed cannot be seen"
            }
            (true, false) => "a group read past it, and no event of its story followed in time",
        };
        Ok(late.then_some((Outcome::Unknown, None, Some(why))))
    }
}

/// What became of an item, what shows it, and why.
pub(crate) type Judged = (Outcome, Option<Evidence>, Option<&'static str>);

/// What names the place where an item was written as its origin.
#[derive(Debug, Default)]
struct Trace {
    dead: Option<Evidence>,
    /// Time of the last attempt that is still to be made, microseconds.
    retried: Option<i64>,
}

impl Trace {
    /// An event that followed, unless another attempt came after it.
    fn follow_up(&self, found: Option<Evidence>) -> Option<Evidence> {
        found.filter(|next| self.retried.is_none_or(|retried| next.at > retried))
    }
}

fn trace(view: &View, items: &Items, item: &Item, offset: i64, since: i64) -> Result<Trace, ReplayError> {
    let (mut trace, hits) = (Trace::default(), hits(view, items.filed_under(item, offset), since)?);
    for fetched in view.fetch(&hits, &COLUMNS).0 {
        let columns = EventColumns::new(&fetched.batch);
        let (times, dead, retry) =
            (columns.micros("timestamp")?, columns.record("dead_letter")?, columns.record("retry")?);
        let archived = columns.micros("archived_at")?;
        for row in 0..fetched.batch.num_rows() {
            // What was archived before is of another life of the topic, or of another story.
            if archived.value(row) < since {
                continue;
            }
            let address = columns.address(row)?.to_string();
            let at = if times.is_valid(row) { times.value(row) } else { archived.value(row) };
            if dead.is_valid(row) {
                trace.dead = Some(Evidence { address, at });
            } else if retry.is_valid(row) {
                trace.retried = trace.retried.max(Some(at));
            }
        }
    }
    Ok(trace)
}

/// The first event of an item's story that stands elsewhere and came after it was sent.
fn follow_ups(view: &View, live: &Live, item: &Item, since: i64) -> Result<Option<Evidence>, ReplayError> {
    if item.story == 0 {
        return Ok(None);
    }
    let (target, ours) = (live.items.target(item), format!("r-{}", live.number));
    let (mut first, mut order) = (None, None);
    for fetched in view.fetch(&hits(view, item.story, since)?, &COLUMNS).0 {
        let columns = EventColumns::new(&fetched.batch);
        let (times, dead, retry) =
            (columns.micros("timestamp")?, columns.record("dead_letter")?, columns.record("retry")?);
        let (archived, destinations) = (columns.micros("archived_at")?, columns.text("destination")?);
        let replays = columns.text("replay_id")?;
        for row in 0..fetched.batch.num_rows() {
            let at = if times.is_valid(row) { times.value(row) } else { archived.value(row) };
            // Neither what stands beside it nor another item of this replay was made by who read it.
            let copy = replays.is_valid(row) && replays.value(row) == ours && live.is_goal(destinations.value(row));
            let here = copy || destinations.value(row) == target.destination;
            // What was read late is not what came late.
            let new = archived.value(row) >= since && at >= since.saturating_sub(SKEW);
            if here || !new || dead.is_valid(row) || retry.is_valid(row) {
                continue;
            }
            // In the order in which they were read: producers' clocks differ.
            if order.is_none_or(|known| archived.value(row) < known) {
                order = Some(archived.value(row));
                first = Some(Evidence { address: columns.address(row)?.to_string(), at });
            }
        }
    }
    Ok(first)
}

/// Rows found under a hash that were archived since.
fn hits(view: &View, hash: u64, since: i64) -> Result<Vec<Hit>, ReplayError> {
    let mut hits = rows_of(view, hash, ROWS, |(_, archived)| archived >= since)?;
    hits.truncate(ROWS);
    Ok(hits)
}

/// Groups that read the targets, and how far. A broker that does not answer tells nothing new.
#[derive(Default)]
struct Readers {
    asked: Option<Instant>,
    /// One connection a source, kept.
    groups: HashMap<String, Box<dyn Groups>>,
    committed: Committed,
    /// How far the last one is behind.
    lag: Option<u64>,
}

impl Readers {
    /// At most once in a while: it is load for the broker.
    fn ask(&mut self, live: &Live, sources: &Sources, options: &ReplayOptions) {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASKED_AGAIN) {
            return;
        }
        self.asked = Some(Instant::now());
        self.lag = None;
        for goal in live.goals().iter().copied() {
            let stand = &live.items.stands[goal as usize];
            if let Some(source) = sources.get(&stand.source) {
                match self.ask_one(&stand.source, &stand.destination, source.as_ref(), options) {
                    Ok(committed) => drop(self.committed.insert(goal, committed)),
                    Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "groups are not known"),
                }
            }
        }
    }

    fn ask_one(
        &mut self,
        name: &str,
        destination: &str,
        source: &dyn Source,
        options: &ReplayOptions,
    ) -> Result<Read, AdapterError> {
        let groups = match self.groups.entry(name.to_owned()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(none) => none.insert(source.groups(&options.groups(name))?),
        };
        let readers = groups.reading(destination)?;
        let ends = source.destination(destination)?;
        let ends: BTreeMap<i32, i64> =
            ends.partitions.iter().filter_map(|known| Some((known.partition, known.end?))).collect();
        let mut committed = Read::new();
        for reading in readers.groups {
            let behind = ends.iter().filter_map(|(at, end)| Some((end - reading.committed.get(at)?).max(0)));
            self.lag = self.lag.max(u64::try_from(behind.sum::<i64>()).ok());
            committed.insert(reading.group.name, reading.committed);
        }
        Ok(committed)
    }

    /// Whether the group that an item failed in has read past it; any group, where that one does not read its target.
    fn passed(&self, items: &Items, item: &Item, offset: i64) -> bool {
        let Some(groups) = self.committed.get(&item.to) else { return false };
        let past = |read: &BTreeMap<i32, i64>| read.get(&item.to_partition).is_some_and(|next| *next > offset);
        match items.word(item.group).and_then(|group| groups.get(group)) {
            Some(read) => past(read),
            None => groups.values().any(past),
        }
    }
}
