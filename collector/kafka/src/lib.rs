//! Kafka, and what speaks its protocol, through librdkafka: the tap that nobody notices.
//!
//! The tap is librdkafka's simple consumer without a group: it joins nothing, commits nothing and needs only READ and
//! DESCRIBE on the topics. Owns connections, discovery of topics, and which offset is read next in which lane. Leaves
//! what a record means to `collector/decode`, and when positions are durable to `collector/pipeline`.
//!
//! What a replay needs stands beside it, with connections of its own that are made when it asks: facts of destinations,
//! the publisher (the one part that writes), consumer groups, and records looked up by address.

#[cfg(feature = "baseline")]
pub mod baseline;
mod check;
mod destination;
mod discovery;
mod failure;
mod ffi;
mod filter;
mod flights;
mod fresh;
mod groups;
mod lane;
mod mock;
mod outage;
mod places;
mod plan;
mod publisher;
mod read;
mod settings;
mod source;
mod standing;
mod tap;
mod throttle;

pub use mock::EmbeddedBroker;
pub use source::KafkaSource;
