//! How things are said: numbers, durations, times, IDs, sentences. Pure functions; what is shown where belongs to the
//! pages.

pub(crate) mod address;
pub(crate) mod bytes;
pub(crate) mod id;
pub(crate) mod json;
pub(crate) mod number;
pub(crate) mod sentence;
pub(crate) mod time;

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    js_sys::Date::now() as i64
}
