//! The running parts of a node, wired: taps into the archive, upkeep behind it, engine and server in front.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tapline_adapter::{AdapterError, Check, GroupOptions, Remedy, TapOptions, Trouble};
use tapline_alert::{AlertError, Alerts};
use tapline_api::Setting;
use tapline_archive::{Archive, ArchiveError, ArchiveOptions};
use tapline_engine::{Engine, EngineOptions};
use tapline_history::History;
use tapline_http::{DemoFix, Secret, Server, ServerOptions, check_listen as check_address};
use tapline_kafka::KafkaSource;
use tapline_lag::{LagOptions, Lags};
use tapline_originals::Originals;
use tapline_pipeline::{FeedOptions, PayloadPolicy, Pipeline, Tapped};
use tapline_replay::{ReplayOptions, Replays, Sources};
use tapline_state::State;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, SourceConfig};
use crate::exit::Fault;
use crate::standing::Standing;

/// New topics and partitions are read at the latest this long after they appear.
const DISCOVERY: Duration = Duration::from_secs(5);

/// A started node.
pub(crate) struct Node {
    address: SocketAddr,
    archive: Arc<Archive>,
    originals: Originals,
    pipeline: Arc<Mutex<Pipeline>>,
    replays: Replays,
    alerts: Alerts,
    listener: TcpListener,
    server: Server,
}

impl Node {
    /// Opens the archive, starts taps, binds the address. Nothing is served yet. `listen_by` is what sets the address,
    /// for whoever has to choose another. A demo brings the fix of its payments.
    pub(crate) async fn start(
        config: &Config,
        settings: Vec<Setting>,
        listen_by: &str,
        fix: Option<Arc<dyn DemoFix>>,
    ) -> Result<Self, Fault> {
        let token = token(config)?;
        check_address(config.http.listen, token.as_ref()).map_err(|error| Fault::Usage(error.to_string()))?;
        let taps = taps(config)?;
        let listener = TcpListener::bind(config.http.listen).await.map_err(|error| {
            let listen = config.http.listen;
            Fault::Unreachable(format!("cannot listen on {listen}: {error}; name a free address by `{listen_by}`"))
        })?;
        let address = listener.local_addr().map_err(anyhow::Error::from)?;
        let archive =
            Archive::open(Path::new(&config.archive), archive_options(config)).await.map_err(|error| match error {
                ArchiveError::Locked { .. } => Fault::Refused(error.to_string()),
                other => Fault::Other(other.into()),
            })?;
        let state = State::open(Path::new(&config.archive)).map_err(anyhow::Error::from)?;
        let sources: Sources =
            taps.iter().map(|tapped| (tapped.source.name().to_owned(), Arc::clone(&tapped.source))).collect();
        let watched = sources.values().map(|source| (Arc::clone(source), groups(config, source.name()))).collect();
        let options = replay_options(config);
        let originals = Originals::open(Arc::clone(&archive), &taps).await.map_err(anyhow::Error::from)?;
        let (events, beside) = (Arc::clone(&archive), Arc::clone(originals.kept()));
        let replays = Replays::open(events, beside, state.clone(), sources, options, config.environment());
        let replays = replays.map_err(anyhow::Error::from)?;
        let pipeline = Pipeline::start(taps, &archive, FeedOptions::default()).map_err(anyhow::Error::from)?;
        let pipeline = Arc::new(Mutex::new(pipeline));
        let keep = i64::try_from(config.lag.keep.0.as_micros()).unwrap_or(i64::MAX);
        let history = History::open(&Path::new(&config.archive).join(tapline_history::FOLDER), keep);
        let history = Arc::new(history.map_err(anyhow::Error::from)?);
        let lags = Lags::start(&archive, history, watched, &lag_options(config)).map_err(anyhow::Error::from)?;
        let alerts = alerts(config, &state, address)?;
        let standing =
            Standing::new(Arc::clone(&archive), Arc::clone(&pipeline), replays.clone(), lags, alerts.clone());
        let standing = Arc::new(standing);
        let engine = Engine::new(Arc::clone(&archive), Arc::clone(&standing) as _, engine_options(config));
        let engine = Arc::new(engine.map_err(anyhow::Error::from)?);
        let options = ServerOptions { fix, ..server_options(config, settings, address, token) };
        let (events, told) = (Arc::clone(&archive), alerts.clone());
        let server = Server::new(events, engine, standing, state, replays.clone(), told, options);
        server.start_alerts().map_err(anyhow::Error::from)?;
        Ok(Self { address, archive, originals, pipeline, replays, alerts, listener, server })
    }

