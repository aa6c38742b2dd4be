//! Records looked up by their addresses, by a simple consumer of its own: what stands there, whoever has read it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::{AdapterError, Ended, OffsetRange, RangeRead, ReadLimits, RecordSink};

use crate::destination::{absent, broker, fault, is_name};
use crate::ffi::{Client, ErrorCode, Message, OffsetSpec, Queue, Topic, TopicKey};
use crate::fresh::record;
use crate::outage::Outage;
use crate::source::Cluster;

/// Enough for one answer.
const QUEUE_BYTES: usize = 4 << 20;
/// Partitions read at once: each is asked for separately.
const AT_ONCE: usize = 64;
/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Between looks at the clock.
const ROUND: Duration = Duration::from_millis(100);

type Place = (String, i32);

pub(crate) fn read(
    cluster: &Cluster,
    ranges: &[OffsetRange],
    limits: ReadLimits,
    sink: &mut dyn RecordSink,
) -> Result<Vec<RangeRead>, AdapterError> {
    let deadline = Instant::now() + limits.wait;
    let client = cluster.reader(QUEUE_BYTES)?;
    let known = Known::of(cluster, &client, ranges, limits.wait.min(ANSWER))?;
    let tasks = ranges.iter().map(|range| Task::new(range, known.bounds(cluster, range))).collect();
    let mut reader = Reader::new(cluster, client, tasks)?;
    reader.run(deadline, limits.bytes, sink)?;
    Ok(reader.tasks.into_iter().map(Task::outcome).collect())
}

/// What the broker tells before anything is read.
#[derive(Default)]
struct Known {
    topics: BTreeMap<String, (Option<ErrorCode>, Option<String>)>,
    starts: BTreeMap<Place, Option<i64>>,
    ends: BTreeMap<Place, Option<i64>>,
}

impl Known {
    fn of(
        cluster: &Cluster,
        client: &Arc<Client>,
        ranges: &[OffsetRange],
        wait: Duration,
    ) -> Result<Self, AdapterError> {
        let names: BTreeSet<&str> =
            ranges.iter().map(|range| range.destination.as_str()).filter(|name| is_name(name)).collect();
        let Some(first) = names.first() else { return Ok(Self::default()) };
        let broker = broker(cluster, client, first)?;
        let failed = |code| Outage::of(client, code).error(cluster);
        let names: Vec<&str> = names.into_iter().collect();
        let described = client.describe_topics(&names, broker, false, wait).map_err(failed)?;
        let there: BTreeSet<Place> = described
            .iter()
            .flat_map(|topic| topic.partitions.iter().filter(|(_, led)| *led).map(|(at, _)| (topic.name.clone(), *at)))
            .collect();
        let places: BTreeSet<Place> = ranges.iter().map(place).filter(|place| there.contains(place)).collect();
        let places: Vec<Place> = places.into_iter().collect();
        Ok(Self {
            topics: described.into_iter().map(|topic| (topic.name, (topic.error, topic.id))).collect(),
            starts: client.list_offsets(&places, OffsetSpec::Earliest, wait).map_err(failed)?,
            ends: client.list_offsets(&places, OffsetSpec::End, wait).map_err(failed)?,
        })
    }

    /// Where the partition begins and ends, or why there is nothing to read.
    fn bounds(&self, cluster: &Cluster, range: &OffsetRange) -> Result<(i64, i64), Ended> {
        let name = &range.destination;
        let Some((error, id)) = self.topics.get(name) else { return Err(Ended::Failed(absent(name))) };
        if let Some(code) = error {
            return Err(Ended::Failed(fault(cluster, name, *code)));
        }
        if let (Some(asked), Some(id)) = (&range.destination_id, id)
            && asked != id
        {
            return Err(Ended::Replaced);
        }
        let mark = |marks: &BTreeMap<Place, Option<i64>>| marks.get(&place(range)).copied().flatten();
        mark(&self.starts).zip(mark(&self.ends)).ok_or_else(|| {
            let detail = format!("partition {} of topic `{name}` is not there, or has no leader", range.partition);
            Ended::Failed(AdapterError::Protocol { operation: "looking up records", detail })
        })
    }
}

fn place(range: &OffsetRange) -> Place {
    (range.destination.clone(), range.partition)
}

/// One range.
struct Task {
    destination: String,
    incarnation: i32,
    partition: i32,
    from: i64,
    to: i64,
    /// What will be said when all that is left was read.
    whole: Ended,
    records: usize,
    ended: Option<Ended>,
}

impl Task {
    fn new(range: &OffsetRange, bounds: Result<(i64, i64), Ended>) -> Self {
        let OffsetRange { destination, incarnation, partition, from, to, .. } = range.clone();
        let mut task =
            Self { destination, incarnation, partition, from, to, whole: Ended::Whole, records: 0, ended: None };
        match bounds {
            Err(ended) => task.ended = Some(ended),
            Ok((start, end)) => {
                if from < start {
                    task.whole = Ended::Expired(start);
                }
                (task.from, task.to) = (from.max(start), to.min(end));
                if task.from >= task.to {
                    task.end();
                }
            }
        }
        task
    }

    fn end(&mut self) {
        self.ended = Some(std::mem::replace(&mut self.whole, Ended::Whole));
    }

    fn outcome(self) -> RangeRead {
        RangeRead { records: self.records, ended: self.ended.unwrap_or(Ended::Cut) }
    }
}

