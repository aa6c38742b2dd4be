//! What a replay needs of a real Kafka: records written as they were, where they were to go, each accounted for; facts,
//! rights and consumer groups as Kafka's own client tells them; nothing left behind.

#[cfg(test)]
mod facts;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod records;
#[cfg(test)]
mod refusals;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use tapline_adapter::{
    OffsetRange, Outgoing, Partitioning, PublishOptions, Publisher, RawRecord, ReadLimits, RecordSink, Report,
    SendError,
};
use tapline_kafka::KafkaSource;
use tapline_kit::Kafka;

const SOON: Duration = Duration::from_secs(60);

/// Microseconds, without a part that Kafka does not keep.
fn now() -> Result<i64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64 * 1_000)
}

fn to(destinations: &[&str]) -> PublishOptions {
    let destinations = destinations.iter().map(|&name| name.to_owned()).collect();
    PublishOptions { destinations, ..PublishOptions::default() }
}

fn with(kafka: &Kafka, client: &[(&str, &str)]) -> Result<KafkaSource> {
    let client = client.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(KafkaSource::new("test", &kafka.bootstrap(), client)?)
}

fn record<'a>(destination: &'a str, payload: &'a [u8]) -> Outgoing<'a> {
    let partition = Partitioning::Explicit(0);
    Outgoing { destination, partition, key: Some(b"k"), payload: Some(payload), headers: &[], timestamp: None }
}

/// Hands records over as fast as they are taken and waits for what becomes of each: the reports by token.
fn send_all<'a>(
    publisher: &mut dyn Publisher,
    records: impl IntoIterator<Item = Outgoing<'a>>,
) -> Result<BTreeMap<u64, Report>> {
    let mut reports = Vec::new();
    let mut sent = 0;
    for (token, record) in records.into_iter().enumerate() {
        sent += 1;
        while let Err(fault) = publisher.send(&record, token as u64) {
            ensure!(fault == SendError::Full, "{fault}");
            publisher.collect(Duration::from_millis(100), &mut reports);
        }
    }
    ensure!(
        publisher.flush(SOON, &mut reports),
        "{} without a report, {:?}",
        publisher.in_flight(),
        publisher.problem()
    );
    ensure!(reports.len() == sent, "{} reports for {sent} records", reports.len());
    Ok(reports.into_iter().map(|report| (report.token, report)).collect())
}

/// Payloads by offset.
#[derive(Default)]
struct Payloads(BTreeMap<i64, Vec<u8>>);

impl RecordSink for Payloads {
    fn record(&mut self, record: &RawRecord<'_>) {
        self.0.insert(record.offset.unwrap_or(-1), record.payload.unwrap_or_default().to_vec());
    }
}

const LIMITS: ReadLimits = ReadLimits { wait: SOON, bytes: 64 << 20 };

fn range(destination: &str, partition: i32, from: i64, to: i64) -> OffsetRange {
    OffsetRange { destination: destination.to_owned(), destination_id: None, incarnation: 1, partition, from, to }
}
