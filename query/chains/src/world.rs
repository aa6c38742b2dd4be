//! Test worlds: events in a compact form, written into an archive in a folder of its own, part archived, part hot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tapline_api::Chain;
use tapline_archive::{Archive, ArchiveOptions, Ledger, Moved, Progress, View};
use tapline_model::row::{DeadLetterRow, EventBuilder, EventRow, IdPair, RetryRow};

use crate::options::ChainOptions;

/// Where times of test worlds begin, microseconds.
pub(crate) const T0: i64 = 1_795_230_764_000_000;
/// A second.
pub(crate) const S: i64 = 1_000_000;
/// A millisecond.
pub(crate) const MS: i64 = 1_000;

/// One event. Made by [`event`], refined by its methods.
#[derive(Debug, Clone, Default)]
pub(crate) struct Event {
    pub(crate) destination: String,
    pub(crate) partition: i32,
    pub(crate) offset: Option<i64>,
    pub(crate) incarnation: i32,
    pub(crate) time: Option<i64>,
    pub(crate) kind: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) causation: Option<String>,
    pub(crate) correlation: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) trace: Option<String>,
    pub(crate) replay: Option<String>,
    pub(crate) ids: Vec<(String, String)>,
    pub(crate) dead: Option<Dead>,
    pub(crate) retry: Option<Retry>,
    pub(crate) schema: Option<i32>,
    pub(crate) tombstone: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Dead {
    pub(crate) origin: Option<(String, i32, i64)>,
    pub(crate) group: String,
    pub(crate) cause: String,
    pub(crate) said: Option<String>,
    pub(crate) attempts: Option<i32>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Retry {
    pub(crate) origin: (String, i32, i64),
    pub(crate) attempts: i32,
}

/// `"orders OrderPlaced storefront"` at a time after [`T0`]; the last words may be left out.
pub(crate) fn event(words: &str, after: i64) -> Event {
    let mut words = words.split_whitespace().map(str::to_owned);
    let destination = words.next().unwrap();
    let (kind, service) = (words.next(), words.next());
    Event { destination, kind, service, time: Some(T0 + after), incarnation: 1, ..Event::default() }
}

impl Event {
    /// `"key=ORD-1 message=m1 cause=m0 correlation=c trace=t conversation=v replay=r orderId=ORD-1"`.
    pub(crate) fn with(mut self, pairs: &str) -> Self {
        for pair in pairs.split_whitespace() {
            let (name, value) = pair.split_once('=').unwrap();
            let value = value.to_owned();
            match name {
                "key" => self.key = Some(value),
                "message" => self.message = Some(value),
                "cause" => self.causation = Some(value),
                "correlation" => self.correlation = Some(value),
                "conversation" => self.conversation = Some(value),
                "trace" => self.trace = Some(format!("{value:0>32}")),
                "replay" => self.replay = Some(value),
                name => self.ids.push((name.to_owned(), value)),
            }
        }
        self
    }

    pub(crate) fn at(mut self, partition: i32, offset: i64) -> Self {
        (self.partition, self.offset) = (partition, Some(offset));
        self
    }

    /// A dead letter of the event at `origin`.
    pub(crate) fn dead(mut self, origin: (&str, i32, i64), group: &str, cause: &str, attempts: i32) -> Self {
        let origin = Some((origin.0.to_owned(), origin.1, origin.2));
        self.dead =
            Some(Dead { origin, group: group.into(), cause: cause.into(), said: None, attempts: Some(attempts) });
        self
    }

    /// What the exception of a dead letter says.
    pub(crate) fn saying(mut self, message: &str) -> Self {
        self.dead.get_or_insert_default().said = Some(message.to_owned());
        self
    }

    /// On a retry topic, of the event at `origin`.
    pub(crate) fn retry(mut self, origin: (&str, i32, i64), attempts: i32) -> Self {
        self.retry = Some(Retry { origin: (origin.0.to_owned(), origin.1, origin.2), attempts });
        self
    }

    fn append(&self, builder: &mut EventBuilder, offset: i64) {
        // As the decoder does: a strong value that stands in a column is not listed once more.
        let columns = [&self.key, &self.message, &self.causation, &self.correlation, &self.conversation, &self.trace];
        let in_column = |value: &String| columns.iter().any(|column| column.as_ref() == Some(value));
        let listed = self.ids.iter().filter(|(_, value)| tapline_model::id::is_weak(value) || !in_column(value));
        let ids: Vec<IdPair<'_>> = listed.map(|(name, value)| IdPair { name, value }).collect();
        builder.append(&EventRow {
            source: "shop",
            system: "kafka",
            destination: &self.destination,
            partition: Some(self.partition),
            offset: Some(offset),
            incarnation: self.incarnation,
            timestamp: self.time,
            archived_at: self.time.filter(|time| *time > 0).unwrap_or(T0) + 200 * MS,
            key: self.key.as_deref().map(str::as_bytes),
            payload: (!self.tombstone).then_some(b"{}".as_slice()),
            format: if self.tombstone { "null" } else { "json" },
            schema_id: self.schema,
            r#type: self.kind.as_deref(),
            producer: self.service.as_deref(),
            message_id: self.message.as_deref(),
            causation_id: self.causation.as_deref(),
            correlation_id: self.correlation.as_deref(),
            conversation_id: self.conversation.as_deref(),
            trace_id: self.trace.as_deref(),
            ids: &ids,
            dead_letter: self.dead.as_ref().map(|dead| DeadLetterRow {
                framework: "spring_kafka",
                origin_destination: dead.origin.as_ref().map(|origin| origin.0.as_str()),
                origin_partition: dead.origin.as_ref().map(|origin| origin.1),
                origin_offset: dead.origin.as_ref().map(|origin| origin.2),
                consumer_group: Some(&dead.group),
                root_cause: Some(&dead.cause),
                message: dead.said.as_deref(),
                attempts: dead.attempts,
                ..DeadLetterRow::default()
            }),
            retry: self.retry.as_ref().map(|retry| RetryRow {
                origin_destination: Some(&retry.origin.0),
                origin_partition: Some(retry.origin.1),
                origin_offset: Some(retry.origin.2),
                attempts: Some(retry.attempts),
                due_at: None,
            }),
            replay_id: self.replay.as_deref(),
            size: 2,
            ..EventRow::default()
        });
    }
}

/// An archive with its folder.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    _archive: Arc<Archive>,
    pub(crate) view: Arc<View>,
    pub(crate) ledger: Ledger,
    pub(crate) options: ChainOptions,
}

