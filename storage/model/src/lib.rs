//! What Tapline knows about an event: its address, its identifiers, its columns.
//!
//! Owns the Arrow schema of `events`, the builder that fills it and the view that reads it back, and the rules by
//! which identifiers are written and compared. No input or output: files belong to `storage/archive`, finding the
//! columns' values in headers and payloads to `collector/decode`.

pub mod address;
pub mod columns;
pub mod event_type;
pub mod id;
pub mod pairing;
pub mod role;
pub mod row;
pub mod schema;
mod texts;
pub mod time;

pub use address::Address;
pub use columns::EventColumns;
pub use event_type::short_type;
pub use role::TopicRole;
pub use row::{DeadLetterRow, EventBuilder, EventRow, Header, IdPair, RetryRow, TimestampKind};
