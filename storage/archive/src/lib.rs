//! The archive: what is in memory and what is committed, as one.
//!
//! Chunks of rows are searchable when [`Archive::append`] returns. They leave memory as Parquet files, and files are
//! committed to a Delta table together with the positions up to which each source was read: after any crash the
//! table holds every address exactly once. A [`View`] is one snapshot of both; readers keep it as long as they read.
//!
//! Owns the folder: files, log, sidecars' place, the lock. What a row means is `storage/model`'s, how a hash leads to
//! a row `storage/index`'s, SQL `query/engine`'s, when to compact `agents/upkeep`'s.

pub mod archive;
pub mod chunk;
pub mod delta;
pub mod error;
pub mod examine;
pub mod figures;
pub mod file;
pub mod find;
mod foreign;
pub mod indexes;
pub mod ledger;
pub mod lock;
mod log_file;
pub mod lookup;
pub mod reader;
pub mod recovery;
pub mod store;
pub mod sums;
pub mod view;
pub mod writer;

pub use archive::{Archive, ArchiveOptions};
pub use chunk::Chunk;
pub use error::ArchiveError;
pub use examine::{Examined, examine};
pub use figures::Figures;
pub use file::DataFile;
pub use ledger::{
    DestinationLedger, GapKind, GapRange, Ledger, Missing, Moved, PartitionLedger, Progress, SourceLedger,
};
pub use lookup::{Fetched, Hit, Lookup, Place, PlaceKey};
pub use view::View;
