//! Spring Kafka and Spring Cloud Stream.

use tapline_decode::TopicNames;
use tapline_model::{DeadLetterRow, RetryRow};

use super::{TIMESTAMP, dead};
use crate::fixture::{Fixture, on};

const STACK: &str = "org.springframework.kafka.listener.ListenerExecutionFailedException: Listener method 'public void \
shop.Pricing.on(shop.Order)' threw exception\n\tat org.springframework.kafka.listener.X.decorate(X.java:2987)\n\
Caused by: java.lang.IllegalStateException: cannot price parcel\n\tat shop.Pricing.price(Pricing.java:42)\n\t... 11 more\n\
Caused by: java.lang.IllegalArgumentException: tariff code XX-17 is unknown\n\tat shop.Tariffs.find(Tariffs.java:9)\n\t... 12 more\n";

pub(super) fn recoverer(offset: i64) -> Fixture {
    on("orders-dlt")
        .header("kafka_dlt-original-topic", "orders")
        .header("kafka_dlt-original-partition", 3i32.to_be_bytes())
        .header("kafka_dlt-original-offset", offset.to_be_bytes())
        .header("kafka_dlt-original-timestamp", TIMESTAMP.to_be_bytes())
        .header("kafka_dlt-original-timestamp-type", "CreateTime")
        .header("kafka_dlt-original-consumer-group", "pricing")
        .header("kafka_dlt-exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException")
        .header("kafka_dlt-exception-cause-fqcn", "java.lang.IllegalStateException")
        .header(
            "kafka_dlt-exception-message",
            "Listener method 'public void shop.Pricing.on(shop.Order)' threw exception; cannot price parcel",
        )
        .header("kafka_dlt-exception-stacktrace", STACK)
}

pub(super) fn retryable(destination: &str, next_attempt: &[u8]) -> Fixture {
    on(destination)
        .header("kafka_original-topic", "orders")
        .header("kafka_original-partition", 3i32.to_be_bytes())
        .header("kafka_original-offset", 258i64.to_be_bytes())
        .header("kafka_original-timestamp", TIMESTAMP.to_be_bytes())
        .header("kafka_original-timestamp-type", "CreateTime")
        .header("kafka_dlt-original-consumer-group", "pricing")
        .header("kafka_exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException")
        .header("kafka_exception-cause-fqcn", "java.lang.IllegalStateException")
        .header("kafka_exception-message", "Listener failed; cannot price parcel")
        .header("kafka_exception-stacktrace", STACK)
        .header("retry_topic-attempts", 2i32.to_be_bytes())
        .header("retry_topic-attempts", next_attempt)
        .header("retry_topic-original-timestamp", &TIMESTAMP.to_be_bytes()[2..])
        .header("retry_topic-backoff-timestamp", &TIMESTAMP.to_be_bytes()[2..])
        .header("retry_topic-backoff-timestamp", &(TIMESTAMP + 1_000).to_be_bytes()[2..])
}

#[test]
fn spring_recoverer() {
    dead(&recoverer(258), |row| {
        let expected = DeadLetterRow {
            framework: "spring_kafka",
            origin_destination: Some("orders"),
            origin_partition: Some(3),
            origin_offset: Some(258),
            origin_timestamp: Some(TIMESTAMP * 1_000),
            consumer_group: Some("pricing"),
            exception: Some("java.lang.IllegalStateException"),
            root_cause: Some("java.lang.IllegalArgumentException"),
            message: Some("cannot price parcel"),
            stack: Some(STACK),
            attempts: None,
            stage: Some("listener"),
            fingerprint: row.fingerprint,
        };
        assert_eq!(row, expected);
    });
}

#[test]
fn spring_appends_originals_on_each_hop() {
    let twice = recoverer(258)
        .header("kafka_dlt-original-topic", "orders-again")
        .header("kafka_dlt-original-partition", 0i32.to_be_bytes())
        .header("kafka_dlt-original-offset", 1i64.to_be_bytes())
        .header("kafka_dlt-exception-message", "Listener failed; still no price");
    dead(&twice, |row| {
        assert_eq!((row.origin_destination, row.origin_offset), (Some("orders"), Some(258)));
        assert_eq!(row.message, Some("still no price"));
    });
}

#[test]
fn spring_retry_topic_by_the_topics_name() {
    retryable("orders-retry", &3i32.to_be_bytes()).decode(|meaning| {
        assert_eq!(meaning.dead_letter, None);
        let expected = RetryRow {
            origin_destination: Some("orders"),
            origin_partition: Some(3),
            origin_offset: Some(258),
            attempts: Some(2),
            due_at: Some((TIMESTAMP + 1_000) * 1_000),
        };
        assert_eq!(meaning.retry, Some(expected));
    });
    for destination in ["orders-dlt", "graveyard"] {
        dead(&retryable(destination, &4i32.to_be_bytes()), |row| {
            assert_eq!(row.framework, "spring_retry_topic");
            assert_eq!((row.attempts, row.consumer_group), (Some(3), Some("pricing")));
            assert_eq!(
                (row.root_cause, row.message),
                (Some("java.lang.IllegalArgumentException"), Some("cannot price parcel"))
            );
            assert_eq!(row.origin_timestamp, Some(TIMESTAMP * 1_000));
        });
    }
    dead(&retryable("orders-dlt", &[4]), |row| assert_eq!(row.attempts, Some(3)));
}

