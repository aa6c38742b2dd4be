//! Producing: messages handed over with their headers, and what became of them, in batches as the broker answered.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::bindings::rd_kafka_vtype_t as vtype;
use tapline_model::Header;

use super::client::{Client, ClientEvent};
use super::doubts::Doubts;
use super::queue::Topic;
use super::{ErrorCode, owned_text};

/// A message to be written. librdkafka copies it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Produced<'a> {
    /// `None` lets librdkafka choose.
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) payload: Option<&'a [u8]>,
    pub(crate) headers: &'a [Header<'a>],
    /// Milliseconds; `None` is now. 0 cannot be said: librdkafka takes it for now.
    pub(crate) timestamp: Option<i64>,
    /// Told again with the outcome.
    pub(crate) number: usize,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) number: usize,
    pub(crate) partition: i32,
    /// Negative where the broker did not tell.
    pub(crate) offset: i64,
    /// Milliseconds.
    pub(crate) timestamp: i64,
    pub(crate) error: Option<ErrorCode>,
    pub(crate) persisted: Persisted,
}

/// Whether a message stands on the broker, as far as librdkafka knows and is believed: see [`super::doubts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persisted {
    No,
    Perhaps,
    Yes,
}

/// What a producer reports.
#[derive(Debug)]
pub(crate) enum ProducerEvent {
    /// Messages were handed on.
    Outcomes,
    /// What any client reports.
    Other(ClientEvent),
}

impl Topic {
    /// Hands a message over; does not wait.
    pub(crate) fn produce(&self, message: &Produced<'_>) -> Result<(), ErrorCode> {
        let headers = Headers::of(message.headers);
        let (key, key_len) = parts(message.key);
        let (payload, payload_len) = parts(message.payload);
        // SAFETY: the handles are live; every tag is followed by values of the types that it announces; key, payload and
        // headers are copied or, on success, taken over.
        let err = unsafe {
            rd::rd_kafka_producev(
                self.client().raw(),
                vtype::RD_KAFKA_VTYPE_RKT as c_int,
                self.raw(),
                vtype::RD_KAFKA_VTYPE_PARTITION as c_int,
                message.partition.unwrap_or(ANY_PARTITION),
                vtype::RD_KAFKA_VTYPE_MSGFLAGS as c_int,
                rd::RD_KAFKA_MSG_F_COPY,
                vtype::RD_KAFKA_VTYPE_KEY as c_int,
                key,
                key_len,
                vtype::RD_KAFKA_VTYPE_VALUE as c_int,
                payload,
                payload_len,
                vtype::RD_KAFKA_VTYPE_TIMESTAMP as c_int,
                message.timestamp.unwrap_or(0),
                vtype::RD_KAFKA_VTYPE_OPAQUE as c_int,
                ptr::without_provenance_mut::<c_void>(message.number),
                vtype::RD_KAFKA_VTYPE_HEADERS as c_int,
                headers.raw(),
                vtype::RD_KAFKA_VTYPE_END as c_int,
            )
        };
        ErrorCode::check(err)?;
        // The message owns them now.
        std::mem::forget(headers);
        Ok(())
    }
}

/// `RD_KAFKA_PARTITION_UA`.
const ANY_PARTITION: i32 = -1;

/// Null stays null; an empty slice has an address.
fn parts(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()))
}

/// Headers on their way into a message. Null is none.
struct Headers(Option<NonNull<rd::rd_kafka_headers_t>>);

impl Headers {
    fn of(headers: &[Header<'_>]) -> Self {
        if headers.is_empty() {
            return Self(None);
        }
        // SAFETY: takes a number; librdkafka aborts rather than return null here.
        let list = NonNull::new(unsafe { rd::rd_kafka_headers_new(headers.len()) });
        let list = Self(list);
        for Header { name, value } in headers {
            let (value, len) = parts(*value);
            // SAFETY: the list is owned; name and value are copied with the lengths told; no text is longer than `isize`.
            // It always succeeds.
            unsafe {
                rd::rd_kafka_header_add(list.raw(), name.as_ptr().cast(), name.len() as isize, value, len as isize);
            }
        }
        list
    }

    fn raw(&self) -> *mut rd::rd_kafka_headers_t {
        self.0.map_or(ptr::null_mut(), NonNull::as_ptr)
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        if let Some(list) = self.0 {
            // SAFETY: owned, since the message was not taken.
            unsafe { rd::rd_kafka_headers_destroy(list.as_ptr()) };
        }
    }
}

impl Client {
    /// The next event of a producer, waiting at most `wait`. Messages whose outcome is known go to `take`.
    pub(crate) fn next_outcomes(&self, wait: Duration, mut take: impl FnMut(Acknowledged)) -> Option<ProducerEvent> {
        let event = self.poll(wait)?;
        if event.kind() != rd::RD_KAFKA_EVENT_DR {
            return Some(ProducerEvent::Other(ClientEvent::of(&event)));
        }
        loop {
            // SAFETY: the event is live and of the kind that holds messages, which live as long.
            let message = unsafe { rd::rd_kafka_event_message_next(event.raw()) };
            if message.is_null() {
                return Some(ProducerEvent::Outcomes);
            }
            // SAFETY: as above.
            take(unsafe { outcome_of(message, self.doubts()) });
        }
    }