/// Writes events: the first part archived, in two files, the rest hot. Offsets follow each other in each partition
/// unless given.
pub(crate) fn world(events: &[Event]) -> World {
    world_of(events, (events.len() / 3, events.len() * 2 / 3))
}

/// As [`world`], with a file up to each of the two places and the rest hot.
pub(crate) fn world_of(events: &[Event], files: (usize, usize)) -> World {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let archive = runtime.block_on(async {
        let archive = Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap();
        let mut next = BTreeMap::new();
        for (part, stored) in
            [(&events[..files.0], true), (&events[files.0..files.1], true), (&events[files.1..], false)]
        {
            append(&archive, part, &mut next);
            if stored {
                archive.flush().await.unwrap();
            }
        }
        archive
    });
    let (view, ledger) = (archive.view(), archive.ledger());
    World { _folder: folder, _archive: archive, view, ledger, options: ChainOptions::default() }
}

fn append(archive: &Archive, events: &[Event], next: &mut BTreeMap<(String, i32), i64>) {
    let mut builder = EventBuilder::new();
    for event in events {
        let next = next.entry((event.destination.clone(), event.partition)).or_default();
        let offset = event.offset.unwrap_or(*next);
        event.append(&mut builder, offset);
        *next = offset + 1;
    }
    let moved = next.iter().map(|((destination, partition), next)| Moved {
        destination: destination.clone(),
        destination_id: None,
        incarnation: 1,
        partition: *partition,
        next: *next,
        backfill: None,
    });
    let progress = Progress { source: "shop".into(), system: "kafka".into(), moved: moved.collect(), missing: vec![] };
    archive.append([builder.finish()], &progress).unwrap();
}

impl World {
    /// The chain of a query, an hour after [`T0`].
    pub(crate) fn chain(&self, query: &str) -> Chain {
        self.chain_at(query, 3_600 * S)
    }

    /// The chain of a query at a time after [`T0`].
    pub(crate) fn chain_at(&self, query: &str, after: i64) -> Chain {
        crate::chain(&self.view, &self.ledger, query, T0 + after, &self.options).unwrap()
    }
}

/// Addresses of members without the source.
pub(crate) fn places(chain: &Chain) -> BTreeSet<String> {
    chain.members.iter().map(|member| member.address.trim_start_matches("shop/").to_owned()).collect()
}

/// Types of members in order.
pub(crate) fn types(chain: &Chain) -> Vec<&str> {
    chain.members.iter().map(|member| member.event_type.as_deref().unwrap_or("-")).collect()
}

/// Edges as `from → to rule`, addresses without the source.
pub(crate) fn arrows(chain: &Chain) -> Vec<String> {
    let short = |address: &str| address.trim_start_matches("shop/").to_owned();
    let word = |edge: &tapline_api::Edge| serde_json::to_value(edge.rule).unwrap().as_str().unwrap().to_owned();
    chain.edges.iter().map(|edge| format!("{} → {} {}", short(&edge.from), short(&edge.to), word(edge))).collect()
}