#[test]
fn spring_deserialization_says_why_only_in_the_stack() {
    let class = "org.springframework.kafka.support.serializer.DeserializationException";
    let stack = format!(
        "{class}: failed to deserialize\n\tat {class}.x(X.java:1)\n\
         Caused by: com.fasterxml.jackson.core.JsonParseException: Unexpected character ('x' (code 120))\n \
         at [Source: (byte[])\"x\"; line: 1, column: 2]\n\tat com.fasterxml.jackson.core.Y.z(Y.java:3)\n"
    );
    let fixture = on("orders-dlt").headers([
        ("kafka_dlt-original-topic", "orders"),
        ("kafka_dlt-exception-fqcn", class),
        ("kafka_dlt-exception-cause-fqcn", class),
        ("kafka_dlt-exception-message", "failed to deserialize"),
        ("kafka_dlt-exception-stacktrace", &stack),
    ]);
    dead(&fixture, |row| {
        assert_eq!(row.stage, Some("deserialization"));
        assert_eq!(row.root_cause, Some("com.fasterxml.jackson.core.JsonParseException"));
        assert_eq!(row.message, Some("Unexpected character ('x' (code 120))"));
    });
    let key = on("orders-dlt").headers([
        ("kafka_dlt-original-topic", "orders"),
        ("kafka_dlt-key-exception-fqcn", class),
        ("kafka_dlt-key-exception-message", "failed to deserialize"),
        ("kafka_dlt-key-exception-stacktrace", &stack),
    ]);
    dead(&key, |row| {
        assert_eq!((row.stage, row.exception), (Some("key_deserialization"), Some(class)));
        assert_eq!(row.root_cause, Some("com.fasterxml.jackson.core.JsonParseException"));
    });
}

#[test]
fn spring_cloud_stream_names_the_group_in_the_topic() {
    let fixture = on("error.orders.billing")
        .header("x-original-topic", "orders")
        .header("x-original-partition", 1i32.to_be_bytes())
        .header("x-original-offset", 5i64.to_be_bytes())
        .header("x-original-timestamp", TIMESTAMP.to_be_bytes())
        .headers([("x-original-timestamp-type", "CreateTime"), ("x-exception-fqcn", "shop.Broken")])
        .headers([
            ("x-exception-message", "no"),
            ("x-exception-stacktrace", "shop.Broken: no\n\tat shop.A.b(A.java:1)"),
        ]);
    dead(&fixture, |row| {
        assert_eq!((row.framework, row.consumer_group), ("spring_cloud_stream", Some("billing")));
        assert_eq!((row.origin_partition, row.origin_offset), (Some(1), Some(5)));
        assert_eq!(
            (row.exception, row.root_cause, row.message),
            (Some("shop.Broken"), Some("shop.Broken"), Some("no"))
        );
    });
}

#[test]
fn pinned_names_decide_between_retry_and_dead_letter() {
    let mut again = retryable("orders.again", &3i32.to_be_bytes());
    again.rules.topics = TopicNames { retry: vec!["*.again".into()], ..TopicNames::default() };
    again.decode(|meaning| assert!(meaning.retry.is_some() && meaning.dead_letter.is_none()));
}

/// Retries under suffixes of somebody's own were taken for dead letters.
#[test]
fn what_is_due_later_than_it_was_written_is_no_dead_letter_yet() {
    let written = |at: i64| Fixture { timestamp: Some(at * 1_000), ..retryable("orders_again", &3i32.to_be_bytes()) };
    written(TIMESTAMP + 2).decode(|meaning| assert!(meaning.retry.is_some() && meaning.dead_letter.is_none()));
    written(TIMESTAMP + 1_000).decode(|meaning| assert!(meaning.retry.is_none() && meaning.dead_letter.is_some()));
    // A short delay has passed when the record is written.
    let mut numbered = written(TIMESTAMP + 1_300);
    numbered.destination = "orders_again-200".into();
    numbered.decode(|meaning| assert!(meaning.retry.is_some() && meaning.dead_letter.is_none()));
    let mut named = written(TIMESTAMP + 2);
    named.destination = "orders-dlt".into();
    named.decode(|meaning| assert!(meaning.dead_letter.is_some(), "a name that says dead letter counts"));
}

#[test]
fn numbers_of_a_wrong_length_are_read_as_text_or_not_at_all() {
    let odd = on("orders-dlt")
        .headers([("kafka_dlt-original-topic", "orders"), ("kafka_dlt-original-offset", "12")])
        .header("kafka_dlt-original-partition", [1, 2, 3])
        .header("kafka_dlt-original-timestamp", (-1i64).to_be_bytes());
    dead(&odd, |row| {
        assert_eq!((row.origin_offset, row.origin_partition, row.origin_timestamp), (Some(12), None, None));
    });
}
