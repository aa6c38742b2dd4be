//! Kafka Connect, Kafka Streams and share groups.

use super::{dead, fingerprint};
use crate::fixture::{Fixture, on};

pub(super) fn connect(fixture: Fixture, offset: &str, message: &str) -> Fixture {
    fixture.headers([
        ("__connect.errors.topic", "orders"),
        ("__connect.errors.partition", "2"),
        ("__connect.errors.offset", offset),
        ("__connect.errors.connector.name", "warehouse"),
        ("__connect.errors.task.id", "0"),
        ("__connect.errors.stage", "VALUE_CONVERTER"),
        ("__connect.errors.class.name", "org.apache.kafka.connect.json.JsonConverter"),
        ("__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException"),
        ("__connect.errors.exception.message", message),
        (
            "__connect.errors.exception.stacktrace",
            "org.apache.kafka.connect.errors.DataException: x\n\tat org.apache.kafka.X.y(X.java:1)\n\
             Caused by: org.apache.kafka.common.errors.SerializationException: bad json\n",
        ),
    ])
}

#[test]
fn connect_takes_the_origin_first_and_the_failure_last() {
    let twice = connect(connect(on("warehouse-dlq"), "17", "Converting 'a' failed"), "99", "Converting 'b' failed");
    dead(&twice, |row| {
        assert_eq!((row.framework, row.stage), ("kafka_connect", Some("VALUE_CONVERTER")));
        assert_eq!((row.origin_partition, row.origin_offset), (Some(2), Some(17)));
        assert_eq!(row.message, Some("Converting 'b' failed"));
        assert_eq!(row.consumer_group, Some("connect-warehouse"));
        assert_eq!(row.exception, Some("org.apache.kafka.connect.errors.DataException"));
        assert_eq!(row.root_cause, Some("org.apache.kafka.common.errors.SerializationException"));
    });
    let once = connect(on("warehouse-dlq"), "3", "Converting 'c' failed");
    assert_eq!(fingerprint(&twice), fingerprint(&once));
}

#[test]
fn connect_without_a_source_record() {
    let fixture = on("warehouse-dlq").headers([
        ("__connect.errors.topic", ""),
        ("__connect.errors.partition", "-1"),
        ("__connect.errors.offset", "-1"),
        ("__connect.errors.exception.class.name", "shop.Broken"),
    ]);
    dead(&fixture, |row| {
        assert_eq!((row.origin_destination, row.origin_partition, row.origin_offset), (None, None, None));
        assert_eq!(row.exception, Some("shop.Broken"));
    });
}

#[test]
fn streams_write_the_exception_as_text() {
    let mut fixture = on("app-dlq").headers([
        ("__streams.errors.exception", "shop.Broken: amount is negative"),
        ("__streams.errors.stacktrace", "shop.Broken: amount is negative\n\tat shop.Sum.apply(Sum.java:3)"),
        ("__streams.errors.topic", "payments"),
        ("__streams.errors.partition", "4"),
        ("__streams.errors.offset", "12"),
    ]);
    fixture.headers.insert(1, ("__streams.errors.message".into(), None));
    dead(&fixture, |row| {
        assert_eq!((row.framework, row.exception), ("kafka_streams", Some("shop.Broken")));
        assert_eq!((row.message, row.origin_offset), (Some("amount is negative"), Some(12)));
    });
}

#[test]
fn share_groups_write_pointers() {
    let mut fixture = on("dlq.orders").headers([
        ("__dlq.errors.topic", "orders"),
        ("__dlq.errors.partition", "0"),
        ("__dlq.errors.offset", "77"),
        ("__dlq.errors.group", "pickers"),
        ("__dlq.errors.delivery.count", "5"),
    ]);
    fixture.payload = None;
    dead(&fixture, |row| {
        assert_eq!((row.framework, row.consumer_group, row.attempts), ("share_group", Some("pickers"), Some(5)));
        assert_eq!((row.origin_offset, row.message), (Some(77), None));
    });
}
