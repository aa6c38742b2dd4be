//! The server as its callers meet it: a real archive in a temporary folder, a real socket, raw HTTP.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of a test fail by panicking")]

mod client;
mod dead_letters;
mod events;
mod kit;
mod overview;
mod page;
mod refusals;
mod replays;
mod shutdown;
mod sql;
mod surfaces;
mod tail;
