//! librdkafka's broker that lives in this process. Not rdkafka's own wrapper: that one hides the handle that is needed
//! to shorten the wait before the first rebalance of a group.

use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::bindings as rd;

use super::client::Client;
use super::conf::{Conf, Kind};
use super::{ErrorCode, c_text, owned_text};

/// A cluster of one broker on a free loopback port; gone when dropped.
pub(crate) struct MockBroker {
    raw: NonNull<rd::rd_kafka_mock_cluster_t>,
    // Declared last: the cluster runs on this handle.
    _client: Arc<Client>,
}

// SAFETY: the cluster has a thread of its own; calls are passed to it as operations.
unsafe impl Send for MockBroker {}
// SAFETY: as above.
unsafe impl Sync for MockBroker {}

impl MockBroker {
    pub(crate) fn start(rebalance_delay_ms: i32) -> Result<Self, String> {
        let client = Conf::new().ok_or("out of memory")?.into_client(Kind::Producer)?;
        // SAFETY: the client is live and outlives the cluster.
        let raw = unsafe { rd::rd_kafka_mock_cluster_new(client.raw(), 1) };
        let raw = NonNull::new(raw).ok_or("librdkafka could not start its embedded broker")?;
        // SAFETY: the cluster is live.
        unsafe { rd::rd_kafka_mock_group_initial_rebalance_delay_ms(raw.as_ptr(), rebalance_delay_ms) };
        Ok(Self { raw, _client: client })
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        // SAFETY: the cluster is live; the text is copied.
        unsafe { owned_text(rd::rd_kafka_mock_cluster_bootstraps(self.raw.as_ptr())) }
    }

    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), ErrorCode> {
        let topic = c_text(topic);
        // SAFETY: the cluster is live, the name is copied.
        ErrorCode::check(unsafe { rd::rd_kafka_mock_topic_create(self.raw.as_ptr(), topic.as_ptr(), partitions, 1) })
    }
}

#[cfg(test)]
impl MockBroker {
    /// Answers the next requests of this kind by these errors.
    pub(crate) fn answer_by(&self, request: i16, errors: &[rd::rd_kafka_resp_err_t]) {
        // SAFETY: the cluster is live; the errors are copied.
        unsafe {
            rd::rd_kafka_mock_push_request_errors_array(self.raw.as_ptr(), request, errors.len(), errors.as_ptr());
        }
    }
}

impl Drop for MockBroker {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed before its client.
        unsafe { rd::rd_kafka_mock_cluster_destroy(self.raw.as_ptr()) };
    }
}
