//! What all calls share.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tapline_alert::Alerts;
use tapline_api::{Environment, Setting, SourceInfo};
use tapline_archive::Archive;
use tapline_chains::ChainOptions;
use tapline_deadletter::LetterCache;
use tapline_engine::{Engine, SystemTables};
use tapline_model::pairing::Pin;
use tapline_model::time;
use tapline_replay::Replays;
use tapline_state::State;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::demo::DemoFix;
use crate::events::filter::Filter;
use crate::events::search::Stop;
use crate::events::tail::MOST_TAILS;
use crate::metrics::Metrics;
use crate::overview::Maps;
use crate::params::Params;
use crate::problem::Refusal;
use crate::rollup::Rollups;
use crate::security::Secret;
use crate::security::limits::{LONGEST, MOST_CALLS};
use crate::security::origin::Hosts;
use crate::security::token::Gate;

/// How a server stands in its world.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where it listens; decides under which names it may be asked.
    pub listen: SocketAddr,
    /// Asked of every caller when there is one.
    pub token: Option<Secret>,
    /// Which environment it shows.
    pub environment: Environment,
    /// Configuration in force, secrets hidden.
    pub settings: Vec<Setting>,
    /// Bound for taps and hot rows, bytes.
    pub memory_limit: u64,
    /// Of the binary.
    pub version: String,
    /// Names besides the loopback ones and the listen address, such as that of a proxy.
    pub allowed_hosts: Vec<String>,
    /// What the configuration says of retries and dead letters, by source.
    pub pins: HashMap<String, Vec<Pin>>,
    /// Whether `/metrics` has groups under kminion's names too.
    pub kminion_metrics: bool,
    /// Of a demo, what mends its payments.
    pub fix: Option<Arc<dyn DemoFix>>,
    /// Until an answer begins; the time that a query may ask for comes on top.
    pub longest: Duration,
}

impl ServerOptions {
    /// For an address, without token and with an environment of no name.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            token: None,
            environment: Environment { name: "local".to_owned(), colour: "grey".to_owned(), confirm_replays: false },
            kminion_metrics: false,
            settings: Vec::new(),
            memory_limit: 0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            allowed_hosts: Vec::new(),
            pins: HashMap::new(),
            fix: None,
            longest: LONGEST,
        }
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 8270)))
    }
}

/// One for the life of a server.
pub(crate) struct Shared {
    pub(crate) archive: Arc<Archive>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) standing: Arc<dyn SystemTables>,
    pub(crate) chain_options: ChainOptions,
    pub(crate) options: ServerOptions,
    pub(crate) hosts: Hosts,
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
    pub(crate) rollups: Rollups,
    pub(crate) letters: LetterCache,
    pub(crate) maps: Maps,
    /// What people and agents decided.
    pub(crate) state: State,
    /// What is put back.
    pub(crate) replays: Replays,
    /// What fires.
    pub(crate) alerts: Alerts,
    /// Calls in progress.
    pub(crate) calls: Semaphore,
    /// Live tails.
    pub(crate) tails: Arc<Semaphore>,
    /// When this process began, microseconds; tells its cursors from those of others.
    pub(crate) epoch: i64,
    /// Cancelled when the server stops.
    pub(crate) stopping: CancellationToken,
}

/// The handle that every call gets.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        archive: Arc<Archive>,
        engine: Arc<Engine>,
        standing: Arc<dyn SystemTables>,
        state: State,
        replays: Replays,
        alerts: Alerts,
        options: ServerOptions,
    ) -> Self {
        Self(Arc::new(Shared {
            archive,
            engine,
            standing,
            chain_options: ChainOptions::default(),
            hosts: Hosts::new(options.listen, &options.allowed_hosts),
            gate: Gate::new(options.token.clone(), options.listen.port()),
            options,
            metrics: Metrics::default(),
            rollups: Rollups::default(),
            letters: LetterCache::default(),
            state,
            replays,
            alerts,
            maps: Maps::default(),
            calls: Semaphore::new(MOST_CALLS),
            tails: Arc::new(Semaphore::new(MOST_TAILS)),
            epoch: time::now(),
            stopping: CancellationToken::new(),
        }))
    }

    /// Runs what blocks on the disk on a thread for it, and stops it when the caller went away.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &Stop) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let gone = CancellationToken::new();
        // Dropped with this future when the connection closes.
        let _guard = gone.clone().drop_guard();
        let (app, span) = (self.clone(), Span::current());
        tokio::task::spawn_blocking(move || span.in_scope(|| work(&app, &Stop::new(gone)))).await?
    }

    /// The filter that the parameters make.
    pub(crate) fn filter(&self, params: &Params) -> Result<Filter, Refusal> {
        let view = self.archive.view();
        Filter::read(params, time::now(), |name| view.knows_name(name))
    }

    /// How sources stand; asks taps, which answer from memory.
    pub(crate) fn sources(&self) -> Vec<SourceInfo> {
        self.standing.sources()
    }
}
