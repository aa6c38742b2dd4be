//! What a replay needs of a broker, against the embedded one: what is fast to hold without a real Kafka. Real brokers are
//! in tests/e2e.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tapline_adapter::{
    AdapterError, Cause, Ended, Fate, GroupOptions, OffsetRange, Outgoing, Partitioner, Partitioning, PublishOptions,
    Publisher, RawRecord, ReadLimits, RecordSink, Report, SendError, Source,
};
use tapline_kafka::{EmbeddedBroker, KafkaSource};
use tapline_model::Header;

const SOON: Duration = Duration::from_secs(30);

fn source(broker: &EmbeddedBroker, client: &[(&str, &str)]) -> KafkaSource {
    let client = client.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    KafkaSource::new("demo", &broker.bootstrap_servers(), client).unwrap()
}

fn to(destinations: &[&str]) -> PublishOptions {
    let destinations = destinations.iter().map(|&name| name.to_owned()).collect();
    PublishOptions { destinations, ..PublishOptions::default() }
}

fn record<'a>(destination: &'a str, payload: &'a [u8]) -> Outgoing<'a> {
    let partition = Partitioning::Explicit(0);
    Outgoing { destination, partition, key: None, payload: Some(payload), headers: &[], timestamp: None }
}

/// Sends all and waits for what becomes of each.
fn send_all(publisher: &mut dyn Publisher, records: &[Outgoing<'_>]) -> Vec<Report> {
    records.iter().zip(0..).for_each(|(record, token)| publisher.send(record, token).unwrap());
    let mut reports = Vec::new();
    assert!(publisher.flush(SOON, &mut reports), "{:?}", publisher.problem());
    reports.sort_by_key(|report| report.token);
    reports
}

type Seen = (i32, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>, Option<i64>);

#[derive(Default)]
struct Collected(Vec<Seen>);

impl RecordSink for Collected {
    fn record(&mut self, record: &RawRecord<'_>) {
        let headers = record.headers.iter().map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)));
        self.0.push((
            record.partition.unwrap(),
            record.offset.unwrap(),
            record.key.map(<[u8]>::to_vec),
            record.payload.map(<[u8]>::to_vec),
            headers.collect(),
            record.timestamp,
        ));
    }
}

fn range(destination: &str, partition: i32, from: i64, to: i64) -> OffsetRange {
    OffsetRange { destination: destination.to_owned(), destination_id: None, incarnation: 1, partition, from, to }
}

const LIMITS: ReadLimits = ReadLimits { wait: SOON, bytes: 1 << 20 };

#[test]
fn what_is_written_is_read_back_as_it_was() {
    let broker = EmbeddedBroker::start(&[("orders", 3)]).unwrap();
    let source = source(&broker, &[]);
    let header = |name, value| Header { name, value };
    let headers = [
        header("a", Some(&b"1"[..])),
        header("a", Some(b"1")),
        header("A", None),
        header("", Some(b"")),
        header("\u{1F9ED}", Some(&[0, 0xff])),
    ];
    let at = Some(1_795_230_764_512_000);
    let full = Outgoing { key: Some(b"k"), headers: &headers, timestamp: at, ..record("orders", b"{}") };
    let records = [
        Outgoing { partition: Partitioning::Explicit(2), ..full },
        Outgoing { key: Some(b""), payload: Some(b""), headers: &[], ..full },
        Outgoing { key: None, payload: None, headers: &[], timestamp: Some(-5_000_000), ..full },
        Outgoing { partition: Partitioning::ByKey(Partitioner::JavaMurmur2), ..full },
    ];
    let mut publisher = source.publisher(&to(&["orders"])).unwrap();
    let reports = send_all(&mut *publisher, &records);
    let java = Partitioner::JavaMurmur2.partition(Some(b"k"), 3).unwrap();
    let mut ranges = Vec::new();
    for (report, partition) in reports.iter().zip([2, 0, 0, java]) {
        let delivered = report.outcome.as_ref().unwrap();
        assert_eq!(delivered.partition, partition);
        let offset = delivered.offset.unwrap();
        ranges.push(range("orders", partition, offset, offset + 1));
    }
    let mut sink = Collected::default();
    for (record, range) in records.iter().zip(ranges) {
        let found = source.read(&[range], LIMITS, &mut sink).unwrap();
        assert!(found[0].records == 1 && matches!(found[0].ended, Ended::Whole), "{found:?}");
        let (_, _, key, payload, headers, timestamp) = sink.0.pop().unwrap();
        let expected: Vec<_> =
            record.headers.iter().map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec))).collect();
        assert_eq!((key.as_deref(), payload.as_deref()), (record.key, record.payload));
        assert_eq!((headers, timestamp), (expected, record.timestamp));
    }
}

