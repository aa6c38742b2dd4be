//! librdkafka behind owning, safe handles: the only module with `unsafe` in it, because rdkafka's own safe interface has
//! no simple consumer, no batch queue and no listing of offsets.
//!
//! Owns lifetimes and the reading of C structures. Leaves every decision (what to read, what an error means) to the
//! modules above.

#![expect(unsafe_code, reason = "librdkafka is a C library; this module and its children are its whole boundary")]

mod admin;
mod client;
mod conf;
mod describe;
mod doubts;
mod event;
mod groups;
mod lives;
mod log;
mod mock;
mod produce;
mod queue;

use std::ffi::{CStr, CString, c_char, c_int};
use std::time::Duration;

use rdkafka::bindings::{self as rd, rd_kafka_resp_err_t};

pub(crate) use admin::{LISTED_AT_ONCE, OffsetSpec};
pub(crate) use client::{Client, ClientEvent, TopicMetadata};
pub(crate) use conf::{Conf, Kind, SetError, property_names};
pub(crate) use describe::{Settings, TopicDescription};
pub(crate) use groups::{DescribedGroup, GroupType, ListedGroup, Member, State};
pub(crate) use mock::MockBroker;
pub(crate) use produce::{Acknowledged, Persisted, Produced, ProducerEvent};
pub(crate) use queue::{Message, Queue, Topic, TopicKey};

/// An error code of librdkafka (negative) or of the protocol (positive). Kept as a number: a broker may send a code
/// that the bindings' enumeration does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErrorCode(pub(crate) i32);

impl ErrorCode {
    pub(crate) const END_OF_PARTITION: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF);
    pub(crate) const OFFSET_RESET: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
    pub(crate) const ALL_BROKERS_DOWN: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
    pub(crate) const AUTHENTICATION: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__AUTHENTICATION);
    pub(crate) const RESOLVE: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__RESOLVE);
    pub(crate) const TIMED_OUT: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TIMED_OUT);
    pub(crate) const FAIL: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__FAIL);
    pub(crate) const UNSUPPORTED: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE);
    pub(crate) const TRANSPORT: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__TRANSPORT);
    pub(crate) const SASL: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED);
    pub(crate) const SSL: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__SSL);
    pub(crate) const GROUP_DENIED: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    pub(crate) const CLUSTER_DENIED: Self =
        Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    pub(crate) const TOPIC_DENIED: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    pub(crate) const UNKNOWN_TOPIC: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
    pub(crate) const UNKNOWN_PARTITION: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
    pub(crate) const NO_SUCH_PARTITION: Self = Self::of(rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);

    const fn of(err: rd_kafka_resp_err_t) -> Self {
        Self(err as i32)
    }

    fn check(err: rd_kafka_resp_err_t) -> Result<(), Self> {
        match Self::of(err) {
            Self(0) => Ok(()),
            code => Err(code),
        }
    }

    /// Of a fault that may be null, which is none.
    ///
    /// # Safety
    /// `fault` is null or live.
    unsafe fn of_fault(fault: *const rd::rd_kafka_error_t) -> Option<Self> {
        // SAFETY: the caller's promise.
        (!fault.is_null()).then(|| Self::of(unsafe { rd::rd_kafka_error_code(fault) })).filter(|code| code.0 != 0)
    }

    /// librdkafka's words for it, with whose they are: `Broker: Message size too large`.
    pub(crate) fn words(self) -> String {
        let (mut descriptions, mut count) = (std::ptr::null(), 0);
        // SAFETY: both are set to a table that lives as long as the program; the code is read as a number, for the same
        // reason as it is kept as one.
        unsafe {
            rd::rd_kafka_get_err_descs(&mut descriptions, &mut count);
            (0..count)
                .map(|at| descriptions.add(at))
                .find(|at| (&raw const (**at).code).cast::<i32>().read() == self.0 && !(**at).desc.is_null())
                .map_or_else(|| self.to_string(), |at| owned_text((*at).desc))
        }
    }

    /// The client refused the credentials or could not agree on how to present them.
    pub(crate) fn is_authentication(self) -> bool {
        [Self::AUTHENTICATION, Self::SASL, Self::SSL].contains(&self)
    }

    /// A topic or partition that is being made, moved or deleted.
    pub(crate) fn is_passing(self) -> bool {
        [Self::UNKNOWN_TOPIC, Self::UNKNOWN_PARTITION, Self::NO_SUCH_PARTITION].contains(&self)
            || matches!(self.0, 5 | 6 | 9 | 56 | 72 | 74 | 75 | 78 | 100)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            -185 => f.write_str("timed out"),
            -187 => f.write_str("no broker answers"),
            29 => f.write_str("the right to the topic is missing"),
            code => write!(f, "error {code}"),
        }
    }
}

/// A text for a C function; a NUL inside cannot be passed on and ends it.
fn c_text(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

/// # Safety
/// `text` is null or points to a NUL-terminated string that outlives the call.
unsafe fn owned_text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and the caller promises the rest.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

fn milliseconds(wait: Duration) -> c_int {
    c_int::try_from(wait.as_millis()).unwrap_or(c_int::MAX)
}

/// # Safety
/// `data` is null or points to `len` readable bytes that live for `'a`.
unsafe fn bytes<'a>(data: *const u8, len: usize) -> Option<&'a [u8]> {
    if data.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller promises the rest.
    Some(unsafe { std::slice::from_raw_parts(data, len) })
}
