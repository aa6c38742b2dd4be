//! The command line, as clap reads it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::command::dlq::DlqArgs;
use crate::command::lag::LagArgs;
use crate::command::replay::ReplayArgs;
use crate::config::parse_period;

/// The flight recorder of event-driven systems.
#[derive(Debug, Parser)]
#[command(name = "tapline", version, about, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file; `tapline.toml` of the working folder if it is there.
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// JSON instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tap the configured sources, archive, and serve page and API.
    Serve,
    /// Serve an embedded broker with a living shop on it: something to look at in a minute.
    Demo(DemoArgs),
    /// Explain the configuration, try each connection, print missing rights as commands.
    ///
    /// Exit code 1: something is missing, such as a right. 2: the configuration is wrong. 3: a broker cannot be reached.
    Check,
    /// Ask the archive in SQL.
    Sql(SqlArgs),
    /// Tell the story of an ID.
    Chain(ChainArgs),
    /// Follow events as they come.
    Tail(TailArgs),
    /// Consumer groups: who is behind, and whether it will recover.
    ///
    /// Exit code 1: a group does not keep up, or there is no such group.
    Lag(LagArgs),
    /// Dead letters as causes: what waits, why, what sets it apart, and what people say about it.
    Dlq(DlqArgs),
    /// Put events back: plan, start, and watch what becomes of them.
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where page and API are served; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8270")]
    pub(crate) listen: std::net::SocketAddr,
    /// Orders a minute.
    #[arg(long, default_value_t = 30.0, value_parser = rate)]
    pub(crate) orders_per_minute: f64,
    /// The same seed makes the same shop.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Minutes of the past that are written first.
    #[arg(long, default_value_t = 45)]
    pub(crate) history_minutes: u64,
    /// Keep the archive in this folder; a temporary one otherwise.
    #[arg(long)]
    pub(crate) archive: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: Option<DemoAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DemoAction {
    /// Deploy the fix of the payments of a demo that runs: what died for its card type can be put back.
    Fix {
        /// Where the demo runs.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8270")]
        server: String,
    },
}

/// Where a question is asked.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// A running server; the configured one if it answers.
    #[arg(long, value_name = "URL", conflicts_with = "archive")]
    pub(crate) server: Option<String>,
    /// An archive folder, read without a server.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) archive: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SqlArgs {
    /// The query; read from standard input when absent.
    pub(crate) query: Option<String>,
    /// Rows answered at most.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) max_rows: usize,
    /// After which it is stopped, up to ten minutes, such as 5m; `limits.query_timeout` when absent.
    #[arg(long, value_parser = parse_period)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// Any ID: `name=value` or a bare value, or an event's address.
    #[arg(value_parser = id)]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// Only this destination.
    #[arg(long)]
    pub(crate) destination: Option<String>,
    /// Only this event type.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// Only events that hold this ID.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Only events whose key, headers or body hold this text.
    #[arg(long, short)]
    pub(crate) q: Option<String>,
    /// End after so many events.
    #[arg(long, short = 'n')]
    pub(crate) limit: Option<usize>,
    /// A running server; the configured one otherwise.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    number.ok_or_else(|| "orders a minute are a number above 0, such as 30 or 0.5".to_owned())
}

fn id(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("write `name=value`, a bare value such as ORD-84127190, or an event's address".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(words: &[&str]) -> String {
        Cli::try_parse_from([&["tapline"], words].concat()).unwrap_err().to_string()
    }

    #[test]
    fn a_shop_without_orders_is_refused() {
        for rate in ["0", "-1", "NaN", "inf", "many"] {
            let said = refusal(&["demo", &format!("--orders-per-minute={rate}")]);
            assert!(said.contains("orders a minute are a number above 0"), "{said}");
        }
        assert!(Cli::try_parse_from(["tapline", "demo", "--orders-per-minute", "0.5"]).is_ok());
    }

    #[test]
    fn an_empty_id_is_refused_with_what_to_write() {
        for id in ["", " "] {
            assert!(refusal(&["chain", id]).contains("write `name=value`, a bare value"), "{id}");
        }
    }
}
