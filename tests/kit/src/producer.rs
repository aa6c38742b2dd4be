//! Traffic of every shape that Kafka allows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};

const FLUSH: Duration = Duration::from_secs(60);

/// One record to produce. `None` and empty differ, header names may repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Topic.
    pub topic: String,
    /// `None` leaves it to the partitioner.
    pub partition: Option<i32>,
    /// Null or bytes.
    pub key: Option<Vec<u8>>,
    /// Null (a tombstone) or bytes.
    pub payload: Option<Vec<u8>>,
    /// In order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds; `None` is now.
    pub timestamp: Option<i64>,
}

impl Record {
    /// A record with a payload for a partition.
    pub fn new(topic: &str, partition: i32, payload: impl Into<Vec<u8>>) -> Self {
        Self { topic: topic.to_owned(), partition: Some(partition), payload: Some(payload.into()), ..Self::default() }
    }

    /// With a key.
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: Option<&[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.map(<[u8]>::to_vec)));
        self
    }

    /// A CloudEvent in binary mode.
    pub fn cloud_event(self, r#type: &str, id: &str, source: &str) -> Self {
        self.header("ce_specversion", Some(b"1.0"))
            .header("ce_type", Some(r#type.as_bytes()))
            .header("ce_id", Some(id.as_bytes()))
            .header("ce_source", Some(source.as_bytes()))
            .header("content-type", Some(b"application/json"))
    }
}

/// Produces; what it sent counts as sent only after [`Producer::flush`].
pub struct Producer {
    inner: ThreadedProducer<Refusals>,
    refusals: Refusals,
}

/// Keeps why a record was not delivered: librdkafka's `flush` is content when each has been given up or delivered.
#[derive(Clone, Default)]
struct Refusals(Arc<Mutex<Option<KafkaError>>>);

impl ClientContext for Refusals {}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
    }
}

impl Refusals {
    fn take(&self) -> Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error).context("a record was not delivered"),
            None => Ok(()),
        }
    }
}

impl Producer {
    /// One with more of librdkafka's properties than [`crate::Kafka::producer`] sets.
    pub fn new(client: &ClientConfig) -> Result<Self> {
        let mut config = client.clone();
        config
            // Tests know a record by its place: a repeated request must not change the order.
            .set("enable.idempotence", "true")
            .set("message.max.bytes", "134217728")
            .set("queue.buffering.max.messages", "1000000")
            .set("linger.ms", "5");
        let refusals = Refusals::default();
        Ok(Self { inner: config.create_with_context(refusals.clone())?, refusals })
    }

    /// One whose records stand in transactions.
    pub fn transactional(client: &ClientConfig, id: &str) -> Result<Self> {
        let producer = Self::new(client.clone().set("transactional.id", id))?;
        producer.inner.init_transactions(FLUSH)?;
        Ok(producer)
    }

    /// Sends; waits while the queue is full.
    pub fn send(&self, record: &Record) -> Result<()> {
        loop {
            match self.inner.send(base(record)) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    // Returns as soon as something was delivered, or after the time.
                    let _ = self.inner.flush(Duration::from_millis(100));
                }
                Err((error, _)) => return Err(error).with_context(|| format!("producing to {}", record.topic)),
            }
        }
    }

    /// Waits until everything is acknowledged; fails if anything since the last call was not.
    pub fn flush(&self) -> Result<()> {
        self.inner.flush(FLUSH)?;
        self.refusals.take()
    }

    /// Sends and waits until all is acknowledged.
    pub fn send_all(&self, records: &[Record]) -> Result<()> {
        records.iter().try_for_each(|record| self.send(record))?;
        self.flush()
    }

    /// Begins a transaction; only of a [`Producer::transactional`].
    pub fn begin(&self) -> Result<()> {
        Ok(self.inner.begin_transaction()?)
    }

    /// Commits it.
    pub fn commit(&self) -> Result<()> {
        Ok(self.inner.commit_transaction(FLUSH)?)
    }

    /// Sends in one transaction, which is committed or aborted.
    pub fn transaction(&self, records: &[Record], commit: bool) -> Result<()> {
        self.begin()?;
        self.send_all(records)?;
        if commit { self.commit() } else { Ok(self.inner.abort_transaction(FLUSH)?) }
    }
}

fn base(record: &Record) -> BaseRecord<'_, [u8], [u8]> {
    let mut base = BaseRecord::to(&record.topic);
    base.partition = record.partition;
    base.key = record.key.as_deref();
    base.payload = record.payload.as_deref();
    base.timestamp = record.timestamp;
    if !record.headers.is_empty() {
        let empty = OwnedHeaders::new_with_capacity(record.headers.len());
        base.headers = Some(
            record
                .headers
                .iter()
                .fold(empty, |headers, (name, value)| headers.insert(Header { key: name, value: value.as_deref() })),
        );
    }
    base
}
