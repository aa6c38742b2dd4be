//! Kafka, and what speaks its protocol, through librdkafka: the tap that nobody notices.
//!
//! The tap is librdkafka's simple consumer without a group: it joins nothing, commits nothing and needs only READ and
//! DESCRIBE on the topics. Owns connections, discovery of topics, and which offset is read next in which lane. Leaves
//! what a record means to `collector/decode`, and when positions are durable to `collector/pipeline`.

#[cfg(feature = "baseline")]
pub mod baseline;
mod check;
mod discovery;
mod ffi;
mod filter;
mod fresh;
mod lane;
mod mock;
mod outage;
mod places;
mod plan;
mod settings;
mod source;
mod standing;
mod tap;
mod throttle;

pub use mock::EmbeddedBroker;
pub use source::KafkaSource;
