//! One sender with its publishers: from what is planned to what is confirmed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::{HashMap, HashMapExt};
use tapline_adapter::{
    Cause, Fate, Outgoing, Partitioning, PublishError, PublishOptions, Publisher, Report, SendError,
};
use tapline_api::{Delivery, KeyOrder};
use tapline_model::{Header, time};

use super::loader::Loader;
use super::queue::{Next, Queue};
use super::{Ended, Job, Leg, told, wished};
use crate::error::ReplayError;
use crate::headers::Stamp;
use crate::item::Stand;
use crate::live::Wish;
use crate::message::{Message, borrowed};
use crate::pace::Pace;
use crate::read::Loaded;
use crate::standing::Standing;

/// Items handed over and not answered: after a crash each of them has to be looked for.
const ON_THEIR_WAY: usize = 50_000;

/// How long the last answers are waited for when somebody wants it to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// How long answers are waited for before what has not left is taken back.
const PAUSED: Duration = Duration::from_secs(3);

/// Longest time without looking whether somebody wants something.
const BREATH: Duration = Duration::from_millis(20);

pub(super) struct Sender<'a> {
    pub(super) job: &'a Job,
    pub(super) publishers: BTreeMap<String, Box<dyn Publisher>>,
    pub(super) queue: Queue,
    pub(super) pace: Pace,
    /// Items on their way.
    pub(super) flying: HashMap<u32, Loaded>,
    pub(super) tries: HashMap<u32, u8>,
    /// Whether any item arrived since sending began or went on.
    pub(super) answered: bool,
    /// Items of batches that were refused.
    pub(super) alone: VecDeque<Loaded>,
    /// Whether one of them is on its way.
    pub(super) lonely: bool,
    pub(super) reports: Vec<Report>,
    pub(super) sent: u64,
    pub(super) doubt: bool,
    /// Items refused for good, without one that was taken between them.
    pub(super) refused: usize,
    /// Written anew for each item.
    stamp: Stamp,
}

impl<'a> Sender<'a> {
    pub(super) fn open(job: &'a Job) -> Result<Self, ReplayError> {
        let planned: Vec<u32> = job.live.look(|standing| standing.all(Delivery::Planned).collect());
        let sent = (job.live.items.items.len() - planned.len()) as u64;
        let refused: Vec<u32> = job.live.look(|standing| standing.refused().collect());
        let loader = Loader::start(job.archives.clone(), Arc::clone(&job.live.items), planned);
        let mut sender = Self {
            job,
            publishers: BTreeMap::new(),
            queue: Queue::new(loader, job.order == KeyOrder::Key),
            pace: Pace::new(job.rate, job.speed),
            flying: HashMap::new(),
            tries: HashMap::new(),
            answered: false,
            alone: VecDeque::new(),
            lonely: false,
            reports: Vec::new(),
            sent,
            doubt: false,
            refused: 0,
            stamp: Stamp {
                id: format!("r-{}", job.live.number),
                by: job.by.clone(),
                at: time::format(job.at),
                ..Stamp::default()
            },
        };
        refused.iter().for_each(|item| drop(sender.queue.block(&job.live.items.items[*item as usize])));
        sender.open_publishers()?;
        Ok(sender)
    }

    fn open_publishers(&mut self) -> Result<(), ReplayError> {
        let (items, mut ends) = (&self.job.live.items, Vec::new());
        let mut targets = BTreeMap::<&str, Vec<(u32, &Stand)>>::new();
        for (at, stand) in (0..).zip(&items.stands).filter(|(at, _)| self.job.identities.contains_key(at)) {
            targets.entry(&stand.source).or_default().push((at, stand));
        }
        for (name, stands) in targets {
            let source = self.job.source(name)?;
            let names: Vec<&str> = stands.iter().map(|(_, stand)| stand.destination.as_str()).collect();
            for ((at, _), facts) in stands.iter().zip(source.destinations(&names)?) {
                let facts = facts?;
                if let (Some(Some(planned)), Some(now)) = (self.job.identities.get(at), &facts.id)
                    && planned != now
                {
                    return Err(ReplayError::Nothing(format!(
                        "`{}` was deleted and made anew since this was planned; plan it anew",
                        facts.name
                    )));
                }
                let known = facts.partitions.into_iter().filter_map(|known| Some((*at, known.partition, known.end?)));
                ends.extend(known);
            }
            let destinations = names.into_iter().map(str::to_owned).collect();
            let options = PublishOptions { destinations, records: ON_THEIR_WAY, ..PublishOptions::default() };
            self.publishers.insert(name.to_owned(), source.publisher(&options)?);
        }
        self.job.live.began(ends)
    }

