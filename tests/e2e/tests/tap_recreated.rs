//! Topics that are deleted and made anew while they are read: each event of each life once, under its own address.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use tapline_adapter::{Lane, Positions, ResumePoint, Start, TapOptions, UndeliveredReason};
use tapline_e2e::{Reader, options};
use tapline_kit::{Admin, Kafka, Record, wait_for};

const SOON: Duration = Duration::from_secs(60);
const USER: &str = "tapline";
const TOPIC: &str = "phoenix";

/// One life: its word, and how many records each of its partitions got.
struct Life {
    word: &'static str,
    records: &'static [usize],
}

impl Life {
    fn count(&self) -> usize {
        self.records.iter().sum()
    }
}

fn fill(kafka: &Kafka, life: &Life) -> Result<()> {
    // A producer of its own, since an older one remembers the leaders of the former life.
    let producer = kafka.producer()?;
    for (partition, records) in life.records.iter().enumerate() {
        let record = |n| Record::new(TOPIC, partition as i32, format!("{}-{partition}-{n}", life.word));
        wait_for("the leader", SOON, || Ok(producer.send_all(&[record(0)]).ok()))?;
        producer.send_all(&(1..*records).map(record).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn make_anew(admin: &Admin, partitions: usize) -> Result<()> {
    admin.delete_topic(TOPIC)?;
    admin.create_topic(TOPIC, partitions as i32, &[])
}

/// The topic in its first life, read to its end.
fn first_life(kafka: &Kafka, wanted: &TapOptions, life: &Life) -> Result<Reader> {
    kafka.admin()?.create_topic(TOPIC, life.records.len() as i32, &[])?;
    fill(kafka, life)?;
    let mut reader = Reader::open(kafka, USER, wanted, Positions::new())?;
    reader.until("the first life", SOON, |reader| reader.count.0 == life.count())?;
    Ok(reader)
}

/// That every event of these lives was delivered once, under the address that it had, and nothing else.
fn assert_lives(reader: &Reader, lives: &[(i32, &Life)]) -> Result<()> {
    let mut expected = BTreeMap::new();
    for (incarnation, life) in lives {
        for (partition, records) in life.records.iter().enumerate() {
            let address = |n: usize| (*incarnation, partition as i32, n as i64);
            expected.extend((0..*records).map(|n| (address(n), format!("{}-{partition}-{n}", life.word))));
        }
    }
    let payload = |record: &Record| String::from_utf8_lossy(record.payload.as_deref().unwrap_or_default()).into_owned();
    let delivered: BTreeMap<_, _> =
        reader.by_address(TOPIC)?.iter().map(|(address, record)| (*address, payload(record))).collect();
    ensure!(delivered == expected, "delivered {delivered:?}\ninstead of {expected:?}");
    Ok(())
}

/// That positions stand at the ends of this life.
fn assert_at_its_end(reader: &Reader, incarnation: i32, life: &Life) {
    for (partition, records) in life.records.iter().enumerate() {
        let at = &reader.positions[&(TOPIC.to_owned(), partition as i32)];
        assert_eq!((at.incarnation, at.next, at.backfill), (incarnation, *records as i64, None), "{partition}: {at:?}");
    }
    let places = reader.facts().places;
    assert_eq!(places.len(), life.records.len());
    assert!(places.iter().all(|place| place.end == Some(place.next)), "{places:?}");
    assert_eq!(reader.facts().problems, Vec::<String>::new());
}

#[test]
fn partitions_after_the_first_are_read_from_their_beginning_too() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    let first = Life { word: "first", records: &[10, 10, 10] };
    let mut reader = first_life(&kafka, &options(Start::Earliest), &first)?;
    let longer = Life { word: "second", records: &[40, 40, 40] };
    make_anew(&admin, 3)?;
    fill(&kafka, &longer)?;
    let all = first.count() + longer.count();
    reader.until("the second life", SOON, |reader| reader.count.0 >= all)?;

    // Away for a while, and shorter than before.
    let shorter = Life { word: "third", records: &[4, 7, 1] };
    admin.delete_topic(TOPIC)?;
    reader.until("its end", SOON, |reader| reader.reading() == 0)?;
    admin.create_topic(TOPIC, 3, &[])?;
    fill(&kafka, &shorter)?;
    let all = all + shorter.count();
    reader.until("the third life", SOON, |reader| reader.count.0 >= all)?;
    assert_lives(&reader, &[(1, &first), (2, &longer), (3, &shorter)])?;
    assert_at_its_end(&reader, 3, &shorter);
    assert_eq!(reader.undelivered, []);
    Ok(())
}

#[test]
fn a_life_that_begins_with_a_lower_leader_epoch_is_read() -> Result<()> {
    let mut kafka = Kafka::start()?;
    let first = Life { word: "first", records: &[30, 30] };
    let second = Life { word: "second", records: &[30, 30] };
    let mut reader = first_life(&kafka, &options(Start::Earliest), &first)?;
    // Each start of a broker is another epoch of its leaders. A new topic begins at the first one.
    for _ in 0..2 {
        kafka.kill9()?;
        kafka.restart()?;
    }
    let more = Record::new(TOPIC, 0, "first-0-30");
    kafka.producer()?.send_all(&[more])?;
    reader.until("the last of the first life", SOON, |reader| reader.count.0 == first.count() + 1)?;

    make_anew(&kafka.admin()?, 2)?;
    fill(&kafka, &second)?;
    reader.until("the second life", SOON, |reader| reader.count.0 > first.count() + second.count())?;
    assert_lives(&reader, &[(1, &Life { records: &[31, 30], ..first }), (2, &second)])?;
    assert_at_its_end(&reader, 2, &second);
    Ok(())
}

#[test]
fn events_of_a_life_that_began_between_two_looks_have_addresses_of_that_life() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("other", 1, &[])?;
    let mut rare = options(Start::Earliest);
    rare.discovery_interval = Duration::from_secs(10);
    let first = Life { word: "first", records: &[10, 0] };
    kafka.producer()?.send_all(&[Record::new("other", 0, "before")])?;
    admin.create_topic(TOPIC, 2, &[])?;
    let producer = kafka.producer()?;
    producer.send_all(&(0..10).map(|n| Record::new(TOPIC, 0, format!("first-0-{n}"))).collect::<Vec<_>>())?;
    let mut reader = Reader::open(&kafka, USER, &rare, Positions::new())?;
    reader.until("the first life", SOON, |reader| reader.count.0 == first.count() + 1)?;

    let lives = [
        Life { word: "second", records: &[40, 30] },
        Life { word: "third", records: &[90, 5] },
        Life { word: "fourth", records: &[91, 80] },
    ];
    let mut all = first.count() + 1;
    for life in &lives {
        make_anew(&admin, 2)?;
        fill(&kafka, life)?;
        all += life.count();
        reader.until(life.word, SOON, |reader| reader.count.0 >= all)?;
    }
    kafka.producer()?.send_all(&[Record::new("other", 0, "after")])?;
    reader.until("the other topic", SOON, |reader| reader.count.0 > all)?;
    assert_lives(&reader, &[(1, &first), (2, &lives[0]), (3, &lives[1]), (4, &lives[2])])?;
    assert_eq!(reader.by_address("other")?.keys().map(|at| at.2).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(reader.undelivered, []);
    Ok(())
}

#[test]
fn a_life_that_nobody_could_read_is_told() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    let first = Life { word: "first", records: &[10] };
    let mut reader = first_life(&kafka, &options(Start::Earliest), &first)?;
    // Not polled meanwhile.
    make_anew(&admin, 1)?;
    fill(&kafka, &Life { word: "missed", records: &[20] })?;
    make_anew(&admin, 1)?;
    let third = Life { word: "third", records: &[30] };
    fill(&kafka, &third)?;
    reader.until("the third life", SOON, |reader| reader.count.0 >= first.count() + third.count())?;
    // Whether the second was seen at all is a matter of milliseconds; what was seen is told.
    let incarnation = reader.positions[&(TOPIC.to_owned(), 0)].incarnation;
    assert_lives(&reader, &[(1, &first), (incarnation, &third)])?;
    let gap = reader.undelivered.iter().any(|hole| (hole.incarnation, hole.to) == (2, 20));
    let told = reader.facts().problems.iter().any(|problem| problem.contains("ended before they were read"));
    assert!(incarnation == 2 || gap || told, "{:?} {:?}", reader.undelivered, reader.facts());
    Ok(())
}

#[test]
fn what_was_not_read_of_a_deleted_life_is_a_gap() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic(TOPIC, 1, &[])?;
    let producer = kafka.producer()?;
    let payload = vec![b'x'; 10_000];
    (0..3_000).try_for_each(|_| producer.send(&Record::new(TOPIC, 0, payload.clone())))?;
    producer.flush()?;
    let mut slow = options(Start::Earliest);
    slow.backfill_rate = 1_000_000;
    slow.queue_bytes = 1 << 20;
    let mut reader = Reader::open(&kafka, USER, &slow, Positions::new())?;
    reader.until("some backfill", SOON, |reader| reader.records.iter().any(|seen| seen.lane == Lane::Backfill))?;

    make_anew(&admin, 1)?;
    let second = Life { word: "second", records: &[600] };
    fill(&kafka, &second)?;
    let of_second = |reader: &Reader| reader.records.iter().filter(|seen| seen.incarnation == 2).count();
    reader.until("the second life", SOON, |reader| of_second(reader) >= second.count())?;
    let delivered = reader.by_address(TOPIC)?;
    for offset in 0..3_000 {
        let gaps = reader.undelivered.iter().filter(|hole| hole.incarnation == 1);
        let told = gaps.filter(|hole| hole.from <= offset && offset < hole.to).count();
        assert_eq!(told + usize::from(delivered.contains_key(&(1, 0, offset))), 1, "offset {offset}");
    }
    assert!(reader.undelivered.iter().all(|hole| hole.reason == UndeliveredReason::Expired && hole.incarnation == 1));
    assert_eq!(delivered.len(), delivered.keys().filter(|at| at.0 == 1).count() + second.count());
    Ok(())
}

