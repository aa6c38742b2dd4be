//! What a tap delivers from a real Kafka: every byte, every offset once or accounted for, whatever happens meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use tapline_adapter::{Lane, Positions, Start, UndeliveredReason};
use tapline_e2e::{Reader, options};
use tapline_kit::{Kafka, Producer, Record, wait_for};

const SOON: Duration = Duration::from_secs(60);
const USER: &str = "tapline";

/// Produced with an explicit time, so that the whole record can be compared.
fn timed(record: Record, milliseconds: i64) -> Record {
    Record { timestamp: Some(milliseconds), ..record }
}

#[test]
fn every_byte_is_as_it_was_produced() -> Result<()> {
    let kafka = Kafka::start()?;
    let topic = "shop.orders.v1-eu_west";
    kafka.admin()?.create_topic(topic, 1, &[("message.timestamp.type", "CreateTime")])?;
    let mut random = StdRng::seed_from_u64(7);
    let mut bytes = |len: usize| {
        let mut bytes = vec![0; len];
        random.fill_bytes(&mut bytes);
        bytes
    };
    let mut many = Record::new(topic, 0, "many headers");
    for n in 0..10_000 {
        many = many.header(&format!("h{}", n % 100), (n % 3 > 0).then_some(format!("v{n}").as_bytes()));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let produced: Vec<Record> = [
        Record { topic: topic.to_owned(), partition: Some(0), ..Record::default() },
        Record::new(topic, 0, "").key(""),
        Record { payload: None, ..Record::new(topic, 0, "").key("tombstone") },
        Record::new(topic, 0, bytes(512)).key(bytes(64)),
        Record::new(topic, 0, "twice").header("a", Some(b"1")).header("a", Some(b"1")).header("A", Some(b"")),
        Record::new(topic, 0, "nulls").header("", None).header("n", None).header("bin", Some(&[0, 0xff, 0])),
        Record::new(topic, 0, "x").header("\u{1F9ED}", Some("n\u{e4}me".as_bytes())),
        many,
        Record::new(topic, 0, bytes(10 << 20)),
        Record::new(topic, 0, "event").cloud_event("shop.Ordered", "e-1", "/shop"),
        Record::new(topic, 0, "last"),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, record)| timed(record, now - 1_000_000 + n as i64))
    .collect();
    kafka.producer()?.send_all(&produced)?;

    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), Positions::new())?;
    reader.until("all records", SOON, |reader| reader.count.0 == produced.len())?;
    for (seen, expected) in reader.records.iter().zip(&produced) {
        assert!(seen.record == *expected, "offset {} differs", seen.offset);
    }
    assert_eq!(reader.count.1, produced.iter().map(size).sum::<usize>());
    assert_eq!(reader.undelivered, []);
    Ok(())
}

fn size(record: &Record) -> usize {
    let value = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
    let headers: usize = record.headers.iter().map(|(name, bytes)| name.len() + value(bytes)).sum();
    value(&record.key) + value(&record.payload) + headers
}

#[test]
fn a_hundred_megabytes_arrive_within_a_small_bound() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("large", 1, &[("max.message.bytes", "134217728")])?;
    let large = Record::new("large", 0, vec![b'x'; 100 << 20]);
    kafka.producer()?.send_all(&[large.clone(), Record::new("large", 0, "after")])?;
    let mut wanted = options(Start::Earliest);
    wanted.queue_bytes = 8 << 20;
    let mut reader = Reader::open(&kafka, USER, &wanted, Positions::new())?;
    reader.until("both records", SOON, |reader| reader.count.0 == 2)?;
    assert!(reader.records[0].record.payload == large.payload);
    Ok(())
}

#[test]
fn aborted_records_are_hidden_and_their_offsets_accounted_for() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("bank", 1, &[])?;
    let transactions = Producer::transactional(&kafka.client(), "bank-1")?;
    let batch = |word: &str| (0..3).map(|n| Record::new("bank", 0, format!("{word}-{n}"))).collect::<Vec<_>>();
    transactions.transaction(&batch("kept"), true)?;
    transactions.transaction(&batch("undone"), false)?;
    transactions.transaction(&batch("kept-too"), true)?;

    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), Positions::new())?;
    // Offset 11 is the last commit's marker: passed without a record behind it.
    reader.until("the end behind the marker", SOON, |reader| {
        reader.facts().places.iter().any(|place| place.next == 12 && place.end == Some(12))
    })?;
    let offsets: Vec<i64> = reader.records.iter().map(|seen| seen.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 8, 9, 10]);
    let holes: Vec<_> = reader.undelivered.iter().map(|hole| (hole.from, hole.to, hole.reason)).collect();
    assert_eq!(holes, [(3, 8, UndeliveredReason::NotDelivered), (11, 12, UndeliveredReason::NotDelivered)]);
    Ok(())
}

