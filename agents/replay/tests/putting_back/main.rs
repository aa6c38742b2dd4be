//! Putting back while the broker misbehaves: a broker in memory, a real archive, real journals.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panicking")]

mod bytes;
mod damage;
mod fake;
mod kit;
mod pointers;
mod sending;
mod settling;
mod together;
mod watching;
