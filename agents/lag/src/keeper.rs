//! The thread that writes the history and makes it thinner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tapline_history::History;
use tapline_model::time;

use crate::stop::{Stop, Stopped};

/// Between two looks at what is to be done.
const LOOK: Duration = Duration::from_secs(20);

pub(crate) fn start(history: Arc<History>) -> std::io::Result<Stop> {
    Stop::spawn("lag-history".to_owned(), move |stop| keep(&history, stop))
}

fn keep(history: &History, stop: &Stopped) {
    let mut told = None;
    while !stop.waits(LOOK) {
        let kept = catch_unwind(AssertUnwindSafe(|| history.upkeep(time::now())));
        let fault = match kept {
            Ok(kept) => kept.err().map(|error| error.to_string()),
            Err(_) => Some("it cannot be written, which is a bug: the lines above say where".to_owned()),
        };
        // Once each, not each time.
        if fault != told {
            match &fault {
                Some(fault) => tracing::warn!(fault, "lag history is written later"),
                None => tracing::info!("lag history is written again"),
            }
            told = fault;
        }
    }
}
