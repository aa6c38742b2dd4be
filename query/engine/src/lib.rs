//! SQL over hot and archived rows as one, read only and bounded.
//!
//! A query takes one [`tapline_archive::View`] at its start and uses it for every table it names, so that it sees a
//! row once. Files that cannot hold a wanted row are put aside from memory, by statistics and ID filters, before
//! DataFusion opens anything. Statements that are not a single question are refused with a sentence.
//!
//! Owns planning, limits, SQL functions and how answers are written. What a row means is `storage/model`'s, where rows
//! stand `storage/archive`'s; HTTP and its headers are `query/http`'s. Tables and functions for users: docs/sql.md.

mod answer;
mod bounds;
mod catalog;
mod engine;
mod error;
pub mod export;
mod facts;
mod foreign;
mod functions;
pub mod json;
mod needle;
mod open;
mod provider;
mod prune;
mod query;
mod refuse;
mod session;
mod snapshot;
mod stop;
mod tables;

pub use answer::Answer;
pub use engine::{Engine, EngineOptions, Limits};
pub use error::EngineError;
pub use facts::{ArchiveFacts, ReplayItemRow, SystemTables};