#[test]
fn an_open_transaction_appears_when_it_is_committed() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("bank", 1, &[])?;
    let transactions = Producer::transactional(&kafka.client(), "bank-1")?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Latest), Positions::new())?;
    reader.until("the partition", SOON, |reader| reader.reading() == 1)?;
    transactions.begin()?;
    transactions.send_all(&[Record::new("bank", 0, "in doubt")])?;
    // Committed by another producer meanwhile: it stands behind the open transaction and must wait as well.
    kafka.producer()?.send_all(&[Record::new("bank", 0, "behind")])?;
    reader.until("the end moving", SOON, |reader| reader.facts().places[0].end == Some(2))?;
    assert_eq!(reader.count.0, 0);
    transactions.commit()?;
    reader.until("both", SOON, |reader| reader.count.0 == 2)?;
    Ok(())
}

#[test]
fn retention_that_overtakes_reading_is_told_as_expired() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("short", 1, &[])?;
    let producer = kafka.producer()?;
    let fill = |count: usize| {
        (0..count).try_for_each(|n| producer.send(&Record::new("short", 0, format!("{n}"))))?;
        producer.flush()
    };
    fill(100)?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), Positions::new())?;
    reader.until("the first hundred", SOON, |reader| reader.count.0 == 100)?;
    let positions = reader.positions.clone();
    drop(reader);

    // While nobody reads.
    fill(300)?;
    admin.delete_records("short", 0, 250)?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), positions)?;
    reader.until("what is left", SOON, |reader| reader.count.0 == 150)?;
    assert_eq!(ranges(&reader), [(100, 250, UndeliveredReason::Expired)]);

    // While the lane is slowed: its next fetch is out of range.
    let mut slow = options(Start::Earliest);
    slow.backfill_rate = 200_000;
    slow.queue_bytes = 1 << 20;
    let mut reader = Reader::open(&kafka, USER, &slow, Positions::new())?;
    let payload = vec![b'x'; 10_000];
    (0..4_000).try_for_each(|_| producer.send(&Record::new("short", 0, payload.clone())))?;
    producer.flush()?;
    reader = {
        let positions = Positions::from([(("short".to_owned(), 0), resume_of(&reader, 400)?)]);
        drop(reader);
        Reader::open(&kafka, USER, &slow, positions)?
    };
    reader
        .until("the first backfilled", SOON, |reader| reader.records.iter().any(|seen| seen.lane == Lane::Backfill))?;
    admin.delete_records("short", 0, 4_300)?;
    reader.until("the expiry", SOON, |reader| {
        reader.undelivered.iter().any(|hole| hole.reason == UndeliveredReason::Expired)
    })?;
    reader.until("the rest", SOON, |reader| reader.facts().places.iter().all(|place| place.backfill_left == 0))?;
    let delivered: BTreeSet<i64> = reader.records.iter().map(|seen| seen.offset).collect();
    assert_eq!(delivered.len(), reader.records.len(), "an offset was delivered twice");
    for offset in 400..4_400 {
        let told = reader.undelivered.iter().filter(|hole| hole.from <= offset && offset < hole.to).count();
        assert_eq!(told + usize::from(delivered.contains(&offset)), 1, "offset {offset}: {:?}", reader.undelivered);
    }
    Ok(())
}

fn ranges(reader: &Reader) -> Vec<(i64, i64, UndeliveredReason)> {
    reader.undelivered.iter().map(|hole| (hole.from, hole.to, hole.reason)).collect()
}

