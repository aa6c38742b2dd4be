//! A small archive that is the same each time: orders, payments, dead letters, and everything that is odd.

use std::sync::Arc;

use arrow::array::RecordBatch;
use tapline_archive::{Archive, ArchiveOptions, GapKind, GapRange, Missing, Moved, Progress};
use tapline_engine::{ArchiveFacts, Engine, EngineOptions};
use tapline_model::row::{DeadLetterRow, EventBuilder, EventRow, Header, IdPair, RetryRow, TimestampKind};
use tempfile::TempDir;

use crate::foreign;

/// 2026-11-21T02:00:00Z, microseconds.
pub(crate) const START: i64 = 1_795_226_400_000_000;

/// Where the rows stand when a query begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Hot,
    Archived,
    Half,
    /// Archived, and rewritten by another engine.
    Foreign,
}

/// An archive with an engine over it. The folder lives as long as this does.
pub(crate) struct Shop {
    pub engine: Arc<Engine>,
    pub archive: Arc<Archive>,
    _folder: TempDir,
}

impl Shop {
    pub(crate) async fn open(standing: Standing) -> Self {
        Self::with(standing, &events(), EngineOptions::default()).await
    }

    /// Appends `events` in chunks of 40; the archived part is cut into several files.
    pub(crate) async fn with(standing: Standing, events: &[Event], options: EngineOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap();
        let archived = match standing {
            Standing::Hot => 0,
            Standing::Archived | Standing::Foreign => events.len(),
            Standing::Half => events.len() / 2,
        };
        for chunk in chunks(&events[..archived]) {
            append(&archive, chunk);
            archive.flush().await.unwrap();
        }
        for chunk in chunks(&events[archived..]) {
            append(&archive, chunk);
        }
        if standing == Standing::Foreign {
            foreign::rewrite(&archive).await;
        }
        let facts = Arc::new(ArchiveFacts(Arc::clone(&archive)));
        let options = EngineOptions { target_partitions: 2, ..options };
        let engine = Arc::new(Engine::new(Arc::clone(&archive), facts, options).unwrap());
        Self { engine, archive, _folder: folder }
    }
}

/// Runs of one source, at most 40 long.
fn chunks(events: &[Event]) -> impl Iterator<Item = &[Event]> {
    events.chunk_by(|a, b| a.source == b.source).flat_map(|run| run.chunks(40))
}

fn append(archive: &Archive, events: &[Event]) {
    let moved = events.iter().filter_map(|event| {
        Some(Moved {
            destination: event.destination.clone(),
            destination_id: None,
            incarnation: event.incarnation,
            partition: event.partition?,
            next: event.offset? + 1,
            backfill: None,
        })
    });
    let gaps = events.iter().filter(|event| event.gap_before > 0).map(|event| Missing {
        destination: event.destination.clone(),
        incarnation: event.incarnation,
        partition: event.partition.unwrap(),
        range: GapRange {
            from: event.offset.unwrap() - event.gap_before,
            to: event.offset.unwrap(),
            kind: GapKind::NotDelivered,
            seen_at: START,
        },
    });
    let progress = Progress {
        source: events[0].source.into(),
        system: events[0].system.into(),
        moved: moved.collect(),
        missing: gaps.collect(),
    };
    archive.append([batch(events)], &progress).unwrap();
}

