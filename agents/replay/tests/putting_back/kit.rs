//! An archive with dead letters, a broker, and the replays of both, which can be killed and taken up again.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tapline_adapter::Source;
use tapline_api::{Delivery, Environment, Outcome, ReplayAct, ReplayDetail, ReplayItem, ReplayRequest, ReplayState};
use tapline_archive::{Archive, ArchiveOptions, Moved, Progress};
use tapline_model::{Address, DeadLetterRow, EventBuilder, EventRow, Header, TimestampKind, time};
use tapline_replay::{ItemFilter, ReplayError, ReplayOptions, Replays, Selected, Sources, find_addresses};
use tapline_state::State;
use tempfile::TempDir;

use crate::fake::{Broker, NAME};

/// An event of the archive.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) destination: &'static str,
    pub(crate) offset: i64,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) headers: Vec<(&'static str, Option<Vec<u8>>)>,
    /// Where it failed on `orders`, if it is a dead letter.
    pub(crate) origin: Option<i64>,
    /// Its fingerprint then.
    pub(crate) cause: &'static str,
}

impl Sample {
    pub(crate) fn new(destination: &'static str, offset: i64, key: &str) -> Self {
        Self {
            destination,
            offset,
            timestamp: Some(time::now() - 3_600_000_000 + offset * 1_000),
            key: Some(key.as_bytes().to_vec()),
            payload: Some(format!("{{\"n\":{offset}}}").into_bytes()),
            headers: vec![("ce_id", Some(offset.to_string().into_bytes()))],
            origin: None,
            cause: "f1",
        }
    }

    /// A dead letter of what stood on `orders` at `origin`.
    pub(crate) fn dead(offset: i64, origin: i64, key: &str) -> Self {
        Self { origin: Some(origin), ..Self::new("orders-dlt", offset, key) }
    }

    /// A share group's, of what stood on `orders` at `origin`: without bytes of its own.
    pub(crate) fn pointer(offset: i64, origin: i64) -> Self {
        Self { key: None, payload: None, headers: Vec::new(), ..Self::dead(offset, origin, "") }
    }

    /// Happened at this moment.
    pub(crate) fn just_now(self) -> Self {
        Self { timestamp: Some(time::now()), ..self }
    }

    pub(crate) fn address(&self) -> Address {
        Address {
            source: NAME.to_owned(),
            destination: self.destination.to_owned(),
            incarnation: 1,
            partition: Some(0),
            position: self.offset.to_string(),
        }
    }

    fn size(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers = self.headers.iter().map(|(name, value)| name.len() + length(value));
        length(&self.key) + length(&self.payload) + headers.sum::<usize>()
    }

    fn append(&self, builder: &mut EventBuilder) {
        let headers: Vec<Header<'_>> =
            self.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
        builder.append(&EventRow {
            source: NAME,
            system: "kafka",
            destination: self.destination,
            partition: Some(0),
            offset: Some(self.offset),
            incarnation: 1,
            timestamp: self.timestamp,
            timestamp_kind: Some(TimestampKind::Created),
            archived_at: time::now(),
            key: self.key.as_deref(),
            payload: self.payload.as_deref(),
            headers: &headers,
            format: "json",
            r#type: Some("OrderPlaced"),
            dead_letter: self.origin.map(|origin| DeadLetterRow {
                framework: if self.key.is_none() && self.payload.is_none() { "share_group" } else { "spring" },
                origin_destination: Some("orders"),
                origin_partition: Some(0),
                origin_offset: Some(origin),
                consumer_group: Some("billing"),
                fingerprint: Some(self.cause),
                ..DeadLetterRow::default()
            }),
            size: i32::try_from(self.size()).unwrap(),
            ..EventRow::default()
        });
    }
}

/// Dead letters with these keys.
pub(crate) fn letters(keys: &[&str]) -> Vec<Sample> {
    (0..).zip(keys).map(|(offset, key)| Sample::dead(offset, offset, key)).collect()
}

/// So many dead letters, a key each.
pub(crate) fn many(count: i64) -> Vec<Sample> {
    (0..count).map(|offset| Sample::dead(offset, offset, &format!("ORD-{offset}"))).collect()
}

pub(crate) fn request() -> ReplayRequest {
    ReplayRequest { reason: "the fix is out".to_owned(), ..ReplayRequest::default() }
}

