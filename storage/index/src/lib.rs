//! Where an identifier stands: one sidecar a data file, one small index a chunk in memory.
//!
//! A sidecar holds a filter that stays in memory, a sorted table (hash of the value → row), and the names under which
//! values were seen. It is made from a data file alone and can be deleted at any time. Which file belongs to
//! the archive, and reading its rows, is `storage/archive`'s business; what identifiers mean is `storage/model`'s.

pub mod keys;
pub mod names;
pub mod sidecar;

pub use keys::{Entry, keys};
pub use names::Names;
pub use sidecar::{Sidecar, SidecarError, write};
