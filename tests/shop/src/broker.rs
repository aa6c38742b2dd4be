//! The shop's one door to Kafka: a producer that all services share, a consumer for each of them, positions, and the
//! count of what was written.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientConfig, Message, Offset, Timestamp, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer},
    error::KafkaError,
    message::{BorrowedMessage, Header, Headers as _, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer},
};

use crate::{
    ShopError, ShopSummary, TOPICS,
    record::{Delivered, Headers, Record, TimestampType},
};

const PATIENCE: Duration = Duration::from_secs(15);

/// A connected broker. Clones share everything.
#[derive(Clone)]
pub(crate) struct Broker {
    config: ClientConfig,
    producer: FutureProducer,
    /// Partitions by topic.
    partitions: Arc<BTreeMap<&'static str, i32>>,
    summary: Arc<Mutex<ShopSummary>>,
}

impl Broker {
    /// Connects and makes sure that the shop's topics are there.
    pub(crate) async fn connect(brokers: &str) -> Result<Self, ShopError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let mut producing = config.clone();
        // Keys go to the partitions that Java's producers would choose.
        producing.set("client.id", "tapline-shop").set("partitioner", "murmur2_random").set("linger.ms", "0");
        producing.set("acks", "all");
        let producer: FutureProducer = producing.create().map_err(ShopError::Client)?;
        let asked = producer.clone();
        let brokers = brokers.to_owned();
        let partitions = blocking(move || partitions(&asked, brokers)).await?;
        Ok(Self { config, producer, partitions: Arc::new(partitions), summary: Arc::default() })
    }

    /// Writes a record and waits until it stands on its topic.
    pub(crate) async fn send(&self, record: Record) -> Result<Delivered, ShopError> {
        let outgoing = FutureRecord {
            topic: &record.topic,
            partition: record.partition,
            key: Some(&record.key),
            payload: Some(&record.payload),
            timestamp: Some(record.timestamp),
            headers: Some(to_kafka(&record.headers)),
        };
        let result = self.producer.send(outgoing, PATIENCE).await;
        let mut summary = self.lock();
        let delivery = match result {
            Ok(delivery) => delivery,
            Err((source, _)) => {
                summary.failed += 1;
                return Err(ShopError::Send { topic: record.topic, source });
            }
        };
        *summary.records.entry(record.topic.clone()).or_default() += 1;
        drop(summary);
        // Topics of the shop keep the producer's times. What the delivery says is not believed: the mock cluster answers
        // every produce request with a time of its own, in 1970.
        let (timestamp_type, timestamp) = (TimestampType::CreateTime, record.timestamp);
        Ok(Delivered {
            topic: record.topic,
            partition: delivery.partition,
            offset: delivery.offset,
            timestamp,
            timestamp_type,
            key: record.key,
            payload: record.payload,
            headers: record.headers,
        })
    }

    /// A member of the group, which commits what is stored with the consumer.
    pub(crate) fn consumer(&self, group: &str, topics: &[&str]) -> Result<StreamConsumer, ShopError> {
        let mut config = self.group(group);
        config.set("enable.auto.commit", "true").set("auto.commit.interval.ms", "1000");
        config.set("enable.auto.offset.store", "false").set("auto.offset.reset", "earliest");
        // The mock cluster answers an empty fetch only when this has passed, even if records come in between.
        config.set("fetch.wait.max.ms", "150");
        let consumer: StreamConsumer = config.create().map_err(ShopError::Client)?;
        consumer.subscribe(topics).map_err(ShopError::Client)?;
        Ok(consumer)
    }

    /// Commits the ends of the topics as the group's position, without joining it.
    pub(crate) async fn skip_to_end(&self, group: &'static str, topics: &[&'static str]) -> Result<(), ShopError> {
        let consumer: BaseConsumer = self.group(group).create().map_err(ShopError::Client)?;
        let wanted: Vec<_> = topics.iter().filter_map(|topic| self.partitions.get_key_value(topic)).collect();
        let wanted: Vec<(&'static str, i32)> = wanted.into_iter().map(|(topic, count)| (*topic, *count)).collect();
        blocking(move || commit_ends(&consumer, &wanted).map_err(|source| ShopError::Commit { group, source })).await
    }

    fn group(&self, group: &str) -> ClientConfig {
        let mut config = self.config.clone();
        config.set("group.id", group).set("client.id", group);
        config
    }

    pub(crate) fn count_order(&self) {
        self.lock().orders += 1;
    }

    pub(crate) fn summary(&self) -> ShopSummary {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, ShopSummary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what waits for the broker without holding up other tasks.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn partitions(producer: &FutureProducer, brokers: String) -> Result<BTreeMap<&'static str, i32>, ShopError> {
    let metadata = producer
        .client()
        .fetch_metadata(None, PATIENCE)
        .map_err(|source| ShopError::Unreachable { brokers, source })?;
    let mut partitions = BTreeMap::new();
    for (name, _) in TOPICS {
        let topic = metadata.topics().iter().find(|topic| topic.name() == *name);
        let count = topic.map(|topic| topic.partitions().len()).filter(|count| *count > 0);
        let count = count.and_then(|count| i32::try_from(count).ok()).ok_or(ShopError::MissingTopic(name))?;
        partitions.insert(*name, count);
    }
    Ok(partitions)
}

fn commit_ends(consumer: &BaseConsumer, topics: &[(&'static str, i32)]) -> Result<(), KafkaError> {
    let mut positions = TopicPartitionList::new();
    for (topic, partitions) in topics {
        for partition in 0..*partitions {
            let (_, end) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
            positions.add_partition_offset(topic, partition, Offset::Offset(end))?;
        }
    }
    consumer.commit(&positions, CommitMode::Sync)
}

/// The message as the services know it.
pub(crate) fn delivered(message: &BorrowedMessage<'_>) -> Delivered {
    let (timestamp_type, timestamp) = match message.timestamp() {
        Timestamp::LogAppendTime(at) => (TimestampType::LogAppendTime, at),
        Timestamp::CreateTime(at) => (TimestampType::CreateTime, at),
        Timestamp::NotAvailable => (TimestampType::CreateTime, 0),
    };
    let mut headers = Headers::default();
    for header in message.headers().iter().flat_map(|headers| headers.iter()) {
        headers.add(header.key, header.value.unwrap_or_default());
    }
    Delivered {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp,
        timestamp_type,
        key: message.key().unwrap_or_default().to_vec(),
        payload: message.payload().unwrap_or_default().to_vec(),
        headers,
    }
}

fn to_kafka(headers: &Headers) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(headers.iter().len());
    headers.iter().fold(empty, |owned, (key, value)| owned.insert(Header { key, value: Some(value) }))
}
