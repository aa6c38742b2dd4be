//! Replays: chosen events put back, as a planned operation that can be stopped and goes on after a crash.
//!
//! Owns planning (what would be sent where, and what to know before), sending (write-ahead journal, order per key, rate,
//! settling what is in doubt) and watching (what became of each item). Who chose the events is `query/http`'s, changes by
//! program `agents/transform`'s, how brokers are written to the adapters', what is kept of a replay as a whole
//! `storage/state`'s. Everything here blocks on disk or broker.
//!
//! The only part of Tapline that writes to a broker.

mod error;
mod find;
mod folder;
mod headers;
mod headline;
mod item;
mod journal;
mod live;
mod message;
mod options;
mod pace;
mod plan;
mod read;
mod replays;
mod run;
mod settle;
mod standing;
mod watch;

pub use error::ReplayError;
pub use find::find_addresses;
pub use headline::{course, headline};
pub use options::{ReplayOptions, Sources};
pub use plan::Selected;
pub use replays::{ItemFilter, Replays};
