//! `tapline serve`: everything, until told to stop.

use tapline_api::Setting;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::node::Node;
use crate::telemetry;

pub(crate) async fn run(config: &Config, settings: Vec<Setting>, json: bool) -> Result<Exit, Fault> {
    let _telemetry = telemetry::start(config)?;
    let node = Node::start(config, settings, "http.listen", None).await?;
    let stop = StopSignals::listen()?;
    // Scripts and tests read this line to learn the port.
    let address = format!("http://{}", node.address());
    if json {
        println!("{}", serde_json::json!({ "listening": address }));
    } else {
        println!("listening on {address}");
    }
    node.run_until(stop.first()).await?;
    Ok(Exit::Done)
}

/// What ends the process in order: Ctrl-C, SIGTERM, or the end of the terminal.
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl StopSignals {
    /// To be called before the address is told: whoever reads it may end the process at once.
    pub(super) fn listen() -> Result<Self, Fault> {
        let listen = |kind| signal(kind).map_err(anyhow::Error::from);
        let hangup = if ignores_hangup() { None } else { Some(listen(SignalKind::hangup())?) };
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup })
    }

    /// Waits for the first of them.
    pub(super) async fn first(mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
        tracing::info!("stopping: what was read is written first");
    }
}

/// Whether it was started by `nohup`, to outlive its terminal; known on Linux.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Signal 1 is the lowest bit of a hexadecimal mask.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