    /// Where page and API are served.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` ends; then reading stops, what was read is committed, and open answers are finished.
    pub(crate) async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Fault> {
        let (serving, writing) = (CancellationToken::new(), CancellationToken::new());
        let upkeep = tapline_upkeep::run(Arc::clone(&self.archive), tapline_upkeep::Limits::default(), writing.clone());
        let upkeep = tokio::spawn(upkeep);
        let writer = {
            let (archive, writing) = (Arc::clone(&self.archive), writing.clone());
            tokio::spawn(async move { archive.run(writing).await })
        };
        let originals = tokio::spawn(self.originals.run(writing.clone()));
        let server = tokio::spawn(self.server.serve(self.listener, serving.clone()));
        stop.await;
        serving.cancel();
        self.alerts.stop();
        // Whatever is sent is paused, and its last answers are written down.
        let replays = self.replays.clone();
        let paused = tokio::task::spawn_blocking(move || replays.stop()).await;
        let pipeline = Arc::clone(&self.pipeline);
        // Taps first: what they read last is still written.
        let stopped = tokio::task::spawn_blocking(move || pipeline.lock().stop()).await;
        writing.cancel();
        let written = writer.await;
        let (served, kept, _) = tokio::join!(server, originals, upkeep);
        paused.map_err(anyhow::Error::from)?;
        stopped.map_err(anyhow::Error::from)?;
        written.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
        kept.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
        served.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
        Ok(())
    }
}

/// The configured sources with what is read of them.
pub(crate) fn taps(config: &Config) -> Result<Vec<Tapped>, Fault> {
    let sources = config.sources.len().max(1);
    config.sources.iter().map(|(name, source)| tapped(name, source, queue_bytes(config) / sources)).collect()
}

fn tapped(name: &str, config: &SourceConfig, queue_bytes: usize) -> Result<Tapped, Fault> {
    let wrong = |error: AdapterError| Fault::Usage(error.to_string());
    let source = KafkaSource::new(name, &config.brokers, config.client_properties(name)?).map_err(wrong)?;
    let options = TapOptions {
        include: config.topics.clone(),
        exclude: config.exclude.clone(),
        start: config.start(),
        queue_bytes,
        backfill_rate: config.backfill_rate.0,
        discovery_interval: DISCOVERY,
    };
    source.accepts(&options).map_err(wrong)?;
    let payloads = PayloadPolicy { limit: config.payload_limit.as_usize(), ..PayloadPolicy::default() };
    Ok(Tapped { source: Arc::new(source), options, rules: config.rules(), payloads })
}

/// A quarter of the memory is for what client libraries have fetched, the rest for hot rows.
fn queue_bytes(config: &Config) -> usize {
    config.limits.memory.as_usize() / 4
}

fn archive_options(config: &Config) -> ArchiveOptions {
    let memory = config.limits.memory.as_usize() - queue_bytes(config);
    let defaults = ArchiveOptions::default();
    ArchiveOptions {
        memory,
        file_bytes: defaults.file_bytes.min(memory / 4),
        disk_reserve: config.limits.disk_reserve.0,
        commit_interval: config.limits.commit_interval.0,
        commit_pause: defaults.commit_pause.min(config.limits.commit_interval.0),
        ..defaults
    }
}