#[test]
fn a_tap_that_was_closed_amid_a_recreation_goes_on_in_one_life() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    let first = Life { word: "first", records: &[10, 10, 10] };
    let mut reader = first_life(&kafka, &options(Start::Earliest), &first)?;
    let before = reader.positions.clone();
    let second = Life { word: "second", records: &[12, 12] };
    make_anew(&admin, 2)?;
    fill(&kafka, &second)?;
    reader.until("the second life", SOON, |reader| reader.count.0 == first.count() + second.count())?;
    let after = reader.positions.clone();
    drop(reader);

    // Only the first partition's step into the second life had been archived; the third one is not in that life.
    let place = |partition| (TOPIC.to_owned(), partition);
    let mut between = before.clone();
    between.insert(place(0), after[&place(0)].clone());
    let mut reader = Reader::open(&kafka, USER, &options(Start::Latest), between)?;
    reader.until("the second partition", SOON, |reader| reader.count.0 == 12)?;
    let at: Vec<_> = reader.by_address(TOPIC)?.into_keys().collect();
    assert_eq!(at, (0..12).map(|offset| (2, 1, offset)).collect::<Vec<_>>());
    assert_at_its_end(&reader, 2, &second);
    drop(reader);

    // In the third life there are four: the one that nobody knew is read from its beginning as well.
    make_anew(&admin, 4)?;
    let third = Life { word: "third", records: &[3, 50, 2, 1] };
    fill(&kafka, &third)?;
    let mut resume = after;
    resume.insert(place(1), before[&place(1)].clone());
    let mut reader = Reader::open(&kafka, USER, &options(Start::Latest), resume)?;
    reader.until("the third life", SOON, |reader| reader.count.0 >= third.count())?;
    assert_lives(&reader, &[(3, &third)])?;
    assert_at_its_end(&reader, 3, &third);
    let ends: Vec<&ResumePoint> = reader.positions.values().collect();
    assert!(ends.iter().all(|at| at.destination_id == ends[0].destination_id), "{ends:?}");
    Ok(())
}
