//! Sending a replay: one thread, from the first item to the last, to a pause, or to whatever stops it.
//!
//! Every item is written down before it is sent. What a killed process left behind is settled first; what the broker did
//! not answer is settled in between. How fast and in which order is [`crate::pace`]'s and [`queue`]'s to say.

mod answers;
mod loader;
mod queue;
mod sender;

use std::collections::HashMap;
use std::sync::Arc;

use tapline_adapter::Source;
use tapline_api::{Delivery, KeyOrder};

use crate::error::ReplayError;
use crate::live::{Live, Wish};
use crate::message::Changes;
use crate::options::{ReplayOptions, Sources};
use crate::read::Archives;
use crate::settle::settle;
use sender::Sender;

/// How often it is tried with nothing confirmed in between.
const DOUBTS: u8 = 5;

/// What a sender needs.
pub(crate) struct Job {
    pub(crate) live: Arc<Live>,
    pub(crate) archives: Archives,
    pub(crate) sources: Arc<Sources>,
    pub(crate) options: ReplayOptions,
    pub(crate) token: String,
    /// Identities of target destinations, by index of the stand.
    pub(crate) identities: HashMap<u32, Option<String>>,
    pub(crate) changes: Changes,
    pub(crate) order: KeyOrder,
    pub(crate) rate: Option<f64>,
    pub(crate) speed: Option<f64>,
    /// Who started it, and when (microseconds).
    pub(crate) by: String,
    pub(crate) at: i64,
}

/// Why a sender came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All items were sent or refused.
    Done,
    /// Somebody wanted it.
    Paused,
    /// As many were sent as are allowed for now.
    Tried,
    /// Somebody wanted it.
    Cancelled,
    /// By itself.
    Stopped(String),
}

impl Job {
    pub(crate) fn source(&self, name: &str) -> Result<&Arc<dyn Source>, ReplayError> {
        let missing =
            || ReplayError::BadRequest(format!("no source `{name}` is configured; it was when this was planned"));
        self.sources.get(name).ok_or_else(missing)
    }
}

/// Sends until nothing is left or something ends it.
pub(crate) fn run(job: &Job) -> Ended {
    let mut doubts = 0;
    loop {
        let before = job.live.look(|standing| standing.counts().of(Delivery::Confirmed));
        match leg(job) {
            Ok(Leg::Ended(ended)) => return ended,
            // What it does not know has to be found out before it goes on.
            Ok(Leg::InDoubt) => {
                let after = job.live.look(|standing| standing.counts().of(Delivery::Confirmed));
                doubts = if after > before { 0 } else { doubts + 1 };
                if doubts == DOUBTS {
                    return Ended::Stopped("the broker does not answer what is sent; resume to try again".to_owned());
                }
            }
            Err(error) => return Ended::Stopped(told(&error)),
        }
    }
}

fn leg(job: &Job) -> Result<Leg, ReplayError> {
    settle(job, &|| job.live.wish() != Wish::Run)?;
    match job.live.wish() {
        Wish::Run => Sender::open(job)?.run(),
        wish => Ok(Leg::Ended(wished(wish))),
    }
}

fn wished(wish: Wish) -> Ended {
    match wish {
        Wish::Run | Wish::Pause => Ended::Paused,
        Wish::Cancel => Ended::Cancelled,
        Wish::Stop(why) => Ended::Stopped(why),
    }
}

/// An error with its source, in one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// How a sender's work with one set of publishers ended.
enum Leg {
    Ended(Ended),
    InDoubt,
}
