//! Words of `tapline dlq`.

use clap::{Args, Subcommand};
use tapline_api::CauseState;

#[derive(Debug, Args)]
pub(crate) struct DlqArgs {
    #[command(subcommand)]
    pub(crate) action: Option<DlqAction>,
    /// A running server; the configured one otherwise.
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) server: Option<String>,
    /// Who says so, for the audit.
    #[arg(long, value_name = "NAME", global = true, env = "USER", hide_env = true)]
    pub(crate) who: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DlqAction {
    /// Causes, those that most events wait for first; what `tapline dlq` alone shows.
    List(ListArgs),
    /// One cause: what, how many, what sets it apart, its newest events.
    Show {
        /// Of the cause.
        fingerprint: String,
    },
    /// The dead letters of a cause, newest first.
    Members {
        /// Of the cause.
        fingerprint: String,
        /// At most so many.
        #[arg(long, short = 'n', default_value_t = 1_000)]
        limit: usize,
    },
    /// Say how a cause stands.
    Set {
        /// Of the cause.
        fingerprint: String,
        /// new, acknowledged, fixing, resolved or archived.
        #[arg(value_parser = state)]
        state: CauseState,
        /// In which words.
        #[arg(long)]
        note: Option<String>,
    },
    /// Take a cause apart: one for each type, destination or message.
    Split {
        /// Of the cause.
        fingerprint: String,
        /// By what.
        #[arg(long, value_parser = ["type", "destination", "message"])]
        by: String,
    },
    /// Make a cause a part of another one.
    Merge {
        /// Of the cause that ends.
        fingerprint: String,
        /// Fingerprint of the one that it becomes a part of.
        #[arg(long)]
        into: String,
    },
    /// Take back a split or a merge.
    Rejoin {
        /// Of the cause that was taken apart or merged.
        fingerprint: String,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct ListArgs {
    /// open, closed, all, or one state; open otherwise.
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Only of this source.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Where events failed, or where their dead letters stand.
    #[arg(long)]
    pub(crate) destination: Option<String>,
    /// Text in exception, message, group or destination.
    #[arg(long, short)]
    pub(crate) q: Option<String>,
    /// Seen at this time or later: RFC 3339, or now-15m.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// First seen before this time.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// count, last or first, the greatest first; count otherwise.
    #[arg(long)]
    pub(crate) sort: Option<String>,
    /// At most so many; all otherwise.
    #[arg(long, short = 'n')]
    pub(crate) limit: Option<usize>,
}

impl ListArgs {
    /// As the call's query has it.
    pub(super) fn query(&self) -> Vec<(&str, &str)> {
        let all = [
            ("state", &self.state),
            ("source", &self.source),
            ("destination", &self.destination),
            ("q", &self.q),
            ("from", &self.from),
            ("to", &self.to),
            ("sort", &self.sort),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

/// What people can say; the others are found out by replays.
const SAID: [CauseState; 5] =
    [CauseState::New, CauseState::Acknowledged, CauseState::Fixing, CauseState::Resolved, CauseState::Archived];

fn state(text: &str) -> Result<CauseState, String> {
    SAID.into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| format!("write one of {}", SAID.map(CauseState::as_str).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_people_know_can_be_said() {
        assert_eq!(state("fixing"), Ok(CauseState::Fixing));
        for word in ["replayed", "failed_again", "broken", ""] {
            assert!(state(word).is_err(), "{word}");
        }
    }
}
