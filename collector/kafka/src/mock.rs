//! The embedded broker of the demo and of fast tests: librdkafka's mock cluster. Loopback only, nothing is kept; it
//! answers every question for an offset by time with the end, has no administration and keeps 5 MiB a partition.

use std::fmt;

use tapline_adapter::AdapterError;

use crate::ffi::MockBroker;

/// Groups of the demo would else stand still for three seconds at their first join.
const REBALANCE_DELAY_MS: i32 = 100;

/// How its cluster id begins.
const CLUSTER_ID: &str = "mockCluster";

/// A broker in this process, gone when dropped.
pub struct EmbeddedBroker(MockBroker);

impl EmbeddedBroker {
    /// Starts it with these topics and their numbers of partitions, on a free port of the loopback address.
    ///
    /// # Errors
    /// [`AdapterError::Protocol`] when librdkafka cannot start it or refuses a topic.
    pub fn start(topics: &[(&str, i32)]) -> Result<Self, AdapterError> {
        let fault = |detail| AdapterError::Protocol { operation: "starting the embedded broker", detail };
        let broker = MockBroker::start(REBALANCE_DELAY_MS).map_err(fault)?;
        for (topic, partitions) in topics {
            broker.create_topic(topic, *partitions).map_err(|code| fault(format!("topic `{topic}`: {code}")))?;
        }
        Ok(Self(broker))
    }

    /// Where clients connect.
    pub fn bootstrap_servers(&self) -> String {
        self.0.bootstrap_servers()
    }

    /// Makes one more topic.
    ///
    /// # Errors
    /// [`AdapterError::Protocol`] when it exists or its name or number of partitions is refused.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), AdapterError> {
        self.0.create_topic(topic, partitions).map_err(|code| AdapterError::Protocol {
            operation: "creating a topic",
            detail: format!("topic `{topic}`: {code}"),
        })
    }
}

#[cfg(test)]
impl EmbeddedBroker {
    pub(crate) fn broker(&self) -> &MockBroker {
        &self.0
    }
}

/// Whether a cluster cannot look up offsets by time.
pub(crate) fn is_embedded(cluster: &str) -> bool {
    cluster.starts_with(CLUSTER_ID)
}

impl fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EmbeddedBroker").field(&self.bootstrap_servers()).finish()
    }
}
