//! What is told of records that a broker refuses, loses or is slow with: answers put into the embedded broker's mouth.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::bindings::rd_kafka_resp_err_t as code;
use tapline_adapter::{Cause, Fate, Outgoing, Partitioning, PublishOptions, Publisher, Report, SendError, Source};

use crate::{EmbeddedBroker, KafkaSource};

/// The protocol's numbers of requests.
const PRODUCE: i16 = 0;
const INIT_PRODUCER_ID: i16 = 22;

const SOON: Duration = Duration::from_secs(30);

fn publisher(broker: &EmbeddedBroker, client: &[(&str, &str)]) -> Box<dyn Publisher> {
    let client: BTreeMap<String, String> =
        client.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let source = KafkaSource::new("demo", &broker.bootstrap_servers(), client).unwrap();
    let options = PublishOptions { destinations: vec!["orders".to_owned()], ..PublishOptions::default() };
    source.publisher(&options).unwrap()
}

fn record(payload: &[u8]) -> Outgoing<'_> {
    Outgoing {
        destination: "orders",
        partition: Partitioning::Explicit(0),
        key: None,
        payload: Some(payload),
        headers: &[],
        timestamp: None,
    }
}

/// Sends one record while the broker answers so.
fn sent_against(request: i16, errors: &[code], client: &[(&str, &str)]) -> Report {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    broker.broker().answer_by(request, errors);
    let mut publisher = publisher(&broker, client);
    publisher.send(&record(b"x"), 7).unwrap();
    let mut reports = Vec::new();
    assert!(publisher.flush(SOON, &mut reports), "no report; {:?}", publisher.problem());
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

#[test]
fn what_the_broker_refuses_is_told_with_its_cause() {
    for (error, cause) in [
        (code::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Cause::TooLarge),
        (code::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, Cause::InvalidTimestamp),
        (code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Cause::Denied),
        (code::RD_KAFKA_RESP_ERR_POLICY_VIOLATION, Cause::InvalidRecord),
    ] {
        let report = sent_against(PRODUCE, &[error], &[]);
        let error = report.outcome.unwrap_err();
        assert_eq!((report.token, error.fate, error.cause), (7, Fate::Rejected, cause), "{error}");
        assert!(error.is_permanent(), "{error}");
    }
}

#[test]
fn a_passing_refusal_is_repeated_until_it_is_written() {
    let leader = code::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    let report = sent_against(PRODUCE, &[leader, leader], &[]);
    assert_eq!(report.outcome.unwrap().offset, Some(0));
}

#[test]
fn a_repetition_that_the_broker_knows_already_counts_as_written_without_an_offset() {
    let report = sent_against(PRODUCE, &[code::RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER], &[]);
    assert_eq!(report.outcome.unwrap().offset, None);
}

/// A leader that loses its office answers so also to what it has appended. This fails too if a newer librdkafka logs it
/// in other words, which `ffi::doubts` reads.
#[test]
fn after_a_leader_refused_it_a_record_that_is_given_up_is_uncertain() {
    let leader = [code::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 200];
    let error = sent_against(PRODUCE, &leader, &[("delivery.timeout.ms", "1500")]).outcome.unwrap_err();
    assert_eq!((error.fate, error.cause), (Fate::Uncertain, Cause::TimedOut), "{error}");
}

#[test]
fn an_answer_that_leaves_it_open_is_uncertain() {
    let slow = [code::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT; 200];
    let error = sent_against(PRODUCE, &slow, &[("delivery.timeout.ms", "1500")]).outcome.unwrap_err();
    assert_eq!((error.fate, error.cause), (Fate::Uncertain, Cause::TimedOut), "{error}");
    let unknown = sent_against(PRODUCE, &[code::RD_KAFKA_RESP_ERR_UNKNOWN], &[]).outcome.unwrap_err();
    assert_eq!((unknown.fate, unknown.cause), (Fate::Uncertain, Cause::Other), "{unknown}");
}

#[test]
fn a_client_that_may_not_write_once_cannot_go_on() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    broker.broker().answer_by(INIT_PRODUCER_ID, &[code::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED; 10]);
    let mut publisher = publisher(&broker, &[]);
    let mut reports = Vec::new();
    let deadline = Instant::now() + SOON;
    // The refusal may come before or after the record.
    let refused = loop {
        assert!(Instant::now() < deadline, "{:?}", publisher.problem());
        match publisher.send(&record(b"x"), 7) {
            Err(SendError::Refused(error)) => break error,
            _ => publisher.collect(Duration::from_millis(20), &mut reports),
        }
    };
    assert_eq!((refused.fate, refused.cause), (Fate::NotSent, Cause::Denied), "{refused}");
    assert!(publisher.flush(SOON, &mut reports));
    for report in reports {
        let error = report.outcome.unwrap_err();
        assert_eq!((error.fate, error.cause), (Fate::NotSent, Cause::Denied), "{error}");
    }
}

#[test]
fn no_more_than_allowed_is_under_way() {
    let broker = EmbeddedBroker::start(&[("orders", 1)]).unwrap();
    let source = KafkaSource::new("demo", &broker.bootstrap_servers(), BTreeMap::new()).unwrap();
    let options = PublishOptions { destinations: vec!["orders".to_owned()], records: 10, bytes: 1_000 };
    // Nothing leaves: a producer without an id waits for one.
    let passing = code::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
    broker.broker().answer_by(INIT_PRODUCER_ID, &[passing; 500]);
    let mut publisher = source.publisher(&options).unwrap();
    let taken = (0..20).take_while(|token| publisher.send(&record(b"small"), *token).is_ok()).count();
    assert_eq!((taken, publisher.in_flight()), (10, 10));
    assert_eq!(publisher.send(&record(b"small"), 99), Err(SendError::Full));

    publisher.give_up();
    let mut reports = Vec::new();
    assert!(publisher.flush(SOON, &mut reports));
    let mut tokens: Vec<u64> = reports.iter().map(|report| report.token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, (0..10).collect::<Vec<_>>());
    for report in reports {
        let error = report.outcome.unwrap_err();
        assert_eq!((error.fate, error.cause), (Fate::NotSent, Cause::GivenUp), "{error}");
    }
    assert!(
        matches!(publisher.send(&record(b"late"), 1), Err(SendError::Refused(error)) if error.cause == Cause::Closed)
    );
}
