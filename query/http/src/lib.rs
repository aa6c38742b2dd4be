//! The HTTP surfaces: the API of the contract, health and metrics, and the page.
//!
//! One module for each surface ([`mod@events`], `chains`, `sql`, ...), each from parameters to answer. What stands before
//! all of them is `security`'s; every refusal is a `problem`. Rows come from `storage/archive`, SQL answers from
//! `query/engine`, chains from `query/chains`; the types of all requests and answers are `query/api`'s, shared with
//! the page.

mod alerts;
mod assets;
mod chains;
mod cursor;
mod dead_letters;
mod demo;
mod events;
mod groups;
mod health;
mod href;
mod json_body;
mod metrics;
mod openapi;
mod overview;
mod params;
mod problem;
mod replays;
mod rollup;
mod search;
mod security;
mod server;
mod session;
mod sources;
mod sql;
mod state;
mod status;
mod system;
mod words;

pub use demo::DemoFix;
pub use metrics::rule_metrics;
pub use security::{ListenError, Secret, check_listen};
pub use server::{Server, ServerError};
pub use state::ServerOptions;
