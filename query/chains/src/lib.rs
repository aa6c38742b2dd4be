//! The story of an ID: every event that belongs to it, in causal order, and what the rules make of it.
//!
//! [`chain()`] finds the rows of an ID (`query`), walks from their identifiers to further rows (`walk`), leaves what many
//! chains refer to unwalked (`judge`), connects members by typed edges (`edges`), and says how the chain stands
//! (`state`, `shape`), what is missing and what is remarkable (`findings`). No query is planned: rows come from `storage/archive`'s look-ups.
//! SQL over chains is `query/engine`'s business, HTTP `query/http`'s. Everything here blocks on the disk.

mod answer;
mod book;
mod edges;
mod error;
mod failure;
mod find;
mod findings;
mod flow;
mod headline;
mod judge;
mod missing;
mod options;
mod query;
mod row;
mod sample;
mod sets;
mod shape;
mod state;
mod story;
mod token;
mod walk;
mod wording;
#[cfg(test)]
mod world;

pub use answer::chain;
pub use error::ChainError;
pub use failure::Failure;
pub use find::{Found, Reading, edges_of, event, find};
pub use flow::{Flow, Traffic, destination_id, flow};
pub use options::ChainOptions;
pub use query::parse;
pub use shape::ShapeCache;
pub use wording::{closed, name, without_end};
