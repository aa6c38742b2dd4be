//! How long decoding takes: `cargo run --release -p tapline-decode --example decode_rate`.
//!
//! Prints nanoseconds a record and bytes a second for realistic records, best of several rounds on one core, and what
//! serde_json takes in the same run to check the payload alone: machines differ, the ratio hardly does.

use std::hint::black_box;
use std::time::Instant;

use serde::de::IgnoredAny;
use tapline_adapter::RawRecord;
use tapline_decode::{Decoder, Rules};
use tapline_model::{Header, TimestampKind};

const SMALL: &str = r#"{"eventType":"PaymentAuthorized","orderId":"ORD-2026-0047113","paymentId":"7f3c1a52-9a70-4d1e-8a0f-1f6f3f1b2c3d","customerId":884213,"amount":129.95,"currency":"EUR","authorizedAt":"2026-11-21T03:12:44.512Z"}"#;

const LARGE: &str = r#"{"eventType":"OrderPlaced","version":3,"occurredAt":"2026-11-21T03:12:44.512Z","order":{"id":"ORD-2026-0047113","channel":"web","currency":"EUR","total":389.85,"paid":false,"customer":{"id":884213,"segment":"returning","email":"ann.example@example.org","address":{"street":"Long Lane 17","city":"Hamburg","postalCode":"20095","country":"DE"}},"lines":[{"id":"L-1","sku":"SHIRT-BLUE-M","title":"Shirt, blue, medium, organic cotton","quantity":2,"price":39.95,"warehouseId":"HAM-2"},{"id":"L-2","sku":"LAMP-DESK-3","title":"Desk lamp with \"warm\" light","quantity":1,"price":89.0,"warehouseId":"HAM-2"},{"id":"L-3","sku":"CHAIR-OAK","title":"Oak chair, set of two","quantity":1,"price":220.95,"warehouseId":"BER-1"}],"shipping":{"method":"express","carrier":"DHL","trackingNumber":"00340434161094042557","promisedAt":"2026-11-23T18:00:00Z"},"notes":"Please ring twice; leave with the neighbour if nobody is home. Gift wrapping for line 2."},"metadata":{"source":"shop-web","tenantId":"tenant-de-01","schema":"order-placed/3"}}"#;

fn headers() -> [Header<'static>; 6] {
    let header = |name, value: &'static str| Header { name, value: Some(value.as_bytes()) };
    [
        header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        header("content-type", "application/json"),
        header("x-correlation-id", "0b1e5c4a-0000-4000-8000-00000000000f"),
        header("message-id", "5d7f8a1c-52c1-4d1b-9a6e-9f1c2b3d4e5f"),
        header("source-service", "shop-web"),
        header("tenant-region", "eu-central-1"),
    ]
}

fn measure(name: &str, payload: &str) {
    let headers = headers();
    let record = RawRecord {
        destination: "shop.orders",
        partition: Some(3),
        offset: Some(47_113),
        position: None,
        incarnation: 1,
        leader_epoch: Some(0),
        timestamp: Some(1_795_230_764_512_000),
        timestamp_outside: None,
        timestamp_kind: Some(TimestampKind::Created),
        key: Some(b"ORD-2026-0047113"),
        payload: Some(payload.as_bytes()),
        headers: &headers,
        repaired_names: 0,
    };
    let mut decoder = Decoder::new(Rules::default());
    let checked = best(|| drop(black_box(serde_json::from_slice::<IgnoredAny>(black_box(payload.as_bytes())))));
    let decoded = best(|| {
        black_box(decoder.decode(black_box(&record)));
    });
    let megabytes = payload.len() as f64 / decoded / 1e6;
    let found = decoder.decode(&record).ids.len();
    println!(
        "{name:>10}: {:5.0} ns a record, {megabytes:5.0} MB/s of payload, {found} ids, {} bytes; serde_json only checks it in {:5.0} ns",
        decoded * 1e9,
        payload.len(),
        checked * 1e9
    );
}

/// Seconds a call takes in the best of many short rounds, which other work on the machine does not reach.
fn best(mut call: impl FnMut()) -> f64 {
    let (rounds, calls) = (500, 1_000);
    let round = |_| {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    (0..rounds).map(round).fold(f64::MAX, f64::min)
}

fn main() {
    measure("no payload", "");
    measure("200 B", SMALL);
    measure("1 KB", LARGE);
}
