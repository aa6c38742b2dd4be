//! What a rewrite takes beside everything else, in a process of its own so that its resident size means something.

#![expect(clippy::unwrap_used, reason = "a test's fault is told by its panic")]

use tapline_archive::{Archive, ArchiveOptions, Progress};
use tapline_model::{EventBuilder, EventRow, Header, IdPair, TimestampKind, time};
use tapline_upkeep::{Limits, compact, plan};

/// The product's: it gives back what was freed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILES: i64 = 8;
const CHUNKS: i64 = 4;
const ROWS: i64 = 8_192;
/// Of a rewrite with its index, as ARCHITECTURE.md tells it.
const BOUND: usize = 250 << 20;

fn rows(from: i64) -> arrow::array::RecordBatch {
    let mut builder = EventBuilder::new();
    for offset in from..from + ROWS {
        // Neighbours in time are of different chains.
        let (order, event) =
            (format!("ORD-{}", offset * 7_919 % 100_000), format!("{offset:08x}-0000-4000-8000-0a1b2c3d4e5f"));
        let correlation = format!("{:08x}-1111-4000-8000-0a1b2c3d4e5f", offset * 7_919 % 100_000);
        let trace = format!("{offset:032x}");
        let payload = format!("{{\"orderId\":\"{order}\",\"note\":\"{event}{trace}{correlation}\"}}");
        let header = |name: &'static str, value: &'static str| Header { name, value: Some(value.as_bytes()) };
        let id = |name: &'static str, value| IdPair { name, value };
        builder.append(&EventRow {
            source: "shop",
            system: "kafka",
            destination: "orders",
            partition: Some(0),
            offset: Some(offset),
            incarnation: 1,
            leader_epoch: Some(0),
            timestamp: Some(1_790_000_000_000_000 + offset),
            timestamp_kind: Some(TimestampKind::Created),
            archived_at: time::now(),
            key: Some(order.as_bytes()),
            payload: Some(payload.as_bytes()),
            headers: &[
                header("ce_specversion", "1.0"),
                header("ce_type", "PaymentAuthorized"),
                header("ce_source", "/shop/orders"),
                header("content-type", "application/json"),
                Header { name: "ce_id", value: Some(event.as_bytes()) },
                Header { name: "traceparent", value: Some(trace.as_bytes()) },
                Header { name: "correlation-id", value: Some(correlation.as_bytes()) },
            ],
            format: "json",
            r#type: Some("PaymentAuthorized"),
            producer: Some("/shop/orders"),
            message_id: Some(&event),
            correlation_id: Some(&correlation),
            trace_id: Some(&trace),
            span_id: Some(&trace[16..]),
            ids: &[id("orderId", &order), id("customerId", &order), id("paymentId", &event)],
            size: 500,
            ..EventRow::default()
        });
    }
    builder.finish()
}

fn memory(of: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(of)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<usize>().unwrap() << 10
}

/// The rows were copied together before they were sorted, and again after: more than was said.
#[tokio::test]
async fn a_rewrite_takes_the_memory_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap();
    for file in 0..FILES {
        for chunk in 0..CHUNKS {
            archive.append([rows((file * CHUNKS + chunk) * ROWS)], &Progress::default()).unwrap();
        }
        archive.flush().await.unwrap();
    }
    let inputs = plan(&archive.view().files, &Limits::default(), time::now()).unwrap();
    let inside: u64 = inputs.iter().map(|file| file.rows).sum();
    let before = memory("VmRSS");
    // The most so far is forgotten.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    compact(&archive, inputs).await.unwrap();
    let taken = memory("VmHWM").saturating_sub(before);
    println!("{} MiB for {inside} rows, beside {} MiB", taken >> 20, before >> 20);
    assert!(inside > 80_000, "{inside} rows are too few to measure");
    assert!(taken < BOUND, "{} MiB for {inside} rows", taken >> 20);
}