/// Reads the tasks of each partition one after the other, some partitions at once.
struct Reader<'a> {
    cluster: &'a Cluster,
    tasks: Vec<Task>,
    topics: HashMap<String, Topic>,
    /// Tasks not begun, by partition, in the order of their offsets.
    waiting: VecDeque<VecDeque<usize>>,
    /// The task and those after it of each partition that is read.
    reading: HashMap<(TopicKey, i32), (usize, VecDeque<usize>)>,
    queue: Queue,
    client: Arc<Client>,
}

impl<'a> Reader<'a> {
    fn new(cluster: &'a Cluster, client: Arc<Client>, tasks: Vec<Task>) -> Result<Self, AdapterError> {
        let queue = Queue::new(&client).ok_or_else(no_memory)?;
        let mut waiting: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (number, task) in tasks.iter().enumerate().filter(|(_, task)| task.ended.is_none()) {
            waiting.entry((task.destination.clone(), task.partition)).or_default().push(number);
        }
        waiting.values_mut().for_each(|numbers| numbers.sort_by_key(|number| tasks[*number].from));
        let waiting = waiting.into_values().map(VecDeque::from).collect();
        Ok(Self { cluster, tasks, topics: HashMap::new(), waiting, reading: HashMap::new(), queue, client })
    }

    fn run(&mut self, deadline: Instant, bytes: usize, sink: &mut dyn RecordSink) -> Result<(), AdapterError> {
        let mut left = bytes;
        loop {
            while self.reading.len() < AT_ONCE
                && let Some(tasks) = self.waiting.pop_front()
            {
                self.begin(tasks)?;
            }
            let now = Instant::now();
            if self.reading.is_empty() || now >= deadline || left == 0 {
                return Ok(());
            }
            for (key, partition) in self.receive(ROUND.min(deadline - now), &mut left, sink) {
                self.go_on(key, partition)?;
            }
        }
    }

    /// Begins with the first of a partition's tasks.
    fn begin(&mut self, mut tasks: VecDeque<usize>) -> Result<(), AdapterError> {
        let Some(number) = tasks.pop_front() else { return Ok(()) };
        let Task { destination, partition, from, .. } = &self.tasks[number];
        if !self.topics.contains_key(destination) {
            let topic = Topic::new(&self.client, destination).ok_or_else(|| absent(destination))?;
            self.topics.insert(destination.clone(), topic);
        }
        let topic = &self.topics[destination];
        topic.start(*partition, *from, &self.queue).map_err(|code| AdapterError::Protocol {
            operation: "starting to read a partition",
            detail: code.words(),
        })?;
        self.reading.insert((topic.key(), *partition), (number, tasks));
        Ok(())
    }

    /// Goes on with the next task of a partition.
    fn go_on(&mut self, key: TopicKey, partition: i32) -> Result<(), AdapterError> {
        let Some((number, tasks)) = self.reading.remove(&(key, partition)) else { return Ok(()) };
        if let Some(topic) = self.topics.get(&self.tasks[number].destination) {
            topic.stop(partition);
        }
        self.begin(tasks)
    }

    /// Takes what has arrived. The partitions whose task has ended.
    fn receive(&mut self, wait: Duration, left: &mut usize, sink: &mut dyn RecordSink) -> Vec<(TopicKey, i32)> {
        let Self { cluster, tasks, reading, queue, client, .. } = self;
        let mut ended = Vec::new();
        for message in queue.receive(wait, 1_000) {
            let key = (message.topic(), message.partition());
            let task = reading.get(&key).and_then(|(number, _)| tasks.get_mut(*number));
            let Some(task) = task.filter(|task| task.ended.is_none() && *left > 0) else { continue };
            *left -= take(cluster, client, task, &message, sink).min(*left);
            if task.ended.is_some() {
                ended.push(key);
            }
        }
        ended
    }
}

/// Bytes handed on.
fn take(
    cluster: &Cluster,
    client: &Client,
    task: &mut Task,
    message: &Message<'_>,
    sink: &mut dyn RecordSink,
) -> usize {
    let offset = message.offset();
    match message.error() {
        None if offset < task.from => 0,
        None if offset >= task.to => {
            task.end();
            0
        }
        None => {
            task.records += 1;
            if offset + 1 >= task.to {
                task.end();
            }
            record(&task.destination, task.incarnation, message, sink).max(1)
        }
        Some(ErrorCode::END_OF_PARTITION) => {
            task.end();
            0
        }
        Some(code) if code.is_passing() => 0,
        Some(code) => {
            task.ended = Some(fault_of(cluster, client, task, code, message));
            0
        }
    }
}

fn fault_of(cluster: &Cluster, client: &Client, task: &Task, code: ErrorCode, message: &Message<'_>) -> Ended {
    let topic = &task.destination;
    match code {
        // Removed since it was looked where the partition begins.
        ErrorCode::OFFSET_RESET => {
            let start = client.cached_watermarks(topic, task.partition).map_or(task.from, |(start, _)| start);
            Ended::Expired(start)
        }
        ErrorCode::TOPIC_DENIED => Ended::Failed(AdapterError::Denied {
            operation: "read".to_owned(),
            resource: format!("topic `{topic}`"),
            command: Some(cluster.grant(topic)),
        }),
        _ => Ended::Failed(AdapterError::Protocol { operation: "looking up records", detail: message.error_text() }),
    }
}

fn no_memory() -> AdapterError {
    AdapterError::Protocol { operation: "opening a queue", detail: "out of memory".to_owned() }
}
