//! The simple consumer: topics read into one queue, and the messages taken from it in batches.

use std::borrow::Cow;
use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use smallvec::SmallVec;
use tapline_model::{Header, TimestampKind};

use super::client::Client;
use super::{ErrorCode, bytes, c_text, milliseconds, owned_text};

/// Identity of a topic handle, stable while a [`Topic`] of that name is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TopicKey(usize);

/// A topic of one client.
pub(crate) struct Topic {
    raw: NonNull<rd::rd_kafka_topic_t>,
    // Declared last so that the handle outlives what was made from it.
    client: Arc<Client>,
}

// SAFETY: librdkafka's topic handles are thread-safe.
unsafe impl Send for Topic {}

impl Topic {
    pub(crate) fn new(client: &Arc<Client>, name: &str) -> Option<Self> {
        let name = c_text(name);
        // SAFETY: the client is live, the name is copied, no properties are handed over.
        let raw = unsafe { rd::rd_kafka_topic_new(client.raw(), name.as_ptr(), ptr::null_mut()) };
        Some(Self { raw: NonNull::new(raw)?, client: Arc::clone(client) })
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_topic_t {
        self.raw.as_ptr()
    }

    /// As messages tell it.
    pub(crate) fn key(&self) -> TopicKey {
        TopicKey(self.raw.as_ptr().addr())
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Begins to fetch `partition` at `offset` into `queue`. Does not wait for a broker.
    pub(crate) fn start(&self, partition: i32, offset: i64, queue: &Queue) -> Result<(), ErrorCode> {
        debug_assert!(Arc::ptr_eq(&self.client, &queue.client), "a queue of another client");
        // SAFETY: both handles are live and belong to one client.
        match unsafe { rd::rd_kafka_consume_start_queue(self.raw.as_ptr(), partition, offset, queue.raw.as_ptr()) } {
            0 => Ok(()),
            // SAFETY: reads a thread-local.
            _ => Err(ErrorCode::of(unsafe { rd::rd_kafka_last_error() })),
        }
    }

    /// Ends fetching; what is queued of this partition will not be delivered.
    pub(crate) fn stop(&self, partition: i32) {
        // SAFETY: the handle is live. A partition that was not started is answered by an error, which means the same.
        unsafe { rd::rd_kafka_consume_stop(self.raw.as_ptr(), partition) };
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_topic_destroy(self.raw.as_ptr()) };
    }
}

/// Where a client's messages arrive.
pub(crate) struct Queue {
    raw: NonNull<rd::rd_kafka_queue_t>,
    batch: Vec<Message<'static>>,
    // Declared last so that the handle outlives the queue.
    client: Arc<Client>,
}

// SAFETY: the queue is thread-safe and the batch is empty between calls.
unsafe impl Send for Queue {}

impl Queue {
    pub(crate) fn new(client: &Arc<Client>) -> Option<Self> {
        // SAFETY: the client is live.
        let raw = NonNull::new(unsafe { rd::rd_kafka_queue_new(client.raw()) })?;
        Some(Self { raw, batch: Vec::new(), client: Arc::clone(client) })
    }

    /// At most `max` messages, waiting at most `wait` for the first.
    pub(crate) fn receive(&mut self, wait: Duration, max: usize) -> impl Iterator<Item = Message<'_>> {
        self.batch.clear();
        self.fill(max, Duration::ZERO);
        // A batch call waits until it is full or the time is over, so only one message is waited for.
        if self.batch.is_empty() && max > 0 && !wait.is_zero() {
            self.fill(1, wait);
            self.fill(max - self.batch.len(), Duration::ZERO);
        }
        self.batch.drain(..)
    }

