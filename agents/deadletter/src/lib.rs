//! Dead letters as causes: what failed, how much of it waits, what sets it apart from what passed.
//!
//! Counts come from an index of the dead letters of each file and chunk ([`LetterCache`]), read once and kept; rules of
//! people that take causes apart or join them are `storage/state`'s. Which records are dead letters and what their
//! fingerprint is was decided when they were decoded; sentences about causes are `query/chains`' and `query/http`'s.
//! Everything here blocks on the disk.

mod apart;
mod cause;
mod error;
mod facts;
mod grouping;
mod heap;
mod letters;
mod members;
mod newest;
mod origin;
mod pairs;
mod pointers;
mod read;

pub use apart::{Compared, Difference, apart};
pub use cause::{Cause, TREND, causes};
pub use error::DeadLetterError;
pub use facts::{Fact, Part};
pub use grouping::Grouping;
pub use heap::{Heap, heaps};
pub use letters::{Letter, LetterCache, Letters, Sample};
pub use members::{Member, members};
pub use newest::{Newest, read_newest};
pub use origin::{origin_address, story};
pub use pointers::{Pointer, may_point, pointers};
