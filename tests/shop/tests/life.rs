//! The shop on librdkafka's mock cluster: everything that it promises appears on the topics within bounded time, the
//! past is there at once and is handled once, and it stops when told.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it must be")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message,
    consumer::{BaseConsumer, Consumer, StreamConsumer},
    message::Headers,
    mocking::MockCluster,
    producer::DefaultProducerContext,
    util::Timeout,
};
use tapline_shop::{Fix, GROUPS, ShopError, ShopOptions, ShopSummary, TOPICS, run};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(120);

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    for (topic, partitions) in TOPICS {
        cluster.create_topic(topic, *partitions, 1).unwrap();
    }
    cluster
}

struct Running {
    stop: CancellationToken,
    shop: JoinHandle<Result<ShopSummary, ShopError>>,
}

impl Running {
    fn start(options: ShopOptions) -> Self {
        let stop = CancellationToken::new();
        Self { shop: tokio::spawn(run(options, Fix::default(), stop.clone())), stop }
    }

    /// Stops the shop, which must not take long.
    async fn end(self) -> ShopSummary {
        self.stop.cancel();
        let began = Instant::now();
        let summary = timeout(PATIENCE, self.shop).await.unwrap().unwrap().unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "took {:?} to stop", began.elapsed());
        summary
    }
}

/// Reads all topics from their beginnings.
fn observer(brokers: &str) -> StreamConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "observer").set("enable.auto.commit", "false");
    let consumer: StreamConsumer = config.set("fetch.wait.max.ms", "50").create().unwrap();
    let mut assignment = rdkafka::TopicPartitionList::new();
    for (topic, partitions) in TOPICS {
        for partition in 0..*partitions {
            assignment.add_partition_offset(topic, partition, rdkafka::Offset::Beginning).unwrap();
        }
    }
    consumer.assign(&assignment).unwrap();
    consumer
}

/// What was seen, and which of the promised kinds.
#[derive(Default)]
struct Seen {
    kinds: BTreeSet<&'static str>,
    message_ids: BTreeMap<Vec<u8>, u32>,
    packed_or_dispatched: BTreeMap<Vec<u8>, serde_json::Value>,
}

const KINDS: [&str; 9] = [
    "binary CloudEvent",
    "structured CloudEvent",
    "plain JSON",
    "retry by @RetryableTopic",
    "dead letter by @RetryableTopic",
    "dead letter by a recoverer",
    "duplicate",
    "out of order",
    "lost trace",
];