    /// Takes back what has not left yet: it is reported. Waits for the threads that send if `wait`.
    pub(crate) fn purge(&self, wait: bool) {
        let flags = rd::RD_KAFKA_PURGE_F_QUEUE | if wait { 0 } else { rd::RD_KAFKA_PURGE_F_NON_BLOCKING };
        // SAFETY: the handle is live. It fails only for a consumer, which has nothing to take back.
        unsafe { rd::rd_kafka_purge(self.raw(), flags) };
    }

    /// Gives up what has left without an answer: it is reported. Does not wait.
    pub(crate) fn abandon(&self) {
        let flags = rd::RD_KAFKA_PURGE_F_QUEUE | rd::RD_KAFKA_PURGE_F_INFLIGHT | rd::RD_KAFKA_PURGE_F_NON_BLOCKING;
        // SAFETY: as above.
        unsafe { rd::rd_kafka_purge(self.raw(), flags) };
    }

    /// What ended the handle's ability to write.
    pub(crate) fn fatal(&self) -> Option<(ErrorCode, String)> {
        let mut text = [0 as c_char; 512];
        // SAFETY: the handle is live; the buffer's length is passed and what is written is terminated.
        unsafe {
            let code = ErrorCode::of(rd::rd_kafka_fatal_error(self.raw(), text.as_mut_ptr(), text.len()));
            (code.0 != 0).then(|| (code, owned_text(text.as_ptr())))
        }
    }
}

/// librdkafka's words about a single record (`rd_kafka_message_produce_errstr`) are not read: in 2.12 they are freed
/// before the report reaches the queue.
///
/// # Safety
/// `message` is live and of a delivery report.
unsafe fn outcome_of(message: *const rd::rd_kafka_message_t, doubts: &Doubts) -> Acknowledged {
    // SAFETY: the caller's promise. The error is read as a number, since the broker's code may be none of the
    // enumeration's.
    unsafe {
        let error = (&raw const (*message).err).cast::<i32>().read();
        Acknowledged {
            number: (*message)._private.addr(),
            partition: (*message).partition,
            offset: (*message).offset,
            timestamp: rd::rd_kafka_message_timestamp(message, ptr::null_mut()),
            error: (error != 0).then_some(ErrorCode(error)),
            persisted: persisted(message, error, doubts),
        }
    }
}

/// # Safety
/// As [`outcome_of`].
unsafe fn persisted(message: *const rd::rd_kafka_message_t, error: i32, doubts: &Doubts) -> Persisted {
    // SAFETY: the caller's promise; the message holds its topic.
    unsafe {
        match rd::rd_kafka_message_status(message) {
            rd::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_PERSISTED => Persisted::Yes,
            rd::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED => Persisted::Perhaps,
            // The broker's own answer is positive.
            rd::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
                if error < 0
                    && doubts.about(&owned_text(rd::rd_kafka_topic_name((*message).rkt)), (*message).partition) =>
            {
                Persisted::Perhaps
            }
            rd::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => Persisted::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tapline_adapter::Partitioner;

    use super::*;

    type Function =
        unsafe extern "C" fn(*const rd::rd_kafka_topic_t, *const c_void, usize, i32, *mut c_void, *mut c_void) -> i32;

    fn theirs(function: Function, key: &[u8], partitions: i32) -> i32 {
        // SAFETY: both functions read the key and nothing else.
        unsafe { function(ptr::null(), key.as_ptr().cast(), key.len(), partitions, ptr::null_mut(), ptr::null_mut()) }
    }

    proptest! {
        #[test]
        fn our_partitioners_are_librdkafkas(key in prop::collection::vec(any::<u8>(), 1..40), partitions in 1..5_000) {
            let ours = |partitioner: Partitioner| partitioner.partition(Some(&key), partitions).unwrap();
            let java = theirs(rd::rd_kafka_msg_partitioner_murmur2, &key, partitions);
            let own = theirs(rd::rd_kafka_msg_partitioner_consistent, &key, partitions);
            prop_assert_eq!(ours(Partitioner::JavaMurmur2), java);
            prop_assert_eq!(ours(Partitioner::LibrdkafkaConsistentRandom), own);
        }
    }

    #[test]
    fn codes_have_words() {
        assert_eq!(ErrorCode(10).words(), "Broker: Message size too large");
        assert_eq!(ErrorCode(9_999).words(), "error 9999");
    }
}
