//! Dead letters and retries with the exact bytes of each framework.

use tapline_decode::{FailureField, FailureHeader, TopicNames};
use tapline_model::{DeadLetterRow, RetryRow};

use crate::fixture::{Fixture, on};

const TIMESTAMP: i64 = 1_795_230_764_500;
const STACK: &str = "org.springframework.kafka.listener.ListenerExecutionFailedException: Listener method 'public void \
shop.Pricing.on(shop.Order)' threw exception\n\tat org.springframework.kafka.listener.X.decorate(X.java:2987)\n\
Caused by: java.lang.IllegalStateException: cannot price parcel\n\tat shop.Pricing.price(Pricing.java:42)\n\t... 11 more\n\
Caused by: java.lang.IllegalArgumentException: tariff code XX-17 is unknown\n\tat shop.Tariffs.find(Tariffs.java:9)\n\t... 12 more\n";

fn dead(fixture: &Fixture, check: impl FnOnce(DeadLetterRow<'_>)) {
    fixture.decode(|meaning| {
        assert_eq!(meaning.retry, None);
        check(meaning.dead_letter.expect("a dead letter"));
    });
}

fn fingerprint(fixture: &Fixture) -> String {
    fixture.decode(|meaning| meaning.dead_letter.unwrap().fingerprint.unwrap().to_owned())
}

fn recoverer(offset: i64) -> Fixture {
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

fn retryable(destination: &str, next_attempt: &[u8]) -> Fixture {
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
fn one_cause_has_one_fingerprint_whoever_wrote_it() {
    let first = fingerprint(&recoverer(258));
    assert_eq!(first, fingerprint(&recoverer(999)));
    assert_eq!(first, fingerprint(&retryable("orders-dlt", &4i32.to_be_bytes())));
    let other_group = recoverer(258).header("kafka_dlt-original-consumer-group", "shipping");
    assert_ne!(first, fingerprint(&other_group));
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

fn connect(fixture: Fixture, offset: &str, message: &str) -> Fixture {
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

#[test]
fn smallrye_dead_letter_and_delayed_retry() {
    let fixture = on("dead-letter-topic-in").headers([
        ("dead-letter-exception-class-name", "shop.Outer"),
        ("dead-letter-cause-class-name", "shop.Inner"),
        ("dead-letter-reason", "no stock"),
        ("dead-letter-topic", "orders"),
        ("dead-letter-partition", "1"),
        ("dead-letter-offset", "9"),
    ]);
    dead(&fixture, |row| {
        assert_eq!(
            (row.framework, row.exception, row.root_cause),
            ("smallrye", Some("shop.Outer"), Some("shop.Inner"))
        );
        assert_eq!((row.message, row.origin_partition, row.origin_offset), (Some("no stock"), Some(1), Some(9)));
    });
    let retry = on("orders_retry_5000").headers([
        ("delayed-retry-count", "2"),
        ("delayed-retry-topic", "orders"),
        ("delayed-retry-partition", "1"),
        ("delayed-retry-offset", "9"),
    ]);
    retry.decode(|meaning| {
        let row = meaning.retry.unwrap();
        assert_eq!((row.attempts, row.origin_destination, row.origin_offset), (Some(2), Some("orders"), Some(9)));
        assert_eq!(meaning.dead_letter, None);
    });
}

#[test]
fn names_that_mirrors_write_too_need_more() {
    let source = [("source_topic", "orders"), ("source_partition", "1"), ("source_offset", "9")];
    dead(&on("orders_dlq").headers(source), |row| {
        assert_eq!((row.framework, row.origin_offset), ("karafka", Some(9)));
    });
    let counted = [("source_attempts", "3"), ("source_consumer_group", "shop")];
    dead(&on("leftovers").headers(source).headers(counted), |row| {
        assert_eq!((row.attempts, row.consumer_group), (Some(3), Some("shop")));
    });
    on("mirror").headers(source).decode(|meaning| assert_eq!(meaning.dead_letter, None));
    on("mirror").header("x-original-topic", "orders").decode(|meaning| assert_eq!(meaning.dead_letter, None));
    let mirrored = on("mirror").headers([("dlq-original-topic", "orders"), ("dlq-reason", "no")]).headers(source);
    dead(&mirrored, |row| assert_eq!(row.framework, "custom"));
}

#[test]
fn watermill_poison_queue_and_delay() {
    let poisoned = on("poison").headers([
        ("reason_poisoned", "cannot parse order 17"),
        ("topic_poisoned", "orders"),
        ("handler_poisoned", "on_order"),
        ("subscriber_poisoned", "kafka"),
    ]);
    dead(&poisoned, |row| {
        assert_eq!((row.framework, row.stage), ("watermill", Some("on_order")));
        assert_eq!((row.origin_destination, row.message), (Some("orders"), Some("cannot parse order 17")));
    });
    let delayed = on("orders.retry").headers([
        ("topic_poisoned", "orders"),
        ("_watermill_requeuer_retries", "2"),
        ("_watermill_delayed_until", "2026-11-21T03:12:44.5Z"),
    ]);
    delayed.decode(|meaning| {
        let row = meaning.retry.unwrap();
        assert_eq!((row.attempts, row.due_at), (Some(2), Some(TIMESTAMP * 1_000)));
    });
}

#[test]
fn home_grown_headers_by_configuration() {
    let default =
        on("leftovers").headers([("dlq-original-topic", "orders"), ("dlq-reason", "no"), ("dlq-attempts", "3")]);
    dead(&default, |row| assert_eq!((row.framework, row.attempts), ("custom", Some(3))));

    let mut own = on("leftovers").headers([("X-Failed-From", "orders"), ("x-failed-why", "shop.Broken: no")]);
    own = own.header("x-failed-offset", 8i64.to_be_bytes());
    own.rules.failure_headers = vec![
        FailureHeader { name: "x-failed-from".into(), field: FailureField::OriginTopic },
        FailureHeader { name: "x-failed-why".into(), field: FailureField::Exception },
        FailureHeader { name: "x-failed-offset".into(), field: FailureField::OriginOffset },
    ];
    dead(&own, |row| {
        assert_eq!((row.exception, row.message, row.origin_offset), (Some("shop.Broken"), Some("no"), Some(8)));
    });
}

#[test]
fn the_newest_framework_decides() {
    let both = connect(on("orders-dlt"), "17", "no")
        .headers([("kafka_dlt-original-topic", "orders-again"), ("kafka_dlt-exception-fqcn", "shop.Broken")]);
    dead(&both, |row| assert_eq!((row.framework, row.exception), ("spring_kafka", Some("shop.Broken"))));
}

#[test]
fn names_alone_and_leftovers_are_no_dead_letters() {
    on("orders.DLT").decode(|meaning| assert_eq!((meaning.dead_letter, meaning.retry), (None, None)));
    on("orders-dlt")
        .header("kafka_dlt-original-consumer-group", "g")
        .decode(|meaning| assert_eq!(meaning.dead_letter, None));
    let mut put_back = recoverer(258);
    put_back.destination = "orders".into();
    put_back.decode(|meaning| assert_eq!((meaning.dead_letter, meaning.retry), (None, None)));
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