/// A resume point of a topic that was read up to `next`.
fn resume_of(reader: &Reader, next: i64) -> Result<tapline_adapter::ResumePoint> {
    let known = reader.positions.values().next().cloned();
    let point = tapline_adapter::ResumePoint { destination_id: None, incarnation: 1, next, backfill: None };
    Ok(known.map_or(point.clone(), |known| tapline_adapter::ResumePoint { next, backfill: None, ..known }))
}

#[test]
fn new_topics_and_added_partitions_are_found_and_read_from_their_beginning() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("old", 1, &[])?;
    let producer = kafka.producer()?;
    producer.send_all(&[Record::new("old", 0, "before the tap")])?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Latest), Positions::new())?;
    reader.until("the old topic", SOON, |reader| reader.reading() == 1)?;
    admin.create_topic("new.topic", 3, &[])?;
    admin.grow_topic("old", 2)?;
    let sent = [
        Record::new("new.topic", 2, "first of a new topic"),
        Record::new("old", 1, "first of a new partition"),
        Record::new("old", 0, "after the tap"),
    ];
    // A producer of its own, since the other one does not know of the new partition for minutes.
    wait_for("the new partition's leader", SOON, || Ok(kafka.producer()?.send_all(&sent[1..2]).ok()))?;
    producer.send_all(&[sent[0].clone(), sent[2].clone()])?;
    let began = Instant::now();
    reader.until("all three", SOON, |reader| reader.count.0 == 3)?;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let mut payloads: Vec<_> = reader.records.iter().map(|seen| seen.record.payload.clone()).collect();
    let mut expected: Vec<_> = sent.iter().map(|record| record.payload.clone()).collect();
    payloads.sort();
    expected.sort();
    assert_eq!(payloads, expected);
    assert_eq!(reader.reading(), 5);
    Ok(())
}

#[test]
fn a_recreated_topic_is_another_incarnation() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    let producer = kafka.producer()?;
    let fill = |word: &str, count: usize| -> Result<()> {
        let record = |n| Record::new("phoenix", 0, format!("{word}-{n}"));
        wait_for("the leader", SOON, || Ok(producer.send_all(&[record(0)]).ok()))?;
        producer.send_all(&(1..count).map(record).collect::<Vec<_>>())
    };
    admin.create_topic("phoenix", 1, &[])?;
    fill("first", 10)?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), Positions::new())?;
    reader.until("the first life", SOON, |reader| reader.count.0 == 10)?;

    // Seen while it was away, and shorter than before.
    admin.delete_topic("phoenix")?;
    reader.until("its end", SOON, |reader| reader.reading() == 0)?;
    admin.create_topic("phoenix", 1, &[])?;
    fill("second", 4)?;
    reader.until("the second life", SOON, |reader| reader.count.0 == 14)?;

    // Not seen while it was away: the tap was closed. Longer than before, so that only the identity tells.
    let positions = reader.positions.clone();
    let first: Vec<_> = reader.by_address("phoenix")?.into_iter().collect();
    drop(reader);
    admin.delete_topic("phoenix")?;
    admin.create_topic("phoenix", 1, &[])?;
    fill("third", 25)?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), positions)?;
    reader.until("the third life", SOON, |reader| reader.count.0 == 25)?;
    let third: Vec<_> = reader.by_address("phoenix")?.into_iter().collect();

    for ((incarnation, _, offset), record) in first.iter().chain(&third) {
        let word = ["first", "second", "third"][*incarnation as usize - 1];
        assert_eq!(record.payload.as_deref(), Some(format!("{word}-{offset}").as_bytes()));
    }
    assert_eq!((first.len(), third.len()), (14, 25));
    Ok(())
}

