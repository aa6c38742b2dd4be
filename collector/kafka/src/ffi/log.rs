//! A handle's log: the one callback that runs Rust on a C thread, because what it says must be heard before librdkafka
//! acts on it.

use std::ffi::{CStr, c_char, c_int};

use rdkafka::bindings as rd;

use super::doubts::Doubts;
use super::lives::Lives;

/// Syslog's level of what librdkafka says only when asked to by `debug`.
const DEBUG: c_int = 7;

/// What a handle says nowhere but in its log.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) lives: Lives,
    pub(super) doubts: Doubts,
}

impl Told {
    fn hear(&self, facility: &[u8], line: &str) {
        match facility {
            b"METADATA" => self.lives.hear(line),
            b"BROKERUA" => self.doubts.hear(line),
            _ => {}
        }
    }
}

/// Takes a line of a handle's log. Runs on librdkafka's threads, under its locks: calls nothing of it that takes one.
pub(super) unsafe extern "C" fn log(
    raw: *const rd::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: librdkafka passes NUL-terminated texts that live through the call.
    let (facility, line) = unsafe { (CStr::from_ptr(facility), CStr::from_ptr(line)) };
    if level >= DEBUG
        && !raw.is_null()
        && let Ok(line) = line.to_str()
    {
        // SAFETY: `Conf::into_client` set this to a `Told` that outlives the handle.
        unsafe { &*rd::rd_kafka_opaque(raw).cast::<Told>() }.hear(facility.to_bytes(), line);
    }
    if level <= 3 {
        tracing::debug!(?facility, ?line, "kafka client");
    } else {
        tracing::trace!(?facility, ?line, "kafka client");
    }
}
