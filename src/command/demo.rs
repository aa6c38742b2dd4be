//! `tapline demo`: an embedded broker, a living shop on it, and Tapline in front.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tapline_api::DemoFixed;
use tapline_http::DemoFix;
use tapline_kafka::EmbeddedBroker;
use tapline_shop::{Fix, GROUPS, ShopOptions, TOPICS};
use tokio_util::sync::CancellationToken;

use super::serve::StopSignals;
use crate::cli::DemoArgs;
use crate::client::Client;
use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::node::Node;
use crate::telemetry;

/// `tapline demo fix`.
pub(crate) fn fix(server: &str, json: bool) -> Result<Exit, Fault> {
    let (config, _) = Config::from_parts(Path::new("tapline.toml"), "", std::iter::empty())?;
    let fixed: DemoFixed = Client::new(Some(server), &config)?.post("/demo/fix", &())?;
    if json {
        println!("{}", serde_json::to_string(&fixed).map_err(anyhow::Error::from)?);
    } else {
        println!("payments knows every card type now; replay what died before");
    }
    Ok(Exit::Done)
}

pub(crate) async fn run(args: &DemoArgs, json: bool) -> Result<Exit, Fault> {
    let broker = EmbeddedBroker::start(TOPICS).map_err(anyhow::Error::from)?;
    let scratch = tempfile::tempdir().map_err(anyhow::Error::from)?;
    let archive = args.archive.clone().unwrap_or_else(|| scratch.path().join("archive"));
    let text = configuration(&broker.bootstrap_servers(), &archive, args);
    let (config, settings) = Config::from_parts(Path::new("the demo's configuration"), &text, std::iter::empty())?;
    let _telemetry = telemetry::start(&config)?;
    let fix = Fix::default();
    let node = Node::start(&config, settings, "--listen", Some(Arc::new(Payments(fix.clone())))).await?;
    let stop = StopSignals::listen()?;
    let cancel = CancellationToken::new();
    let shop = tokio::spawn(tapline_shop::run(shop_options(&broker.bootstrap_servers(), args), fix, cancel.clone()));
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

/// What mends the shop's payments.
#[derive(Debug)]
struct Payments(Fix);

impl DemoFix for Payments {
    fn deploy(&self) {
        self.0.deploy();
    }

    fn is_deployed(&self) -> bool {
        self.0.is_deployed()
    }
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
         lag.interval = \"5s\"\n\
         [sources.shop]\n\
         brokers = \"{brokers}\"\n\
         start = \"earliest\"\n\
         groups = {GROUPS:?}\n\
         backfill_rate = \"100MB\"\n",
        args.listen
    )
}
