//! Client properties.

use std::ffi::c_char;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::bindings as rd;

use super::client::Client;
use super::log::{Told, log};
use super::{c_text, owned_text};

/// What a handle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Consumer,
    Producer,
}

/// Why a property was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetError {
    Unknown,
    /// librdkafka's words; they repeat the value.
    Invalid(String),
}

/// Properties of a handle to be made.
pub(crate) struct Conf(NonNull<rd::rd_kafka_conf_t>);

impl Conf {
    pub(crate) fn new() -> Option<Self> {
        // SAFETY: takes nothing; null only when memory is out.
        NonNull::new(unsafe { rd::rd_kafka_conf_new() }).map(Self)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), SetError> {
        let (name, value) = (c_text(name), c_text(value));
        let mut reason = [0 as c_char; 512];
        // SAFETY: the handle is owned, both texts live through the call, the buffer's length is passed.
        let outcome = unsafe {
            rd::rd_kafka_conf_set(self.0.as_ptr(), name.as_ptr(), value.as_ptr(), reason.as_mut_ptr(), reason.len())
        };
        match outcome {
            rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(SetError::Unknown),
            // SAFETY: librdkafka terminates what it wrote; untouched, the buffer is all NUL.
            rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => {
                Err(SetError::Invalid(unsafe { owned_text(reason.as_ptr()) }))
            }
        }
    }

    /// Makes the handle and starts its threads. The error is librdkafka's sentence.
    pub(crate) fn into_client(self, kind: Kind) -> Result<Arc<Client>, String> {
        let (kind, events) = match kind {
            Kind::Consumer => (rd::rd_kafka_type_t::RD_KAFKA_CONSUMER, rd::RD_KAFKA_EVENT_ERROR),
            Kind::Producer => {
                (rd::rd_kafka_type_t::RD_KAFKA_PRODUCER, rd::RD_KAFKA_EVENT_ERROR | rd::RD_KAFKA_EVENT_DR)
            }
        };
        let mut reason = [0 as c_char; 512];
        let told = Arc::new(Told::default());
        // Errors and delivery reports are taken as events from the main queue.
        // SAFETY: the properties are owned; the client made below keeps `told` until the handle is closed.
        unsafe {
            rd::rd_kafka_conf_set_events(self.0.as_ptr(), events);
            rd::rd_kafka_conf_set_opaque(self.0.as_ptr(), Arc::as_ptr(&told).cast_mut().cast());
            rd::rd_kafka_conf_set_log_cb(self.0.as_ptr(), Some(log));
        }
        // SAFETY: on success librdkafka owns the properties (hence the forget below), on failure we still do.
        let raw = unsafe { rd::rd_kafka_new(kind, self.0.as_ptr(), reason.as_mut_ptr(), reason.len()) };
        match NonNull::new(raw) {
            Some(raw) => {
                std::mem::forget(self);
                // SAFETY: just made, owned by nobody else.
                Ok(Arc::new(unsafe { Client::own(raw, told) }))
            }
            // SAFETY: as in `set`.
            None => Err(unsafe { owned_text(reason.as_ptr()) }),
        }
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: owned, and not given to `rd_kafka_new`.
        unsafe { rd::rd_kafka_conf_destroy(self.0.as_ptr()) };
    }
}

/// Every property that librdkafka knows, for naming the nearest one.
pub(crate) fn property_names() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: both property sets are made and destroyed here; each dump is freed after its texts were copied.
    unsafe {
        let global = rd::rd_kafka_conf_new();
        let mut count = 0;
        names.extend(names_of_dump(rd::rd_kafka_conf_dump(global, &mut count), count));
        rd::rd_kafka_conf_destroy(global);
        let topic = rd::rd_kafka_topic_conf_new();
        names.extend(names_of_dump(rd::rd_kafka_topic_conf_dump(topic, &mut count), count));
        rd::rd_kafka_topic_conf_destroy(topic);
    }
    names
}

/// # Safety
/// `dump` is an array of `count` texts, name and value alternating, as the dump functions return it.
unsafe fn names_of_dump(dump: *mut *const c_char, count: usize) -> Vec<String> {
    // SAFETY: the caller's promise.
    let names = (0..count).step_by(2).map(|at| unsafe { owned_text(*dump.add(at)) }).collect();
    // SAFETY: the array came from a dump function and its texts were copied.
    unsafe { rd::rd_kafka_conf_dump_free(dump, count) };
    names
}