#[test]
fn a_destination_that_is_not_there_is_refused_and_not_created() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    let source = source(&broker, &[]);
    let error = source.publisher(&to(&["orders", "absent"])).err().unwrap();
    assert_eq!(error.to_string(), "`absent` does not exist; create it first, or name another destination");
    assert!(matches!(source.destination("absent"), Err(AdapterError::UnknownDestination { .. })));
    assert!(matches!(source.destination("no topic's name"), Err(AdapterError::UnknownDestination { .. })));
    assert!(source.groups(&GroupOptions::default()).unwrap().reading("absent").is_err());
    let found = source.read(&[range("absent", 0, 0, 1)], LIMITS, &mut Collected::default()).unwrap();
    assert!(matches!(found[0].ended, Ended::Failed(AdapterError::UnknownDestination { .. })), "{found:?}");

    let mut publisher = source.publisher(&to(&["orders"])).unwrap();
    let refused = publisher.send(&record("absent", b"x"), 1);
    assert!(matches!(refused, Err(SendError::Refused(error)) if error.cause == Cause::UnknownDestination));
    send_all(&mut *publisher, &[record("orders", b"x")]);

    let looking: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker.bootstrap_servers()).create().unwrap();
    let metadata = looking.client().fetch_metadata(None, SOON).unwrap();
    let topics: Vec<&str> = metadata.topics().iter().map(|topic| topic.name()).collect();
    assert_eq!(topics, ["orders"]);
}

#[test]
fn what_can_never_be_written_is_told_as_permanent() {
    let broker = EmbeddedBroker::start(&[("orders", 2)]).unwrap();
    let mut publisher = source(&broker, &[("message.max.bytes", "20000")]).publisher(&to(&["orders"])).unwrap();
    let mut outcome = |record: &Outgoing<'_>| {
        let mut reports = Vec::new();
        match publisher.send(record, 1) {
            Err(SendError::Refused(error)) => error,
            Err(SendError::Full) => panic!("nothing else is under way"),
            Ok(()) => {
                assert!(publisher.flush(SOON, &mut reports));
                reports.remove(0).outcome.unwrap_err()
            }
        }
    };
    let (good, large) = (record("orders", b"x"), vec![b'x'; 30_000]);
    for (record, cause) in [
        (Outgoing { partition: Partitioning::Explicit(2), ..good }, Cause::UnknownPartition),
        (Outgoing { partition: Partitioning::Explicit(-1), ..good }, Cause::UnknownPartition),
        (Outgoing { payload: Some(&large), ..good }, Cause::TooLarge),
        // librdkafka would write the present instead.
        (Outgoing { timestamp: Some(0), ..good }, Cause::InvalidTimestamp),
    ] {
        let error = outcome(&record);
        assert_eq!((error.fate, error.cause, error.is_permanent()), (Fate::NotSent, cause, true), "{error}");
    }
}

#[test]
fn what_never_reached_a_broker_is_not_sent_and_the_outage_is_told() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    let mut publisher = source(&broker, &[("delivery.timeout.ms", "1500")]).publisher(&to(&["orders"])).unwrap();
    assert!(send_all(&mut *publisher, &[record("orders", b"x")])[0].outcome.is_ok());
    assert_eq!(publisher.problem(), None);
    drop(broker);
    let mut reports = Vec::new();
    // The connection is lost before the record is sent: otherwise it would be uncertain.
    let deadline = std::time::Instant::now() + SOON;
    while publisher.problem().is_none() {
        assert!(std::time::Instant::now() < deadline, "the outage is not told");
        publisher.collect(Duration::from_millis(20), &mut reports);
    }
    let reports = send_all(&mut *publisher, &[record("orders", b"y")]);
    let error = reports[0].outcome.as_ref().unwrap_err();
    assert_eq!((error.fate, error.cause), (Fate::NotSent, Cause::TimedOut), "{error}");
    let problem = publisher.problem().unwrap();
    assert!(problem.starts_with("cannot reach 127.0.0.1:") && problem.ends_with("; it is tried again"), "{problem}");
}

#[test]
fn a_broker_that_is_not_there_is_told_with_a_remedy() {
    let source = KafkaSource::new("gone", "127.0.0.1:1", BTreeMap::new()).unwrap();
    let error = source.publisher(&to(&["orders"])).err().unwrap();
    let sentence =
        "cannot reach 127.0.0.1:1: connection refused, no broker listens there; see `brokers` in [sources.gone]";
    assert_eq!(error.to_string(), sentence);
    assert!(error.is_retryable());
}