/// One row, owned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Event {
    pub source: &'static str,
    pub system: &'static str,
    pub destination: String,
    pub partition: Option<i32>,
    pub offset: Option<i64>,
    pub incarnation: i32,
    pub position: Option<String>,
    pub timestamp: Option<i64>,
    pub archived_at: i64,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(&'static str, Option<Vec<u8>>)>,
    pub format: &'static str,
    pub schema_id: Option<i32>,
    pub decoded: Option<String>,
    pub decode_error: Option<&'static str>,
    pub kind: Option<&'static str>,
    pub producer: Option<&'static str>,
    pub message_id: Option<String>,
    pub causation_id: Option<String>,
    pub correlation_id: Option<String>,
    pub trace_id: Option<String>,
    pub ids: Vec<(&'static str, String)>,
    pub dead: Option<(i64, &'static str)>,
    pub retry: Option<i32>,
    /// Offsets missing before this one.
    pub gap_before: i64,
}

/// Rows as a chunk.
pub(crate) fn batch(events: &[Event]) -> RecordBatch {
    let mut builder = EventBuilder::new();
    for event in events {
        let headers: Vec<Header<'_>> =
            event.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
        let ids: Vec<IdPair<'_>> = event.ids.iter().map(|(name, value)| IdPair { name, value }).collect();
        builder.append(&row(event, &headers, &ids));
    }
    builder.finish()
}

fn row<'a>(event: &'a Event, headers: &'a [Header<'a>], ids: &'a [IdPair<'a>]) -> EventRow<'a> {
    let header_bytes: usize =
        headers.iter().map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len)).sum();
    let bytes = event.key.as_ref().map_or(0, Vec::len) + event.payload.as_ref().map_or(0, Vec::len) + header_bytes;
    EventRow {
        source: event.source,
        system: event.system,
        destination: &event.destination,
        partition: event.partition,
        offset: event.offset,
        incarnation: event.incarnation,
        position: event.position.as_deref(),
        timestamp: event.timestamp,
        timestamp_kind: event.timestamp.map(|_| TimestampKind::Created),
        archived_at: event.archived_at,
        key: event.key.as_deref(),
        payload: event.payload.as_deref(),
        headers,
        format: event.format,
        schema_id: event.schema_id,
        decoded: event.decoded.as_deref(),
        decode_error: event.decode_error,
        r#type: event.kind,
        producer: event.producer,
        message_id: event.message_id.as_deref(),
        causation_id: event.causation_id.as_deref(),
        correlation_id: event.correlation_id.as_deref(),
        trace_id: event.trace_id.as_deref(),
        ids,
        dead_letter: event.dead.map(|(offset, exception)| dead_letter(offset, exception)),
        retry: event.retry.map(|attempts| RetryRow {
            origin_destination: Some("payments"),
            origin_partition: Some(0),
            origin_offset: Some(7),
            attempts: Some(attempts),
            due_at: Some(START + 60_000_000),
        }),
        size: bytes as i32,
        ..EventRow::default()
    }
}

