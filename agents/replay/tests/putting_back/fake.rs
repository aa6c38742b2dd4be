//! A broker in memory, which misbehaves as a test asks it to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tapline_adapter::{
    AdapterError, Capability, Cause, Check, Committed, Delivered, DestinationFacts, Ended, Fate, Group, GroupDetail,
    GroupFault, GroupList, GroupOptions, GroupReading, Groups, OffsetRange, Outgoing, PartitionEnds, PartitionFacts,
    Partitioning, Positions, PublishError, PublishOptions, Publisher, RangeRead, RawRecord, ReadLimits, Readers,
    RecordSink, Report, SendError, Source, Tap, TapOptions,
};
use tapline_model::Header;

/// Name of the source that the broker is configured as.
pub(crate) const NAME: &str = "k";

type Headers = Vec<(String, Option<Vec<u8>>)>;

/// What was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handed {
    /// Which item of a replay, as its header says.
    pub(crate) item: u32,
    /// How often it was handed over before.
    pub(crate) times: usize,
    pub(crate) destination: String,
    pub(crate) partition: i32,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) headers: Headers,
    pub(crate) timestamp: Option<i64>,
}

/// What becomes of a record that is handed over.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It stands there, and that is told.
    Taken,
    /// Nothing is told before it is given up; `true` where it stands there.
    Silent(bool),
    /// It is told that it failed; `true` where it stands there all the same.
    Failed(bool, Fate, Cause),
    /// Not taken over.
    Full,
    /// Those of one batch are answered together: all as companions if one of them, this item, is too large.
    Batched(u32),
}

/// What stands in the way of reading.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unreadable {
    Unreachable,
    Cut,
    Expired(i64),
}

#[derive(Debug, Clone)]
pub(crate) struct Topic {
    pub(crate) id: String,
    pub(crate) led: bool,
    pub(crate) next: i64,
    /// Offset and record.
    pub(crate) records: Vec<(i64, Handed)>,
}

type Script = Box<dyn FnMut(&Handed) -> Answer + Send>;

pub(crate) struct Inner {
    /// Each of one partition.
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) handed: Vec<Handed>,
    pub(crate) unreadable: Option<Unreadable>,
    pub(crate) problem: Option<String>,
    /// By group: the next offset that it reads of every topic.
    pub(crate) read: BTreeMap<String, i64>,
    script: Script,
}

/// The broker. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Broker(Arc<(Mutex<Inner>, Condvar)>);

impl Broker {
    /// With `orders`, whose partition is at offset 100.
    pub(crate) fn new() -> Self {
        let orders = Topic { id: "t1".to_owned(), led: true, next: 100, records: Vec::new() };
        let inner = Inner {
            topics: BTreeMap::from([("orders".to_owned(), orders)]),
            handed: Vec::new(),
            unreadable: None,
            problem: None,
            read: BTreeMap::from([("billing".to_owned(), 100)]),
            script: Box::new(|_| Answer::Taken),
        };
        Self(Arc::new((Mutex::new(inner), Condvar::new())))
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        let done = work(&mut self.0.0.lock());
        self.0.1.notify_all();
        done
    }

    /// How it answers from now on.
    pub(crate) fn answers(&self, script: impl FnMut(&Handed) -> Answer + Send + 'static) {
        self.with(|inner| inner.script = Box::new(script));
    }

    pub(crate) fn orders<T>(&self, work: impl FnOnce(&mut Topic) -> T) -> T {
        self.with(|inner| work(inner.topics.get_mut("orders").unwrap()))
    }

    /// Items that stand on `orders`, in its order.
    pub(crate) fn standing(&self) -> Vec<u32> {
        self.orders(|orders| orders.records.iter().map(|(_, record)| record.item).collect())
    }

    /// Items that were handed over so far, in order.
    pub(crate) fn handed(&self) -> Vec<u32> {
        self.with(|inner| inner.handed.iter().map(|handed| handed.item).collect())
    }
}

impl Inner {
    fn append(&mut self, handed: &Handed) -> i64 {
        let topic = self.topics.get_mut(&handed.destination).unwrap();
        topic.records.push((topic.next, handed.clone()));
        topic.next += 1;
        topic.next - 1
    }
}

