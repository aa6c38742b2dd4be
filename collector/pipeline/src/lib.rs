//! From taps to the archive: one thread a source reads and decodes in chunks, another appends them.
//!
//! Owns when to read, when to wait and how a source stands. How a broker is read is `collector/<broker>`'s, what a
//! record means `collector/decode`'s, what becomes of rows `storage/archive`'s. Nothing is done one message at a
//! time but the call that copies it into Arrow builders.

mod appender;
mod feed;
mod rates;
mod resume;
mod sink;
mod supervisor;

pub use feed::FeedOptions;
pub use rates::Rates;
pub use sink::{ChunkSink, PayloadPolicy};
pub use supervisor::{Pipeline, SourceStanding, Tapped};
