//! From a message as it stood on the broker to its meaning: identifiers, trace context, event type, dead-letter facts.
//!
//! Owns every wire convention that is the same on all brokers. What the meaning is used for (columns, index, chains) is
//! left to `collector/pipeline` and the crates behind it; how identifiers are written and compared to `storage/model`.
//! Decoding adds, it replaces nothing: the bytes stay as they were, and what cannot be decoded says why.
//!
//! One record costs one pass over its headers and one over its payload. Everything that has to be written (an
//! unescaped text, a padded trace id) goes to an arena that is emptied, not freed, before the next record.

mod cloudevents;
mod dead_letter;
mod decoder;
mod encoding;
mod fingerprint;
mod framework;
mod header;
mod ids;
mod json;
mod name_table;
pub mod names;
mod payload;
mod rules;
mod stack;
mod trace;

pub use dead_letter::Field as FailureField;
pub use decoder::{Decoder, Meaning};
pub use fingerprint::folded;
pub use names::{TopicNames, TopicRole};
pub use rules::{FailureHeader, IdRules, Rules};
pub use stack::own_place;
