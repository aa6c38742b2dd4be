//! The tap on the embedded broker: what is fast to hold without a real Kafka. Real brokers are in tests/e2e.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tapline_adapter::{
    Lane, Polled, Positions, RawRecord, RecordSink, Source, SourceFacts, Start, Tap, TapOptions, Trouble,
};
use tapline_kafka::{EmbeddedBroker, KafkaSource};

type Seen = (String, i32, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

#[derive(Default)]
struct Collected(Vec<Seen>);

impl RecordSink for Collected {
    fn record(&mut self, record: &RawRecord<'_>) {
        let headers = record.headers.iter().map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)));
        self.0.push((
            record.destination.to_owned(),
            record.partition.unwrap(),
            record.offset.unwrap(),
            record.key.map(<[u8]>::to_vec),
            record.payload.map(<[u8]>::to_vec),
            headers.collect(),
        ));
    }
}

fn options(start: Start) -> TapOptions {
    TapOptions {
        include: vec!["*".to_owned()],
        exclude: vec!["*.private".to_owned()],
        start,
        queue_bytes: 16 << 20,
        backfill_rate: 100 << 20,
        discovery_interval: Duration::from_millis(200),
    }
}

fn tap(broker: &EmbeddedBroker, start: Start, resume: Positions) -> Box<dyn Tap> {
    let source = KafkaSource::new("demo", &broker.bootstrap_servers(), BTreeMap::new()).unwrap();
    source.tap(&options(start), resume).unwrap()
}

fn producer(broker: &EmbeddedBroker) -> ThreadedProducer<DefaultProducerContext> {
    ClientConfig::new().set("bootstrap.servers", broker.bootstrap_servers()).create().unwrap()
}

fn produce(broker: &EmbeddedBroker, topic: &str, count: usize) {
    let producer = producer(broker);
    for n in 0..count {
        let key = format!("k{n}");
        let record = BaseRecord::to(topic).partition(0).key(&key).payload(&key);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// Polls both lanes until `done`; what was polled, positions merged.
fn read_until(
    tap: &mut dyn Tap,
    positions: &mut Positions,
    sink: &mut Collected,
    mut done: impl FnMut(&Collected, &SourceFacts) -> bool,
) -> Vec<Polled> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut all = Vec::new();
    while !done(sink, &tap.facts()) {
        assert!(Instant::now() < deadline, "timed out with {} records, {:?}", sink.0.len(), tap.facts());
        for (lane, wait) in [(Lane::Live, 20), (Lane::Backfill, 0)] {
            let polled = tap.poll(lane, Duration::from_millis(wait), 500, &mut [sink]).unwrap();
            positions.extend(polled.moved.iter().cloned());
            all.push(polled);
        }
    }
    all
}

#[test]
fn earliest_fills_behind_the_live_lane_and_every_record_comes_once() {
    let broker = EmbeddedBroker::start(&[("orders", 1), ("hidden.private", 1)]).unwrap();
    produce(&broker, "orders", 3_000);
    let mut tap = tap(&broker, Start::Earliest, Positions::new());
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    read_until(&mut *tap, &mut positions, &mut sink, |_, facts| !facts.places.is_empty());
    produce(&broker, "orders", 100);
    read_until(&mut *tap, &mut positions, &mut sink, |sink, facts| {
        sink.0.len() >= 3_100 && facts.places[0].backfill_left == 0
    });
    let mut offsets: Vec<i64> = sink.0.iter().map(|(_, _, offset, ..)| *offset).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (0..3_100).collect::<Vec<_>>());
    let facts = tap.facts();
    assert!(facts.connected && facts.problems.is_empty(), "{facts:?}");
    assert_eq!(facts.left_out, [("hidden.private".to_owned(), "exclude")]);
    let at = &positions[&("orders".to_owned(), 0)];
    assert_eq!((at.next, at.backfill, at.incarnation), (3_100, None, 1));
}

#[test]
fn many_records_are_shared_among_the_sinks_and_each_comes_once() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    produce(&broker, "orders", 6_000);
    let mut tap = tap(&broker, Start::Earliest, Positions::new());
    let (mut left, mut right) = (Collected::default(), Collected::default());
    let deadline = Instant::now() + Duration::from_secs(30);
    while left.0.len() + right.0.len() < 6_000 {
        assert!(Instant::now() < deadline, "{} and {} records", left.0.len(), right.0.len());
        for lane in [Lane::Live, Lane::Backfill] {
            let before = left.0.len() + right.0.len();
            let polled = tap.poll(lane, Duration::from_millis(20), 6_000, &mut [&mut left, &mut right]).unwrap();
            assert_eq!(polled.records, left.0.len() + right.0.len() - before);
        }
    }
    assert!(!right.0.is_empty(), "all were decoded by one thread");
    let mut offsets: Vec<i64> = left.0.iter().chain(&right.0).map(|(_, _, offset, ..)| *offset).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (0..6_000).collect::<Vec<_>>());
}

