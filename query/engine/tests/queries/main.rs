//! What queries answer, over an archive made in memory and on disk. One binary: linking DataFusion is slow.

mod archive;
mod damage;
mod formats;
mod limits;
mod planning;
mod pruning;
mod slt;
mod snapshot;
