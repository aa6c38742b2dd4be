//! One module a page. Each opens with a sentence that answers its question, then shows the evidence.

pub(crate) mod chain;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod nowhere;
pub(crate) mod overview;
pub(crate) mod sql;
pub(crate) mod system;
mod waiting;