pub(crate) struct Node {
    pub(crate) folder: TempDir,
    pub(crate) archive: Arc<Archive>,
    pub(crate) originals: Arc<Archive>,
    pub(crate) state: State,
    pub(crate) broker: Broker,
    pub(crate) options: ReplayOptions,
    replays: Option<Replays>,
    runtime: tokio::runtime::Runtime,
}

impl Node {
    /// With these events in the archive.
    pub(crate) fn new(samples: &[Sample]) -> Self {
        let options = ReplayOptions { settle: Duration::from_millis(50), ..ReplayOptions::default() };
        Self::with(samples, options)
    }

    pub(crate) fn with(samples: &[Sample], options: ReplayOptions) -> Self {
        let folder = TempDir::new().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let of_archive = ArchiveOptions { disk_reserve: 0, ..ArchiveOptions::default() };
        let archive = runtime.block_on(Archive::open(folder.path(), of_archive.clone())).unwrap();
        let beside = folder.path().join("originals");
        let originals = runtime.block_on(Archive::open(&beside, of_archive)).unwrap();
        let state = State::open(folder.path()).unwrap();
        let mut node =
            Self { folder, archive, originals, state, broker: Broker::new(), options, replays: None, runtime };
        node.archive(samples);
        node.open();
        node
    }

    /// Takes up what there is, as a process that begins.
    pub(crate) fn open(&mut self) {
        let sources = Sources::from([(NAME.to_owned(), Arc::new(self.broker.clone()) as Arc<dyn Source>)]);
        let environment = Environment { name: "test".to_owned(), colour: "grey".to_owned(), confirm_replays: false };
        let (archive, state, options) = (Arc::clone(&self.archive), self.state.clone(), self.options.clone());
        let originals = Arc::clone(&self.originals);
        self.replays = Some(Replays::open(archive, originals, state, sources, options, environment).unwrap());
    }

    pub(crate) fn replays(&self) -> &Replays {
        self.replays.as_ref().unwrap()
    }

    /// Makes events searchable, as a tap does.
    pub(crate) fn archive(&self, samples: &[Sample]) {
        let mut builder = EventBuilder::new();
        let mut next = BTreeMap::new();
        for sample in samples {
            sample.append(&mut builder);
            next.insert(sample.destination, sample.offset + 1);
        }
        let moved = next.into_iter().map(|(destination, next)| Moved {
            destination: destination.to_owned(),
            destination_id: None,
            incarnation: 1,
            partition: 0,
            next,
            backfill: None,
        });
        let (source, system) = (NAME.to_owned(), "kafka".to_owned());
        let progress = Progress { source, system, moved: moved.collect(), missing: Vec::new() };
        self.archive.append([builder.finish()], &progress).unwrap();
    }

    /// Events that were looked up beside the archive, in files.
    pub(crate) fn keep(&self, samples: &[Sample]) {
        let mut builder = EventBuilder::new();
        samples.iter().for_each(|sample| sample.append(&mut builder));
        let progress = Progress { source: NAME.to_owned(), system: "kafka".to_owned(), ..Progress::default() };
        self.originals.append([builder.finish()], &progress).unwrap();
        self.runtime.block_on(self.originals.flush()).unwrap();
    }

    /// All events stand in files from now on.
    pub(crate) fn flush(&self) {
        self.runtime.block_on(self.archive.flush()).unwrap();
    }

    /// Plans what is done with these events.
    pub(crate) fn plan(&self, request: &ReplayRequest, samples: &[Sample]) -> ReplayDetail {
        self.try_plan(request, samples).unwrap()
    }

    pub(crate) fn try_plan(&self, request: &ReplayRequest, samples: &[Sample]) -> Result<ReplayDetail, ReplayError> {
        let view = self.archive.view();
        let wanted: HashSet<u64> = samples.iter().map(|sample| sample.address().hash()).collect();
        let hits = find_addresses(&view, &wanted, &|| false).unwrap();
        assert_eq!(hits.len(), samples.len());
        let selected = Selected { hits, chosen_by: "a test".to_owned(), ..Selected::default() };
        self.replays().plan(request, &view, &selected, "mara", &|| false)
    }

