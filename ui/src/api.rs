//! Calls to `/api/v1`: typed by tapline-api, stopped when nobody waits any more. [`load`] keeps old data while new
//! loads, [`failure`] says what failed, [`tail`] follows events as they come.

pub(crate) mod client;
pub(crate) mod failure;
pub(crate) mod load;
pub(crate) mod tail;
