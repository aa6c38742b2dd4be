//! Calls to `/api/v1`: typed by tapline-api, stopped when nobody waits any more. [`load`] keeps old data while new
//! loads, [`act`] changes something, [`failure`] says what failed, [`tail`] follows events as they come, [`session`] knows whether
//! they may be asked, [`reach`] whether anybody answers.

pub(crate) mod act;
pub(crate) mod client;
pub(crate) mod failure;
pub(crate) mod load;
pub(crate) mod reach;
pub(crate) mod session;
pub(crate) mod tail;