    /// Adds at most `max` messages to the batch.
    fn fill(&mut self, max: usize, wait: Duration) {
        if max == 0 {
            return;
        }
        self.batch.reserve(max);
        let free = self.batch.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: the queue is live, the buffer has room for `max` pointers, and a message is one.
        let count = unsafe { rd::rd_kafka_consume_batch_queue(self.raw.as_ptr(), milliseconds(wait), free, max) };
        let filled = self.batch.len() + usize::try_from(count).unwrap_or(0);
        // SAFETY: so many pointers were written behind the others, none of them null.
        unsafe { self.batch.set_len(filled) };
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: owned; no message is left.
        unsafe { rd::rd_kafka_queue_destroy(self.raw.as_ptr()) };
    }
}

/// Headers of a message, in order. Most messages have few: no heap for up to 24.
type Headers<'a> = SmallVec<[Header<'a>; 24]>;

/// A record, or what a partition reports. Given back to librdkafka when dropped, soon after it was used: the memory of
/// its headers then serves the next one's while it is still in the cache.
#[repr(transparent)]
pub(crate) struct Message<'q> {
    raw: NonNull<rd::rd_kafka_message_t>,
    /// It does not outlive the client.
    queue: PhantomData<&'q ()>,
}

// SAFETY: librdkafka lets any thread read and destroy a message, one at a time. What it parses lazily (headers) it keeps
// in the message, which therefore is not `Sync`.
unsafe impl Send for Message<'_> {}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_message_destroy(self.raw.as_ptr()) };
    }
}

