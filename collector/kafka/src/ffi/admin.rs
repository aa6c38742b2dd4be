//! Questions about many partitions at once, one request a broker: offsets by kind or time, topic identities.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as rd;

use super::client::Client;
use super::{ErrorCode, c_text, milliseconds, owned_text};

/// Which offset of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffsetSpec {
    Earliest,
    /// The last stable offset: where committed transactions end.
    Latest,
    /// Of the first record at or after this time, milliseconds.
    At(i64),
}

impl OffsetSpec {
    fn wire(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
            Self::At(milliseconds) => milliseconds.max(0),
        }
    }
}

impl Client {
    /// Offsets of the asked partitions; those that could not be told are absent. `None` in the answer: no record is
    /// that young. Blocks.
    pub(crate) fn list_offsets(
        &self,
        partitions: &[(String, i32)],
        spec: OffsetSpec,
        wait: Duration,
    ) -> Result<BTreeMap<(String, i32), Option<i64>>, ErrorCode> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut question = PartitionList::new(partitions.len());
        partitions.iter().for_each(|(topic, partition)| question.add(topic, *partition, spec.wire()));
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS, wait)?;
        options.read_committed();
        let answer = self.ask(wait, |queue| {
            // SAFETY: handle, list, options and queue are live; the list is copied by the call.
            unsafe { rd::rd_kafka_ListOffsets(self.raw(), question.0.as_ptr(), options.0.as_ptr(), queue) }
        })?;
        // SAFETY: an event of this kind holds such a result; both live until `answer` is dropped.
        unsafe {
            let result = rd::rd_kafka_event_ListOffsets_result(answer.0.as_ptr());
            let mut count = 0;
            let infos = rd::rd_kafka_ListOffsets_result_infos(result, &mut count);
            Ok((0..count)
                .filter_map(|at| offset_of(rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(at))))
                .collect())
        }
    }

    /// Identities of topics, absent where the broker tells none. Asks `broker`: any knows them, and the controller,
    /// which librdkafka would ask, is not always there. Blocks.
    pub(crate) fn topic_ids(
        &self,
        topics: &[&str],
        broker: i32,
        wait: Duration,
    ) -> Result<BTreeMap<String, String>, ErrorCode> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let texts: Vec<CString> = topics.iter().map(|topic| c_text(topic)).collect();
        let mut names: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, wait)?;
        options.broker(broker)?;
        // SAFETY: the names outlive the call, which copies them; the collection is destroyed below.
        let collection = unsafe { rd::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()) };
        let answer = self.ask(wait, |queue| {
            // SAFETY: all handles are live; the collection is copied by the call.
            unsafe { rd::rd_kafka_DescribeTopics(self.raw(), collection, options.0.as_ptr(), queue) }
        });
        // SAFETY: destroyed once.
        unsafe { rd::rd_kafka_TopicCollection_destroy(collection) };
        let answer = answer?;
        // SAFETY: an event of this kind holds such a result; both live until `answer` is dropped.
        unsafe {
            let result = rd::rd_kafka_event_DescribeTopics_result(answer.0.as_ptr());
            let mut count = 0;
            let topics = rd::rd_kafka_DescribeTopics_result_topics(result, &mut count);
            Ok((0..count).filter_map(|at| identity_of(*topics.add(at))).collect())
        }
    }

    /// Asks through a queue of its own and waits for the one answer.
    fn ask(&self, wait: Duration, request: impl FnOnce(*mut rd::rd_kafka_queue_t)) -> Result<Event, ErrorCode> {
        // SAFETY: the handle is live; the queue is destroyed below, late answers are dropped by librdkafka.
        let queue = unsafe { rd::rd_kafka_queue_new(self.raw()) };
        request(queue);
        // The request ends by its own timeout; the margin lets that answer arrive.
        let patience = milliseconds(wait + Duration::from_millis(500));
        // SAFETY: the queue is live; the event is owned by the returned value.
        let event = NonNull::new(unsafe { rd::rd_kafka_queue_poll(queue, patience) }).map(Event);
        // SAFETY: destroyed once.
        unsafe { rd::rd_kafka_queue_destroy(queue) };
        let event = event.ok_or(ErrorCode::of(rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TIMED_OUT))?;
        // SAFETY: the event is live.
        ErrorCode::check(unsafe { rd::rd_kafka_event_error(event.0.as_ptr()) })?;
        Ok(event)
    }
}

