//! Killed at random under load, again and again: every address once, every byte as produced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use tapline_kit::{Kafka, Producer, Record, Tapline, second_reader, wait_for};

const PARTITIONS: i32 = 4;
/// CI's share; `cargo xtask crash archive --kills 1000` is the long form.
const KILLS: usize = 20;

/// What stands at a place is a function of the place: producers send in order, one for each partition.
fn record(partition: i32, offset: u64) -> Record {
    let mut random = StdRng::seed_from_u64(offset * 31 + partition.unsigned_abs() as u64);
    let filler: String =
        (0..random.random_range(0..600)).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect();
    let payload = format!("{{\"orderId\":\"ORD-{partition}-{offset:08}\",\"filler\":\"{filler}\"}}");
    let record = Record::new("orders", partition, payload);
    match offset % 5 {
        0 => record,
        1 => Record { payload: None, ..record.key("tombstone") },
        _ => record.key(format!("K{}", offset % 97)).header("trace", Some(filler.as_bytes())),
    }
}

struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<u64>>>,
}

impl Load {
    fn start(kafka: &Kafka) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = |partition| {
            let (producer, stop) = (kafka.producer()?, Arc::clone(&stop));
            Ok(std::thread::spawn(move || produce(&producer, partition, &stop)))
        };
        Ok(Self { threads: (0..PARTITIONS).map(thread).collect::<Result<_>>()?, stop })
    }

    /// Records produced, by partition.
    fn end(self) -> Result<Vec<u64>> {
        self.stop.store(true, Ordering::SeqCst);
        self.threads.into_iter().map(|thread| thread.join().ok().context("a producer panicked")?).collect()
    }
}

fn produce(producer: &Producer, partition: i32, stop: &AtomicBool) -> Result<u64> {
    let mut offset = 0;
    while !stop.load(Ordering::SeqCst) {
        for _ in 0..20 {
            producer.send(&record(partition, offset))?;
            offset += 1;
        }
        // A load that Tapline keeps up with: 800 records a second and partition.
        std::thread::sleep(Duration::from_millis(25)); // tidy: wait
    }
    producer.flush()?;
    Ok(offset)
}

fn expected_digest(ends: &[u64]) -> String {
    let mut digest = Sha256::new();
    for (partition, end) in (0..PARTITIONS).zip(ends) {
        for offset in 0..*end {
            let Record { key, payload, headers, .. } = record(partition, offset);
            digest.update(format!("orders/{partition}/{offset}/"));
            [key, payload].iter().for_each(|value| add(&mut digest, value.as_deref()));
            for (name, value) in headers {
                add(&mut digest, Some(name.as_bytes()));
                add(&mut digest, value.as_deref());
            }
        }
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn add(digest: &mut Sha256, value: Option<&[u8]>) {
    match value {
        None => digest.update(b"-"),
        Some(bytes) => {
            digest.update(format!("+{}:", bytes.len()));
            digest.update(bytes);
        }
    }
}

#[test]
fn killed_at_random_under_load_every_address_is_archived_once() -> Result<()> {
    let kills = std::env::var("TAPLINE_CRASH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", PARTITIONS, &[])?;
    let load = Load::start(&kafka)?;
    let mut tapline = Tapline::start(&format!(
        "[limits]\ncommit_interval = \"300ms\"\n[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n",
        kafka.bootstrap()
    ))?;
    let mut random = StdRng::from_os_rng();
    for _ in 0..kills {
        // The moment is what is random here: within a read, a write, a sync, a commit.
        std::thread::sleep(Duration::from_millis(random.random_range(50..1_500))); // tidy: wait
        tapline.kill9()?;
        tapline.restart()?;
    }
    let ends = load.end()?;
    let total: u64 = ends.iter().sum();
    ensure!(total > 5_000, "the load was {total} records");
    wait_for("all rows", Duration::from_secs(120), || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() >= Some(total)).then_some(()))
    })?;
    let counted = tapline.sql(
        "SELECT partition, count(*), count(DISTINCT \"offset\"), min(\"offset\"), max(\"offset\") FROM events GROUP BY partition ORDER BY partition",
    )?;
    let found: BTreeMap<i64, Vec<i64>> = counted
        .iter()
        .map(|row| (row[0].as_i64().unwrap_or(-1), row[1..].iter().map(|value| value.as_i64().unwrap_or(-1)).collect()))
        .collect();
    for (partition, end) in (0i64..).zip(&ends) {
        let end = i64::try_from(*end)?;
        assert_eq!(found[&partition], [end, end, 0, end - 1], "partition {partition}: rows, distinct, first, last");
    }
    for (partition, end) in (0..PARTITIONS).zip(&ends) {
        let rows = tapline.sql(&format!(
            "SELECT \"offset\", key_text, arrow_cast(payload, 'Utf8') FROM events WHERE partition = {partition} ORDER BY 1"
        ))?;
        assert_eq!(rows.len() as u64, *end);
        for (offset, row) in (0..).zip(&rows) {
            let expected = record(partition, offset);
            let text =
                |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            assert_eq!(row[1].as_str().map(str::to_owned), text(&expected.key), "key of {partition}/{offset}");
            assert_eq!(row[2].as_str().map(str::to_owned), text(&expected.payload), "payload of {partition}/{offset}");
        }
    }
    tapline.stop()?;
    let other = second_reader::digest(&tapline.archive())?;
    assert_eq!(other["rows"].as_u64(), Some(total), "{other}");
    assert_eq!(other["addresses"].as_u64(), Some(total), "{other}");
    assert_eq!(other["digest"].as_str(), Some(expected_digest(&ends).as_str()), "bytes differ from what was produced");
    Ok(())
}
