//! Memory with many partitions and a long backlog, in a process of its own so that its resident size means something.

use std::time::Duration;

use anyhow::Result;
use tapline_adapter::{Lane, Positions, Start};
use tapline_e2e::{Reader, options, resident};
use tapline_kit::{Kafka, KafkaConfig, Record};

const PARTITIONS: i32 = 2_000;
const BACKLOG: usize = 600_000;
const PAYLOAD: usize = 500;
const QUEUES: usize = 64 << 20;
/// What two clients cost beside their queues: two thousand partitions each, threads, allocator slack.
const BESIDE: usize = 96 << 20;

#[test]
fn two_thousand_partitions_and_a_backlog_stay_within_the_bound() -> Result<()> {
    let kafka = Kafka::with(&KafkaConfig {
        extra: vec![("log.index.size.max.bytes".to_owned(), "4096".to_owned())],
        ..KafkaConfig::default()
    })?;
    let admin = kafka.admin()?;
    for n in 0..PARTITIONS / 100 {
        admin.create_topic(&format!("wide.{n}"), 100, &[])?;
    }
    fill(&kafka)?;

    let before = resident()?;
    let mut wanted = options(Start::Earliest);
    wanted.queue_bytes = QUEUES;
    let mut reader = Reader::open(&kafka, "tapline", &wanted, Positions::new())?.counting();
    reader.until("every partition", Duration::from_secs(120), |reader| reader.reading() == PARTITIONS as usize)?;
    // A slow archive: the queues of both lanes fill up and must stop at their bound.
    let mut peak = 0;
    for _ in 0..200 {
        reader.poll(Lane::Live, Duration::from_millis(20))?;
        peak = peak.max(resident()?);
    }
    reader.until("the backlog", Duration::from_secs(240), |reader| {
        peak = peak.max(resident().unwrap_or(usize::MAX));
        reader.count.0 >= BACKLOG
    })?;
    assert_eq!(reader.count.0, BACKLOG);
    let used = peak - before;
    println!("{} MiB for {PARTITIONS} partitions, {} MiB of queues", used >> 20, QUEUES >> 20);
    assert!(used < QUEUES + BESIDE, "{} MiB", used >> 20);
    Ok(())
}

/// 300 MB over all partitions. A scope of its own: the producer's memory is given back before measuring begins.
fn fill(kafka: &Kafka) -> Result<()> {
    let producer = kafka.producer()?;
    let payload = vec![b'x'; PAYLOAD];
    for n in 0..BACKLOG {
        let place = n as i32 % PARTITIONS;
        producer.send(&Record::new(&format!("wide.{}", place / 100), place % 100, payload.clone()))?;
        if n % 50_000 == 0 {
            producer.flush()?;
        }
    }
    producer.flush()
}