struct Event(NonNull<rd::rd_kafka_event_t>);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}

struct PartitionList(NonNull<rd::rd_kafka_topic_partition_list_t>);

impl PartitionList {
    fn new(capacity: usize) -> Self {
        let capacity = i32::try_from(capacity).unwrap_or(i32::MAX);
        // SAFETY: librdkafka aborts rather than return null here.
        Self(unsafe { NonNull::new_unchecked(rd::rd_kafka_topic_partition_list_new(capacity)) })
    }

    fn add(&mut self, topic: &str, partition: i32, offset: i64) {
        let topic = c_text(topic);
        // SAFETY: the list is owned, the name is copied, the returned element lives until the next addition.
        unsafe {
            (*rd::rd_kafka_topic_partition_list_add(self.0.as_ptr(), topic.as_ptr(), partition)).offset = offset;
        }
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.0.as_ptr()) };
    }
}

struct Options(NonNull<rd::rd_kafka_AdminOptions_t>);

impl Options {
    fn new(client: &Client, operation: rd::rd_kafka_admin_op_t, wait: Duration) -> Result<Self, ErrorCode> {
        // SAFETY: the handle is live.
        let raw = unsafe { rd::rd_kafka_AdminOptions_new(client.raw(), operation) };
        let options = Self(NonNull::new(raw).ok_or(ErrorCode::of(rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FAIL))?);
        // SAFETY: the options are live; no text of the reason is asked for.
        ErrorCode::check(unsafe {
            rd::rd_kafka_AdminOptions_set_request_timeout(raw, milliseconds(wait), ptr::null_mut(), 0)
        })?;
        Ok(options)
    }

    fn broker(&self, broker: i32) -> Result<(), ErrorCode> {
        // SAFETY: the options are live; no text of the reason is asked for.
        ErrorCode::check(unsafe { rd::rd_kafka_AdminOptions_set_broker(self.0.as_ptr(), broker, ptr::null_mut(), 0) })
    }

    fn read_committed(&self) {
        let level = rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: the options are live and of an operation that has the setting; a fault would be owned by us.
        unsafe {
            let fault = rd::rd_kafka_AdminOptions_set_isolation_level(self.0.as_ptr(), level);
            if !fault.is_null() {
                rd::rd_kafka_error_destroy(fault);
            }
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) };
    }
}

/// # Safety
/// `partition` belongs to a live result.
unsafe fn offset_of(partition: *const rd::rd_kafka_topic_partition_t) -> Option<((String, i32), Option<i64>)> {
    // SAFETY: the caller's promise.
    let partition = unsafe { &*partition };
    ErrorCode::check(partition.err).ok()?;
    // SAFETY: the caller's promise.
    let topic = unsafe { owned_text(partition.topic) };
    Some(((topic, partition.partition), (partition.offset >= 0).then_some(partition.offset)))
}

/// # Safety
/// `topic` belongs to a live result.
unsafe fn identity_of(topic: *const rd::rd_kafka_TopicDescription_t) -> Option<(String, String)> {
    // SAFETY: the caller's promise; the texts are copied.
    unsafe {
        let fault = rd::rd_kafka_TopicDescription_error(topic);
        if !fault.is_null() {
            ErrorCode::check(rd::rd_kafka_error_code(fault)).ok()?;
        }
        let id = NonNull::new(rd::rd_kafka_TopicDescription_topic_id(topic).cast_mut())?.as_ptr();
        let zero =
            rd::rd_kafka_Uuid_most_significant_bits(id) == 0 && rd::rd_kafka_Uuid_least_significant_bits(id) == 0;
        let name = owned_text(rd::rd_kafka_TopicDescription_name(topic));
        (!zero).then(|| (name, owned_text(rd::rd_kafka_Uuid_base64str(id))))
    }
}
