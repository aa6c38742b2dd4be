//! Which item leaves next: in order, no faster than allowed, and where order per key is asked for, one of a key at a time.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::error::ReplayError;
use crate::item::{Item, Items};
use crate::pace::Pace;
use crate::read::Loaded;
use crate::run::loader::{Loader, Stretch};

/// Items that are written down and handed over together. One that waits for its time does not wait for others.
const BATCH: usize = 16_384;

/// Items that wait for one of their key: more are not read before some of them left.
const MOST_HELD: usize = 100_000;

/// Stretches that some of them are of: each keeps the bytes of its whole stretch in memory.
const MOST_PINNED: usize = 4;

/// How long a stretch that is being read is waited for at a time.
const SOON: Duration = Duration::from_millis(5);

pub(super) struct Queue {
    loader: Loader,
    ended: bool,
    ready: VecDeque<Loaded>,
    /// Items whose turn it is, before all others: their keys are busy with them already.
    freed: VecDeque<Loaded>,
    by_key: bool,
    /// Keys of items on their way, or about to be.
    busy: HashSet<u64>,
    /// Items that wait for one of their key, by key, in order, each with the number of its stretch.
    held: HashMap<u64, VecDeque<(u64, Loaded)>>,
    held_count: usize,
    /// How many wait of each stretch.
    pinned: BTreeMap<u64, usize>,
    /// Number of the stretch that `ready` is of.
    stretch: u64,
    /// Keys that have an item which was rejected.
    blocked: HashSet<u64>,
    /// Items of keys that were blocked before they were read.
    late: Vec<u32>,
}

/// What is to be done.
pub(super) enum Next {
    Send(Vec<Loaded>),
    /// Nothing may leave for so long.
    Wait(Duration),
    /// Nothing is there, or all that is there waits for answers.
    Nothing,
}

impl Queue {
    pub(super) fn new(loader: Loader, by_key: bool) -> Self {
        Self {
            loader,
            ended: false,
            ready: VecDeque::new(),
            freed: VecDeque::new(),
            by_key,
            busy: HashSet::new(),
            held: HashMap::new(),
            held_count: 0,
            pinned: BTreeMap::new(),
            stretch: 0,
            blocked: HashSet::new(),
            late: Vec::new(),
        }
    }

    /// At most `room` items.
    pub(super) fn next(&mut self, pace: &mut Pace, items: &Items, room: u64) -> Result<Next, ReplayError> {
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(BATCH);
        let (mut batch, now) = (Vec::new(), Instant::now());
        while batch.len() < room {
            let Some((loaded, freed)) = self.take(batch.is_empty())? else { break };
            let item = &items.items[loaded.number as usize];
            if !freed && self.hold(&loaded, item) {
                continue;
            }
            if self.by_key && item.key != 0 {
                self.busy.insert(item.key);
            }
            let wait = pace.wait(now, item.due);
            if !wait.is_zero() {
                self.freed.push_front(loaded);
                return Ok(if batch.is_empty() { Next::Wait(wait) } else { Next::Send(batch) });
            }
            batch.push(loaded);
        }
        Ok(if batch.is_empty() { Next::Nothing } else { Next::Send(batch) })
    }

    /// The next item, and whether its turn had come already.
    fn take(&mut self, wait: bool) -> Result<Option<(Loaded, bool)>, ReplayError> {
        if let Some(freed) = self.freed.pop_front() {
            return Ok(Some((freed, true)));
        }
        self.fill(wait)?;
        Ok(self.ready.pop_front().map(|loaded| (loaded, false)))
    }