    pub(super) fn run(mut self) -> Result<Leg, ReplayError> {
        loop {
            let wish = self.job.live.wish();
            if wish != Wish::Run {
                return self.end(wished(wish.clone()), &wish);
            }
            if self.doubt {
                self.flush(LAST_ANSWERS, |wish| *wish != Wish::Run)?;
                if self.job.live.wish() != Wish::Run {
                    continue;
                }
                return Ok(Leg::InDoubt);
            }
            self.collect(Duration::ZERO)?;
            if self.doubt {
                continue;
            }
            if self.sent >= self.job.live.allowed() && self.flying.is_empty() {
                let all = self.sent >= self.job.live.items.items.len() as u64;
                return self.end(if all { Ended::Done } else { Ended::Tried }, &Wish::Pause);
            }
            if self.flying.is_empty() {
                self.lonely = false;
            }
            if let Some(suspect) = self.next_alone() {
                self.lonely = true;
                self.send(vec![suspect])?;
            }
            // Nothing leaves while one travels alone.
            if self.lonely || !self.alone.is_empty() {
                self.collect(BREATH)?;
                continue;
            }
            // Paced, it begins once the broker takes them.
            if !self.answered && !self.pace.is_free() && !self.flying.is_empty() {
                self.wait(BREATH)?;
                continue;
            }
            // Each keeps the bytes of its stretch in memory, and all would be looked for after a crash.
            if self.job.live.look(Standing::is_wave_full) {
                self.collect(BREATH)?;
                continue;
            }
            let room = self.job.live.allowed().saturating_sub(self.sent);
            let next = match self.queue.next(&mut self.pace, &self.job.live.items, room) {
                Ok(next) => next,
                Err(error) => return self.end(Ended::Stopped(told(&error)), &Wish::Pause),
            };
            self.reject_late()?;
            match next {
                Next::Send(batch) => self.send(batch)?,
                Next::Wait(wait) => self.wait(wait)?,
                Next::Nothing if self.flying.is_empty() && self.queue.is_over() => {
                    return self.end(Ended::Done, &Wish::Pause);
                }
                Next::Nothing => self.wait(BREATH)?,
            }
        }
    }

    /// The next one that has to travel alone, once nothing else is on its way.
    fn next_alone(&mut self) -> Option<Loaded> {
        if self.flying.is_empty() { self.alone.pop_front() } else { None }
    }

    /// Waits for answers where some are due, else until somebody wants something.
    fn wait(&mut self, wait: Duration) -> Result<(), ReplayError> {
        let wait = wait.min(BREATH);
        if self.flying.is_empty() {
            self.job.live.rest(wait)
        } else {
            self.collect(wait)?
        }
        self.tell_trouble();
        Ok(())
    }

    pub(super) fn tell_trouble(&self) {
        let trouble = self.publishers.values().find_map(|publisher| publisher.problem());
        self.job.live.set_trouble(trouble);
    }

    fn end(mut self, ended: Ended, wish: &Wish) -> Result<Leg, ReplayError> {
        // A cancellation is at once: what was not answered by then is looked up. A pause waits for answers that are due.
        if *wish == Wish::Cancel || !self.flush(PAUSED, |wish| *wish == Wish::Cancel)? {
            self.publishers.values_mut().for_each(|publisher| publisher.give_up());
            self.doubt |= !self.flush(LAST_ANSWERS, |_| false)?;
        }
        self.job.live.sync()?;
        self.job.live.set_trouble(None);
        let more = matches!(ended, Ended::Done | Ended::Tried);
        if self.doubt && more {
            return Ok(Leg::InDoubt);
        }
        // What could not be read must not be taken for done.
        let left = self.job.live.look(|standing| standing.counts().of(Delivery::Planned));
        if ended == Ended::Done && left > 0 {
            let what = format!("{left} items could not be read, and were not sent; resume to try again");
            return Err(ReplayError::Nothing(what));
        }
        Ok(Leg::Ended(ended))
    }

    /// Whether every answer came; they are not waited for once somebody wants what is `enough`.
    fn flush(&mut self, wait: Duration, enough: impl Fn(&Wish) -> bool) -> Result<bool, ReplayError> {
        let until = Instant::now() + wait;
        while !self.flying.is_empty() && Instant::now() < until && !enough(&self.job.live.wish()) {
            self.collect(BREATH)?;
        }
        Ok(self.flying.is_empty())
    }

