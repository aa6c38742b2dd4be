//! `tapline serve`: everything, until told to stop.

use tapline_api::Setting;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::node::Node;
use crate::telemetry;

pub(crate) async fn run(config: &Config, settings: Vec<Setting>, json: bool) -> Result<Exit, Fault> {
    let _telemetry = telemetry::start(config)?;
    let node = Node::start(config, settings, "http.listen").await?;
    // Scripts and tests read this line to learn the port.
    let address = format!("http://{}", node.address());
    if json {
        println!("{}", serde_json::json!({ "listening": address }));
    } else {
        println!("listening on {address}");
    }
    node.run_until(stop_signal()).await?;
    Ok(Exit::Done)
}

/// Ctrl-C, SIGTERM, or the end of the terminal.
pub(super) async fn stop_signal() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = signalled(SignalKind::terminate()) => {}
        () = signalled(SignalKind::hangup()), if !ignores_hangup() => {}
    }
    tracing::info!("stopping: what was read is written first");
}

async fn signalled(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Whether it was started by `nohup`, to outlive its terminal; known on Linux.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Signal 1 is the lowest bit of a hexadecimal mask.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
