//! A thread that looks for topics and partitions, asks for offsets and listens to the client, so that polling never
//! waits for an answer. It reports what the broker says; what follows from it is [`crate::plan`]'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tapline_adapter::{Positions, Start, TapOptions};

use crate::ffi::{Client, ClientEvent, ErrorCode, OffsetSpec, TopicMetadata};
use crate::filter::{Filter, Verdict};
use crate::mock::is_embedded;
use crate::plan::Found;
use crate::standing::Standing;

/// Longest wait for one answer: it bounds how long closing a tap takes while no broker answers.
const ANSWER: Duration = Duration::from_secs(2);
/// Between rounds while something is missing.
const SOON: Duration = Duration::from_secs(1);
/// Between looks at the offsets that fetch answers carry along.
const MARKS: Duration = Duration::from_secs(2);
/// Between rounds that are asked for.
const AGAIN: Duration = Duration::from_millis(250);
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);
/// Rounds in a row without an answer after which topics are read without their identities.
const PATIENCE_FOR_IDS: u32 = 3;

/// What changed on the broker.
pub(crate) enum News {
    Found(Found),
    /// A topic is no longer there.
    Gone(String),
}

enum Ask {
    /// Where a partition begins and ends.
    Where(String, i32),
    /// To go on with another client.
    Follow(Arc<Client>),
}

/// The running thread; ends when dropped.
pub(crate) struct Discovery {
    news: Receiver<News>,
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
    pub(crate) standing: Arc<Mutex<Standing>>,
}

impl Discovery {
    pub(crate) fn start(client: Arc<Client>, filter: Filter, options: &TapOptions, resume: &Positions) -> Self {
        let (asks, asked) = channel();
        let (tell, news) = channel();
        let standing = Arc::new(Mutex::new(Standing::default()));
        let mut worker = Worker {
            client,
            filter,
            start: options.start,
            interval: options.discovery_interval.clamp(Duration::from_millis(100), LONGEST_INTERVAL),
            resume: resume.keys().cloned().collect(),
            at_start: None,
            topics: BTreeMap::new(),
            rounds_without_ids: 0,
            due: Instant::now(),
            looked: None,
            marks_due: Instant::now(),
            asked,
            tell,
            standing: Arc::clone(&standing),
        };
        let thread = std::thread::Builder::new().name("kafka-discovery".to_owned()).spawn(move || worker.run()).ok();
        Self { news, asks: Some(asks), thread, standing }
    }

    pub(crate) fn next(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// Asks again where a partition begins and ends. The answer comes as news.
    pub(crate) fn ask(&self, topic: &str, partition: i32) {
        self.send(Ask::Where(topic.to_owned(), partition));
    }

    /// The live lane has another client: what that one is told about topics is what counts.
    pub(crate) fn follow(&self, client: Arc<Client>) {
        self.send(Ask::Follow(client));
    }

    fn send(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // The thread only ends with us.
            let _ = asks.send(ask);
        }
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the discovery thread of a Kafka source panicked");
        }
    }
}

struct Worker {
    client: Arc<Client>,
    filter: Filter,
    start: Start,
    interval: Duration,
    /// Partitions that the archive knows.
    resume: BTreeSet<(String, i32)>,
    /// Partitions that existed when the tap began and were not announced yet; `None` before the first answer.
    at_start: Option<BTreeSet<(String, i32)>>,
    topics: BTreeMap<String, Known>,
    rounds_without_ids: u32,
    due: Instant,
    /// When the last round ended.
    looked: Option<Instant>,
    marks_due: Instant,
    asked: Receiver<Ask>,
    tell: Sender<News>,
    standing: Arc<Mutex<Standing>>,
}

#[derive(Default)]
struct Known {
    id: Option<String>,
    announced: BTreeSet<i32>,
    /// Rounds in which the topic was not there.
    misses: u32,
}

impl Worker {
    fn run(&mut self) {
        while self.take_asks() {
            if Instant::now() >= self.due {
                let complete = self.round();
                let now = Instant::now();
                self.looked = Some(now);
                self.due = now + if complete { self.interval } else { SOON.min(self.interval) };
            }
            if Instant::now() >= self.marks_due {
                self.refresh_marks();
            }
            // Last, because it waits: nothing is read before the first round.
            self.hear();
        }
    }

