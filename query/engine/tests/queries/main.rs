//! What queries answer, over an archive made in memory and on disk. One binary: linking DataFusion is slow.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in what it calls")]

mod archive;
mod bounds;
mod damage;
mod foreign;
mod formats;
mod limits;
mod planning;
mod pruning;
mod slt;
mod snapshot;
