//! Questions whose answers come as events of a queue of their own: how they are asked and waited for, and offsets of
//! many partitions at once, one request a broker.

use std::collections::BTreeMap;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as rd;

use super::client::Client;
use super::event::Event;
use super::{ErrorCode, c_text, milliseconds, owned_text};

/// Partitions of one question. librdkafka looks each answer up among all that were asked for: of ten thousand at once half
/// a second of its time (`rd_kafka_ListOffsets` in 2.12; measured by `cargo xtask bench lag`).
pub(crate) const LISTED_AT_ONCE: usize = 150;

/// Offsets by topic and partition.
pub(crate) type Told = BTreeMap<(String, i32), Option<i64>>;

/// Which offset of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffsetSpec {
    Earliest,
    /// The last stable offset: where committed transactions end.
    Latest,
    /// Where the next record will be written, open transactions included.
    End,
    /// Of the first record at or after this time, milliseconds.
    At(i64),
}

impl OffsetSpec {
    fn wire(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest | Self::End => -1,
            Self::At(milliseconds) => milliseconds.max(0),
        }
    }
}

impl Client {
    /// Offsets of the asked partitions; those that could not be told are absent. `None` in the answer: no record is
    /// that young. Blocks, for many of them longer than `wait`, which is for one answer.
    pub(crate) fn list_offsets(
        &self,
        partitions: &[(String, i32)],
        spec: OffsetSpec,
        wait: Duration,
    ) -> Result<Told, ErrorCode> {
        let mut offsets = Told::new();
        for some in partitions.chunks(LISTED_AT_ONCE) {
            offsets.extend(self.list_some_offsets(some, spec, wait)?);
        }
        Ok(offsets)
    }

    fn list_some_offsets(
        &self,
        partitions: &[(String, i32)],
        spec: OffsetSpec,
        wait: Duration,
    ) -> Result<Told, ErrorCode> {
        let mut question = PartitionList::new(partitions.len());
        partitions.iter().for_each(|(topic, partition)| question.add(topic, *partition, spec.wire()));
        let options = Options::new(self, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS, wait)?;
        if spec != OffsetSpec::End {
            options.read_committed();
        }
        let answer = self.ask(wait, |queue| {
            // SAFETY: handle, list, options and queue are live; the list is copied by the call.
            unsafe { rd::rd_kafka_ListOffsets(self.raw(), question.raw(), options.raw(), queue) }
        })?;
        // SAFETY: an event of this kind holds such a result; both live until `answer` is dropped.
        unsafe {
            let result = rd::rd_kafka_event_ListOffsets_result(answer.raw());
            let mut count = 0;
            let infos = rd::rd_kafka_ListOffsets_result_infos(result, &mut count);
            Ok((0..count)
                .filter_map(|at| offset_of(rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(at))))
                .collect())
        }
    }

    /// Asks through a queue of its own and waits for the one answer.
    pub(super) fn ask(
        &self,
        wait: Duration,
        request: impl FnOnce(*mut rd::rd_kafka_queue_t),
    ) -> Result<Event, ErrorCode> {
        let answers = Answers::new(self);
        request(answers.raw());
        let event = answers.next(wait)?;
        event.error().map_or(Ok(event), Err)
    }
}

/// Where answers arrive.
pub(super) struct Answers(NonNull<rd::rd_kafka_queue_t>);

impl Answers {
    pub(super) fn new(client: &Client) -> Self {
        // SAFETY: the handle is live; librdkafka aborts rather than return null here.
        Self(unsafe { NonNull::new_unchecked(rd::rd_kafka_queue_new(client.raw())) })
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// The next answer to a request that ends by itself after `wait`.
    pub(super) fn next(&self, wait: Duration) -> Result<Event, ErrorCode> {
        // The margin lets the answer arrive that says so.
        let patience = milliseconds(wait + Duration::from_millis(500));
        // SAFETY: the queue is live; the event is owned by the returned value.
        let event = unsafe { rd::rd_kafka_queue_poll(self.raw(), patience) };
        Event::own(event).ok_or(ErrorCode::TIMED_OUT)
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // SAFETY: owned; late answers are dropped by librdkafka.
        unsafe { rd::rd_kafka_queue_destroy(self.raw()) };
    }
}

/// Partitions with offsets.
pub(super) struct PartitionList(NonNull<rd::rd_kafka_topic_partition_list_t>);

impl PartitionList {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = i32::try_from(capacity).unwrap_or(i32::MAX);
        // SAFETY: librdkafka aborts rather than return null here.
        Self(unsafe { NonNull::new_unchecked(rd::rd_kafka_topic_partition_list_new(capacity)) })
    }

    pub(super) fn add(&mut self, topic: &str, partition: i32, offset: i64) {
        let topic = c_text(topic);
        // SAFETY: the list is owned, the name is copied, the returned element lives until the next addition.
        unsafe {
            (*rd::rd_kafka_topic_partition_list_add(self.0.as_ptr(), topic.as_ptr(), partition)).offset = offset;
        }
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.0.as_ptr()) };
    }
}

/// How a question is asked.
pub(super) struct Options(NonNull<rd::rd_kafka_AdminOptions_t>);

impl Options {
    pub(super) fn new(client: &Client, operation: rd::rd_kafka_admin_op_t, wait: Duration) -> Result<Self, ErrorCode> {
        // SAFETY: the handle is live.
        let raw = unsafe { rd::rd_kafka_AdminOptions_new(client.raw(), operation) };
        let options = Self(NonNull::new(raw).ok_or(ErrorCode::of(rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FAIL))?);
        // SAFETY: the options are live; no text of the reason is asked for.
        ErrorCode::check(unsafe {
            rd::rd_kafka_AdminOptions_set_request_timeout(raw, milliseconds(wait), ptr::null_mut(), 0)
        })?;
        Ok(options)
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_AdminOptions_t {
        self.0.as_ptr()
    }

    /// Asks this broker instead of the controller.
    pub(super) fn broker(&self, broker: i32) -> Result<(), ErrorCode> {
        // SAFETY: the options are live; no text of the reason is asked for.
        ErrorCode::check(unsafe { rd::rd_kafka_AdminOptions_set_broker(self.raw(), broker, ptr::null_mut(), 0) })
    }

    /// Told again with the answer.
    pub(super) fn number(&self, number: usize) {
        // SAFETY: the options are live; the pointer is only a number.
        unsafe { rd::rd_kafka_AdminOptions_set_opaque(self.raw(), ptr::without_provenance_mut(number)) };
    }

    /// Asks what this client may do.
    pub(super) fn rights(&self) {
        // SAFETY: the options are live and of an operation that has the setting; a fault would be owned by us.
        unsafe { ignore(rd::rd_kafka_AdminOptions_set_include_authorized_operations(self.raw(), 1)) };
    }

    fn read_committed(&self) {
        let level = rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: the options are live and of an operation that has the setting; a fault would be owned by us.
        unsafe { ignore(rd::rd_kafka_AdminOptions_set_isolation_level(self.raw(), level)) };
    }
}

/// # Safety
/// `fault` is null or owned by the caller, who gives it up.
unsafe fn ignore(fault: *mut rd::rd_kafka_error_t) {
    if !fault.is_null() {
        // SAFETY: the caller's promise.
        unsafe { rd::rd_kafka_error_destroy(fault) };
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
