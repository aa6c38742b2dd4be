//! Words of `tapline replay`.

use clap::{ArgGroup, Args, Subcommand};
use tapline_api::{Delivery, KeyOrder, Outcome, Timestamps};

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(subcommand)]
    pub(crate) action: ReplayAction,
    /// A running server; the configured one otherwise.
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) server: Option<String>,
    /// Who does so, for the audit.
    #[arg(long, value_name = "NAME", global = true, env = "USER", hide_env = true)]
    pub(crate) who: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReplayAction {
    /// Plan one: which events, where to, how. Nothing is sent.
    ///
    /// Exit code 1: the plan holds something that forbids to start it.
    Plan(Box<PlanArgs>),
    /// Show what a change would make of the first events. Nothing is planned.
    ///
    /// Exit code 1: the change fails on one of them.
    Preview(PreviewArgs),
    /// Start a plan that was read.
    Start(StartArgs),
    /// Hold a replay that runs.
    Pause(ActArgs),
    /// Go on with one that was paused, or stopped by itself.
    Resume(ActArgs),
    /// End one for good; what was sent stays sent.
    Cancel(ActArgs),
    /// Confirm a plan that somebody else made, having read it.
    Confirm(ConfirmArgs),
    /// Throw away a plan that was never started.
    Discard {
        /// Of the replay, such as r-33.
        id: String,
    },
    /// Replays, newest first.
    List {
        /// At most so many.
        #[arg(long, short = 'n', default_value_t = 100)]
        limit: usize,
    },
    /// One replay with its plan.
    Show {
        /// Of the replay, such as r-33.
        id: String,
    },
    /// Its events, in the order of sending, and what became of each.
    Items(ItemsArgs),
    /// Follow one until it is over and what became of its events is known.
    ///
    /// Exit code 1: an event failed again, was rejected or is uncertain, or the replay was cancelled or waits for somebody.
    Watch {
        /// Of the replay, such as r-33.
        id: String,
    },
    /// Who did what, when and why, newest first.
    Audit {
        /// Only of this replay or cause.
        #[arg(long)]
        subject: Option<String>,
        /// At most so many.
        #[arg(long, short = 'n', default_value_t = 100)]
        limit: usize,
    },
}

/// Which events: exactly one of these.
#[derive(Debug, Default, Args)]
#[command(group = ArgGroup::new("select").required(true).multiple(false)
    .args(["cause", "sql", "address", "window"]))]
pub(crate) struct SelectArgs {
    /// The dead letters of this cause that wait, by its fingerprint.
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) cause: Option<String>,
    /// Those that a query names in a column `address`; `-` reads it from standard input.
    #[arg(long, value_name = "QUERY")]
    pub(crate) sql: Option<String>,
    /// These; `-` reads them from standard input, one a line.
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    pub(crate) address: Vec<String>,
    /// Those of a time: `--window orders_kafka/orders now-1h now`.
    #[arg(long, num_args = 3, value_names = ["SOURCE/DESTINATION", "FROM", "TO"])]
    pub(crate) window: Vec<String>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// Among them these are left out all the same.
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    pub(crate) leave_out: Vec<String>,
    /// Destination; otherwise where each failed or stood.
    #[arg(long, value_name = "DESTINATION")]
    pub(crate) to: Option<String>,
    /// Configured source of the destination; otherwise where each came from.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) to_source: Option<String>,
    /// Events a second; otherwise as fast as the broker takes them.
    #[arg(long, conflicts_with = "speed")]
    pub(crate) rate: Option<f64>,
    /// With the pauses there were between them, so many times faster.
    #[arg(long)]
    pub(crate) speed: Option<f64>,
    /// key: events of one key as they were, each after the one before is confirmed. none: as they come.
    #[arg(long, value_parser = order, default_value = "key")]
    pub(crate) order: KeyOrder,
    /// original: their own times. now: that of their sending.
    #[arg(long, value_parser = timestamps, default_value = "original")]
    pub(crate) timestamps: Timestamps,
    /// Send so many first, then wait until somebody resumes.
    #[arg(long, value_name = "EVENTS")]
    pub(crate) canary: Option<u64>,
    /// After the canary go on by itself once all of it was reprocessed.
    #[arg(long, requires = "canary")]
    pub(crate) canary_goes_on: bool,
    /// Stop by itself when more than this share of the last hundred came back dead: 0.05, 5%, or never.
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "5%")]
    pub(crate) stop_failed_again: Share,
    /// Stop by itself when a group that reads the target is more than so many events behind.
    #[arg(long, value_name = "EVENTS")]
    pub(crate) stop_lag: Option<u64>,
    /// A jq program that changes every event; `@FILE` reads it from a file. docs/commands.md says what it can do.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) transform: Option<String>,
    /// JSON file of changes to single events: `[{"address": .., "edit": {"payload": ..}}, ..]`, or one of them.
    #[arg(long, value_name = "FILE")]
    pub(crate) edit: Vec<std::path::PathBuf>,
    /// Why; it stands in the audit.
    #[arg(long)]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// A jq program that changes every event; `@FILE` reads it from a file.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) transform: String,
}

#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// Of the replay, such as r-33.
    pub(crate) id: String,
    /// Of the plan that was read.
    #[arg(long)]
    pub(crate) etag: String,
    /// Name of the environment, where it asks for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Why now.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Follow it until it is over, as `watch` does, with its exit code.
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ActArgs {
    /// Of the replay, such as r-33.
    pub(crate) id: String,
    /// Why.
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    #[command(flatten)]
    pub(crate) act: ActArgs,
    /// Of the plan that was read: refused if it is another one by now.
    #[arg(long)]
    pub(crate) etag: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ItemsArgs {
    /// Of the replay, such as r-33.
    pub(crate) id: String,
    /// Only planned, sending, confirmed, uncertain or rejected ones.
    #[arg(long, value_parser = delivery)]
    pub(crate) delivery: Option<Delivery>,
    /// Only pending, reprocessed, `failed_again` or unknown ones.
    #[arg(long, value_parser = outcome)]
    pub(crate) outcome: Option<Outcome>,
    /// At most so many.
    #[arg(long, short = 'n', default_value_t = 1_000)]
    pub(crate) limit: usize,
}

/// A share, or none; a type of its own, as clap takes `Option` for an option that may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Share(pub(crate) Option<f64>);

fn share(text: &str) -> Result<Share, String> {
    if text == "never" {
        return Ok(Share(None));
    }
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    let number = number.ok().filter(|share| (0.0..=1.0).contains(share));
    number.map(|share| Share(Some(share))).ok_or_else(|| "write a share such as 0.05 or 5%, or `never`".to_owned())
}

fn order(text: &str) -> Result<KeyOrder, String> {
    match text {
        "key" => Ok(KeyOrder::Key),
        "none" => Ok(KeyOrder::None),
        _ => Err("write key or none".to_owned()),
    }
}

fn timestamps(text: &str) -> Result<Timestamps, String> {
    match text {
        "original" => Ok(Timestamps::Original),
        "now" => Ok(Timestamps::Now),
        _ => Err("write original or now".to_owned()),
    }
}

fn delivery(text: &str) -> Result<Delivery, String> {
    Delivery::parse(text).ok_or_else(|| format!("write one of {}", Delivery::ALL.map(Delivery::as_str).join(", ")))
}

fn outcome(text: &str) -> Result<Outcome, String> {
    Outcome::parse(text).ok_or_else(|| format!("write one of {}", Outcome::ALL.map(Outcome::as_str).join(", ")))
}
