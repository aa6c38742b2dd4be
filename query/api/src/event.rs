//! Events: lists, one in full, histograms, the live tail.

use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;
use crate::chain::Edge;

/// One row of a list or of the live tail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSummary {
    /// `source/destination/partition/position`.
    pub address: String,
    /// Configured source.
    pub source: String,
    /// Topic, stream, queue.
    pub destination: String,
    /// Absent where the system has none.
    pub partition: Option<i32>,
    /// Offset in decimal or the system's own position.
    pub position: String,
    /// Broker's time; absent when the broker has none.
    pub timestamp: Option<String>,
    /// When it became searchable.
    pub archived_at: String,
    /// Event type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// Service, when known.
    pub producer: Option<String>,
    /// Message key.
    pub key: Option<Bytes>,
    /// `json`, `text`, `bytes`, ...
    pub format: String,
    /// Key, headers and payload, in bytes.
    pub size: i32,
    /// The beginning of the body, at most 400 characters; JSON stays JSON but may be cut.
    pub preview: Option<String>,
    /// Root cause when it is a dead letter. Another name in JSON, because [`EventDetail`] holds both.
    #[serde(rename = "root_cause")]
    pub dead_letter: Option<String>,
    /// The attempt when it is on a retry topic.
    pub retry: Option<i32>,
}

/// `GET /api/v1/events`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventPage {
    /// The rows.
    pub events: Vec<EventSummary>,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The SQL that the filters make.
    pub sql: String,
}

/// A header with what its name says about its encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeaderView {
    /// As it came.
    pub name: String,
    /// As it came; absent is null.
    pub value: Option<Bytes>,
    /// Readable form, where the name says how the bytes are encoded.
    pub decoded: Option<String>,
    /// The encoding: `text`, `int32`, `int64`, `bigint`, `uuid`, `bytes`.
    pub encoding: String,
    /// Headers that belong together: `cloudevents`, `trace`, `spring_kafka`, `kafka_connect`, ...
    pub family: Option<String>,
}

/// An identifier: `name=value`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdView {
    /// As most often spelled.
    pub name: String,
    /// Normalised.
    pub value: String,
}

/// A payload, cut at a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payload {
    /// Whole size in bytes.
    pub size: usize,
    /// The first bytes (at most 1 MiB); absent for a tombstone.
    pub content: Option<Bytes>,
    /// True when `content` is not all.
    pub truncated: bool,
}

/// What a dead letter's headers say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the names are those of the columns, documented in docs/sql.md")]
pub struct DeadLetterView {
    /// Who failed and at what, in a sentence.
    pub sentence: String,
    pub framework: String,
    /// Address of the event that failed, when the headers name it.
    pub origin: Option<String>,
    pub origin_timestamp: Option<String>,
    pub consumer_group: Option<String>,
    pub exception: Option<String>,
    pub root_cause: Option<String>,
    pub message: Option<String>,
    pub stack: Option<String>,
    pub attempts: Option<i32>,
    pub stage: Option<String>,
    pub fingerprint: Option<String>,
}

/// `GET /api/v1/events/{source}/{destination}/{partition}/{position}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventDetail {
    /// What lists show.
    #[serde(flatten)]
    pub summary: EventSummary,
    /// Kind of system.
    pub system: String,
    /// 1 for the first life of the destination.
    pub incarnation: i32,
    /// `created`, `appended`, `received`.
    pub timestamp_kind: Option<String>,
    /// In order, with duplicates and nulls.
    pub headers: Vec<HeaderView>,
    /// As it was.
    pub payload: Payload,
    /// Readable form where the payload is not JSON text itself.
    pub decoded: Option<String>,
    /// Why it could not be decoded.
    pub decode_error: Option<String>,
    /// Every identifier, the columns' (`message_id`, `trace_id`, ...) first.
    pub ids: Vec<IdView>,
    /// How many identifiers were found beyond the limit.
    pub ids_dropped: i32,
    /// When it is a dead letter.
    pub dead_letter: Option<DeadLetterView>,
    /// Edges to its direct neighbours.
    pub edges: Vec<Edge>,
    /// `hot` (in memory) or `archived`.
    pub stored: String,
}

/// What a histogram is split by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeriesBy {
    /// Event type.
    #[default]
    Type,
    /// Destination.
    Destination,
    /// Producing service.
    Producer,
}

/// One colour of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// The value; empty for rows without one, `…` for the rest beyond the ten most frequent.
    pub name: String,
    /// Sum of `counts`.
    pub total: u64,
    /// One for each bucket.
    pub counts: Vec<u64>,
}

/// `GET /api/v1/events/histogram`: the same filters as the list, and `by`, `buckets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Histogram {
    /// Begin of the first bucket.
    pub from: String,
    /// End of the last, exclusive.
    pub to: String,
    /// Width of a bucket.
    pub step_seconds: f64,
    /// Most frequent first.
    pub series: Vec<Series>,
    /// All rows that match.
    pub total: u64,
    /// True when a limit of the query cut the count short.
    pub truncated: bool,
}

/// Server-sent event `dropped` of the live tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dropped {
    /// Events that matched and were not sent because this reader was too slow.
    pub count: u64,
}
