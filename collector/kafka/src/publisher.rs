//! The one part that writes: records handed to librdkafka's idempotent producer, each acknowledged by all replicas, and
//! what became of each. Opened for named topics, after it was seen that they are there: nothing is ever created.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::{
    AdapterError, Cause, Delivered, DestinationFacts, Fate, Outgoing, Partitioning, PublishError, PublishOptions,
    Publisher, Report, SendError,
};
use tapline_model::time;

use crate::destination;
use crate::failure::{QUEUE_FULL, failed, refused};
use crate::ffi::{Acknowledged, Client, ClientEvent, ErrorCode, Produced, ProducerEvent, Topic};
use crate::flights::Flights;
use crate::outage::Outage;
use crate::settings::producer::Sizes;
use crate::source::Cluster;

/// How long an answer to what has left is awaited after the rest was given up.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

pub(crate) struct KafkaPublisher {
    cluster: Arc<Cluster>,
    targets: HashMap<String, Target>,
    flights: Flights,
    closed: Option<PublishError>,
    /// When all that is still under way is given up.
    patience: Option<Instant>,
    /// The last report of the connection since something was delivered.
    outage: Option<Outage>,
    client: Arc<Client>,
}

/// A topic that may be written to.
struct Target {
    topic: Topic,
    partitions: i32,
}

impl KafkaPublisher {
    pub(crate) fn open(cluster: Arc<Cluster>, options: &PublishOptions) -> Result<Self, AdapterError> {
        let names: Vec<&str> = options.destinations.iter().map(String::as_str).collect();
        let facts: Vec<DestinationFacts> =
            destination::destinations(&cluster, &names)?.into_iter().collect::<Result<_, _>>()?;
        facts.iter().try_for_each(|facts| writable(&cluster, facts))?;
        let sizes = Sizes { limits: limits(&facts), records: options.records };
        let client = cluster.producer(sizes)?;
        let target = |facts: &DestinationFacts| {
            let topic = Topic::new(&client, &facts.name)
                .ok_or_else(|| AdapterError::UnknownDestination { destination: facts.name.clone() })?;
            let partitions = i32::try_from(facts.partitions.len()).unwrap_or(i32::MAX);
            Ok((facts.name.clone(), Target { topic, partitions }))
        };
        let targets = facts.iter().map(target).collect::<Result<_, AdapterError>>()?;
        let flights = Flights::new(options.records, options.bytes);
        Ok(Self { cluster, targets, flights, closed: None, patience: None, outage: None, client })
    }

    /// Whether something came.
    fn take_event(&mut self, wait: Duration, reports: &mut Vec<Report>) -> bool {
        let Self { flights, client, .. } = self;
        let before = reports.len();
        let event = client.next_outcomes(wait, |outcome| {
            if let Some(token) = flights.land(outcome.number) {
                reports.push(Report { token, outcome: told(&outcome) });
            }
        });
        match event {
            None => return false,
            Some(ProducerEvent::Other(ClientEvent::Error { code, text })) => self.hear(code, &text),
            Some(ProducerEvent::Other(ClientEvent::Other)) => {}
            Some(ProducerEvent::Outcomes) => {
                blame_none(&mut reports[before..]);
                self.heed(&mut reports[before..]);
            }
        }
        true
    }

    /// As long as may be waited before patience ends.
    fn lose_patience(&mut self, wait: Duration) -> Duration {
        let Some(end) = self.patience else { return wait };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.patience = None;
            self.client.abandon();
            return wait;
        }
        wait.min(left)
    }

    fn hear(&mut self, code: ErrorCode, text: &str) {
        match self.client.fatal() {
            Some((code, words)) => {
                self.closed.get_or_insert_with(|| closed(code, words));
            }
            None => self.outage = Some(Outage::new(code, text).or_better(self.outage.take())),
        }
    }

    /// Something delivered ends an outage. What was purged because the client cannot go on says why.
    fn heed(&mut self, reports: &mut [Report]) {
        if reports.iter().any(|report| report.outcome.is_ok()) {
            self.outage = None;
        }
        if let Some((code, words)) = self.client.fatal() {
            let closed = self.closed.get_or_insert_with(|| closed(code, words));
            let purged = reports.iter_mut().filter_map(|report| report.outcome.as_mut().err());
            for error in purged.filter(|error| error.cause == Cause::GivenUp) {
                *error = PublishError { fate: error.fate, ..closed.clone() };
            }
        }
    }
}

