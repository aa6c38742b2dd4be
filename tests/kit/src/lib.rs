//! What end-to-end tests and benches stand on: a real Apache Kafka as a child process, traffic, Kafka's own Java
//! client as an independent witness, those whom Tapline notifies, and the `tapline` binary as users start it.
//!
//! Nothing here knows how Tapline works inside; it may only be imported by tests and benches.

pub mod admin;
pub mod alertmanager;
pub mod browser;
mod cache;
pub mod children;
pub mod collector;
mod debian;
pub mod jars;
pub mod java;
pub mod kafka;
mod maven;
pub mod producer;
mod python;
pub mod receiver;
pub mod second_reader;
pub mod smtp;
pub mod tapline;
pub mod wait;

pub use admin::{Admin, Snapshot};
pub use alertmanager::Alertmanager;
pub use browser::Browser;
pub use java::Java;
pub use kafka::{Kafka, KafkaConfig};
pub use producer::{Producer, Record};
pub use receiver::{Answer, Receiver, Request};
pub use smtp::{Mail, Smtp};
pub use tapline::Tapline;
pub use wait::wait_for;
