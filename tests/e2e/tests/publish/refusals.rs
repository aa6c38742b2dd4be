//! What a broker refuses, and whose fault it is said to be.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tapline_adapter::{Cause, Fate, Outgoing, Partitioning, Report, SendError, Source};
use tapline_e2e::source;
use tapline_kit::Kafka;
use tapline_kit::kafka::TAPLINE;

use crate::{SOON, now, record, send_all, to, with};

#[test]
fn what_the_broker_refuses_is_told_and_the_others_arrive() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("small", 1, &[("max.message.bytes", "20000")])?;
    admin.create_topic("recent", 1, &[("message.timestamp.before.max.ms", "3600000")])?;
    admin.create_topic("state", 1, &[("cleanup.policy", "compact")])?;
    let source = source(&kafka, TAPLINE)?;
    let facts = source.destination("recent")?.settings.context("no settings")?;
    assert_eq!(facts.accepts_before, Some(Duration::from_secs(3_600)));

    // A thousand small records are more than one batch may hold; none of them may be refused for that.
    let large = vec![b'x'; 50_000];
    let payload =
        |n: usize| if n == 500 { large.as_slice() } else { b"a record of about a hundred bytes: ............" };
    let mut publisher = source.publisher(&to(&["small"]))?;
    let reports = send_all(&mut *publisher, (0..1_000).map(|n| record("small", payload(n))))?;
    for (token, report) in reports {
        match report.outcome {
            Ok(_) => assert_ne!(token, 500),
            Err(error) => {
                assert_eq!((token, error.fate, error.cause), (500, Fate::Rejected, Cause::TooLarge), "{error}");
                assert!(error.is_permanent());
            }
        }
    }

    let mut publisher = source.publisher(&to(&["recent", "state"]))?;
    let old = now()? - 2 * 3_600_000_000;
    let mut outcomes = BTreeMap::new();
    let records = [
        Outgoing { timestamp: Some(old), ..record("recent", b"old") },
        Outgoing { key: None, ..record("state", b"without a key") },
        Outgoing { partition: Partitioning::Explicit(1), ..record("state", b"nowhere") },
        record("state", b"with a key"),
    ];
    for (token, record) in (0..).zip(&records) {
        match publisher.send(record, token) {
            Err(SendError::Refused(error)) => outcomes.extend([(token, Err(error))]),
            Err(full) => return Err(full.into()),
            Ok(()) => {
                // Alone in its batch.
                let mut reports = Vec::new();
                ensure!(publisher.flush(SOON, &mut reports), "{:?}", publisher.problem());
                outcomes.extend(reports.into_iter().map(|report| (report.token, report.outcome.map(|_| ()))));
            }
        }
    }
    let told = |token: u64| outcomes[&token].clone().err().map(|error| (error.fate, error.cause, error.is_permanent()));
    assert_eq!(told(0), Some((Fate::Rejected, Cause::InvalidTimestamp, true)));
    assert_eq!(told(1), Some((Fate::Rejected, Cause::InvalidRecord, true)));
    assert_eq!(told(2), Some((Fate::NotSent, Cause::UnknownPartition, true)));
    assert_eq!(told(3), None);
    Ok(())
}

/// A broker refuses a batch as a whole. Who was at fault is told if there were several of them, or if it travels alone.
#[test]
fn a_record_is_not_blamed_for_what_it_travels_with() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("recent", 1, &[("message.timestamp.before.max.ms", "3600000")])?;
    let mut publisher = with(&kafka, &[("linger.ms", "500")])?.publisher(&to(&["recent"]))?;
    let old = now()? - 2 * 3_600_000_000;
    let told = |reports: &BTreeMap<u64, Report>| -> Result<Vec<(u64, Cause, bool)>> {
        let faults = reports.values().filter_map(|report| Some((report.token, report.outcome.as_ref().err()?)));
        let faults: Vec<_> = faults.collect();
        ensure!(faults.iter().all(|(_, error)| error.fate == Fate::Rejected), "{faults:?}");
        Ok(faults.iter().map(|(token, error)| (*token, error.cause, error.is_permanent())).collect())
    };
    let batch = |old_ones: &'static [usize]| {
        (0..20).map(move |n| Outgoing { timestamp: old_ones.contains(&n).then_some(old), ..record("recent", b"x") })
    };
    let together = send_all(&mut *publisher, batch(&[7]))?;
    assert_eq!(told(&together)?, (0..20).map(|token| (token, Cause::Companion, false)).collect::<Vec<_>>());
    let several = told(&send_all(&mut *publisher, batch(&[7, 11]))?)?;
    for (token, cause, permanent) in several {
        let at_fault = [7, 11].contains(&token);
        assert_eq!((cause, permanent), (if at_fault { Cause::InvalidRecord } else { Cause::Companion }, at_fault));
    }
    for (n, alone) in batch(&[7]).enumerate() {
        let found = told(&send_all(&mut *publisher, [alone])?)?;
        let expected: &[_] = if n == 7 { &[(0, Cause::InvalidTimestamp, true)] } else { &[] };
        assert_eq!(found, expected, "record {n}");
    }
    Ok(())
}