fn dead_letter(offset: i64, exception: &'static str) -> DeadLetterRow<'static> {
    DeadLetterRow {
        framework: "spring",
        origin_destination: Some("payments"),
        origin_partition: Some(0),
        origin_offset: Some(offset),
        origin_timestamp: Some(START + offset * 1_000_000),
        consumer_group: Some("billing"),
        exception: Some(exception),
        root_cause: Some("java.lang.NumberFormatException"),
        message: Some("For input string: \"12,5\""),
        stack: Some("at shop.Card.parse(Card.java:17)\nat shop.Pay.run(Pay.java:4)"),
        attempts: Some(3),
        stage: Some("listener"),
        fingerprint: Some("f00d"),
    }
}

/// 314 events: 120 orders, 120 payments with their dead letters and retries, and what is odd.
pub(crate) fn events() -> Vec<Event> {
    let mut events: Vec<Event> = (0..120).flat_map(|n| [order(n), payment(n)]).collect();
    events.extend((0..8).map(dead));
    events.extend((0..4).map(retry));
    events.extend(odd());
    events.extend(absurd());
    events.extend((0..40).map(second_life));
    events.extend((0..8).map(queue));
    for (at, event) in events.iter_mut().enumerate() {
        event.archived_at = START + 3_600_000_000 + at as i64;
    }
    events
}

fn topic(destination: &str, partition: i32, offset: i64) -> Event {
    Event {
        source: "shop",
        system: "kafka",
        destination: destination.into(),
        partition: Some(partition),
        offset: Some(offset),
        incarnation: 1,
        timestamp: Some(START + offset * 1_000_000),
        format: "json",
        ..Event::default()
    }
}

fn order(n: i64) -> Event {
    let (id, customer) = (format!("ORD-{}", 1000 + n), format!("C-{}", n % 7));
    let amount = (n % 40) as f64 * 2.5;
    let json = format!(
        r#"{{"orderId":"{id}","amount":{amount},"customer":{{"id":"{customer}","vip":{}}},"items":["a{n}","b"]}}"#,
        n % 10 == 0
    );
    let offset = if n % 3 == 0 && n >= 60 { n / 3 + 5 } else { n / 3 };
    Event {
        key: Some(id.clone().into_bytes()),
        payload: Some(json.into_bytes()),
        headers: vec![("ce_type", Some(b"OrderPlaced".to_vec())), ("ce_source", Some(b"/storefront".to_vec()))],
        kind: Some("OrderPlaced"),
        producer: Some("storefront"),
        message_id: Some(format!("m-{n:04}")),
        correlation_id: Some(id.clone()),
        trace_id: Some(format!("{:032x}", 0xa000 + n)),
        ids: vec![("orderId", id), ("customer.id", customer)],
        gap_before: if n == 60 { 5 } else { 0 },
        timestamp: Some(START + n * 10_000_000),
        ..topic("orders", (n % 3) as i32, offset)
    }
}

/// Every fourth is Avro, shown by `decoded`; keys are UUIDs, every second in capitals.
fn payment(n: i64) -> Event {
    let key = format!("0b1e5c4a-0000-4000-8000-{n:012x}");
    let json = format!(r#"{{"paymentId":"P-{n}","status":"{}"}}"#, if n % 9 == 0 { "REFUSED" } else { "PAID" });
    let avro = n % 4 == 0;
    Event {
        key: Some(if n % 2 == 0 { key.to_uppercase() } else { key }.into_bytes()),
        payload: Some(if avro { vec![0, 0, 0, 0, 7, 0xfe, n as u8] } else { json.clone().into_bytes() }),
        format: if avro { "avro" } else { "json" },
        schema_id: avro.then_some(7),
        decoded: avro.then_some(json),
        kind: Some(if n % 9 == 0 { "PaymentRefused" } else { "PaymentAccepted" }),
        message_id: Some(format!("p-{n:04}")),
        causation_id: Some(format!("m-{n:04}")),
        correlation_id: Some(format!("ORD-{}", 1000 + n)),
        trace_id: (n % 5 != 0).then(|| format!("{:032x}", 0xa000 + n)),
        ids: vec![("payment_id", format!("P-{n}"))],
        timestamp: Some(START + n * 10_000_000 + 2_500_000),
        ..topic("payments", 0, n)
    }
}

fn dead(n: i64) -> Event {
    let exceptions = ["shop.CardException", "java.io.IOException"];
    Event {
        key: Some(format!("ORD-{}", 1000 + n).into_bytes()),
        payload: Some(format!(r#"{{"paymentId":"P-{n}","card":"12,5"}}"#).into_bytes()),
        headers: vec![
            ("kafka_dlt-exception-fqcn", Some(exceptions[(n % 2) as usize].into())),
            ("kafka_dlt-original-offset", Some((n * 3).to_be_bytes().to_vec())),
        ],
        kind: Some("PaymentAccepted"),
        causation_id: Some(format!("m-{n:04}")),
        ids: vec![("payment_id", format!("P-{n}"))],
        dead: Some((n * 3, exceptions[(n % 2) as usize])),
        timestamp: Some(START + 600_000_000 + n * 1_000_000),
        ..topic("payments-dlt", 0, n)
    }
}

fn retry(n: i64) -> Event {
    Event { payload: Some(b"{}".to_vec()), retry: Some(n as i32 + 1), ..topic("payments-retry-0", 0, n) }
}

/// Null and empty, bytes that are no text, headers twice and without value.
fn odd() -> Vec<Event> {
    let at = |offset| topic("inventory", 0, offset);
    vec![
        Event { key: Some(b"sku-1".to_vec()), payload: None, format: "none", ..at(0) },
        Event { key: None, payload: Some(b"plain text, \"quoted\"".to_vec()), format: "text", ..at(1) },
        Event { key: Some(Vec::new()), payload: Some(Vec::new()), format: "none", ..at(2) },
        Event { key: Some(vec![0xff, 0x00]), payload: Some(vec![0xc3, 0x28]), format: "binary", ..at(3) },
        Event {
            headers: vec![
                ("attempt", Some(b"1".to_vec())),
                ("attempt", Some(b"2".to_vec())),
                ("empty", Some(Vec::new())),
                ("nothing", None),
                ("raw", Some(vec![0xde, 0xad])),
            ],
            payload: Some(b"[1,2]".to_vec()),
            ..at(4)
        },
        Event { payload: Some(b"{broken".to_vec()), decode_error: Some("unexpected end"), format: "text", ..at(5) },
        Event { payload: Some("{\"name\":\"Gr\u{fc}\u{df}e \u{1f980}\",\"n\":9007199254740993}".into()), ..at(6) },
        Event { payload: Some(b"{\"nil\":null,\"deep\":{\"a\":[{\"b\":1.50}]}}".to_vec()), ..at(7) },
    ]
}

fn absurd() -> Vec<Event> {
    let times = [None, Some(-1), Some(0), Some(i64::MAX), Some(i64::MIN), Some(253_402_300_799_999_999)];
    let clock = |(at, timestamp): (usize, Option<i64>)| Event {
        timestamp,
        payload: Some(b"tick".to_vec()),
        format: "text",
        ..topic("clock", 0, at as i64)
    };
    times.into_iter().enumerate().map(clock).collect()
}

fn second_life(n: i64) -> Event {
    Event { incarnation: 2, payload: Some(b"1".to_vec()), ..topic("orders", 0, n) }
}

/// A system without partitions and offsets.
fn queue(n: i64) -> Event {
    Event {
        source: "legacy",
        system: "rabbitmq",
        partition: None,
        offset: None,
        position: Some(format!("55-{n}")),
        payload: Some(b"<order/>".to_vec()),
        format: "text",
        ..topic("shop.orders/eu", 0, n)
    }
}
