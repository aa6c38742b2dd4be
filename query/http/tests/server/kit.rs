//! A server over an archive of its own, and events for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tapline_alert::{AlertOptions, Alerts};
use tapline_archive::{Archive, ArchiveOptions, Moved, Progress};
use tapline_engine::{ArchiveFacts, Engine, EngineOptions};
use tapline_http::{Secret, Server, ServerError, ServerOptions, rule_metrics};
use tapline_model::{DeadLetterRow, EventBuilder, EventRow, Header, IdPair, TimestampKind, time};
use tapline_replay::{ReplayOptions, Replays, Sources};
use tapline_state::State;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::{Answer, head, raw};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) archive: Arc<Archive>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) cancel: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServerError>>,
    _folder: TempDir,
}

/// One event of source `shop`.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) destination: &'static str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Microseconds.
    pub(crate) timestamp: Option<i64>,
    pub(crate) archived_at: i64,
    pub(crate) kind: Option<&'static str>,
    pub(crate) producer: Option<&'static str>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) headers: Vec<(&'static str, Option<Vec<u8>>)>,
    pub(crate) ids: Vec<(&'static str, String)>,
    pub(crate) correlation_id: Option<String>,
    /// Fingerprint and message.
    pub(crate) dead: Option<(&'static str, &'static str)>,
}

impl Sample {
    pub(crate) fn new(destination: &'static str, offset: i64) -> Self {
        let now = time::now();
        Self {
            destination,
            partition: 0,
            offset,
            timestamp: Some(now),
            archived_at: now,
            kind: None,
            producer: None,
            key: None,
            payload: Some(b"{}".to_vec()),
            headers: Vec::new(),
            ids: Vec::new(),
            correlation_id: None,
            dead: None,
        }
    }

    pub(crate) fn json(destination: &'static str, offset: i64, payload: &str) -> Self {
        Self { payload: Some(payload.as_bytes().to_vec()), ..Self::new(destination, offset) }
    }

    /// So many seconds ago.
    pub(crate) fn ago(self, seconds: i64) -> Self {
        Self { timestamp: Some(time::now() - seconds * 1_000_000), ..self }
    }

    fn append(&self, builder: &mut EventBuilder) {
        let headers: Vec<Header<'_>> =
            self.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
        let ids: Vec<IdPair<'_>> = self.ids.iter().map(|(name, value)| IdPair { name, value }).collect();
        let json = self.payload.as_ref().is_some_and(|it| serde_json::from_slice::<serde_json::Value>(it).is_ok());
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        builder.append(&EventRow {
            source: "shop",
            system: "kafka",
            destination: self.destination,
            partition: Some(self.partition),
            offset: Some(self.offset),
            incarnation: 1,
            timestamp: self.timestamp,
            timestamp_kind: Some(TimestampKind::Created),
            archived_at: self.archived_at,
            key: self.key.as_deref(),
            payload: self.payload.as_deref(),
            headers: &headers,
            format: if json { "json" } else { "bytes" },
            r#type: self.kind,
            producer: self.producer,
            correlation_id: self.correlation_id.as_deref(),
            ids: &ids,
            dead_letter: self.dead.map(|(fingerprint, message)| DeadLetterRow {
                framework: "spring",
                origin_destination: Some("orders"),
                origin_partition: Some(0),
                origin_offset: Some(self.offset),
                consumer_group: Some("payments"),
                root_cause: Some("com.fasterxml.jackson.databind.exc.InvalidFormatException"),
                message: Some(message),
                attempts: Some(3),
                fingerprint: Some(fingerprint),
                ..DeadLetterRow::default()
            }),
            size: i32::try_from(length(&self.key) + length(&self.payload)).unwrap(),
            ..EventRow::default()
        });
    }
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with_token() -> Self {
        Self::with(|options| options.token = Some(Secret::new(TOKEN))).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut ServerOptions)) -> Self {
        let folder = TempDir::new().unwrap();
        let options = ArchiveOptions { disk_reserve: 0, ..ArchiveOptions::default() };
        let archive = Archive::open(folder.path(), options.clone()).await.unwrap();
        let originals = Archive::open(&folder.path().join("originals"), options).await.unwrap();
        let facts = Arc::new(ArchiveFacts(Arc::clone(&archive)));
        let options = EngineOptions { target_partitions: 2, concurrent: 2, ..EngineOptions::default() };
        let engine = Arc::new(Engine::new(Arc::clone(&archive), Arc::clone(&facts) as _, options).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut options = ServerOptions::new(address);
        adjust(&mut options);
        let state = State::open(folder.path()).unwrap();
        let replays = Replays::open(
            Arc::clone(&archive),
            originals,
            state.clone(),
            Sources::new(),
            ReplayOptions::default(),
            options.environment.clone(),
        );
        let replays = replays.unwrap();
        let alerts = Alerts::open(
            state.clone(),
            AlertOptions { defaults: true, metrics: rule_metrics(), ..AlertOptions::default() },
        );
        let (alerts, events) = (alerts.unwrap(), Arc::clone(&archive));
        let server = Server::new(events, Arc::clone(&engine), facts, state, replays, alerts, options);
        let cancel = CancellationToken::new();
        let task = tokio::spawn(server.serve(listener, cancel.clone()));
        Self { address, archive, engine, cancel, task, _folder: folder }
    }

    /// Makes events searchable, as one chunk.
    pub(crate) fn append(&self, samples: &[Sample]) {
        let mut builder = EventBuilder::new();
        let mut moved = BTreeMap::new();
        for sample in samples {
            sample.append(&mut builder);
            moved.insert((sample.destination, sample.partition), sample.offset + 1);
        }
        let moved = moved.into_iter().map(|((destination, partition), next)| Moved {
            destination: destination.to_owned(),
            destination_id: None,
            incarnation: 1,
            partition,
            next,
            backfill: None,
        });
        let progress = Progress {
            source: "shop".to_owned(),
            system: "kafka".to_owned(),
            moved: moved.collect(),
            missing: Vec::new(),
        };
        self.archive.append([builder.finish()], &progress).unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.as_bytes()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let length = body.len().to_string();
        let mut headers = headers.to_vec();
        if !body.is_empty() {
            headers.push(("content-length", &length));
        }
        let mut request = head(self.address, method, path, &headers).into_bytes();
        request.extend_from_slice(body);
        raw(self.address, &request).await
    }

    /// Addresses of a list, in order.
    pub(crate) async fn list(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/api/v1/events?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        addresses(&answer.json()["events"])
    }

    /// Addresses that the SQL beside a list finds.
    pub(crate) async fn listed_by_sql(&self, query: &str) -> Vec<String> {
        let sql = self.get(&format!("/api/v1/events?{query}")).await.json()["sql"].as_str().unwrap().to_owned();
        let body = serde_json::json!({ "sql": sql.replacen("SELECT *", "SELECT address", 1) }).to_string();
        let answer = self.post("/api/v1/sql", &body).await;
        assert_eq!(answer.status, 200, "{sql}: {}", answer.text());
        let rows = answer.json()["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn addresses(events: &serde_json::Value) -> Vec<String> {
    events.as_array().unwrap().iter().map(|event| event["address"].as_str().unwrap().to_owned()).collect()
}

/// Waits until something is true, a minute at most.
pub(crate) async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is() {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await; // tidy: wait, between two looks
    }
}