impl Message<'_> {
    /// Begins to load what librdkafka keeps of a message that is read soon. It was written by another core.
    pub(crate) fn load_ahead(&self) {
        // The operation that holds it begins before it, and is freed with it.
        (-3..3).for_each(|line| prefetch(self.raw.as_ptr().cast::<u8>().wrapping_offset(line * LINE)));
    }

    /// Begins to load the content of a message whose [`Self::load_ahead`] was called long enough ago.
    pub(crate) fn load_content_ahead(&self) {
        // SAFETY: the message is live; the pointer and the length are only read.
        let (payload, len) = unsafe { ((*self.raw()).payload.cast::<u8>(), (*self.raw()).len) };
        // Of the payload the processor loads the rest by itself; headers stand behind it.
        (0..3).for_each(|line| prefetch(payload.wrapping_offset(line * LINE)));
        (0..4).for_each(|line| prefetch(payload.wrapping_add(len).wrapping_offset(line * LINE)));
    }

    fn raw(&self) -> *const rd::rd_kafka_message_t {
        self.raw.as_ptr()
    }

    pub(crate) fn topic(&self) -> TopicKey {
        // SAFETY: the message is live; only the field is read.
        TopicKey(unsafe { (*self.raw()).rkt } as usize)
    }

    pub(crate) fn topic_name(&self) -> &str {
        // SAFETY: the message holds its topic; the name lives as long as the topic and is ASCII by Kafka's rules.
        unsafe {
            let topic = (*self.raw()).rkt;
            if topic.is_null() { "" } else { CStr::from_ptr(rd::rd_kafka_topic_name(topic)).to_str().unwrap_or("") }
        }
    }

    pub(crate) fn partition(&self) -> i32 {
        // SAFETY: as in `topic`.
        unsafe { (*self.raw()).partition }
    }

    /// Of the record; of a report, the offset it is about.
    pub(crate) fn offset(&self) -> i64 {
        // SAFETY: as in `topic`.
        unsafe { (*self.raw()).offset }
    }

    /// Set if this is a report.
    pub(crate) fn error(&self) -> Option<ErrorCode> {
        // SAFETY: read as a number, since the broker's code may be none of the enumeration's.
        match unsafe { (&raw const (*self.raw()).err).cast::<i32>().read() } {
            0 => None,
            code => Some(ErrorCode(code)),
        }
    }

    /// A report's sentence.
    pub(crate) fn error_text(&self) -> String {
        // SAFETY: the message is live; the text is copied.
        unsafe { owned_text(rd::rd_kafka_message_errstr(self.raw())) }
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        // SAFETY: pointer and length belong together and live as long as the message.
        unsafe { bytes((*self.raw()).key.cast(), (*self.raw()).key_len) }
    }

    pub(crate) fn payload(&self) -> Option<&[u8]> {
        // SAFETY: as in `key`.
        unsafe { bytes((*self.raw()).payload.cast(), (*self.raw()).len) }
    }

    /// Milliseconds as they were told, which may be any number, and who set them. -1 is Kafka's word for none.
    pub(crate) fn timestamp(&self) -> (Option<i64>, Option<TimestampKind>) {
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is live.
        let at = unsafe { rd::rd_kafka_message_timestamp(self.raw(), &mut kind) };
        let kind = match kind {
            rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => Some(TimestampKind::Created),
            rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => Some(TimestampKind::Appended),
            rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => None,
        };
        (kind.is_some().then_some(at).filter(|at| *at != -1), kind)
    }

    pub(crate) fn leader_epoch(&self) -> Option<i32> {
        // SAFETY: the message is live.
        let epoch = unsafe { rd::rd_kafka_message_leader_epoch(self.raw()) };
        (epoch >= 0).then_some(epoch)
    }

    /// Hands the headers to `take`, with the number of names that were not UTF-8 and are shown with U+FFFD instead.
    pub(crate) fn with_headers<R>(&self, take: impl FnOnce(&[Header<'_>], usize) -> R) -> R {
        let mut names: Vec<(Cow<'_, str>, Option<&[u8]>)> = Vec::new();
        let mut headers = Headers::new();
        for (name, value) in self.raw_headers() {
            match (text(name), names.is_empty()) {
                (Some(name), true) => headers.push(Header { name, value }),
                (_, first) => {
                    // Rare: from the first bad name on, names are kept here, since a repaired one needs an owner.
                    if first {
                        names.extend(headers.drain(..).map(|header| (Cow::Borrowed(header.name), header.value)));
                    }
                    names.push((name.to_string_lossy(), value));
                }
            }
        }
        if names.is_empty() {
            return take(&headers, 0);
        }
        let repaired = names.iter().filter(|(name, _)| matches!(name, Cow::Owned(_))).count();
        let headers: Headers<'_> = names.iter().map(|(name, value)| Header { name, value: *value }).collect();
        take(&headers, repaired)
    }

    /// Hands each header's raw name and value to `take`.
    #[cfg(feature = "baseline")]
    pub(crate) fn each_header(&self, mut take: impl FnMut(&[u8], Option<&[u8]>)) {
        self.raw_headers().for_each(|(name, value)| take(name.to_bytes(), value));
    }

    fn raw_headers(&self) -> impl Iterator<Item = (&CStr, Option<&[u8]>)> {
        let mut list = ptr::null_mut();
        // SAFETY: the message is live and keeps the list it parses.
        let parsed = ErrorCode::check(unsafe { rd::rd_kafka_message_headers(self.raw(), &mut list) }).is_ok();
        // SAFETY: `list` is set when the call succeeded.
        let count = if parsed { unsafe { rd::rd_kafka_header_cnt(list) } } else { 0 };
        (0..count).filter_map(move |at| {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null::<c_void>(), 0);
            // SAFETY: the list lives as long as the message, so do the name and the value it tells.
            unsafe {
                let err = rd::rd_kafka_header_get_all(list, at, &mut name, &mut value, &mut size);
                ErrorCode::check(err).ok()?;
                Some((CStr::from_ptr(name), bytes(value.cast(), size)))
            }
        })
    }
}

/// A name that is UTF-8. Nearly all are ASCII, which is found out several bytes at a time.
fn text(name: &CStr) -> Option<&str> {
    let bytes = name.to_bytes();
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).ok()
}

/// Bytes of a line of the cache.
const LINE: isize = 64;

/// Hints that an address is read soon. It may be any.
fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint reads nothing and never faults.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