#[test]
fn facts_are_told_as_far_as_the_broker_has_them() {
    let broker = EmbeddedBroker::start(&[("orders", 2), ("empty", 1)]).unwrap();
    let source = source(&broker, &[]);
    let mut publisher = source.publisher(&to(&["orders"])).unwrap();
    send_all(&mut *publisher, &[record("orders", b"x"), record("orders", b"y")]);
    let facts = source.destinations(&["empty", "absent", "orders", "empty"]).unwrap();
    assert!(facts[0].is_ok() && facts[1].is_err() && facts[3].is_ok());
    let orders = facts[2].as_ref().unwrap();
    let ends: Vec<_> = orders.partitions.iter().map(|at| (at.partition, at.led, at.start, at.end)).collect();
    assert_eq!(ends, [(0, true, Some(0), Some(2)), (1, true, Some(0), Some(0))]);
    assert!(orders.id.is_some());
    assert_eq!((orders.settings, orders.writable, &orders.problems), (None, None, &Vec::new()));
}

fn commit(broker: &EmbeddedBroker, group: &str, offsets: &[(&str, i32, i64)]) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", group)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    for (topic, partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset)).unwrap();
    }
    consumer.commit(&list, CommitMode::Sync).unwrap();
}

#[test]
fn groups_that_cannot_be_listed_are_asked_for_by_their_names() {
    let broker = EmbeddedBroker::start(&[("orders", 2), ("payments", 1)]).unwrap();
    commit(&broker, "billing", &[("orders", 0, 5), ("payments", 0, 9)]);
    commit(&broker, "audit", &[("payments", 0, 2)]);
    let include = ["billing", "audit", "never-*", "nobody"].map(str::to_owned).to_vec();
    let mut groups = source(&broker, &[]).groups(&GroupOptions { include }).unwrap();
    let list = groups.list().unwrap();
    let names: Vec<&str> = list.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["audit", "billing", "nobody"]);

    let places = [("orders".to_owned(), 0), ("orders".to_owned(), 1), ("payments".to_owned(), 0)];
    let committed = groups.committed(&["billing", "nobody"], Some(&places));
    let expected = BTreeMap::from([(places[0].clone(), 5), (places[2].clone(), 9)]);
    assert_eq!(committed, [Ok(expected), Ok(BTreeMap::new())]);

    let readers = groups.reading("orders").unwrap();
    assert_eq!(readers.groups.len(), 1, "{readers:?}");
    assert_eq!(readers.groups[0].group.name, "billing");
    assert_eq!((readers.groups[0].members, &readers.groups[0].committed), (None, &BTreeMap::from([(0, 5)])));
}

#[test]
fn ranges_are_read_as_far_as_they_are_there() {
    let broker = EmbeddedBroker::start(&[("orders", 2)]).unwrap();
    let source = source(&broker, &[]);
    let mut publisher = source.publisher(&to(&["orders"])).unwrap();
    let texts: Vec<String> = (0..100).map(|n| format!("record {n:03}")).collect();
    let records: Vec<Outgoing<'_>> = texts.iter().map(|text| record("orders", text.as_bytes())).collect();
    send_all(&mut *publisher, &records);

    let id = source.destination("orders").unwrap().id;
    let other = OffsetRange { destination_id: Some("another life".to_owned()), ..range("orders", 0, 0, 1) };
    let ranges = [
        range("orders", 0, 70, 80),
        OffsetRange { destination_id: id, incarnation: 3, ..range("orders", 0, 10, 12) },
        range("orders", 0, 11, 13),
        range("orders", 0, 95, 1_000),
        range("orders", 0, 500, 501),
        range("orders", 1, 0, 10),
        range("orders", 7, 0, 1),
        other,
    ];
    let mut sink = Collected::default();
    let found = source.read(&ranges, LIMITS, &mut sink).unwrap();
    let counts: Vec<usize> = found.iter().map(|found| found.records).collect();
    assert_eq!(counts, [10, 2, 2, 5, 0, 0, 0, 0]);
    assert!(found[..6].iter().all(|found| matches!(found.ended, Ended::Whole)), "{found:?}");
    assert!(matches!(found[6].ended, Ended::Failed(_)) && matches!(found[7].ended, Ended::Replaced), "{found:?}");
    let offsets: Vec<i64> = sink.0.iter().map(|seen| seen.1).collect();
    let expected: Vec<i64> = [10..12, 11..13, 70..80, 95..100].into_iter().flatten().collect();
    assert_eq!(offsets, expected);
    assert!(sink.0.iter().all(|seen| seen.3.as_deref() == Some(texts[seen.1 as usize].as_bytes())));

    let few = ReadLimits { bytes: 25, ..LIMITS };
    let cut = source.read(&[range("orders", 0, 0, 50)], few, &mut Collected::default()).unwrap();
    assert!(cut[0].records == 3 && matches!(cut[0].ended, Ended::Cut), "{cut:?}");
}
