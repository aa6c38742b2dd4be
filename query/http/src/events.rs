//! Events: lists, counts over time, one in full, the live tail. All four understand the same [`filter`].
//!
//! Rows are read straight from a snapshot of the archive ([`search`]), newest first and no more than the answer
//! needs; the SQL shown beside them finds the same rows and is there to be taken further.

pub(crate) mod columns;
pub(crate) mod cursor;
pub(crate) mod detail;
pub(crate) mod filter;
pub(crate) mod headers;
pub(crate) mod histogram;
pub(crate) mod list;
pub(crate) mod search;
pub(crate) mod tail;