impl Publisher for KafkaPublisher {
    fn send(&mut self, record: &Outgoing<'_>, token: u64) -> Result<(), SendError> {
        let refuse = |fault: PublishError| Err(SendError::Refused(fault));
        if let Some(closed) = &self.closed {
            return refuse(closed.clone());
        }
        let Some(target) = self.targets.get(record.destination) else {
            return refuse(refused(ErrorCode::UNKNOWN_TOPIC));
        };
        if matches!(record.partition, Partitioning::Explicit(..0)) {
            return refuse(refused(ErrorCode::UNKNOWN_PARTITION));
        }
        let timestamp = match record.timestamp.map(|micros| micros.div_euclid(1_000)) {
            Some(0) => return refuse(invalid_time()),
            milliseconds => milliseconds,
        };
        let size = record.size();
        if !self.flights.has_room(size) {
            return Err(SendError::Full);
        }
        let number = self.flights.depart(token, size);
        let Outgoing { key, payload, headers, .. } = *record;
        let partition = partition_of(record, target.partitions);
        let outcome = target.topic.produce(&Produced { partition, key, payload, headers, timestamp, number });
        let Err(code) = outcome else { return Ok(()) };
        self.flights.land(number);
        if code == QUEUE_FULL { Err(SendError::Full) } else { refuse(refused(code)) }
    }

    fn collect(&mut self, wait: Duration, reports: &mut Vec<Report>) {
        let mut wait = self.lose_patience(wait);
        let (before, deadline) = (reports.len(), Instant::now() + wait);
        while self.take_event(wait, reports) {
            let first = reports.len() == before;
            wait = if first { deadline.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
        }
    }

    fn in_flight(&self) -> usize {
        self.flights.count()
    }

    fn give_up(&mut self) {
        self.closed.get_or_insert_with(|| PublishError {
            fate: Fate::NotSent,
            cause: Cause::Closed,
            detail: "it was told to give up".to_owned(),
        });
        self.patience.get_or_insert_with(|| Instant::now() + LAST_ANSWERS);
        self.client.purge(false);
    }

    fn problem(&self) -> Option<String> {
        let closed = self.closed.as_ref().map(ToString::to_string);
        closed.or_else(|| Some(format!("{}; it is tried again", self.outage.as_ref()?.sentence(&self.cluster))))
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        // Nothing more leaves while connections are closed.
        self.client.purge(true);
    }
}

fn writable(cluster: &Cluster, facts: &DestinationFacts) -> Result<(), AdapterError> {
    if facts.writable != Some(false) {
        return Ok(());
    }
    Err(AdapterError::Denied {
        operation: "write".to_owned(),
        resource: format!("topic `{}`", facts.name),
        command: Some(cluster.grant_operations(&["Write"], &facts.name)),
    })
}

/// The smallest and the largest bound on a batch; `None` if one is not known.
fn limits(facts: &[DestinationFacts]) -> Option<(u64, u64)> {
    let limits: Option<Vec<u64>> = facts.iter().map(|facts| Some(facts.settings?.max_message_bytes)).collect();
    let limits = limits?;
    Some((*limits.iter().min()?, *limits.iter().max()?))
}

fn partition_of(record: &Outgoing<'_>, partitions: i32) -> Option<i32> {
    match record.partition {
        Partitioning::Explicit(partition) => Some(partition),
        Partitioning::ByKey(partitioner) => partitioner.partition(record.key, partitions),
    }
}

fn told(outcome: &Acknowledged) -> Result<Delivered, PublishError> {
    match outcome.error {
        Some(code) => Err(failed(code, outcome.persisted)),
        None => Ok(Delivered {
            partition: outcome.partition,
            offset: (outcome.offset >= 0).then_some(outcome.offset),
            timestamp: time::of_millis(outcome.timestamp).filter(|_| outcome.timestamp != -1),
        }),
    }
}

/// What was refused for one of its records, all of them being told the same, is said to be refused with another one.
/// Brokers do tell which, but librdkafka overwrites that if it was only one (`rd_kafka_dr_msgq0`). The reports of an event
/// are those of a batch.
fn blame_none(batch: &mut [Report]) {
    let about_one = |report: &Report| {
        let error = report.outcome.as_ref().err()?;
        let one = matches!(error.cause, Cause::TooLarge | Cause::InvalidTimestamp | Cause::InvalidRecord);
        (one && error.fate == Fate::Rejected).then_some(error.cause)
    };
    let [first, _, ..] = batch else { return };
    let Some(cause) = about_one(first) else { return };
    if batch.iter().all(|report| about_one(report) == Some(cause)) {
        let errors = batch.iter_mut().filter_map(|report| report.outcome.as_mut().err());
        errors.for_each(|error| error.cause = Cause::Companion);
    }
}

/// librdkafka takes the time 0 for none and would write another one.
fn invalid_time() -> PublishError {
    PublishError {
        fate: Fate::NotSent,
        cause: Cause::InvalidTimestamp,
        detail: "1970-01-01T00:00:00Z cannot be written, leave the time out or choose another".to_owned(),
    }
}

fn closed(code: ErrorCode, words: String) -> PublishError {
    let cause = if code == ErrorCode::CLUSTER_DENIED { Cause::Denied } else { Cause::Closed };
    PublishError { fate: Fate::NotSent, cause, detail: words }
}

#[cfg(test)]
mod tests;
