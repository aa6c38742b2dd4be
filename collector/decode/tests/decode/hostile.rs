//! Records that nobody should write.

use proptest::prelude::*;

use crate::fixture::{Fixture, on};

#[test]
fn ten_thousand_headers() {
    let mut fixture = on("orders-dlt");
    for at in 0..10_000 {
        fixture = fixture.header(["x-order-id", "kafka_dlt-original-topic", "noise"][at % 3], format!("V-{at}"));
    }
    fixture.decode(|meaning| {
        assert_eq!((meaning.ids.len(), meaning.ids_dropped), (64, 3_334 - 64));
        assert_eq!(meaning.dead_letter.unwrap().origin_destination, Some("V-1"));
    });
}

#[test]
fn ten_thousand_identifiers_in_one_event() {
    let list: Vec<String> = (0..10_000).map(|at| format!(r#"{{"orderId":"ORD-{at}"}}"#)).collect();
    on("orders").payload(format!("[{}]", list.join(","))).decode(|meaning| {
        assert_eq!((meaning.format, meaning.ids.len(), meaning.ids_dropped), ("json", 64, 10_000 - 64));
        assert_eq!(meaning.ids[63].value, "ORD-63");
    });
}

#[test]
fn ten_megabytes() {
    let payload = format!(r#"{{"orderId":"ORD-1","blob":"{}"}}"#, "x".repeat(10_000_000));
    on("orders").payload(payload).decode(|meaning| {
        assert_eq!((meaning.format, meaning.ids.len()), ("json", 1));
        assert_eq!(meaning.decode_error, Some("only the first 1048576 bytes were looked at"));
    });
    on("orders").payload(vec![0xff; 10_000_000]).decode(|meaning| assert_eq!(meaning.format, "bytes"));
    on("orders").payload("word ".repeat(2_000_000)).decode(|meaning| {
        assert_eq!((meaning.format, meaning.decode_error.is_some()), ("text", true));
    });
}

#[test]
fn nesting_without_end() {
    for payload in
        ["[".repeat(100_000), format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), "{\"id\":".repeat(100_000)]
    {
        on("orders").payload(&payload).decode(|meaning| {
            assert!(matches!(meaning.format, "json" | "text"));
            assert!(meaning.decode_error.is_some());
        });
    }
}

#[test]
fn duplicates_and_truncation_keep_what_was_found() {
    let twice = on("orders").payload(r#"{"orderId":"A-1","orderId":"A-2","order_id":"A-1","type":"x","type":"y"}"#);
    assert_eq!(twice.ids(), ["orderId=A-1", "orderId=A-2"]);
    twice.decode(|meaning| assert_eq!(meaning.r#type, Some("x")));
    let torn = on("orders").payload(r#"{"orderId":"A-1","amount":12"#);
    assert_eq!(torn.ids(), ["orderId=A-1"]);
    torn.decode(|meaning| assert_eq!(meaning.format, "text"));
}

#[test]
fn null_and_odd_header_values() {
    let mut fixture = on("orders").header("x-correlation-id", [0xff, 0xfe]).header("order-id", "").header("", "x");
    fixture.headers.push(("message-id".into(), None));
    fixture.headers.push(("traceparent".into(), None));
    fixture.decode(|meaning| {
        assert_eq!((meaning.message_id, meaning.correlation_id, meaning.trace_id), (None, None, None));
        assert_eq!(meaning.ids, []);
    });
}

fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "traceparent",
        "b3",
        "X-B3-TraceId",
        "AWSTraceHeader",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_specversion",
        "ce_traceparent",
        "content-type",
        "kafka_dlt-original-topic",
        "kafka_dlt-original-offset",
        "kafka_dlt-exception-stacktrace",
        "kafka_dlt-exception-message",
        "kafka_dlt-exception-fqcn",
        "retry_topic-attempts",
        "retry_topic-backoff-timestamp",
        "kafka_original-topic",
        "__connect.errors.exception.stacktrace",
        "__streams.errors.exception",
        "source_topic",
        "source_partition",
        "source_offset",
        "reason_poisoned",
        "_watermill_delayed_until",
        "dlq-reason",
        "dlq-original-offset",
        "id",
        "message-id",
        "x-correlation-id",
        "kafka_correlationId",
        "spring_json_header_types",
        "order-id",
        "NServiceBus.EnclosedMessageTypes",
        "MT-MessageType",
        "__TypeId__",
        "service",
        "tapline-replay-id",
        "axon-metadata-correlationId",
        "x-death",
        "x-first-death-queue",
        "x-last-death-reason",
        "x-delivery-count",
        "x-original-exchange",
        "x-original-routingKey",
        "x-exception-stacktrace",
        "retry-count",
        "MT-Reason",
        "MT-Fault-InputAddress",
        "MT-Fault-RetryCount",
        "MT-Fault-Timestamp",
        "NServiceBus.FailedQ",
        "NServiceBus.TimeSent",
        "NServiceBus.ExceptionInfo.StackTrace",
        "rbs2-error-details",
        "rbs2-source-queue",
        "DeadLetterReason",
        "DeadLetterSource",
        "DeadLetterQueueSourceArn",
        "ApproximateReceiveCount",
        "SentTimestamp",
        "RULE_ARN",
        "RETRY_ATTEMPTS",
        "REAL_TOPIC",
        "RECONSUMETIMES",
        "DELAY_TIME",
    ]);
    prop_oneof![6 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let text = "\\PC{0,30}| ---> |arn:aws:[a-z:/]{0,20}|20[0-9]{2}-1[0-2]-0[1-9] 0[0-9]:00:00:[0-9]{0,7} Z|-?[0-9]{1,20}|\"[a-z\\\\u0-9\"]{0,9}\"|[0-9a-f-]{0,60}|Caused by: [a-z.: ]{0,9}|00-[0-9a-f]{32}-[0-9a-f]{16}-01|[0-9TZ:-]{0,24}";
    prop_oneof![
        1 => Just(None),
        3 => proptest::collection::vec(any::<u8>(), 0..20).prop_map(Some),
        6 => text.prop_map(|text| Some(text.into_bytes())),
        2 => table(),
    ]
}

/// Tables of AMQP and what looks like them.
fn table() -> impl Strategy<Value = Option<Vec<u8>>> {
    "(\\[|\\]|\\{|\\}|,|:|\"queue\":\"[a-z]{0,3}\"|\"reason\":\"(rejected|expired)\"|\"(count|time)\":-?[0-9]{1,19}){0,12}"
        .prop_map(|text| Some(text.into_bytes()))
}

fn payload() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        Just(None),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Some),
        "[\\[\\]{}\",:0-9eE.\\\\utrfalsn iIdé]{0,60}".prop_map(|text| Some(text.into_bytes())),
        "\\{\"(id|type|orderId|specversion|source|data|no)\":(\"[a-z\\\\\"]{0,9}\"|[0-9.e-]{1,9}|\\{\"id\":[0-9]{1,9}\\}),\"id\":\"\\PC{0,9}\"\\}"
            .prop_map(|text| Some(text.into_bytes())),
        "\\{\"type\":\"io.nats.jetstream.advisory.v1.(max_deliver|terminated|nak|x)?\"(,\"(stream|consumer|reason|stream_seq|deliveries)\":(\"[a-z]{0,3}\"|-?[0-9]{1,20}|\\[\\]|null)){0,6}\\}?"
            .prop_map(|text| Some(text.into_bytes())),
        "\\{\"busArn\":\"[a-z:/]{0,9}\"(,\"(subscriberArn|errorCode|retryAttempts|eventId|timestamp)\":(\"[a-z:/0-9]{0,9}\"|-?[0-9]{1,20})){0,6}\\}?"
            .prop_map(|text| Some(text.into_bytes())),
    ]
}

proptest! {
    #[test]
    fn any_record_is_decoded_the_same_each_time(destination in "orders(-dlt|-retry-1|_error|/\\$deadletterqueue|)|\\PC{0,9}", key in value(), payload in payload(),
                                                headers in proptest::collection::vec((name(), value()), 0..12),
                                                max_depth in 0..4usize, max_ids in 0..4usize, max_scan in 0..100usize) {
        let mut fixture = Fixture { destination, key, payload, headers, ..Fixture::default() };
        (fixture.rules.max_depth, fixture.rules.max_ids, fixture.rules.max_scan) = (max_depth, max_ids, max_scan);
        fixture.decode(|meaning| {
            assert!(["json", "text", "bytes", "empty", "null"].contains(&meaning.format));
            assert!(meaning.ids.len() <= max_ids);
            let length = |id: Option<&str>| id.map_or(32, str::len);
            assert_eq!((length(meaning.trace_id), length(meaning.origin_trace_id)), (32, 32));
            assert!(meaning.dead_letter.is_none() || meaning.retry.is_none());
            assert!(meaning.dead_letter.is_none_or(|row| row.fingerprint.is_some()));
            let attempts = meaning.dead_letter.map(|row| row.attempts).or(meaning.retry.map(|row| row.attempts));
            assert!(attempts.flatten().is_none_or(|attempts| attempts >= 0));
            let offset = meaning.dead_letter.map(|row| row.origin_offset).or(meaning.retry.map(|row| row.origin_offset));
            assert!(offset.flatten().is_none_or(|offset| offset >= 0));
        });
    }
}
