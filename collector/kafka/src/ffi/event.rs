//! What librdkafka puts into a queue.

use std::ptr::NonNull;

use rdkafka::bindings as rd;

use super::{ErrorCode, owned_text};

/// An event, given back when dropped.
pub(super) struct Event(NonNull<rd::rd_kafka_event_t>);

impl Event {
    /// Null is none.
    pub(super) fn own(raw: *mut rd::rd_kafka_event_t) -> Option<Self> {
        NonNull::new(raw).map(Self)
    }

    pub(super) fn raw(&self) -> *mut rd::rd_kafka_event_t {
        self.0.as_ptr()
    }

    pub(super) fn kind(&self) -> i32 {
        // SAFETY: the event is live.
        unsafe { rd::rd_kafka_event_type(self.raw()) }
    }

    pub(super) fn error(&self) -> Option<ErrorCode> {
        // SAFETY: the event is live.
        ErrorCode::check(unsafe { rd::rd_kafka_event_error(self.raw()) }).err()
    }

    pub(super) fn error_text(&self) -> String {
        // SAFETY: the event is live; the text is copied.
        unsafe { owned_text(rd::rd_kafka_event_error_string(self.raw())) }
    }

    /// What was set with the question.
    pub(super) fn number(&self) -> usize {
        // SAFETY: the event is live; the pointer is only a number.
        unsafe { rd::rd_kafka_event_opaque(self.raw()) }.addr()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { rd::rd_kafka_event_destroy(self.raw()) };
    }
}
