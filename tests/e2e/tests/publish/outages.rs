//! Brokers that fall silent or die: which records are there afterwards, and what was said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tapline_adapter::{Cause, Ended, Fate, Outgoing, Partitioning, PublishError, PublishOptions, SendError, Source};
use tapline_e2e::source;
use tapline_kit::Kafka;
use tapline_kit::kafka::TAPLINE;

use crate::{LIMITS, Payloads, SOON, range, record, send_all, to, with};

#[test]
fn a_broker_that_falls_silent_leaves_some_uncertain_and_the_rest_not_sent() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let client = [("delivery.timeout.ms", "4000"), ("batch.num.messages", "10"), ("linger.ms", "0")];
    let source = with(&kafka, &client)?;
    let mut publisher = source.publisher(&to(&["orders"]))?;
    assert!(send_all(&mut *publisher, [record("orders", b"before")])?[&0].outcome.is_ok());

    kafka.pause()?;
    let payloads: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let reports = send_all(&mut *publisher, payloads.iter().map(|payload| record("orders", payload.as_bytes())));
    kafka.resume()?;
    let mut by_fate: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (token, report) in reports? {
        let error = report.outcome.err().context("acknowledged by a process that stands still")?;
        assert_eq!(error.cause, Cause::TimedOut, "{error}");
        let fate = match error.fate {
            Fate::NotSent => "not sent",
            Fate::Uncertain => "uncertain",
            Fate::Rejected => "rejected",
        };
        by_fate.entry(fate).or_default().insert(token);
    }
    let counts: BTreeMap<&str, usize> = by_fate.iter().map(|(fate, tokens)| (*fate, tokens.len())).collect();
    // Five requests may be under way at once.
    assert!(counts["uncertain"] > 0 && counts["uncertain"] <= 60 && counts["not sent"] >= 400, "{counts:?}");

    // What came of the uncertain is found by looking; of those not sent none is there.
    let mut second = source.publisher(&to(&["orders"]))?;
    let last = send_all(&mut *second, [record("orders", b"after")])?;
    let end = last[&0].outcome.clone()?.offset.context("no offset")? + 1;
    let mut found = Payloads::default();
    let outcome = source.read(&[range("orders", 0, 0, end)], LIMITS, &mut found)?;
    assert!(matches!(outcome[0].ended, Ended::Whole), "{outcome:?}");
    let mut arrived = BTreeSet::new();
    for payload in found.0.values().filter(|payload| !payload.is_empty() && payload[0].is_ascii_digit()) {
        let token: u64 = String::from_utf8_lossy(payload).parse()?;
        assert!(by_fate["uncertain"].contains(&token), "{token} was said not to be sent");
        assert!(arrived.insert(token), "{token} stands there twice");
    }
    assert!(!arrived.is_empty(), "of {counts:?} none arrived, so nothing was uncertain");
    Ok(())
}

/// What the broker might still answer is awaited for a moment, not for as long as a record may take.
#[test]
fn what_is_given_up_is_told_soon_whether_the_broker_answers_or_not() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let source = with(&kafka, &[("batch.num.messages", "10"), ("linger.ms", "0")])?;
    for silent in [false, true] {
        let mut publisher = source.publisher(&to(&["orders"]))?;
        assert!(send_all(&mut *publisher, [record("orders", b"before")])?[&0].outcome.is_ok());
        if silent {
            kafka.pause()?;
        }
        for token in 0..50_000 {
            publisher.send(&record("orders", b"x"), token)?;
        }
        let mut reports = Vec::new();
        // Some are on their way when the rest is given up.
        publisher.collect(Duration::from_millis(200), &mut reports);
        publisher.give_up();
        let told = publisher.flush(Duration::from_secs(20), &mut reports);
        let begun = Instant::now();
        drop(publisher);
        let closing = begun.elapsed();
        kafka.resume()?;
        ensure!(told && reports.len() == 50_000, "{} reports", reports.len());
        ensure!(closing < Duration::from_secs(10), "closing took {closing:?}");
        let errors = reports.iter().filter_map(|report| report.outcome.as_ref().err());
        let (unsent, others): (Vec<_>, Vec<_>) = errors.partition(|error| error.fate == Fate::NotSent);
        assert!(unsent.len() > 10_000 && unsent.iter().all(|error| error.cause == Cause::GivenUp), "{}", unsent.len());
        assert_eq!(!others.is_empty(), silent, "{others:?}");
        let uncertain = |error: &&PublishError| (error.fate, error.cause) == (Fate::Uncertain, Cause::GivenUp);
        assert!(others.len() <= 60 && others.iter().all(uncertain), "{others:?}");
    }
    Ok(())
}

#[test]
fn a_broker_that_dies_and_comes_back_has_each_record_once() -> Result<()> {
    const RECORDS: usize = 60_000;
    let mut kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 4, &[])?;
    let source = source(&kafka, TAPLINE)?;
    let mut publisher = source.publisher(&PublishOptions { records: 2_000, ..to(&["orders"]) })?;
    let mut reports = Vec::new();
    for n in 0..RECORDS {
        if n == RECORDS / 2 {
            kafka.kill9()?;
            kafka.restart()?;
        }
        let payload = n.to_string();
        let partition = Partitioning::Explicit(n as i32 % 4);
        let record = Outgoing { partition, ..record("orders", payload.as_bytes()) };
        while let Err(fault) = publisher.send(&record, n as u64) {
            ensure!(fault == SendError::Full, "{fault}");
            publisher.collect(Duration::from_millis(100), &mut reports);
        }
    }
    ensure!(publisher.flush(SOON, &mut reports), "{:?}", publisher.problem());
    assert!(reports.iter().all(|report| report.outcome.is_ok()), "{:?}", reports.iter().find(|r| r.outcome.is_err()));
    assert_eq!(reports.len(), RECORDS);

    let ends: Vec<i64> = source.destination("orders")?.partitions.iter().filter_map(|at| at.end).collect();
    assert_eq!(ends, [RECORDS as i64 / 4; 4], "each once");
    let mut found = Payloads::default();
    source.read(&[range("orders", 3, 0, ends[3])], LIMITS, &mut found)?;
    let order: Vec<usize> = found.0.values().map(|text| String::from_utf8_lossy(text).parse().unwrap_or(0)).collect();
    assert_eq!(order, (0..RECORDS).filter(|n| n % 4 == 3).collect::<Vec<_>>(), "in the order sent");
    Ok(())
}
