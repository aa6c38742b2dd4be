//! What Tapline asks of a broker: capability traits that each broker crate implements as far as its system can.
//!
//! A second broker adds a crate that depends on this one and touches no other. Owns no protocol and no policy: what
//! to tap is decided by `collector/pipeline`, what a record means by `collector/decode`.

pub mod error;
pub mod record;
pub mod source;
pub mod tap;

pub use error::{AdapterError, Remedy, Trouble};
pub use record::{RawRecord, RecordSink};
pub use source::{Capability, Check, Place, Source, SourceFacts};
pub use tap::{Lane, Polled, Positions, ResumePoint, Start, Tap, TapOptions, Undelivered, UndeliveredReason};