    /// Whether all items left.
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.ready.is_empty() && self.freed.is_empty() && self.held_count == 0
    }

    fn fill(&mut self, wait: bool) -> Result<(), ReplayError> {
        while self.ready.is_empty() && !self.ended && self.held_count < MOST_HELD && self.pinned.len() < MOST_PINNED {
            match self.loader.next(if wait { SOON } else { Duration::ZERO })? {
                Stretch::Items(loaded) => {
                    self.stretch += 1;
                    self.ready.extend(loaded);
                }
                Stretch::Soon => break,
                Stretch::End => self.ended = true,
            }
        }
        Ok(())
    }

    /// Whether it has to wait for one of its key.
    fn hold(&mut self, loaded: &Loaded, item: &Item) -> bool {
        if !self.by_key || item.key == 0 {
            return false;
        }
        if self.blocked.contains(&item.key) {
            self.late.push(loaded.number);
            return true;
        }
        let waits = self.busy.contains(&item.key);
        if waits {
            self.held.entry(item.key).or_default().push_back((self.stretch, loaded.clone()));
            self.held_count += 1;
            *self.pinned.entry(self.stretch).or_default() += 1;
        }
        waits
    }

    /// One of this stretch waits no more.
    fn unpin(&mut self, stretch: u64) {
        self.held_count -= 1;
        let left = self.pinned.get(&stretch).map_or(0, |count| count - 1);
        match left {
            0 => drop(self.pinned.remove(&stretch)),
            left => drop(self.pinned.insert(stretch, left)),
        }
    }

    /// One of its key arrived: the next one may leave.
    pub(super) fn free(&mut self, item: &Item) {
        if !self.by_key || item.key == 0 {
            return;
        }
        let next = self.held.get_mut(&item.key).and_then(VecDeque::pop_front);
        if self.held.get(&item.key).is_some_and(VecDeque::is_empty) {
            self.held.remove(&item.key);
        }
        match next {
            Some((stretch, next)) => {
                self.unpin(stretch);
                self.freed.push_back(next);
            }
            None => drop(self.busy.remove(&item.key)),
        }
    }

    /// It was certainly not taken: it leaves once more, before all others of its key, and before those behind it.
    pub(super) fn again(&mut self, loaded: Loaded) {
        let at = self.freed.partition_point(|other| other.number < loaded.number);
        self.freed.insert(at, loaded);
    }

    /// It will never leave, and nothing of its key may overtake it. Those that wait for it.
    pub(super) fn block(&mut self, item: &Item) -> Vec<u32> {
        if !self.by_key || item.key == 0 {
            return Vec::new();
        }
        self.busy.remove(&item.key);
        self.blocked.insert(item.key);
        let held = self.held.remove(&item.key).unwrap_or_default();
        held.iter().for_each(|(stretch, _)| self.unpin(*stretch));
        held.into_iter().map(|(_, loaded)| loaded.number).collect()
    }

    /// Items of blocked keys that were read since.
    pub(super) fn late(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::items;

    /// Items with these keys, read already.
    fn queue(keys: &[u64]) -> (Queue, Items) {
        let mut items = items(u32::try_from(keys.len()).unwrap());
        items.items.iter_mut().zip(keys).for_each(|(item, key)| item.key = *key);
        let mut queue = Queue::new(Loader::of(Vec::new()), true);
        queue.ready.extend((0..).zip(keys).map(|(number, _)| Loaded { number, row: None }));
        (queue, items)
    }

    fn sent(queue: &mut Queue, items: &Items) -> Vec<u32> {
        match queue.next(&mut Pace::Free, items, 100).unwrap() {
            Next::Send(batch) => batch.into_iter().map(|loaded| loaded.number).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn of_a_key_one_is_on_its_way_and_the_others_follow_in_order() {
        let (mut queue, items) = queue(&[7, 8, 7, 7, 0, 0]);
        assert_eq!(sent(&mut queue, &items), [0, 1, 4, 5]);
        assert!(sent(&mut queue, &items).is_empty() && !queue.is_over());
        queue.free(&items.items[0]);
        assert_eq!(sent(&mut queue, &items), [2]);
        queue.again(Loaded { number: 2, row: None });
        assert_eq!(sent(&mut queue, &items), [2]);
        queue.free(&items.items[2]);
        assert_eq!(sent(&mut queue, &items), [3]);
        queue.free(&items.items[3]);
        assert!(queue.is_over());
    }

    #[test]
    fn nothing_of_a_key_overtakes_one_that_was_rejected() {
        let (mut queue, items) = queue(&[7, 7, 8, 7]);
        assert_eq!(sent(&mut queue, &items), [0, 2]);
        queue.ready.push_back(Loaded { number: 3, row: None });
        assert_eq!(queue.block(&items.items[0]), [1, 3]);
        assert!(sent(&mut queue, &items).is_empty());
        assert_eq!(queue.late(), [3]);
    }

    #[test]
    fn those_that_wait_for_one_key_keep_few_stretches_in_memory_and_all_leave_in_order() {
        let stretches =
            (0..20).map(|at| vec![Loaded { number: 2 * at, row: None }, Loaded { number: 2 * at + 1, row: None }]);
        let mut items = items(40);
        // The first of each stretch is of one key.
        items.items.iter_mut().step_by(2).for_each(|item| item.key = 7_000);
        let mut queue = Queue::new(Loader::of(stretches.collect()), true);
        let (mut all, mut of_the_key) = (Vec::new(), Vec::new());
        while !queue.is_over() {
            let batch = sent(&mut queue, &items);
            assert!(queue.pinned.len() <= MOST_PINNED && queue.pinned.values().sum::<usize>() == queue.held_count);
            of_the_key.extend(batch.iter().copied().filter(|number| number % 2 == 0));
            for number in batch {
                all.push(number);
                queue.free(&items.items[number as usize]);
            }
        }
        assert_eq!(of_the_key, (0..40).step_by(2).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
    }

    /// After an outage they left in the reverse order.
    #[test]
    fn many_that_were_not_taken_leave_again_in_their_order() {
        let (mut queue, items) = queue(&[0, 0, 0, 0]);
        assert_eq!(sent(&mut queue, &items), [0, 1, 2, 3]);
        for number in [1, 0, 2] {
            queue.again(Loaded { number, row: None });
        }
        assert_eq!(sent(&mut queue, &items), [0, 1, 2]);
    }

    #[test]
    fn one_that_has_to_wait_for_its_time_keeps_its_turn() {
        let (mut queue, items) = queue(&[7, 7]);
        let mut pace = Pace::Rate { rate: 0.001, next: None };
        assert!(matches!(queue.next(&mut pace, &items, 100).unwrap(), Next::Send(batch) if batch.len() == 1));
        queue.free(&items.items[0]);
        assert!(matches!(queue.next(&mut pace, &items, 100).unwrap(), Next::Wait(_)));
        assert_eq!(sent(&mut queue, &items), [1]);
    }
}