    /// False when the tap was closed.
    fn take_asks(&mut self) -> bool {
        loop {
            match self.asked.try_recv() {
                Ok(Ask::Where(topic, partition)) => {
                    let known = self.topics.entry(topic).or_default();
                    // A second question about the same partition is answered by the round to come.
                    known.announced.remove(&partition);
                    self.due = self.due.min(self.looked.map_or_else(Instant::now, |looked| looked + AGAIN));
                }
                Ok(Ask::Follow(client)) => {
                    self.client = client;
                    self.standing.lock().marks.clear();
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn hear(&mut self) {
        let mut event = self.client.next_event(Duration::from_millis(100));
        while let Some(heard) = event {
            match heard {
                ClientEvent::Error { code, text }
                    if code.is_authentication() || code == ErrorCode::ALL_BROKERS_DOWN =>
                {
                    self.standing.lock().lost(code, &text);
                    // Looks soon whether it is still so.
                    self.due = self.due.min(Instant::now() + SOON);
                }
                ClientEvent::Error { code, text } => {
                    tracing::debug!(code = code.0, text, "kafka client");
                    if [ErrorCode::RESOLVE, ErrorCode::TRANSPORT].contains(&code) {
                        self.standing.lock().heard(code, &text);
                    }
                }
                ClientEvent::Other => {}
            }
            event = self.client.next_event(Duration::ZERO);
        }
    }

    /// Looks at the whole cluster once. False if something must be asked again soon.
    fn round(&mut self) -> bool {
        let all = match self.client.metadata(ANSWER) {
            Ok(all) => all,
            Err(code) => {
                self.standing.lock().lost(code, &code.to_string());
                return false;
            }
        };
        let topics = self.sort_out(&all.topics);
        self.forget_missing(&topics);
        let Some(ids) = self.identities(&topics, all.broker) else { return false };
        let new = self.unannounced(&topics, &ids);
        let ready = topics.iter().all(|topic| topic.error.is_none() && topic.partitions.iter().all(|(_, led)| *led));
        self.announce(new, &ids, all.broker) && ready
    }

    /// The topics to read; notes the others.
    fn sort_out<'a>(&mut self, all: &'a [TopicMetadata]) -> Vec<&'a TopicMetadata> {
        let mut left_out = Vec::new();
        let mut read = Vec::new();
        for topic in all {
            match self.filter.verdict(&topic.name) {
                Verdict::Read => read.push(topic),
                Verdict::LeftOut(reason) => left_out.push((topic.name.clone(), reason)),
                Verdict::Other => {}
            }
        }
        let leaderless = read.iter().flat_map(|topic| {
            topic.partitions.iter().filter(|(_, led)| !led).map(|(partition, _)| (topic.name.clone(), *partition))
        });
        let seen: BTreeSet<&str> = all.iter().map(|topic| topic.name.as_str()).collect();
        let cluster = self.client.cluster_id(Duration::ZERO);
        let mut standing = self.standing.lock();
        standing.reached();
        standing.cluster = cluster.or_else(|| standing.cluster.take());
        standing.left_out = left_out;
        standing.nothing = self.filter.nothing(all.len(), read.len());
        standing.unseen = self.filter.named().iter().filter(|name| !seen.contains(name.as_str())).cloned().collect();
        let now = Instant::now();
        let waited = std::mem::take(&mut standing.waiting);
        standing.waiting = leaderless.map(|place| (place.clone(), *waited.get(&place).unwrap_or(&now))).collect();
        drop(standing);
        if self.at_start.is_none() {
            self.at_start = Some(read.iter().flat_map(|topic| places_of(topic)).collect());
        }
        read
    }

    /// A topic that is missing twice is gone; once can be a broker that has just begun.
    fn forget_missing(&mut self, topics: &[&TopicMetadata]) {
        let seen: BTreeSet<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        for (name, known) in &mut self.topics {
            known.misses = if seen.contains(name.as_str()) { 0 } else { known.misses + 1 };
            if known.misses == 2 {
                let _ = self.tell.send(News::Gone(name.clone()));
            }
        }
        self.topics.retain(|_, known| known.misses < 2);
    }

    /// `None`: ask again. A broker that never answers is read without identities.
    fn identities(&mut self, topics: &[&TopicMetadata], broker: i32) -> Option<BTreeMap<String, String>> {
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        match self.client.topic_ids(&names, broker, ANSWER) {
            Ok(ids) => {
                self.rounds_without_ids = 0;
                Some(ids)
            }
            Err(code) => {
                tracing::debug!(code = code.0, "topic identities");
                self.rounds_without_ids += 1;
                (self.rounds_without_ids > PATIENCE_FOR_IDS).then(BTreeMap::new)
            }
        }
    }

    fn unannounced(&mut self, topics: &[&TopicMetadata], ids: &BTreeMap<String, String>) -> Vec<(String, i32)> {
        let mut new = Vec::new();
        for topic in topics {
            let known = self.topics.entry(topic.name.clone()).or_default();
            if let Some(id) = ids.get(&topic.name)
                && known.id.as_ref() != Some(id)
            {
                // Another topic under the same name: all its partitions are news.
                if known.id.replace(id.clone()).is_some() {
                    known.announced.clear();
                }
            }
            let led = topic.partitions.iter().filter(|(_, led)| *led).map(|(partition, _)| *partition);
            let unknown = led.filter(|partition| !known.announced.contains(partition));
            new.extend(unknown.map(|partition| (topic.name.clone(), partition)));
        }
        new
    }

    /// Asks for the offsets of new partitions and tells of those that were answered. False if some were not.
    fn announce(&mut self, new: Vec<(String, i32)>, ids: &BTreeMap<String, String>, broker: i32) -> bool {
        if new.is_empty() {
            return true;
        }
        let (Some(lows), Some(ends), Some(times)) =
            (self.offsets(&new, OffsetSpec::Earliest), self.offsets(&new, OffsetSpec::Latest), self.times(&new))
        else {
            return false;
        };
        // Offsets are told by name: only while the identity stays the same are they of the life that it names.
        let Some(again) = self.identities_of(&new, ids, broker) else { return false };
        let mut complete = true;
        for place in new {
            if ids.get(&place.0) != again.get(&place.0) {
                complete = false;
                continue;
            }
            let (Some(Some(low)), Some(Some(end))) = (lows.get(&place), ends.get(&place)) else {
                complete = false;
                continue;
            };
            let since = self.since(&place, *low, *end, &times);
            let (topic, partition) = place;
            if let Some(known) = self.topics.get_mut(&topic) {
                known.announced.insert(partition);
            }
            let id = ids.get(&topic).cloned();
            let _ = self.tell.send(News::Found(Found { topic, partition, id, low: *low, end: *end, since }));
        }
        complete
    }

    /// The identities of these partitions' topics, asked for once more; none where none are told.
    fn identities_of(
        &self,
        places: &[(String, i32)],
        known: &BTreeMap<String, String>,
        broker: i32,
    ) -> Option<BTreeMap<String, String>> {
        let names: BTreeSet<&str> = places.iter().map(|(topic, _)| topic.as_str()).collect();
        let names: Vec<&str> = names.into_iter().filter(|name| known.contains_key(*name)).collect();
        let answer = self.client.topic_ids(&names, broker, ANSWER);
        answer.inspect_err(|code| tracing::debug!(code = code.0, "topic identities")).ok()
    }

    /// Where a partition that the archive does not know begins. One that came after the tap is read from its beginning.
    fn since(&mut self, place: &(String, i32), low: i64, end: i64, times: &Offsets) -> i64 {
        let was_there = self.at_start.as_mut().is_some_and(|places| places.remove(place));
        match self.start {
            _ if !was_there => low,
            Start::Earliest => low,
            Start::Latest => end,
            // The embedded broker answers every time with the end, which would skip all it has.
            Start::At(_) if self.is_embedded() => low,
            Start::At(_) => times.get(place).copied().flatten().unwrap_or(end),
        }
    }

    fn is_embedded(&self) -> bool {
        self.standing.lock().cluster.as_deref().is_some_and(is_embedded)
    }

    /// Offsets by time, for partitions that begin there.
    fn times(&self, new: &[(String, i32)]) -> Option<Offsets> {
        let Start::At(microseconds) = self.start else { return Some(Offsets::new()) };
        let begins = |place: &&(String, i32)| {
            self.at_start.as_ref().is_some_and(|places| places.contains(place)) && !self.resume.contains(place)
        };
        let places: Vec<(String, i32)> = new.iter().filter(begins).cloned().collect();
        self.offsets(&places, OffsetSpec::At(microseconds.div_euclid(1000)))
    }

    fn offsets(&self, places: &[(String, i32)], spec: OffsetSpec) -> Option<Offsets> {
        let answer = self.client.list_offsets(places, spec, ANSWER);
        answer.inspect_err(|code| tracing::debug!(code = code.0, ?spec, "offsets")).ok()
    }

    /// librdkafka looks a topic up by walking a list, so the next look waits for many times what this one took.
    fn refresh_marks(&mut self) {
        let began = Instant::now();
        let places = self.topics.iter().filter(|(_, known)| !known.announced.is_empty());
        let marks = places
            .map(|(topic, known)| {
                let marks = known
                    .announced
                    .iter()
                    .filter_map(|&partition| Some((partition, self.client.cached_watermarks(topic, partition)?)));
                (topic.clone(), marks.collect())
            })
            // Else they may be those of another life than the one that is read.
            .filter(|(topic, _)| !self.client.lives().has_turned(topic))
            .collect();
        self.standing.lock().marks = marks;
        self.marks_due = Instant::now() + MARKS.max(began.elapsed() * 20);
    }
}

type Offsets = BTreeMap<(String, i32), Option<i64>>;

fn places_of(topic: &TopicMetadata) -> impl Iterator<Item = (String, i32)> {
    topic.partitions.iter().map(|(partition, _)| (topic.name.clone(), *partition))
}
