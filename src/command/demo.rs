//! `tapline demo`: an embedded broker, a living shop on it, and Tapline in front.

use std::path::Path;
use std::time::Duration;

use tapline_kafka::EmbeddedBroker;
use tapline_shop::{ShopOptions, TOPICS};
use tokio_util::sync::CancellationToken;

use super::serve::StopSignals;
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::node::Node;
use crate::telemetry;

pub(crate) async fn run(args: &DemoArgs, json: bool) -> Result<Exit, Fault> {
    let broker = EmbeddedBroker::start(TOPICS).map_err(anyhow::Error::from)?;
    let scratch = tempfile::tempdir().map_err(anyhow::Error::from)?;
    let archive = args.archive.clone().unwrap_or_else(|| scratch.path().join("archive"));
    let text = configuration(&broker.bootstrap_servers(), &archive, args);
    let (config, settings) = Config::from_parts(Path::new("the demo's configuration"), &text, std::iter::empty())?;
    let _telemetry = telemetry::start(&config)?;
    let node = Node::start(&config, settings, "--listen").await?;
    let stop = StopSignals::listen()?;
    let cancel = CancellationToken::new();
    let shop = tokio::spawn(tapline_shop::run(shop_options(&broker.bootstrap_servers(), args), cancel.clone()));
    let (address, brokers) = (format!("http://{}", node.address()), broker.bootstrap_servers());
    if json {
        println!("{}", serde_json::json!({ "listening": address, "brokers": brokers }));
    } else {
        println!("listening on {address}");
        println!("a shop is living on an embedded broker at {brokers}; Ctrl-C ends both");
    }
    let ended = node.run_until(stop.first()).await;
    // Before the broker goes, however the node ended: clients wait for ever for one that is gone.
    cancel.cancel();
    let summary = shop.await;
    ended?;
    let summary = summary.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
    if !json {
        println!("{} orders were placed", summary.orders);
    }
    Ok(Exit::Done)
}

fn shop_options(brokers: &str, args: &DemoArgs) -> ShopOptions {
    ShopOptions {
        brokers: brokers.to_owned(),
        seed: args.seed,
        orders_per_minute: args.orders_per_minute,
        history: Duration::from_secs(args.history_minutes * 60),
        ..ShopOptions::default()
    }
}

/// The embedded broker forgets when the demo ends, so everything it holds is read.
fn configuration(brokers: &str, archive: &Path, args: &DemoArgs) -> String {
    let archive = toml::Value::String(archive.display().to_string());
    format!(
        "archive = {archive}\n\
         environment = {{ name = \"demo shop\", colour = \"blue\" }}\n\
         http.listen = \"{}\"\n\
         limits.disk_reserve = \"200MiB\"\n\
         log.level = \"warn\"\n\
         [sources.shop]\n\
         brokers = \"{brokers}\"\n\
         start = \"earliest\"\n\
         backfill_rate = \"100MB\"\n",
        args.listen
    )
}
