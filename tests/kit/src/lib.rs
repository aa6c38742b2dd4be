//! What end-to-end tests and benches stand on: a real Apache Kafka as a child process, traffic, Kafka's own Java
//! client as an independent witness, and the `tapline` binary as users start it.
//!
//! Nothing here knows how Tapline works inside; it may only be imported by tests and benches.

pub mod admin;
pub mod browser;
pub mod children;
pub mod collector;
pub mod jars;
pub mod java;
pub mod kafka;
mod maven;
pub mod producer;
pub mod second_reader;
pub mod tapline;
pub mod wait;

pub use admin::{Admin, Snapshot};
pub use browser::Browser;
pub use java::Java;
pub use kafka::{Kafka, KafkaConfig};
pub use producer::{Producer, Record};
pub use tapline::Tapline;
pub use wait::wait_for;
