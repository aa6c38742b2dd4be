//! The living shop: five services that speak real Kafka, for the demo and for tests. Orders are placed, paid, reserved,
//! shipped and notified; a few fail, stall, arrive twice or too late, each for a reason that the messages tell.
//!
//! What becomes of an order is a pure function of seed and order number (`order`); what a service does with a message
//! is a pure function of the message (`service`). `live` runs the services in the present, `history` replays them into
//! the past. Starting a broker, and creating [`TOPICS`] on it, is the caller's part.

mod broker;
mod envelope;
mod history;
mod identity;
mod live;
mod order;
mod record;
mod service;
mod spring;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::error::KafkaError;
use tokio_util::sync::CancellationToken;

/// The topics that the shop writes, with their numbers of partitions. They must exist before [`run`].
pub const TOPICS: &[(&str, i32)] = &[
    ("orders", 6),
    ("payments", 6),
    ("inventory", 4),
    ("shipping", 4),
    ("notifications", 3),
    ("orders-retry-1000", 6),
    ("orders-retry-5000", 6),
    ("orders-dlt", 6),
    ("inventory-dlt", 4),
];

/// The consumer groups of the shop, for brokers that cannot list them.
pub const GROUPS: &[&str] = &[
    "storefront",
    "payments",
    "payments-retry-1000",
    "payments-retry-5000",
    "inventory",
    "shipping",
    "notifications",
    "analytics",
];

/// The fix of payments: once it is deployed, every card type is known. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Fix(Arc<AtomicBool>);

impl Fix {
    /// From now on.
    pub fn deploy(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was.
    pub fn is_deployed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How the shop lives.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopOptions {
    /// Kafka's bootstrap servers, `host:port` with commas between.
    pub brokers: String,
    /// Orders with the same seed and number are the same.
    pub seed: u64,
    /// The number of the first order, which is part of its id.
    pub first_order: u64,
    /// How many orders are placed; up to 60,000. Beyond 60 all delays shrink in proportion.
    pub orders_per_minute: f64,
    /// How much of the past is written, with its timestamps, before the present begins.
    pub history: Duration,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self {
            brokers: "localhost:9092".to_owned(),
            seed: 1,
            first_order: 0,
            orders_per_minute: 30.0,
            history: Duration::ZERO,
        }
    }
}

/// What a shop did until it was stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShopSummary {
    /// Orders placed, those of the past included.
    pub orders: u64,
    /// Records written, by topic.
    pub records: BTreeMap<String, u64>,
    /// Records that the broker did not take.
    pub failed: u64,
}

/// Why a shop cannot live.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The rate is none.
    #[error("{0} orders per minute are not possible; choose more than 0 and at most {MAX_RATE}")]
    Rate(f64),
    /// The client library refuses its configuration.
    #[error("cannot make a kafka client")]
    Client(#[source] KafkaError),
    /// Nobody answers.
    #[error("no kafka broker answers at {brokers}; start one or name another")]
    Unreachable {
        /// The bootstrap servers asked.
        brokers: String,
        /// What the client library says.
        source: KafkaError,
    },
    /// A topic of [`TOPICS`] is not there.
    #[error("topic {0} does not exist; create the shop's topics first")]
    MissingTopic(&'static str),
    /// The past cannot be written.
    #[error("cannot write to topic {topic}")]
    Send {
        /// The topic.
        topic: String,
        /// What the client library says.
        source: KafkaError,
    },
    /// The groups' positions cannot be moved behind the past: another member may be active.
    #[error("cannot commit the position of group {group}; is another shop running on this broker?")]
    Commit {
        /// The consumer group.
        group: &'static str,
        /// What the client library says.
        source: KafkaError,
    },
}

const MAX_RATE: f64 = 60_000.0;

/// Lives until stopped: first the past that was asked for, then the present, in which the fix may be deployed.
///
/// Stop the shop and wait for this to return before taking the broker away.
///
/// # Errors
///
/// When the options make no sense, the broker cannot be reached or lacks a topic, or the past cannot be written. What
/// goes wrong later is logged, retried by the client library, and counted.
pub async fn run(options: ShopOptions, fix: Fix, stop: CancellationToken) -> Result<ShopSummary, ShopError> {
    let rate = options.orders_per_minute;
    if !(rate > 0.0 && rate <= MAX_RATE) {
        return Err(ShopError::Rate(rate));
    }
    let script = service::Script::new(options.seed, rate).with(fix);
    let broker = broker::Broker::connect(&options.brokers).await?;
    let past = history::write(&broker, &script, &options, &stop).await?;
    live::run(&broker, script, past, &stop).await?;
    Ok(broker.summary())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn impossible_rates_are_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 60_001.0] {
            let options = ShopOptions { orders_per_minute: rate, ..ShopOptions::default() };
            let error = run(options, Fix::default(), CancellationToken::new()).await.unwrap_err();
            assert!(matches!(error, ShopError::Rate(_)), "{rate}: {error}");
        }
    }

    #[test]
    fn every_group_and_topic_of_a_service_is_declared() {
        for service in service::all() {
            assert!(GROUPS.contains(&service.group()), "{}", service.group());
            for topic in service.topics() {
                assert!(TOPICS.iter().any(|(name, _)| name == topic), "{topic}");
            }
        }
        assert!(GROUPS.contains(&live::ANALYTICS));
    }
}
