//! Records as they arrive: every byte, in the partition that was meant, and nothing else.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tapline_adapter::publish::detect;
use tapline_adapter::{
    AdapterError, Cause, Fate, GroupOptions, Outgoing, Partitioner, Partitioning, Positions, SendError, Source, Start,
};
use tapline_e2e::{Reader, options, source};
use tapline_kit::kafka::TAPLINE;
use tapline_kit::{Kafka, KafkaConfig, Record};
use tapline_model::Header;

use crate::{LIMITS, Payloads, SOON, now, range, record, send_all, to, with};

#[test]
fn every_byte_is_written_as_it_was() -> Result<()> {
    let kafka = Kafka::start()?;
    let topic = "shop.orders.v1-eu_west";
    kafka.admin()?.create_topic(topic, 3, &[])?;
    let at = Some(now()? - 1_000_000_000);
    let header = |name, value| Header { name, value };
    let repeated = [
        header("a", Some(&b"1"[..])),
        header("b", None),
        header("a", Some(b"1")),
        header("", Some(b"")),
        header("\u{1F9ED}", Some("n\u{e4}me".as_bytes())),
        header("bin", Some(&[0, 0xff, 0])),
    ];
    let names: Vec<String> = (0..5_000).map(|n| format!("h{}", n % 100)).collect();
    let many: Vec<Header<'_>> =
        names.iter().enumerate().map(|(n, name)| header(name, (n % 3 > 0).then_some(name.as_bytes()))).collect();
    let large = vec![b'x'; 900_000];
    let plain = Outgoing { timestamp: at, ..record(topic, b"{\"n\":1}") };
    let records = [
        Outgoing { headers: &repeated, ..plain },
        Outgoing { key: None, payload: None, ..plain },
        Outgoing { key: Some(b""), payload: Some(b""), ..plain },
        Outgoing { payload: None, headers: &repeated, ..plain },
        Outgoing { key: Some(&[0xff, 0, 7]), headers: &many, ..plain },
        Outgoing { payload: Some(&large), partition: Partitioning::Explicit(2), ..plain },
        Outgoing { partition: Partitioning::Explicit(1), ..plain },
    ];
    let mut publisher = source(&kafka, TAPLINE)?.publisher(&to(&[topic]))?;
    let reports = send_all(&mut *publisher, records)?;

    let mut reader = Reader::open(&kafka, TAPLINE, &options(Start::Earliest), Positions::new())?;
    reader.until("all records", SOON, |reader| reader.count.0 == records.len())?;
    let arrived = reader.by_address(topic)?;
    for (sent, report) in records.iter().zip(reports.values()) {
        let delivered = *report.outcome.as_ref().map_err(Clone::clone)?;
        assert_eq!(Partitioning::Explicit(delivered.partition), sent.partition);
        assert_eq!(delivered.timestamp, at);
        let offset = delivered.offset.context("no offset was told")?;
        let found = arrived.get(&(1, delivered.partition, offset)).context("it is not where it was told to be")?;
        let headers =
            sent.headers.iter().map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec))).collect();
        let expected = Record {
            topic: topic.to_owned(),
            partition: Some(delivered.partition),
            key: sent.key.map(<[u8]>::to_vec),
            payload: sent.payload.map(<[u8]>::to_vec),
            headers,
            timestamp: at.map(|micros| micros / 1_000),
        };
        assert!(*found == expected, "record {} differs", report.token);
    }
    Ok(())
}

