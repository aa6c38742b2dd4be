//! Topics made, changed and deleted, and a broker seen through Kafka's own Java client.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::jars::{Jars, succeeded};
use crate::kafka::{ADMIN, Kafka};

/// Run by `java` from its source: no build step, and no line of it shared with what is tested.
const WITNESS: &str = include_str!("../java/Witness.java");

/// A user of a broker who may do everything.
pub struct Admin {
    client: AdminClient<DefaultClientContext>,
    runtime: Runtime,
    bootstrap: String,
    /// The Java client's properties and the source of [`WITNESS`].
    folder: TempDir,
}

/// All that a client can leave behind on a broker, as Kafka's own client tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Name, identity and configuration of each topic, internal ones included.
    pub topics: BTreeMap<String, Value>,
    /// Groups of every kind with their committed offsets.
    pub groups: Value,
    /// Configuration of the broker that differs from its defaults.
    pub broker: Value,
    /// Access rules.
    pub acls: Value,
}

impl Admin {
    pub(crate) fn new(kafka: &Kafka) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-witness-").tempdir()?;
        fs::write(folder.path().join("Witness.java"), WITNESS)?;
        fs::write(folder.path().join("client.properties"), java_properties(kafka))?;
        Ok(Self {
            client: kafka.client().create()?,
            runtime: Builder::new_current_thread().enable_all().build()?,
            bootstrap: kafka.bootstrap(),
            folder,
        })
    }

    /// Makes a topic with these settings and waits until it has leaders.
    pub fn create_topic(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (name, value) in settings {
            new = new.set(name, value);
        }
        self.each(self.runtime.block_on(self.client.create_topics([&new], &patience()))?)?;
        crate::wait_for("the new topic's leaders", Duration::from_secs(20), || {
            let metadata = self.client.inner().fetch_metadata(Some(topic), Duration::from_secs(2));
            let ready = metadata.is_ok_and(|metadata| {
                metadata.topics().first().is_some_and(|topic| {
                    topic.partitions().len() == partitions as usize
                        && topic.partitions().iter().all(|partition| partition.leader() >= 0)
                })
            });
            Ok(ready.then_some(()))
        })
    }

    /// Adds partitions up to this number.
    pub fn grow_topic(&self, topic: &str, partitions: usize) -> Result<()> {
        let more = NewPartitions::new(topic, partitions);
        self.each(self.runtime.block_on(self.client.create_partitions([&more], &patience()))?)
    }

    /// Deletes a topic and waits until brokers no longer tell of it.
    pub fn delete_topic(&self, topic: &str) -> Result<()> {
        self.each(self.runtime.block_on(self.client.delete_topics(&[topic], &patience()))?)?;
        crate::wait_for("the topic's end", Duration::from_secs(20), || {
            let metadata = self.client.inner().fetch_metadata(None, Duration::from_secs(2))?;
            Ok(metadata.topics().iter().all(|known| known.name() != topic).then_some(()))
        })
    }

    /// Removes records below an offset, as retention would.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<()> {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(before))?;
        let removed = self.runtime.block_on(self.client.delete_records(&offsets, &patience()))?;
        removed.elements().iter().try_for_each(|element| Ok(element.error()?))
    }

    /// Allows `user` an operation (`Read`, `Describe`, ...) on a topic.
    pub fn grant(&self, user: &str, operation: &str, topic: &str) -> Result<()> {
        self.grant_on(user, operation, "TOPIC", topic)
    }

    /// Allows `user` an operation on a resource of a kind: `TOPIC`, `GROUP`, or `CLUSTER` by the name `kafka-cluster`.
    pub fn grant_on(&self, user: &str, operation: &str, kind: &str, name: &str) -> Result<()> {
        self.witness(&["grant", &format!("User:{user}"), operation, kind, name]).map(|_| ())
    }

    /// Produces a record for each key by Kafka's own client; the partitions that it chose.
    pub fn java_partitions(&self, topic: &str, keys: &[Vec<u8>]) -> Result<Vec<i32>> {
        let hex = |key: &Vec<u8>| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let keys: Vec<String> = keys.iter().map(hex).collect();
        let arguments: Vec<&str> = ["produce", topic].into_iter().chain(keys.iter().map(String::as_str)).collect();
        Ok(serde_json::from_str(&self.witness(&arguments)?)?)
    }

    /// Groups with type, state, number of members and committed offsets, as Kafka's own client tells them.
    pub fn groups(&self) -> Result<BTreeMap<String, Value>> {
        Ok(serde_json::from_str(&self.witness(&["groups"])?)?)
    }

    /// What stands on the broker now.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let mut all: Value = serde_json::from_str(&self.witness(&["snapshot"])?).context("the witness's words")?;
        Ok(Snapshot {
            topics: serde_json::from_value(all["topics"].take())?,
            groups: all["groups"].take(),
            broker: all["broker"].take(),
            acls: all["acls"].take(),
        })
    }

    fn witness(&self, arguments: &[&str]) -> Result<String> {
        let folder = self.folder.path();
        let output = Command::new("java")
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-XX:TieredStopAtLevel=1", "-cp"])
            .arg(Jars::get()?.class_path())
            .arg(folder.join("Witness.java"))
            .arg(&self.bootstrap)
            .arg(folder.join("client.properties"))
            .args(arguments)
            .output()
            .context("running java")?;
        succeeded(&output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn each(&self, results: Vec<Result<String, (String, RDKafkaErrorCode)>>) -> Result<()> {
        for result in results {
            if let Err((name, code)) = result {
                bail!("{name}: {code}");
            }
        }
        Ok(())
    }
}

fn patience() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(20))).request_timeout(Some(Duration::from_secs(30)))
}

fn java_properties(kafka: &Kafka) -> String {
    if kafka.credentials(ADMIN).is_empty() {
        return String::new();
    }
    format!(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=\
         org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{ADMIN}\" \
         password=\"{ADMIN}-secret\";\n"
    )
}