    /// Written down first, then handed over.
    fn send(&mut self, batch: Vec<Loaded>) -> Result<(), ReplayError> {
        self.sent += batch.len() as u64;
        self.job.live.sending(batch.iter().map(|loaded| loaded.number))?;
        let mut rest = batch.into_iter();
        while let Some(loaded) = rest.next() {
            if self.job.live.wish() != Wish::Run {
                let left: Vec<u32> = std::iter::once(loaded).chain(rest).map(|loaded| loaded.number).collect();
                self.sent -= left.len() as u64;
                return self.job.live.back(left);
            }
            self.send_one(loaded)?;
        }
        Ok(())
    }

    fn send_one(&mut self, loaded: Loaded) -> Result<(), ReplayError> {
        let number = loaded.number;
        let Some((batch, row)) = loaded.row.clone() else {
            return self.reject(number, "its bytes are no longer in the archive");
        };
        let item = self.job.live.items.items[number as usize];
        let row = batch.row(row, item.is_failed());
        if u32::try_from(row.size()).ok() != Some(item.size) {
            return self
                .reject(number, "the archive does not hold all of its bytes; raise `payload_limit` of its source");
        }
        let address = self.job.live.items.hash(&item);
        let message = match self.job.changes.message(&row, address) {
            Ok(message) => message,
            Err(why) => return self.reject(number, &format!("it cannot be changed so: {why}")),
        };
        let mut stamp = std::mem::take(&mut self.stamp);
        stamp.put_on(&self.job.token, number, item.attempt, &self.job.live.items.address(&item));
        let handed = self.hand_over(number, &message, &stamp);
        self.stamp = stamp;
        match handed? {
            Ok(()) => {
                self.flying.insert(number, loaded);
                Ok(())
            }
            Err(error) => self.failed(loaded, &error),
        }
    }

    fn hand_over(
        &mut self,
        number: u32,
        message: &Message<'_>,
        stamp: &Stamp,
    ) -> Result<Result<(), PublishError>, ReplayError> {
        let (items, job) = (&self.job.live.items, self.job);
        let item = &items.items[number as usize];
        let target = items.target(item);
        let headers: Vec<Header<'_>> = borrowed(&message.headers).chain(stamp.headers()).collect();
        let outgoing = Outgoing {
            destination: &target.destination,
            partition: Partitioning::Explicit(item.to_partition),
            key: message.key.as_deref(),
            payload: message.payload.as_deref(),
            headers: &headers,
            timestamp: Some(item.timestamp).filter(|at| !item.now && *at != i64::MIN),
        };
        loop {
            let Some(publisher) = self.publishers.get_mut(&target.source) else {
                let text = format!("no publisher is open for `{}`", target.source);
                return Err(ReplayError::Nothing(text));
            };
            match publisher.send(&outgoing, u64::from(number)) {
                Ok(()) => return Ok(Ok(())),
                Err(SendError::Refused(error)) => return Ok(Err(error)),
                Err(SendError::Full) => self.collect(BREATH)?,
            }
            self.tell_trouble();
            // Whoever wants it to stop does not wait for a broker that is away.
            if job.live.wish() != Wish::Run {
                let (cause, fate) = (Cause::GivenUp, Fate::NotSent);
                return Ok(Err(PublishError { fate, cause, detail: String::new() }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::items;
    use crate::journal::Journal;
    use crate::live::Live;
    use crate::message::Changes;
    use crate::options::ReplayOptions;
    use crate::read::tests::archives;

    #[tokio::test]
    async fn what_was_not_read_is_not_taken_for_done() {
        let (folder, archives) = archives().await;
        let items = Arc::new(items(2));
        let journal = Journal::open(&folder.path().join("journal.jsonl"), Arc::clone(&items)).unwrap();
        let job = Job {
            live: Arc::new(Live::new(1, items, journal, u64::MAX)),
            archives,
            sources: Arc::default(),
            options: ReplayOptions::default(),
            token: String::new(),
            identities: std::collections::HashMap::new(),
            changes: Changes::default(),
            order: KeyOrder::Key,
            rate: None,
            speed: None,
            by: String::new(),
            at: 0,
        };
        let mut sender = Sender::open(&job).unwrap();
        // The thread that reads is gone before it handed anything out.
        sender.queue = Queue::new(Loader::of(Vec::new()), true);
        let Err(error) = sender.run() else { panic!("it is taken for done") };
        assert_eq!(error.to_string(), "2 items could not be read, and were not sent; resume to try again");
    }
}
