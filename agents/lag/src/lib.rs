//! How far consumer groups are behind, whether they will recover, and what is wrong with them.
//!
//! Each broker's groups are looked at by a thread of its own, one pass after the other: what every group has committed
//! against where partitions begin and end. What follows is judged by Burrow's rules ([`burrow`]) and by what those leave
//! out: never committed, deleted unread, beyond the end. Seconds come from the archive ([`clock`]), forecasts from how
//! offsets moved in the last minutes ([`trend`], [`forecast`]).
//!
//! What changed goes into the history (`storage/history`), of which charts are made ([`chart`]), and by which who had stopped
//! before a restart is known to have stopped after it.
//!
//! Owns what is remembered between passes and the sentences. Asking brokers belongs to the adapters, alerting on what is
//! found to `agents/alert`.

mod ask;
mod board;
mod burrow;
mod chart;
mod clock;
mod findings;
mod forecast;
mod keeper;
mod lags;
mod pair;
mod partition;
mod record;
mod show;
mod stop;
mod trend;
mod watch;
mod watcher;
mod window;
mod words;

pub use lags::{LagOptions, Lags};