fn replay_options(config: &Config) -> ReplayOptions {
    let replays = &config.replays;
    let own = |source: &SourceConfig| source.dead_letters.header_names().cloned().collect();
    let groups = config.sources.iter().map(|(name, source)| (name.clone(), source.groups.clone()));
    ReplayOptions {
        most_items: replays.most_items,
        attempts: replays.attempts,
        second_person_above: Some(replays.second_person_above).filter(|above| *above > 0),
        settle: replays.settle.0,
        watch: replays.watch.0,
        own_headers: config.sources.iter().map(|(name, source)| (name.clone(), own(source))).collect(),
        groups: groups.collect(),
    }
}

/// Which groups of a source are asked for.
fn groups(config: &Config, source: &str) -> GroupOptions {
    GroupOptions { include: config.sources.get(source).map(|source| source.groups.clone()).unwrap_or_default() }
}

/// Links lead to where people find the page.
fn alerts(config: &Config, state: &State, address: SocketAddr) -> Result<Alerts, Fault> {
    let page = config.http.external_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let options = config.alerts.options(&page)?;
    Alerts::open(state.clone(), options).map_err(|error| match error {
        AlertError::Channel { .. } | AlertError::Rule(_) => Fault::Usage(error.to_string()),
        other => Fault::Other(other.into()),
    })
}

/// Each channel, with whether it could be told something.
pub(crate) fn check_channels(config: &Config) -> impl Iterator<Item = (String, Check)> {
    config.alerts.channels().map(|(name, kind, made)| {
        let wrong = |sentence| Remedy { sentence, command: None, trouble: Trouble::Configuration };
        let outcome = made.map(|()| "it can be told alerts; the page has a button that tries it".to_owned());
        (format!("alerts.channels.{name}"), Check { what: kind.to_owned(), outcome: outcome.map_err(wrong) })
    })
}

fn lag_options(config: &Config) -> LagOptions {
    LagOptions { interval: config.lag.interval.0 }
}

fn engine_options(config: &Config) -> EngineOptions {
    EngineOptions {
        memory_bytes: config.limits.query_memory.as_usize(),
        timeout: config.limits.query_timeout.0,
        max_rows: config.limits.query_rows,
        ..EngineOptions::default()
    }
}

fn server_options(
    config: &Config,
    settings: Vec<Setting>,
    address: SocketAddr,
    token: Option<Secret>,
) -> ServerOptions {
    ServerOptions {
        token,
        environment: config.environment(),
        settings,
        memory_limit: config.limits.memory.0,
        allowed_hosts: config.http.hosts.clone(),
        kminion_metrics: config.lag.kminion_metrics,
        pins: config
            .sources
            .iter()
            .map(|(name, source)| (name.clone(), source.dead_letters.pins().cloned().collect()))
            .collect(),
        ..ServerOptions::new(address)
    }
}

fn token(config: &Config) -> Result<Option<Secret>, Fault> {
    let Some(path) = &config.http.token_file else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault::Usage(format!("cannot read `http.token_file` {}: {error}", path.display())))?;
    match text.trim() {
        "" => Err(Fault::Usage(format!("`http.token_file` {} is empty; write a token into it", path.display()))),
        token => Ok(Some(Secret::new(token))),
    }
}

/// Whether the address may be served, for `tapline check`.
pub(crate) fn check_listen(config: &Config) -> Option<Check> {
    let what = format!("serve on {}", config.http.listen);
    let outcome = token(config).and_then(|token| {
        check_address(config.http.listen, token.as_ref()).map_err(|error| Fault::Usage(error.to_string()))
    });
    let outcome = match outcome {
        Ok(()) => Ok("allowed".to_owned()),
        Err(fault) => Err(Remedy { sentence: fault.to_string(), command: None, trouble: Trouble::Configuration }),
    };
    Some(Check { what, outcome })
}
