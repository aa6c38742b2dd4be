//! `tapline serve`: everything, until told to stop.

use tapline_api::Setting;

use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::node::Node;
use crate::telemetry;

pub(crate) async fn run(config: &Config, settings: Vec<Setting>) -> Result<Exit, Fault> {
    let _telemetry = telemetry::start(config)?;
    let node = Node::start(config, settings).await?;
    // Scripts and tests read this line to learn the port.
    println!("listening on http://{}", node.address());
    node.run_until(stop_signal()).await?;
    Ok(Exit::Done)
}

/// Ctrl-C or SIGTERM.
pub(super) async fn stop_signal() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
    tracing::info!("stopping: what was read is written first");
}
