//! Following a replay until there is nothing more to learn.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use tapline_api::{Replay, ReplayDetail, ReplayState};

use super::{Asked, path, show};
use crate::command::table::harmless_lines;
use crate::exit::{Exit, Fault};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Looks that may find no server in a row: it may be started anew, and goes on then.
const MISSES: u32 = 30;

/// What a look says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It goes on.
    Open,
    /// All is known.
    Over(Exit),
    /// It was never started.
    NotStarted,
}

/// Prints how far it is, a line each time that changes, and ends as it did.
pub(super) fn watch(asked: &Asked, id: &str) -> Result<Exit, Fault> {
    // A server that is not there at first is a mistake, one that went away may come back.
    let (mut printer, mut misses) = (Printer::new(asked.json), MISSES);
    loop {
        match asked.client.get::<ReplayDetail>(&path(id), &[]) {
            Ok(detail) => {
                misses = 0;
                printer.show(&detail.replay)?;
                match seen(&detail.replay) {
                    Seen::Open => {}
                    Seen::Over(exit) => return printer.end(exit),
                    Seen::NotStarted => {
                        let told = format!("{id} was not started; read its plan by `tapline replay show {id}`");
                        return Err(Fault::Refused(told));
                    }
                }
            }
            Err(Fault::Unreachable(_)) if misses < MISSES => misses += 1,
            Err(fault) => return Err(fault),
        }
        std::thread::sleep(PAUSE);
    }
}

fn seen(replay: &Replay) -> Seen {
    let progress = &replay.progress;
    match replay.state {
        ReplayState::Planned => Seen::NotStarted,
        ReplayState::Running => Seen::Open,
        // Nothing goes on until somebody comes; whoever waits here is told.
        ReplayState::Paused | ReplayState::Stopped => Seen::Over(Exit::Problem),
        ReplayState::Cancelled | ReplayState::Done if progress.pending + progress.sending > 0 => Seen::Open,
        ReplayState::Cancelled => Seen::Over(Exit::Problem),
        ReplayState::Done => {
            let bad = progress.failed_again + progress.rejected + progress.uncertain;
            Seen::Over(if bad > 0 { Exit::Problem } else { Exit::Done })
        }
    }
}

/// Rewrites a line on a terminal; elsewhere a line each.
struct Printer {
    json: bool,
    terminal: bool,
    last: String,
}

impl Printer {
    fn new(json: bool) -> Self {
        Self { json, terminal: !json && std::io::stdout().is_terminal(), last: String::new() }
    }

    fn show(&mut self, replay: &Replay) -> Result<(), Fault> {
        let line = match self.json {
            true => serde_json::to_string(replay).map_err(anyhow::Error::from)?,
            false => harmless_lines(&show::progress(replay)),
        };
        if line != self.last {
            let (begin, end) = if self.terminal { ("\r\u{1b}[K", "") } else { ("", "\n") };
            let mut out = std::io::stdout().lock();
            let written = write!(out, "{begin}{line}{end}").and_then(|()| out.flush());
            written.map_err(anyhow::Error::from)?;
            self.last = line;
        }
        Ok(())
    }

    fn end(self, exit: Exit) -> Result<Exit, Fault> {
        if self.terminal {
            println!();
        }
        Ok(exit)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::replay::show::tests::replay_in;

    #[test]
    fn it_ends_when_all_is_known_and_says_whether_all_is_well() {
        for (state, counts, expected) in [
            ("planned", json!({}), Seen::NotStarted),
            ("running", json!({ "confirmed": 1, "pending": 1 }), Seen::Open),
            ("done", json!({ "confirmed": 3, "pending": 1 }), Seen::Open),
            ("done", json!({ "confirmed": 3, "reprocessed": 3 }), Seen::Over(Exit::Done)),
            ("done", json!({ "confirmed": 3, "reprocessed": 2, "unknown": 1 }), Seen::Over(Exit::Done)),
            ("done", json!({ "confirmed": 3, "reprocessed": 2, "failed_again": 1 }), Seen::Over(Exit::Problem)),
            ("done", json!({ "confirmed": 2, "reprocessed": 2, "rejected": 1 }), Seen::Over(Exit::Problem)),
            ("done", json!({ "confirmed": 2, "reprocessed": 2, "uncertain": 1 }), Seen::Over(Exit::Problem)),
            ("paused", json!({ "confirmed": 1, "pending": 1 }), Seen::Over(Exit::Problem)),
            ("stopped", json!({}), Seen::Over(Exit::Problem)),
            ("cancelled", json!({ "confirmed": 1, "pending": 1 }), Seen::Open),
            ("cancelled", json!({ "confirmed": 1, "reprocessed": 1 }), Seen::Over(Exit::Problem)),
        ] {
            assert_eq!(seen(&replay_in(state, &counts)), expected, "{state} {counts}");
        }
    }
}