#[test]
fn a_start_by_time_falls_back_to_everything_on_this_broker() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    produce(&broker, "orders", 10);
    let mut tap = tap(&broker, Start::At(4_000_000_000_000_000), Positions::new());
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    read_until(&mut *tap, &mut positions, &mut sink, |sink, _| sink.0.len() == 10);
}

#[test]
fn latest_takes_only_what_comes_and_a_topic_made_later_is_read_from_its_beginning() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    produce(&broker, "orders", 700);
    let mut tap = tap(&broker, Start::Latest, Positions::new());
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    read_until(&mut *tap, &mut positions, &mut sink, |_, facts| !facts.places.is_empty());
    broker.create_topic("later", 1).unwrap();
    produce(&broker, "later", 5);
    produce(&broker, "orders", 2);
    read_until(&mut *tap, &mut positions, &mut sink, |sink, _| sink.0.len() >= 7);
    let of = |topic: &str| sink.0.iter().filter(|seen| seen.0 == topic).map(|seen| seen.2).collect::<Vec<_>>();
    assert_eq!((of("orders"), of("later")), (vec![700, 701], vec![0, 1, 2, 3, 4]));
}

#[test]
fn a_resumed_tap_goes_on_where_the_archive_stands() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    produce(&broker, "orders", 2_000);
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    let mut first = tap(&broker, Start::Earliest, Positions::new());
    read_until(&mut *first, &mut positions, &mut sink, |sink, _| sink.0.len() >= 600);
    drop(first);
    produce(&broker, "orders", 50);
    let mut second = tap(&broker, Start::Earliest, positions.clone());
    read_until(&mut *second, &mut positions, &mut sink, |sink, _| sink.0.len() >= 2_050);
    let mut offsets: Vec<i64> = sink.0.iter().map(|seen| seen.2).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (0..2_050).collect::<Vec<_>>());
}

#[test]
fn another_broker_with_the_same_topic_is_another_incarnation() {
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    for (life, count) in [(1, 40), (2, 60)] {
        let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
        produce(&broker, "orders", count);
        let mut tap = tap(&broker, Start::Earliest, positions.clone());
        let before = sink.0.len();
        read_until(&mut *tap, &mut positions, &mut sink, |sink, _| sink.0.len() >= before + count);
        let at = &positions[&("orders".to_owned(), 0)];
        assert_eq!((at.incarnation, at.next), (life, count as i64));
        assert!(at.destination_id.is_some());
    }
}

#[test]
fn null_empty_and_repeated_are_told_apart() {
    let broker = EmbeddedBroker::start(&[("odd", 1)]).unwrap();
    let producer = producer(&broker);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "a", value: Some("1") })
        .insert(Header { key: "a", value: None::<&str> })
        .insert(Header { key: "", value: Some("") });
    producer.send(BaseRecord::<[u8], [u8]>::to("odd").partition(0).headers(headers)).map_err(|(e, _)| e).unwrap();
    let empty: &[u8] = &[];
    producer.send(BaseRecord::to("odd").partition(0).key(empty).payload(empty)).map_err(|(e, _)| e).unwrap();
    producer
        .send(BaseRecord::to("odd").partition(0).key(&[0xff, 0x00][..]).payload(&[0][..]))
        .map_err(|(e, _)| e)
        .unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();

    let mut tap = tap(&broker, Start::Earliest, Positions::new());
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    read_until(&mut *tap, &mut positions, &mut sink, |sink, _| sink.0.len() == 3);
    let header = |name: &str, value: Option<&str>| (name.to_owned(), value.map(|text| text.as_bytes().to_vec()));
    assert_eq!((&sink.0[0].3, &sink.0[0].4), (&None, &None));
    assert_eq!(sink.0[0].5, [header("a", Some("1")), header("a", None), header("", Some(""))]);
    assert_eq!((&sink.0[1].3, &sink.0[1].4), (&Some(vec![]), &Some(vec![])));
    assert_eq!((&sink.0[2].3, &sink.0[2].4), (&Some(vec![0xff, 0x00]), &Some(vec![0])));
}

/// Microseconds, and milliseconds outside of the calendar.
#[derive(Default)]
struct Times(Vec<(Option<i64>, Option<i64>)>);

impl RecordSink for Times {
    fn record(&mut self, record: &RawRecord<'_>) {
        self.0.push((record.timestamp, record.timestamp_outside));
    }
}

#[test]
fn any_number_a_producer_gives_as_its_time_is_a_time_none_or_told() {
    let broker = EmbeddedBroker::start(&[("odd", 1)]).unwrap();
    let producer = producer(&broker);
    for millis in [i64::MAX, i64::MIN, -1, -5_000, 1_795_230_764_512] {
        let record = BaseRecord::<[u8], [u8]>::to("odd").partition(0).timestamp(millis);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        // Within a batch times are told as differences, which these would overflow.
        producer.flush(Duration::from_secs(10)).unwrap();
    }
    let (mut tap, mut times) = (tap(&broker, Start::Earliest, Positions::new()), Times::default());
    let deadline = Instant::now() + Duration::from_secs(30);
    while times.0.len() < 5 && Instant::now() < deadline {
        tap.poll(Lane::Live, Duration::from_millis(20), 500, &mut [&mut times]).unwrap();
        tap.poll(Lane::Backfill, Duration::ZERO, 500, &mut [&mut times]).unwrap();
    }
    let outside = |millis| (None, Some(millis));
    let inside = |micros| (Some(micros), None);
    assert_eq!(
        times.0,
        [outside(i64::MAX), outside(i64::MIN), (None, None), inside(-5_000_000), inside(1_795_230_764_512_000)]
    );
}

