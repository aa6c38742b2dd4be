//! What Tapline asks of a broker: capability traits that each broker crate implements as far as its system can.
//!
//! A second broker adds a crate that depends on this one and touches no other. Owns no protocol and no policy: what
//! to tap is decided by `collector/pipeline`, what a record means by `collector/decode`.

pub mod destination;
pub mod error;
pub mod groups;
pub mod publish;
pub mod record;
pub mod source;
pub mod tap;

pub use destination::{
    DestinationFacts, DestinationSettings, Ended, OffsetRange, PartitionFacts, RangeRead, ReadLimits,
};
pub use error::{AdapterError, Remedy, Trouble};
pub use groups::{
    Committed, Group, GroupDetail, GroupFault, GroupKind, GroupList, GroupMember, GroupOptions, GroupReading,
    GroupState, Groups, PartitionEnds, Readers,
};
pub use publish::{
    Cause, Delivered, Detected, Fate, Outgoing, Partitioner, Partitioning, PublishError, PublishOptions, Publisher,
    Report, SendError, detect,
};
pub use record::{RawRecord, RecordSink};
pub use source::{Capability, Check, Place, Source, SourceFacts};
pub use tap::{Lane, Polled, Positions, ResumePoint, Start, Tap, TapOptions, Undelivered, UndeliveredReason};
