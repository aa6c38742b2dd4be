//! JSON as it stands in payloads: read with the places of everything, written with as much of it kept as can be.

mod patch;
mod read;
mod write;

pub(crate) use patch::{is_as_written, patch};
pub(crate) use read::{Node, read, value};
pub(crate) use write::{WriteError, shorten, write};
