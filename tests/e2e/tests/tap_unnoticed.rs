//! A tap leaves nothing behind on a broker: looked at with Kafka's own client before and after.

use std::time::Duration;

use anyhow::{Context, Result};
use tapline_adapter::{Positions, Source, Start};
use tapline_e2e::{Reader, options, source};
use tapline_kit::kafka::TAPLINE;
use tapline_kit::{Kafka, KafkaConfig, Record};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_fresh_broker_is_as_before() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    let topics = ["shop.orders", "shop.payments", "shop.shipping"];
    for topic in topics {
        admin.create_topic(topic, 2, &[("retention.ms", "3600000")])?;
    }
    let producer = kafka.producer()?;
    for n in 0..600 {
        let topic = topics[n % 3];
        let record = Record::new(topic, (n % 2) as i32, format!("{{\"n\":{n}}}")).key(format!("k{n}"));
        producer.send(&record.cloud_event("shop.Ordered", &n.to_string(), "/shop").header("tries", None))?;
    }
    producer.flush()?;
    let before = admin.snapshot()?;
    assert!(!before.topics.contains_key("__consumer_offsets"), "the broker is not fresh: {before:?}");

    let wanted = options(Start::Earliest);
    assert!(source(&kafka, TAPLINE)?.check(&wanted).iter().all(|check| check.outcome.is_ok()));
    let mut reader = Reader::open(&kafka, TAPLINE, &wanted, Positions::new())?;
    reader.until("the backlog", SOON, |reader| reader.count.0 == 600)?;
    // Further rounds of discovery, empty fetches and a restart of the tap are part of what must not be noticed.
    let positions = reader.positions.clone();
    drop(reader);
    let mut reader = Reader::open(&kafka, TAPLINE, &wanted, positions)?;
    reader.until("six partitions", SOON, |reader| reader.reading() == 6)?;
    producer.send_all(&[Record::new("shop.orders", 0, "last")])?;
    reader.until("a live record", SOON, |reader| reader.count.0 == 1)?;
    assert_eq!(reader.facts().problems, Vec::<String>::new());

    assert_eq!(admin.snapshot()?, before);
    Ok(())
}

#[test]
fn read_and_describe_on_the_topics_are_all_the_rights_it_needs() -> Result<()> {
    let kafka = Kafka::with(&KafkaConfig { acl: true, ..KafkaConfig::default() })?;
    let admin = kafka.admin()?;
    for topic in ["granted", "described", "secret"] {
        admin.create_topic(topic, 1, &[])?;
        kafka.producer()?.send_all(&[Record::new(topic, 0, "x")])?;
    }
    let checks = source(&kafka, TAPLINE)?.check(&options(Start::Earliest));
    let remedy = checks[1].outcome.as_ref().expect_err("no right was granted yet");
    assert!(
        remedy.sentence.starts_with("no topic can be seen: either there is none yet, or the right to describe them"),
        "{remedy:?}"
    );
    assert!(remedy.command.as_ref().is_some_and(|command| command.ends_with("--topic '*'")), "{remedy:?}");

    admin.grant(TAPLINE, "Read", "granted")?;
    admin.grant(TAPLINE, "Describe", "granted")?;
    admin.grant(TAPLINE, "Describe", "described")?;
    let before = admin.snapshot()?;

    let mut wanted = options(Start::Earliest);
    wanted.include.extend(["secret".to_owned(), "sec*".to_owned()]);
    let mut reader = Reader::open(&kafka, TAPLINE, &wanted, Positions::new())?;
    reader.until("the refusals", SOON, |reader| reader.facts().problems.len() == 2)?;
    reader.until("the granted record", SOON, |reader| reader.count.0 == 1)?;
    assert_eq!(reader.records[0].record.topic, "granted");
    let problems = reader.facts().problems;
    let grant = |topic: &str| {
        let bootstrap = kafka.bootstrap();
        format!(
            "`kafka-acls --bootstrap-server {bootstrap} --add --allow-principal User:tapline --operation Read \
             --operation Describe --topic {topic}` grants it"
        )
    };
    assert_eq!(problems[0], format!("the right to read topic `described` is missing; {}", grant("described")));
    assert!(
        problems[1].starts_with("topic `secret` does not exist or the right")
            && problems[1].ends_with(&grant("secret"))
    );

    let checks = source(&kafka, TAPLINE)?.check(&wanted);
    let missing: Vec<_> = checks.iter().filter_map(|check| check.outcome.as_ref().err()?.command.clone()).collect();
    assert!(missing.len() == 2 && missing.iter().any(|command| command.ends_with("--topic described")), "{checks:?}");
    let waiting = checks.iter().find(|check| check.what == "find topics by `sec*`").map(|check| check.outcome.as_ref());
    let told = waiting.context("a pattern for a hidden topic")?.expect("topics may come later");
    assert!(told.ends_with("--topic sec --resource-pattern-type prefixed` grants it"), "{told}");
    assert_eq!(admin.snapshot()?, before);

    // A right that is granted later is found without a restart.
    admin.grant(TAPLINE, "Read", "described")?;
    reader.until("the record of the topic granted later", SOON, |reader| reader.count.0 == 2)?;
    Ok(())
}

#[test]
fn refused_credentials_are_told_and_retried() -> Result<()> {
    let kafka = Kafka::with(&KafkaConfig { acl: true, ..KafkaConfig::default() })?;
    let mut reader = Reader::open(&kafka, "nobody", &options(Start::Earliest), Positions::new())?;
    reader.until("the refusal", SOON, |reader| !reader.facts().problems.is_empty())?;
    let said = reader.facts().problems.remove(0);
    assert!(said.contains(" refused the credentials: ") && !said.contains("nobody-secret"), "{said}");
    let checks = source(&kafka, "nobody")?.check(&options(Start::Earliest));
    let remedy = checks[0].outcome.as_ref().expect_err("wrong credentials");
    assert!(remedy.sentence.contains("[sources.test.client]"), "{remedy:?}");
    Ok(())
}