#[test]
fn a_broker_killed_and_started_again_costs_nothing() -> Result<()> {
    let mut kafka = Kafka::start()?;
    kafka.admin()?.create_topic("steady", 3, &[])?;
    let send = |kafka: &Kafka, from: usize, to: usize| -> Result<()> {
        let producer = kafka.producer()?;
        (from..to).try_for_each(|n| producer.send(&Record::new("steady", (n % 3) as i32, format!("{n}"))))?;
        producer.flush()
    };
    let mut random = StdRng::seed_from_u64(11);
    send(&kafka, 0, 3_000)?;
    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), Positions::new())?;
    let mut sent = 3_000;
    for _ in 0..3 {
        let some = reader.count.0 + random.random_range(1..1_500);
        reader.until("some more", SOON, |reader| reader.count.0 >= some.min(sent))?;
        kafka.kill9()?;
        let began = Instant::now();
        reader.until("the outage to be told", SOON, |reader| !reader.facts().connected)?;
        assert!(began.elapsed() < Duration::from_secs(15), "told only after {:?}", began.elapsed());
        let problem = reader.facts().problems.remove(0);
        assert!(problem.starts_with(&format!("cannot reach {}", kafka.bootstrap())), "{problem}");
        kafka.restart()?;
        send(&kafka, sent, sent + 1_000)?;
        sent += 1_000;
    }
    reader.until("everything", SOON, |reader| reader.count.0 >= sent && reader.facts().connected)?;
    let all = reader.by_address("steady")?;
    let payloads: BTreeSet<_> = all.values().map(|record| record.payload.clone()).collect();
    assert_eq!((all.len(), payloads.len()), (sent, sent));
    assert_eq!(reader.facts().problems, Vec::<String>::new());

    // A tap that is opened while the broker is away begins when it comes back.
    kafka.kill9()?;
    let positions = reader.positions.clone();
    drop(reader);
    let mut reader = Reader::open(&kafka, USER, &options(Start::Earliest), positions)?;
    reader.until("the outage to be told", SOON, |reader| !reader.facts().problems.is_empty())?;
    kafka.restart()?;
    send(&kafka, sent, sent + 100)?;
    reader.until("what was sent since", SOON, |reader| reader.count.0 >= 100)?;
    assert_eq!(reader.by_address("steady")?.len(), 100);
    Ok(())
}

#[test]
fn a_throttled_backlog_does_not_delay_fresh_rows() -> Result<()> {
    const BACKLOG: usize = 200_000;
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("busy", 2, &[])?;
    let producer = kafka.producer()?;
    let payload = vec![b'x'; 200];
    (0..BACKLOG).try_for_each(|n| producer.send(&Record::new("busy", (n % 2) as i32, payload.clone())))?;
    producer.flush()?;

    let mut slow = options(Start::Earliest);
    slow.backfill_rate = 4_000_000;
    let mut reader = Reader::open(&kafka, USER, &slow, Positions::new())?;
    reader.until("the backlog to begin", SOON, |reader| reader.count.0 > 0)?;
    let (began, before) = (Instant::now(), reader.count.1);
    for n in 0..20 {
        let (sent, word) = (Instant::now(), format!("fresh-{n}"));
        producer.send_all(&[Record::new("busy", n % 2, word.clone())])?;
        let fresh = |reader: &Reader| {
            reader
                .records
                .iter()
                .rev()
                .any(|seen| seen.lane == Lane::Live && seen.record.payload.as_deref() == Some(word.as_bytes()))
        };
        reader.until("the fresh record", SOON, fresh)?;
        assert!(sent.elapsed() < Duration::from_secs(3), "{word} after {:?}", sent.elapsed());
    }
    reader.until("three seconds of backfill", SOON, |_| began.elapsed() > Duration::from_secs(3))?;
    let rate = (reader.count.1 - before) as f64 / began.elapsed().as_secs_f64();
    assert!((2.0e6..5.0e6).contains(&rate), "{rate} bytes a second instead of 4,000,000");
    reader.until("all of it", Duration::from_secs(120), |reader| reader.count.0 == BACKLOG + 20)?;
    assert_eq!(reader.by_address("busy")?.len(), BACKLOG + 20);
    Ok(())
}

#[test]
fn a_start_by_time_begins_there() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("timed", 1, &[])?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let hours = |n: i64| timed(Record::new("timed", 0, format!("{n} h ago")), now - n * 3_600_000);
    kafka.producer()?.send_all(&[hours(5), hours(3), hours(1), hours(0)])?;
    let start = Start::At((now - 2 * 3_600_000) * 1_000);
    let mut reader = Reader::open(&kafka, USER, &options(start), Positions::new())?;
    reader.until("two records", SOON, |reader| reader.count.0 >= 2)?;
    let offsets: Vec<i64> = reader.records.iter().map(|seen| seen.offset).collect();
    assert_eq!(offsets, [2, 3]);
    assert_eq!(reader.undelivered, [], "what `start` leaves out is not a loss");
    Ok(())
}