#[test]
fn keys_go_where_each_clients_own_partitioner_sends_them() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("java", 7, &[])?;
    admin.create_topic("librdkafka", 7, &[])?;
    let keys: Vec<Vec<u8>> =
        (0..200u32).map(|n| [format!("ORD-{n}").into_bytes(), vec![0xff; n as usize % 5]].concat()).collect();

    let java = admin.java_partitions("java", &keys)?;
    let ours = |by: Partitioner| keys.iter().map(move |key| by.partition(Some(key), 7).unwrap_or(-1)).collect();
    let expected: Vec<i32> = ours(Partitioner::JavaMurmur2);
    assert_eq!(java, expected);
    assert_eq!(
        admin.java_partitions("java", &[Vec::new()])?,
        [Partitioner::JavaMurmur2.partition(Some(b""), 7).unwrap_or(-1)]
    );

    let unplaced = |key: &Vec<u8>| Record { partition: None, ..Record::new("librdkafka", 0, "x").key(key.clone()) };
    kafka.producer()?.send_all(&keys.iter().map(unplaced).collect::<Vec<_>>())?;
    let mut reader = Reader::open(&kafka, TAPLINE, &options(Start::Earliest), Positions::new())?;
    reader.until("all records", SOON, |reader| reader.count.0 == 401)?;
    for (topic, partitioner) in
        [("java", Partitioner::JavaMurmur2), ("librdkafka", Partitioner::LibrdkafkaConsistentRandom)]
    {
        let seen = reader.by_address(topic)?;
        let observed: Vec<(&[u8], i32)> =
            seen.iter().filter_map(|((_, partition, _), record)| Some((record.key.as_deref()?, *partition))).collect();
        let found = detect(observed, 7).context("nothing explains where keys stand")?;
        assert_eq!((found.partitioner, found.contradicting), (partitioner, 0), "{topic}: {found:?}");
    }

    // A publisher that is told to choose by key puts each beside the first.
    let mut publisher = source(&kafka, TAPLINE)?.publisher(&to(&["java"]))?;
    let partition = Partitioning::ByKey(Partitioner::JavaMurmur2);
    let again = keys.iter().map(|key| Outgoing { key: Some(key), partition, ..record("java", b"again") });
    let reports = send_all(&mut *publisher, again)?;
    let again: Result<Vec<i32>, _> =
        reports.into_values().map(|report| report.outcome.map(|delivered| delivered.partition)).collect();
    assert_eq!(again?, java);
    Ok(())
}

/// As [`tap_unnoticed`](../tap_unnoticed.rs) holds for the tap: only the records that were to be written are there.
#[test]
fn nothing_is_left_behind_but_the_records() -> Result<()> {
    let create = ("auto.create.topics.enable".to_owned(), "true".to_owned());
    let kafka = Kafka::with(&KafkaConfig { extra: vec![create], ..KafkaConfig::default() })?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", 2, &[])?;
    let before = admin.snapshot()?;
    ensure!(!before.topics.contains_key("__consumer_offsets"), "the broker is not fresh: {before:?}");

    let source = with(&kafka, &[("topic.metadata.refresh.interval.ms", "200")])?;
    assert!(matches!(source.destination("absent"), Err(AdapterError::UnknownDestination { .. })));
    assert!(source.publisher(&to(&["orders", "absent"])).is_err());
    let mut groups = source.groups(&GroupOptions { include: vec!["*".to_owned(), "billing".to_owned()] })?;
    assert_eq!(groups.list()?.unseen, ["billing"]);
    assert!(groups.reading("orders")?.groups.is_empty() && groups.reading("absent").is_err());
    let ranges = [range("orders", 0, 0, 10), range("absent", 0, 0, 1)];
    source.read(&ranges, LIMITS, &mut Payloads::default())?;
    let mut publisher = source.publisher(&to(&["orders"]))?;
    assert!(send_all(&mut *publisher, [record("orders", b"x")])?[&0].outcome.is_ok());
    assert!(matches!(publisher.send(&record("absent", b"x"), 1), Err(SendError::Refused(_))));
    assert_eq!(admin.snapshot()?, before);

    // A topic that is deleted while it is written to does not come back.
    admin.delete_topic("orders")?;
    let deadline = Instant::now() + Duration::from_secs(90);
    let mut token = 0;
    let error = loop {
        ensure!(Instant::now() < deadline, "still taken, {:?}", publisher.problem());
        token += 1;
        match publisher.send(&record("orders", b"x"), token) {
            Err(SendError::Refused(error)) => break error,
            Err(SendError::Full) | Ok(()) => {}
        }
        publisher.collect(Duration::from_millis(500), &mut Vec::new());
    };
    assert_eq!((error.fate, error.cause), (Fate::NotSent, Cause::UnknownDestination), "{error}");
    let topics = admin.snapshot()?.topics;
    assert!(topics.is_empty(), "{topics:?}");
    Ok(())
}