#[test]
fn a_broker_that_is_not_there_is_told_and_not_fatal() {
    let source = KafkaSource::new("gone", "127.0.0.1:1", BTreeMap::new()).unwrap();
    let mut tap = source.tap(&options(Start::Earliest), Positions::new()).unwrap();
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    read_until(&mut *tap, &mut positions, &mut sink, |_, facts| !facts.problems.is_empty());
    let facts = tap.facts();
    assert!(!facts.connected && facts.problems.len() == 1, "{facts:?}");
    read_until(&mut *tap, &mut positions, &mut sink, |_, facts| facts.problems[0].contains("connection refused"));
    assert_eq!(
        tap.facts().problems[0],
        "cannot reach 127.0.0.1:1: connection refused, no broker listens there; see `brokers` in [sources.gone]; it is \
         tried again"
    );
    let checks = source.check(&options(Start::Earliest));
    let remedy = checks[0].outcome.as_ref().unwrap_err();
    assert_eq!(remedy.trouble, Trouble::Connection);
    assert!(remedy.sentence.starts_with("cannot reach 127.0.0.1:1: connection refused"), "{remedy:?}");
}

#[test]
fn a_name_that_is_not_resolved_is_told_apart_from_a_port_that_is_closed() {
    let source = KafkaSource::new("typo", "broker.invalid:9092", BTreeMap::new()).unwrap();
    let checks = source.check(&options(Start::Earliest));
    let remedy = checks[0].outcome.as_ref().unwrap_err();
    assert!(remedy.sentence.starts_with("cannot reach broker.invalid:9092: its name is not resolved ("), "{remedy:?}");
}

#[test]
fn tls_to_a_port_that_speaks_none_says_so() {
    let broker = EmbeddedBroker::start(&[]).unwrap();
    let tls = BTreeMap::from([("security.protocol".to_owned(), "SSL".to_owned())]);
    let source = KafkaSource::new("tls", &broker.bootstrap_servers(), tls).unwrap();
    let checks = source.check(&options(Start::Earliest));
    let remedy = checks[0].outcome.as_ref().unwrap_err();
    assert!(remedy.sentence.starts_with("the TLS handshake with 127.0.0.1:"), "{remedy:?}");
    assert_eq!(remedy.trouble, Trouble::Connection);
}

#[test]
fn check_tells_what_can_be_read_and_what_is_missing() {
    let broker = EmbeddedBroker::start(&[("orders", 1), ("payments", 1)]).unwrap();
    let source = KafkaSource::new("demo", &broker.bootstrap_servers(), BTreeMap::new()).unwrap();
    let mut wanted = options(Start::Earliest);
    wanted.include.push("not-there".to_owned());
    let checks = source.check(&wanted);
    assert!(checks[0].outcome.as_ref().unwrap().contains("2 are to be read"), "{checks:?}");
    let missing = checks[1].outcome.as_ref().unwrap_err();
    assert!(missing.command.as_ref().unwrap().ends_with("--topic not-there"), "{checks:?}");
    assert_eq!(checks[2].outcome.as_deref(), Ok("2 can be read"), "{checks:?}");
}

/// All was said to be fine when no right was there at all: a topic that may not be described looks like none.
#[test]
fn a_broker_without_a_topic_to_read_is_told_until_there_is_one() {
    let broker = EmbeddedBroker::start(&[]).unwrap();
    let source = KafkaSource::new("demo", &broker.bootstrap_servers(), BTreeMap::new()).unwrap();
    let checks = source.check(&options(Start::Earliest));
    assert!(checks[0].outcome.as_ref().unwrap().contains("0 topics can be seen"), "{checks:?}");
    let remedy = checks[1].outcome.as_ref().unwrap_err();
    assert_eq!((remedy.trouble, checks.len()), (Trouble::Other, 2));
    assert!(remedy.command.as_ref().unwrap().ends_with("--topic '*'"), "{remedy:?}");

    let mut tap = source.tap(&options(Start::Earliest), Positions::new()).unwrap();
    let (mut positions, mut sink) = (Positions::new(), Collected::default());
    read_until(&mut *tap, &mut positions, &mut sink, |_, facts| !facts.problems.is_empty());
    assert_eq!(tap.facts().problems, [remedy.sentence.as_str()]);
    broker.create_topic("orders", 1).unwrap();
    read_until(&mut *tap, &mut positions, &mut sink, |_, facts| !facts.places.is_empty());
    assert_eq!(tap.facts().problems, Vec::<String>::new());
}
