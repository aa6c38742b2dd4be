//! A handle with its threads and connections, what it reports, and what a cluster holds.

use std::ffi::c_int;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::doubts::Doubts;
use super::event::Event;
use super::lives::Lives;
use super::log::Told;
use super::queue::Topic;
use super::{ErrorCode, c_text, milliseconds, owned_text};

/// A handle. Shared between threads; the last owner closes it.
pub(crate) struct Client {
    raw: NonNull<rd::rd_kafka_t>,
    main: NonNull<rd::rd_kafka_queue_t>,
    /// Written by the handle's threads, so dropped after it was closed.
    told: Arc<Told>,
}

// SAFETY: librdkafka documents its handles and queues as thread-safe.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

/// What a handle reports by itself.
#[derive(Debug)]
pub(crate) enum ClientEvent {
    Error { code: ErrorCode, text: String },
    Other,
}

impl ClientEvent {
    pub(super) fn of(event: &Event) -> Self {
        match (event.kind(), event.error()) {
            (rd::RD_KAFKA_EVENT_ERROR, Some(code)) => Self::Error { code, text: event.error_text() },
            _ => Self::Other,
        }
    }
}

/// What a broker says about the cluster.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The broker that answered; -1 on a connection of which it is not known yet whose it is.
    pub(crate) broker: i32,
    /// All brokers.
    pub(crate) brokers: Vec<i32>,
    /// Those asked for; of all, those that may be described.
    pub(crate) topics: Vec<TopicMetadata>,
}

/// One topic as a broker describes it.
#[derive(Debug)]
pub(crate) struct TopicMetadata {
    pub(crate) name: String,
    pub(crate) error: Option<ErrorCode>,
    /// Partitions and whether each has a leader.
    pub(crate) partitions: Vec<(i32, bool)>,
}

impl Client {
    /// # Safety
    /// `raw` is a live handle that nobody else will destroy.
    pub(super) unsafe fn own(raw: NonNull<rd::rd_kafka_t>, told: Arc<Told>) -> Self {
        // SAFETY: the handle is live; its main queue always exists.
        let main = unsafe { NonNull::new_unchecked(rd::rd_kafka_queue_get_main(raw.as_ptr())) };
        Self { raw, main, told }
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_t {
        self.raw.as_ptr()
    }

    /// Which lives of topics the handle has turned to.
    pub(crate) fn lives(&self) -> &Lives {
        &self.told.lives
    }

    /// Where the handle's word that something was not written cannot be relied on.
    pub(crate) fn doubts(&self) -> &Doubts {
        &self.told.doubts
    }

    /// The next report, waiting at most `wait`.
    pub(crate) fn next_event(&self, wait: Duration) -> Option<ClientEvent> {
        self.poll(wait).map(|event| ClientEvent::of(&event))
    }

    pub(super) fn poll(&self, wait: Duration) -> Option<Event> {
        // SAFETY: the queue lives as long as the handle; the event is owned by the returned value.
        Event::own(unsafe { rd::rd_kafka_queue_poll(self.main.as_ptr(), milliseconds(wait)) })
    }

    /// Asks about all topics. Blocks.
    pub(crate) fn metadata(&self, wait: Duration) -> Result<Metadata, ErrorCode> {
        // SAFETY: null stands for no topic in particular.
        unsafe { self.ask_metadata(1, ptr::null_mut(), wait) }
    }

    /// Asks about one topic. Blocks.
    pub(crate) fn metadata_of(&self, topic: &Topic, wait: Duration) -> Result<Metadata, ErrorCode> {
        // SAFETY: the topic is live.
        unsafe { self.ask_metadata(0, topic.raw(), wait) }
    }

    /// # Safety
    /// `topic` is null or a live topic of this handle.
    unsafe fn ask_metadata(
        &self,
        all: c_int,
        topic: *mut rd::rd_kafka_topic_t,
        wait: Duration,
    ) -> Result<Metadata, ErrorCode> {
        let mut metadata = ptr::null();
        // SAFETY: the handle is live; the answer is read only on success and destroyed below.
        let err = unsafe { rd::rd_kafka_metadata(self.raw(), all, topic, &mut metadata, milliseconds(wait)) };
        ErrorCode::check(err)?;
        // SAFETY: on success the pointer holds an answer whose arrays have the counts it says.
        let answer = unsafe {
            let topics = slice((*metadata).topics, (*metadata).topic_cnt).iter().map(topic_of).collect();
            let brokers = slice((*metadata).brokers, (*metadata).broker_cnt).iter().map(|broker| broker.id).collect();
            Metadata { broker: (*metadata).orig_broker_id, brokers, topics }
        };
        // SAFETY: destroyed once, after everything was copied.
        unsafe { rd::rd_kafka_metadata_destroy(metadata) };
        Ok(answer)
    }

    /// Identity of the cluster; cached by librdkafka after the first answer.
    pub(crate) fn cluster_id(&self, wait: Duration) -> Option<String> {
        // SAFETY: the handle is live; the text is copied and freed by the function made for it.
        unsafe {
            let id = NonNull::new(rd::rd_kafka_clusterid(self.raw(), milliseconds(wait)))?;
            let text = owned_text(id.as_ptr());
            rd::rd_kafka_mem_free(self.raw(), id.as_ptr().cast());
            Some(text)
        }
    }

    /// Oldest and end offset as the last fetch answer said; asks nobody.
    pub(crate) fn cached_watermarks(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        let topic = c_text(topic);
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the handle is live, the text and both numbers outlive the call.
        let err =
            unsafe { rd::rd_kafka_get_watermark_offsets(self.raw(), topic.as_ptr(), partition, &mut low, &mut high) };
        (ErrorCode::check(err).is_ok() && low >= 0 && high >= 0).then_some((low, high))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: queues and topics hold an `Arc` of this handle, so nothing made from it is left.
        unsafe {
            rd::rd_kafka_queue_destroy(self.main.as_ptr());
            rd::rd_kafka_destroy(self.raw());
        }
    }
}

fn topic_of(topic: &rd::rd_kafka_metadata_topic) -> TopicMetadata {
    TopicMetadata {
        // SAFETY: the answer that holds the topic is live.
        name: unsafe { owned_text(topic.topic) },
        error: ErrorCode::check(topic.err).err(),
        // SAFETY: as above; the count belongs to the array.
        partitions: unsafe { slice(topic.partitions, topic.partition_cnt) }
            .iter()
            .map(|partition| (partition.id, partition.leader >= 0))
            .collect(),
    }
}

/// # Safety
/// `data` points to `count` elements that outlive the slice, or `count` is 0.
unsafe fn slice<'a, T>(data: *const T, count: c_int) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: the caller's promise.
        Ok(count) if count > 0 && !data.is_null() => unsafe { std::slice::from_raw_parts(data, count) },
        _ => &[],
    }
}