fn unreachable() -> AdapterError {
    AdapterError::Unreachable { sentence: "no broker answers at fake:9092".to_owned() }
}

impl Source for Broker {
    fn name(&self) -> &str {
        NAME
    }

    fn system(&self) -> &'static str {
        "kafka"
    }

    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }

    fn check(&self, _: &TapOptions) -> Vec<Check> {
        Vec::new()
    }

    fn tap(&self, _: &TapOptions, _: Positions) -> Result<Box<dyn Tap>, AdapterError> {
        Err(unreachable())
    }

    fn destinations(&self, names: &[&str]) -> Result<Vec<Result<DestinationFacts, AdapterError>>, AdapterError> {
        let facts = |inner: &Inner, name: &str| {
            let unknown = || AdapterError::UnknownDestination { destination: name.to_owned() };
            let topic = inner.topics.get(name).ok_or_else(unknown)?;
            let end = topic.led.then_some(topic.next);
            let partition = PartitionFacts { partition: 0, led: topic.led, start: topic.led.then_some(0), end };
            Ok(DestinationFacts {
                name: name.to_owned(),
                id: Some(topic.id.clone()),
                partitions: vec![partition],
                settings: None,
                writable: Some(true),
                problems: Vec::new(),
            })
        };
        Ok(self.with(|inner| names.iter().map(|name| facts(inner, name)).collect()))
    }

    fn publisher(&self, _: &PublishOptions) -> Result<Box<dyn Publisher>, AdapterError> {
        Ok(Box::new(Sending { broker: self.clone(), reports: Vec::new(), silent: Vec::new(), batch: Vec::new() }))
    }

    fn groups(&self, _: &GroupOptions) -> Result<Box<dyn Groups>, AdapterError> {
        Ok(Box::new(Reading(self.clone())))
    }

    fn read(
        &self,
        ranges: &[OffsetRange],
        _: ReadLimits,
        sink: &mut dyn RecordSink,
    ) -> Result<Vec<RangeRead>, AdapterError> {
        let (unreadable, topics) = self.with(|inner| (inner.unreadable, inner.topics.clone()));
        let read = |range: &OffsetRange| {
            let from = match unreadable {
                Some(Unreadable::Unreachable) => return Err(unreachable()),
                Some(Unreadable::Expired(start)) => range.from.max(start),
                Some(Unreadable::Cut) | None => range.from,
            };
            let records = topics[&range.destination].records.iter();
            let within = records.filter(|(offset, _)| (from..range.to).contains(offset));
            let records = within.map(|(offset, record)| hand_on(sink, range, *offset, record)).count();
            let ended = match unreadable {
                Some(Unreadable::Cut) => Ended::Cut,
                _ if from > range.from => Ended::Expired(from),
                _ => Ended::Whole,
            };
            Ok(RangeRead { records, ended })
        };
        ranges.iter().map(read).collect()
    }
}

fn hand_on(sink: &mut dyn RecordSink, range: &OffsetRange, offset: i64, record: &Handed) {
    let headers: Vec<Header<'_>> =
        record.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
    sink.record(&RawRecord {
        destination: &range.destination,
        partition: Some(range.partition),
        offset: Some(offset),
        position: None,
        incarnation: range.incarnation,
        leader_epoch: None,
        timestamp: record.timestamp,
        timestamp_outside: None,
        timestamp_kind: None,
        key: record.key.as_deref(),
        payload: record.payload.as_deref(),
        headers: &headers,
        repaired_names: 0,
    });
}

struct Sending {
    broker: Broker,
    reports: Vec<Report>,
    /// Tokens without an answer.
    silent: Vec<u64>,
    /// Those that travel together, with the item that is too large.
    batch: Vec<(u64, Handed, u32)>,
}

fn failed(fate: Fate, cause: Cause) -> PublishError {
    PublishError { fate, cause, detail: String::new() }
}

impl Sending {
    fn delivered(&mut self, token: u64, handed: &Handed) {
        let offset = self.broker.with(|inner| inner.append(handed));
        let outcome = Ok(Delivered { partition: 0, offset: Some(offset), timestamp: handed.timestamp });
        self.reports.push(Report { token, outcome });
    }

