//! Records as Spring Kafka 4.1.1 and Kafka Connect 4.2.0 wrote them, byte for byte. The end-to-end test
//! `dead_letters_real` has the libraries themselves write such records, and tells when their headers are others.

use tapline_model::{DeadLetterRow, RetryRow};

use crate::fixture::{Fixture, on};

const ARGUMENT: &str = "java.lang.IllegalArgumentException";
const UNREADABLE: &str = "org.springframework.kafka.support.serializer.DeserializationException";
const PARSE: &str = "com.fasterxml.jackson.core.JsonParseException";
const TORN: &str = "Unexpected end-of-input within/between Object entries";

/// One header a line: its name and, behind a blank, its value as `[u8]::escape_ascii` writes it. Names that begin with
/// a colon are the record's own parts.
fn real(text: &str) -> Fixture {
    text.lines().fold(on(""), |fixture, line| {
        let (name, value) = line.split_once(' ').expect("a name and a value");
        let millis = || value.parse::<i64>().expect("milliseconds");
        match name {
            ":destination" => Fixture { destination: value.into(), ..fixture },
            ":timestamp" => Fixture { timestamp: Some(millis() * 1_000), ..fixture },
            ":key" => fixture.key(unescaped(value)),
            ":payload" => fixture.payload(unescaped(value)),
            name => fixture.header(name, unescaped(value)),
        }
    })
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut escaped = text.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = escaped.next() {
        let mut next = || escaped.next().expect("more behind a backslash");
        bytes.push(match byte {
            b'\\' => match next() {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                b'x' => digit(next()) << 4 | digit(next()),
                other => other,
            },
            plain => plain,
        });
    }
    bytes
}

fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8
}

/// Checks all but the stack trace and the fingerprint, which is returned.
fn dead(text: &str, expected: DeadLetterRow<'_>) -> String {
    real(text).decode(|meaning| {
        let row = meaning.dead_letter.expect("a dead letter");
        assert_eq!(row, DeadLetterRow { stack: row.stack, fingerprint: row.fingerprint, ..expected });
        assert!(row.stack.is_some_and(|stack| stack.ends_with("more\n") || stack.ends_with(")\n")), "{:?}", row.stack);
        assert_eq!(meaning.retry, None);
        row.fingerprint.expect("a fingerprint").to_owned()
    })
}

fn retry(text: &str, expected: RetryRow<'_>) {
    real(text).decode(|meaning| assert_eq!((meaning.dead_letter, meaning.retry), (None, Some(expected))));
}

#[test]
fn spring_recoverer() {
    let expected = DeadLetterRow {
        framework: "spring_kafka",
        origin_destination: Some("orders"),
        origin_partition: Some(0),
        origin_offset: Some(1),
        origin_timestamp: Some(0x01a2_01c7_eb85 * 1_000),
        consumer_group: Some("pricing"),
        exception: Some("java.lang.IllegalStateException"),
        root_cause: Some(ARGUMENT),
        message: Some("cannot price ORD-00000002"),
        stage: Some("listener"),
        ..DeadLetterRow::default()
    };
    dead(include_str!("real/recoverer.txt"), expected);
}

#[test]
fn spring_deserialization() {
    let recoverer = DeadLetterRow {
        framework: "spring_kafka",
        origin_destination: Some("orders"),
        origin_partition: Some(2),
        origin_offset: Some(2),
        origin_timestamp: Some(0x01a2_01c7_eba5 * 1_000),
        consumer_group: Some("pricing"),
        exception: Some(UNREADABLE),
        root_cause: Some(PARSE),
        message: Some(TORN),
        stage: Some("deserialization"),
        ..DeadLetterRow::default()
    };
    dead(include_str!("real/unreadable.txt"), recoverer);
    // It is not tried again.
    let retry_topic = DeadLetterRow {
        framework: "spring_retry_topic",
        origin_destination: Some("parcels"),
        origin_offset: Some(0),
        origin_timestamp: Some(0x01a2_01c7_ebd1 * 1_000),
        consumer_group: Some("shipping"),
        attempts: Some(1),
        ..recoverer
    };
    dead(include_str!("real/retry_unreadable.txt"), retry_topic);
}

#[test]
fn spring_retry_topic() {
    let second = RetryRow {
        origin_destination: Some("parcels"),
        origin_partition: Some(1),
        origin_offset: Some(1),
        attempts: Some(2),
        due_at: Some(0x01a2_01c8_02a0 * 1_000),
    };
    retry(include_str!("real/retry.txt"), second);
    let given_up = DeadLetterRow {
        framework: "spring_retry_topic",
        origin_destination: Some("parcels"),
        origin_partition: Some(1),
        origin_offset: Some(1),
        origin_timestamp: Some(0x01a2_01c7_ebc8 * 1_000),
        consumer_group: Some("shipping"),
        exception: Some(ARGUMENT),
        root_cause: Some(ARGUMENT),
        message: Some("tariff of ORD-00000007 is unknown"),
        attempts: Some(3),
        stage: Some("listener"),
        ..DeadLetterRow::default()
    };
    dead(include_str!("real/retry_dlt.txt"), given_up);
}

/// The first one was written 531 ms after its failure, when its delay of 200 ms had passed.
#[test]
fn spring_retry_topic_under_names_that_say_nothing() {
    let later = RetryRow {
        origin_destination: Some("invoices"),
        origin_partition: Some(0),
        origin_offset: Some(0),
        attempts: Some(1),
        due_at: Some(0x01a2_01c7_fe45 * 1_000),
    };
    retry(include_str!("real/retry_own_suffix.txt"), later);
    let unsupported = Some("java.lang.UnsupportedOperationException");
    let unpaid = DeadLetterRow {
        framework: "spring_retry_topic",
        origin_destination: Some("invoices"),
        origin_partition: Some(0),
        origin_offset: Some(0),
        origin_timestamp: Some(0x01a2_01c7_ebdd * 1_000),
        consumer_group: Some("billing"),
        exception: unsupported,
        root_cause: unsupported,
        message: Some("no stock for ORD-00000009"),
        attempts: Some(2),
        stage: Some("listener"),
        ..DeadLetterRow::default()
    };
    dead(include_str!("real/retry_dlt_own_suffix.txt"), unpaid);
}

#[test]
fn connect() {
    let unreadable = DeadLetterRow {
        framework: "kafka_connect",
        origin_destination: Some("payments"),
        origin_partition: Some(1),
        origin_offset: Some(1),
        consumer_group: Some("connect-ledger"),
        exception: Some("org.apache.kafka.connect.errors.DataException"),
        root_cause: Some(PARSE),
        message: Some(TORN),
        stage: Some("VALUE_CONVERTER"),
        ..DeadLetterRow::default()
    };
    let first = dead(include_str!("real/connect.txt"), unreadable);
    let twice = DeadLetterRow {
        origin_offset: Some(2),
        root_cause: Some("java.lang.NumberFormatException"),
        message: Some("Value (many) was out of range for requested data type"),
        stage: Some("TRANSFORMATION"),
        ..unreadable
    };
    assert_ne!(dead(include_str!("real/connect_twice.txt"), twice), first);
}
