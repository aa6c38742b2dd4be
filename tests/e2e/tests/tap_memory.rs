//! Memory with many partitions and a long backlog, in a process of its own so that its resident size means something.

use std::time::{Duration, Instant};

use anyhow::Result;
use tapline_adapter::{Lane, Positions, Start};
use tapline_e2e::{Reader, options, resident};
use tapline_kit::{Kafka, KafkaConfig, Producer, Record, wait_for};

const PARTITIONS: i32 = 2_000;
/// In each partition: enough to be backfill, and later some more for the live lane.
const BACKLOG: usize = 600;
const FRESH: usize = 200;
const ALL: usize = (BACKLOG + FRESH) * PARTITIONS as usize;
const PAYLOAD: usize = 400;
const QUEUES: usize = 64 << 20;
/// What two clients cost beside their queues: two thousand partitions each, threads, allocator slack.
const BESIDE: usize = 96 << 20;
const LONG: Duration = Duration::from_secs(240);

#[test]
fn two_thousand_partitions_and_a_backlog_stay_within_the_bound() -> Result<()> {
    let index = ("log.index.size.max.bytes".to_owned(), "4096".to_owned());
    let kafka = Kafka::with(&KafkaConfig { extra: vec![index], ..KafkaConfig::default() })?;
    let admin = kafka.admin()?;
    for n in 0..PARTITIONS / 100 {
        admin.create_topic(&format!("wide.{n}"), 100, &[])?;
    }
    fill(&kafka, BACKLOG)?;

    let before = resident()?;
    let mut wanted = options(Start::Earliest);
    wanted.queue_bytes = QUEUES;
    let mut reader = Reader::open(&kafka, "tapline", &wanted, Positions::new())?.counting();
    reader.until("every partition", LONG, |reader| reader.reading() == PARTITIONS as usize)?;
    fill(&kafka, FRESH)?;
    // An archive that takes a record now and then: both queues fill up and must stop at their bound.
    let full = standing_still(&mut reader)?;
    let mut peak = full;
    reader.until("everything", LONG, |reader| {
        peak = peak.max(resident().unwrap_or(usize::MAX));
        reader.count.0 >= ALL
    })?;
    assert_eq!(reader.count.0, ALL);
    let (full, used) = (full.saturating_sub(before), peak - before);
    println!("{} MiB with full queues, {} MiB at most, of {} MiB of queues", full >> 20, used >> 20, QUEUES >> 20);
    // Less would mean that the queues never filled and nothing was measured.
    assert!(full > QUEUES / 4, "{} MiB", full >> 20);
    assert!(used < QUEUES + BESIDE, "{} MiB", used >> 20);
    Ok(())
}

/// Reads single records until memory no longer grows; what it grew to.
fn standing_still(reader: &mut Reader) -> Result<usize> {
    let batch = std::mem::replace(&mut reader.batch, 1);
    let mut peak = (0, Instant::now());
    let still = wait_for("the queues to be full", LONG, || {
        reader.poll(Lane::Live, Duration::ZERO)?;
        reader.poll(Lane::Backfill, Duration::ZERO)?;
        let now = resident()?;
        if now > peak.0 + (1 << 20) {
            peak = (now, Instant::now());
        }
        Ok((peak.1.elapsed() > Duration::from_secs(3)).then_some(peak.0))
    })?;
    reader.batch = batch;
    Ok(still)
}

/// Over all partitions alike. The producer holds little, so that what it gives back is not taken for the tap's.
fn fill(kafka: &Kafka, each: usize) -> Result<()> {
    let producer = Producer::new(kafka.client().set("queue.buffering.max.kbytes", "4096"))?;
    let payload = vec![b'x'; PAYLOAD];
    // One partition after the other makes batches that are not tiny.
    for place in 0..PARTITIONS {
        let record = Record::new(&format!("wide.{}", place / 100), place % 100, payload.clone());
        (0..each).try_for_each(|_| producer.send(&record))?;
    }
    producer.flush()
}