    fn answer_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let refused = batch.iter().any(|(_, handed, large)| handed.item == *large);
        for (token, handed, _) in &batch {
            let cause = if batch.len() == 1 { Cause::TooLarge } else { Cause::Companion };
            match refused {
                true => self.reports.push(Report { token: *token, outcome: Err(failed(Fate::Rejected, cause)) }),
                false => self.delivered(*token, handed),
            }
        }
    }
}

impl Publisher for Sending {
    fn send(&mut self, record: &Outgoing<'_>, token: u64) -> Result<(), SendError> {
        let headers: Headers =
            record.headers.iter().map(|it| (it.name.to_owned(), it.value.map(<[u8]>::to_vec))).collect();
        let item = headers.iter().rfind(|(name, _)| name == "tapline-replay-item").and_then(|(_, value)| value.clone());
        let item = String::from_utf8(item.unwrap()).unwrap().rsplit_once('/').unwrap().1.parse().unwrap();
        let answer = self.broker.with(|inner| {
            let Partitioning::Explicit(partition) = record.partition else { panic!("a plan names the partition") };
            let handed = Handed {
                item,
                times: inner.handed.iter().filter(|before| before.item == item).count(),
                destination: record.destination.to_owned(),
                partition,
                key: record.key.map(<[u8]>::to_vec),
                payload: record.payload.map(<[u8]>::to_vec),
                headers,
                timestamp: record.timestamp,
            };
            let answer = (inner.script)(&handed);
            if !matches!(answer, Answer::Full) {
                inner.handed.push(handed.clone());
            }
            (answer, handed)
        });
        match answer {
            (Answer::Full, _) => return Err(SendError::Full),
            (Answer::Taken, handed) => self.delivered(token, &handed),
            (Answer::Batched(large), handed) => self.batch.push((token, handed, large)),
            (Answer::Silent(there), handed) => {
                self.broker.with(|inner| there.then(|| inner.append(&handed)));
                self.silent.push(token);
            }
            (Answer::Failed(there, fate, cause), handed) => {
                self.broker.with(|inner| there.then(|| inner.append(&handed)));
                self.reports.push(Report { token, outcome: Err(failed(fate, cause)) });
            }
        }
        Ok(())
    }

    fn collect(&mut self, wait: Duration, reports: &mut Vec<Report>) {
        self.answer_batch();
        if self.reports.is_empty() && !wait.is_zero() {
            let (inner, changed) = &*self.broker.0;
            changed.wait_until(&mut inner.lock(), Instant::now() + wait);
        }
        reports.append(&mut self.reports);
    }

    fn in_flight(&self) -> usize {
        self.reports.len() + self.silent.len() + self.batch.len()
    }

    fn give_up(&mut self) {
        let given_up = |token| Report { token, outcome: Err(failed(Fate::Uncertain, Cause::GivenUp)) };
        self.reports.extend(self.silent.drain(..).map(given_up));
    }

    fn problem(&self) -> Option<String> {
        self.broker.with(|inner| inner.problem.clone())
    }
}

struct Reading(Broker);

impl Groups for Reading {
    fn list(&mut self) -> Result<GroupList, AdapterError> {
        Ok(GroupList::default())
    }

    fn describe(&mut self, groups: &[&str]) -> Vec<Result<GroupDetail, GroupFault>> {
        groups.iter().map(|_| Err(GroupFault::Denied)).collect()
    }

    fn committed(&mut self, groups: &[&str], _: Option<&[(String, i32)]>) -> Vec<Result<Committed, GroupFault>> {
        groups.iter().map(|_| Err(GroupFault::Denied)).collect()
    }

    fn ends(&mut self, _: &[(String, i32)]) -> Result<BTreeMap<(String, i32), PartitionEnds>, AdapterError> {
        Ok(BTreeMap::new())
    }

    fn reading(&mut self, _: &str) -> Result<Readers, AdapterError> {
        let reading = |(name, next): (&String, &i64)| GroupReading {
            group: Group { name: name.clone(), kind: None, state: None },
            members: Some(1),
            committed: BTreeMap::from([(0, *next)]),
        };
        Ok(Readers { groups: self.0.with(|inner| inner.read.iter().map(reading).collect()), unknown: Vec::new() })
    }
}
