//! What topics are: identity, partitions, settings, and what this client may do with them.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::admin::Options;
use super::client::Client;
use super::{ErrorCode, c_text, owned_text};

/// One topic as a broker describes it.
#[derive(Debug)]
pub(crate) struct TopicDescription {
    pub(crate) name: String,
    pub(crate) error: Option<ErrorCode>,
    pub(crate) id: Option<String>,
    /// Partitions and whether each has a leader.
    pub(crate) partitions: Vec<(i32, bool)>,
    /// `None` where it was not asked for, or the broker does not tell.
    pub(crate) writable: Option<bool>,
}

/// Settings of a topic, all of them, or why they are not told.
pub(crate) type Settings = Result<BTreeMap<String, String>, ErrorCode>;

impl Client {
    /// Identities of topics, absent where the broker tells none. Asks `broker`: any knows them, and the controller,
    /// which librdkafka would ask, is not always there. Blocks.
    pub(crate) fn topic_ids(
        &self,
        topics: &[&str],
        broker: i32,
        wait: Duration,
    ) -> Result<BTreeMap<String, String>, ErrorCode> {
        let described = self.describe_topics(topics, broker, false, wait)?;
        let known = described.into_iter().filter(|topic| topic.error.is_none());
        Ok(known.filter_map(|topic| Some((topic.name, topic.id?))).collect())
    }

    /// Describes topics, with what this client may do if `rights`. None is created by being asked for. Blocks.
    pub(crate) fn describe_topics(
        &self,
        topics: &[&str],
        broker: i32,
        rights: bool,
        wait: Duration,
    ) -> Result<Vec<TopicDescription>, ErrorCode> {
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<CString> = topics.iter().map(|topic| c_text(topic)).collect();
        let mut names: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, wait)?;
        options.broker(broker)?;
        if rights {
            options.rights();
        }
        // SAFETY: the names outlive the call, which copies them; the collection is destroyed below.
        let collection = unsafe { rd::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()) };
        let answer = self.ask(wait, |queue| {
            // SAFETY: all handles are live; the collection is copied by the call.
            unsafe { rd::rd_kafka_DescribeTopics(self.raw(), collection, options.raw(), queue) }
        });
        // SAFETY: destroyed once.
        unsafe { rd::rd_kafka_TopicCollection_destroy(collection) };
        let answer = answer?;
        // SAFETY: an event of this kind holds such a result; both live until `answer` is dropped.
        unsafe {
            let result = rd::rd_kafka_event_DescribeTopics_result(answer.raw());
            let mut count = 0;
            let topics = rd::rd_kafka_DescribeTopics_result_topics(result, &mut count);
            Ok((0..count).map(|at| topic_of(*topics.add(at))).collect())
        }
    }

    /// Settings of topics by name, defaults included. Asks `broker`, as [`Self::topic_ids`]. Blocks.
    pub(crate) fn topic_settings(
        &self,
        topics: &[&str],
        broker: i32,
        wait: Duration,
    ) -> Result<BTreeMap<String, Settings>, ErrorCode> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut asked: Vec<Resource> = topics.iter().filter_map(|topic| Resource::of(topic)).collect();
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, wait)?;
        options.broker(broker)?;
        let answer = self.ask(wait, |queue| {
            // SAFETY: all handles are live, a resource is one pointer; the resources are copied by the call.
            unsafe {
                rd::rd_kafka_DescribeConfigs(self.raw(), asked.as_mut_ptr().cast(), asked.len(), options.raw(), queue);
            }
        })?;
        // SAFETY: an event of this kind holds such a result; both live until `answer` is dropped.
        unsafe {
            let result = rd::rd_kafka_event_DescribeConfigs_result(answer.raw());
            let mut count = 0;
            let resources = rd::rd_kafka_DescribeConfigs_result_resources(result, &mut count);
            Ok((0..count).map(|at| settings_of(*resources.add(at))).collect())
        }
    }
}

/// A topic whose settings are asked for.
#[repr(transparent)]
struct Resource(NonNull<rd::rd_kafka_ConfigResource_t>);

impl Resource {
    fn of(topic: &str) -> Option<Self> {
        let name = c_text(topic);
        // SAFETY: the name is copied. Null only for an empty one.
        NonNull::new(unsafe {
            rd::rd_kafka_ConfigResource_new(rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, name.as_ptr())
        })
        .map(Self)
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_ConfigResource_destroy(self.0.as_ptr()) };
    }
}

/// # Safety
/// `topic` belongs to a live result.
unsafe fn topic_of(topic: *const rd::rd_kafka_TopicDescription_t) -> TopicDescription {
    // SAFETY: the caller's promise; everything is copied.
    unsafe {
        let mut count = 0;
        let partitions = rd::rd_kafka_TopicDescription_partitions(topic, &mut count);
        TopicDescription {
            name: owned_text(rd::rd_kafka_TopicDescription_name(topic)),
            error: ErrorCode::of_fault(rd::rd_kafka_TopicDescription_error(topic)),
            id: identity_of(topic),
            partitions: (0..count).map(|at| partition_of(*partitions.add(at))).collect(),
            writable: writable(topic),
        }
    }
}

/// # Safety
/// `partition` belongs to a live result.
unsafe fn partition_of(partition: *const rd::rd_kafka_TopicPartitionInfo_t) -> (i32, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        let led = !rd::rd_kafka_TopicPartitionInfo_leader(partition).is_null();
        (rd::rd_kafka_TopicPartitionInfo_partition(partition), led)
    }
}

/// # Safety
/// `topic` belongs to a live result.
unsafe fn identity_of(topic: *const rd::rd_kafka_TopicDescription_t) -> Option<String> {
    // SAFETY: the caller's promise; the text is copied.
    unsafe {
        let id = NonNull::new(rd::rd_kafka_TopicDescription_topic_id(topic).cast_mut())?.as_ptr();
        let zero =
            rd::rd_kafka_Uuid_most_significant_bits(id) == 0 && rd::rd_kafka_Uuid_least_significant_bits(id) == 0;
        (!zero).then(|| owned_text(rd::rd_kafka_Uuid_base64str(id)))
    }
}

/// # Safety
/// `topic` belongs to a live result.
unsafe fn writable(topic: *const rd::rd_kafka_TopicDescription_t) -> Option<bool> {
    let write = rd::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_WRITE as u32;
    let mut count = 0;
    // SAFETY: the caller's promise. Read as numbers, since a newer librdkafka may tell more; null is nothing told.
    unsafe {
        let operations = rd::rd_kafka_TopicDescription_authorized_operations(topic, &mut count).cast::<u32>();
        (!operations.is_null()).then(|| (0..count).any(|at| *operations.add(at) == write))
    }
}

/// # Safety
/// `resource` belongs to a live result.
unsafe fn settings_of(resource: *const rd::rd_kafka_ConfigResource_t) -> (String, Settings) {
    // SAFETY: the caller's promise; everything is copied.
    unsafe {
        let name = owned_text(rd::rd_kafka_ConfigResource_name(resource));
        let mut count = 0;
        let entries = rd::rd_kafka_ConfigResource_configs(resource, &mut count);
        let settings = ErrorCode::check(rd::rd_kafka_ConfigResource_error(resource)).map(|()| {
            (0..count)
                .map(|at| *entries.add(at))
                .map(|entry| {
                    let name = owned_text(rd::rd_kafka_ConfigEntry_name(entry));
                    (name, owned_text(rd::rd_kafka_ConfigEntry_value(entry)))
                })
                .collect()
        });
        (name, settings)
    }
}