    /// A tap has noticed another life of a destination, and read nothing of it yet.
    pub(crate) fn made_anew(&self, destination: &str, incarnation: i32) {
        let (destination, destination_id) = (destination.to_owned(), Some(format!("t{incarnation}")));
        let moved = vec![Moved { destination, destination_id, incarnation, partition: 0, next: 0, backfill: None }];
        let progress = Progress { source: NAME.to_owned(), system: "kafka".to_owned(), moved, missing: Vec::new() };
        self.archive.append([], &progress).unwrap();
    }

    pub(crate) fn start(&self, plan: &ReplayDetail) -> Result<ReplayDetail, ReplayError> {
        let act = ReplayAct { etag: Some(plan.etag.clone()), ..ReplayAct::default() };
        self.replays().start(number(plan), &act, "mara", &|| false)
    }

    /// Plans and starts it; its number.
    pub(crate) fn run(&self, request: &ReplayRequest, samples: &[Sample]) -> i64 {
        let plan = self.plan(request, samples);
        self.start(&plan).unwrap();
        number(&plan)
    }

    pub(crate) fn resume(&self, number: i64) -> Result<ReplayDetail, ReplayError> {
        self.replays().resume(number, &ReplayAct::default(), "mara")
    }

    pub(crate) fn pause(&self, number: i64) -> ReplayDetail {
        self.replays().pause(number, &ReplayAct::default(), "mara").unwrap()
    }

    pub(crate) fn cancel(&self, number: i64) -> ReplayDetail {
        self.replays().cancel(number, &ReplayAct::default(), "mara").unwrap()
    }

    pub(crate) fn detail(&self, number: i64) -> ReplayDetail {
        self.replays().detail(number).unwrap()
    }

    /// Waits until it stands so; a minute at most.
    pub(crate) fn until(&self, number: i64, what: &str, is: impl Fn(&ReplayDetail) -> bool) -> ReplayDetail {
        let mut detail = self.detail(number);
        eventually(what, || {
            detail = self.detail(number);
            is(&detail)
        });
        detail
    }

    pub(crate) fn until_state(&self, number: i64, state: ReplayState) -> ReplayDetail {
        let detail = self.until(number, state.as_str(), |it| it.replay.state == state || stands(it));
        assert_eq!(detail.replay.state, state, "{:?} {:?}", detail.replay.why, detail.replay.progress);
        detail
    }

    /// Waits until so many items were handed to the broker.
    pub(crate) fn until_handed(&self, count: usize) {
        eventually("all is handed over", || self.broker.handed().len() >= count);
    }

    pub(crate) fn items(&self, number: i64) -> Vec<ReplayItem> {
        self.replays().items(number, ItemFilter::default(), 0, 1_000).unwrap().0
    }

    /// How each item stands, in the order of sending.
    pub(crate) fn deliveries(&self, number: i64) -> Vec<Delivery> {
        self.items(number).iter().map(|item| item.delivery).collect()
    }

    pub(crate) fn outcomes(&self, number: i64) -> Vec<Option<Outcome>> {
        self.items(number).iter().map(|item| item.outcome).collect()
    }

    pub(crate) fn journal(&self, number: i64) -> PathBuf {
        self.folder.path().join(format!("events/_replays/r-{number}/journal.jsonl"))
    }

    /// Ends the process as a kill would: what it has written down by now is all that is left of it.
    pub(crate) fn kill(&mut self, number: i64) {
        let written = fs::read(self.journal(number)).unwrap();
        let record = self.state.replay(number).unwrap();
        let replays = self.replays.take().unwrap();
        // A sender that waits for answers stops at once.
        let _ = replays.cancel(number, &ReplayAct::default(), "nobody");
        replays.stop();
        fs::write(self.journal(number), written).unwrap();
        self.state.set_replay(&record, None).unwrap();
    }

    /// Ends the process in order.
    pub(crate) fn stop(&mut self) {
        self.replays.take().unwrap().stop();
    }

    /// Ends the process in order, and begins anew.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.open();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(replays) = self.replays.take() {
            replays.stop();
        }
    }
}

pub(crate) fn number(detail: &ReplayDetail) -> i64 {
    Replays::number(&detail.replay.id).unwrap()
}

/// Whether nothing will change by itself.
fn stands(detail: &ReplayDetail) -> bool {
    detail.replay.state.is_over() || detail.replay.state == ReplayState::Stopped
}

/// Waits until something is true, a minute at most.
pub(crate) fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5)); // tidy: wait, between two looks
    }
}