impl Seen {
    fn take(&mut self, message: &impl Message) {
        let header = |name: &str| {
            let headers = message.headers()?;
            headers
                .iter()
                .filter(|header| header.key == name)
                .last()
                .and_then(|header| header.value.map(<[u8]>::to_vec))
        };
        let mut see = |kind, seen: bool| {
            if seen {
                self.kinds.insert(kind);
            }
        };
        let content_type = header("content-type").unwrap_or_default();
        let structured = content_type.starts_with(b"application/cloudevents+json");
        see("structured CloudEvent", structured);
        see("binary CloudEvent", header("ce_specversion").is_some());
        see("plain JSON", header("message-id").is_some() && header("ce_id").is_none());
        see("lost trace", message.topic() == "inventory" && header("traceparent").is_none());
        let attempts = header("retry_topic-attempts");
        see("retry by @RetryableTopic", attempts.as_deref() == Some(&[0, 0, 0, 2]));
        let dead = message.topic() == "orders-dlt" && attempts.as_deref() == Some(&[0, 0, 0, 4]);
        see("dead letter by @RetryableTopic", dead && header("kafka_original-offset").is_some_and(|at| at.len() == 8));
        let recovered = message.topic() == "inventory-dlt" && header("kafka_dlt-original-partition").is_some();
        see("dead letter by a recoverer", recovered && header("retry_topic-attempts").is_none());
        if message.topic() == "notifications"
            && let Some(id) = header("message-id")
        {
            let times = self.message_ids.entry(id).or_default();
            *times += 1;
            see("duplicate", *times == 2);
        }
        if structured {
            let body: serde_json::Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
            let before = self.packed_or_dispatched.insert(message.key().unwrap().to_vec(), body["time"].clone());
            see("out of order", before.is_some_and(|before| before.as_str() > body["time"].as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_was_promised_appears() {
    let cluster = cluster();
    let brokers = cluster.bootstrap_servers();
    let options = ShopOptions { brokers: brokers.clone(), orders_per_minute: 6_000.0, ..ShopOptions::default() };
    let running = Running::start(options);
    let observer = observer(&brokers);
    let mut seen = Seen::default();
    let all = KINDS.into_iter().collect::<BTreeSet<_>>();
    let watching = timeout(PATIENCE, async {
        while seen.kinds != all {
            seen.take(&observer.recv().await.unwrap());
        }
    });
    let in_time = watching.await.is_ok();
    assert!(in_time, "not seen: {:?}", all.difference(&seen.kinds));
    let summary = running.end().await;
    assert!(summary.orders > 0 && summary.records["orders"] >= summary.orders / 2, "{summary:?}");
    assert_eq!(summary.failed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_there_at_once_and_is_not_handled_again() {
    let cluster = cluster();
    let brokers = cluster.bootstrap_servers();
    // About 300 orders of the past, then 20 a second.
    let history = Duration::from_secs(15);
    let options =
        ShopOptions { brokers: brokers.clone(), orders_per_minute: 1_200.0, history, ..ShopOptions::default() };
    let running = Running::start(options);
    let observer = observer(&brokers);
    let began = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let (mut ids, mut oldest, mut dead) = (BTreeSet::new(), i64::MAX, 0);
    let reading = timeout(PATIENCE, async {
        loop {
            let message = observer.recv().await.unwrap();
            dead += usize::from(died_after_it_was_made(&message));
            if message.topic() != "payments" {
                continue;
            }
            let body: serde_json::Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
            assert!(ids.insert(body["paymentId"].to_string()), "paid twice: {body}");
            oldest = oldest.min(message.timestamp().to_millis().unwrap());
            // Only a group that has joined and begun after the past can have charged this one.
            if body["orderId"].as_str().unwrap() > "ORD-84127400" {
                break;
            }
        }
    });
    assert!(reading.await.is_ok(), "after {} payments nobody handled the present", ids.len());
    assert!(ids.len() > 300, "only {} payments", ids.len());
    assert!(dead > 0, "no dead letter of `orders` in the past");
    assert!(began - oldest > 10_000, "the oldest payment is only {} ms old", began - oldest);
    positions_are_committed(&brokers);
    running.end().await;
}

/// Whether the message is a dead letter, which knows when its original was written: at most minutes before.
fn died_after_it_was_made(message: &impl Message) -> bool {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let Some(original) = headers.filter(|header| header.key == "kafka_original-timestamp").last() else { return false };
    let original = i64::from_be_bytes(original.value.unwrap().try_into().unwrap());
    let age = message.timestamp().to_millis().unwrap() - original;
    assert!((0..600_000).contains(&age), "given up {age} ms after it was written");
    true
}

fn positions_are_committed(brokers: &str) {
    let mut asked = rdkafka::TopicPartitionList::new();
    for (topic, partitions) in TOPICS {
        asked.add_partition_range(topic, 0, partitions - 1);
    }
    for group in GROUPS {
        let mut config = ClientConfig::new();
        let consumer: BaseConsumer = config.set("bootstrap.servers", brokers).set("group.id", *group).create().unwrap();
        let positions = consumer.committed_offsets(asked.clone(), Timeout::After(PATIENCE)).unwrap();
        let elements = positions.elements();
        let known = elements.iter().filter(|position| matches!(position.offset(), rdkafka::Offset::Offset(_)));
        assert!(known.count() > 0, "{group} never committed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_is_named() {
    let cluster = MockCluster::new(1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let error = run(ShopOptions { brokers, ..ShopOptions::default() }, Fix::default(), CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "topic orders does not exist; create the shop's topics first");
}
