//! Identifiers, types and trace contexts as frameworks write them.

use crate::fixture::{Fixture, on};

type Ids<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// Message, cause, correlation, conversation.
fn expect(fixture: &Fixture, ids: Ids<'_>) {
    fixture.decode(|meaning| {
        let found = (meaning.message_id, meaning.causation_id, meaning.correlation_id, meaning.conversation_id);
        assert_eq!(found, ids);
    });
}

#[test]
fn nservicebus() {
    let fixture = on("orders").headers([
        ("NServiceBus.MessageId", "m-1"),
        ("NServiceBus.RelatedTo", "cause"),
        ("NServiceBus.ConversationId", "talk-1"),
        ("NServiceBus.CorrelationId", "reply"),
        ("NServiceBus.EnclosedMessageTypes", "Shop.OrderPlaced, Shop.Messages, Version=1.0.0.0;Shop.IEvent, Shop"),
        ("NServiceBus.OriginatingEndpoint", "Sales"),
    ]);
    expect(&fixture, (Some("m-1"), Some("cause"), Some("reply"), Some("talk-1")));
    fixture.decode(|meaning| {
        assert_eq!((meaning.r#type, meaning.producer), (Some("Shop.OrderPlaced"), Some("Sales")));
        assert_eq!(meaning.ids, []);
    });
}

#[test]
fn masstransit_headers_and_envelope() {
    let fixture = on("orders").headers([
        ("MessageId", "0B1E5C4A-0000-4000-8000-00000000000F"),
        ("MT-InitiatorId", "cause"),
        ("CorrelationId", "saga-1"),
        ("ConversationId", "talk-1"),
        ("RequestId", "R-1"),
        ("MT-MessageType", "urn:message:Shop:OrderPlaced;urn:message:Shop:IEvent"),
        ("MT-Activity-Id", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ]);
    expect(&fixture, (Some("0b1e5c4a-0000-4000-8000-00000000000f"), Some("cause"), Some("saga-1"), Some("talk-1")));
    fixture.decode(|meaning| {
        assert_eq!((meaning.r#type, meaning.span_id), (Some("Shop:OrderPlaced"), Some("00f067aa0ba902b7")));
    });
    assert_eq!(fixture.ids(), ["RequestId=R-1"]);

    let envelope = on("orders").payload(
        r#"{"messageId":"0b1e5c4a-0000-4000-8000-00000000000f","conversationId":"talk-1","correlationId":"saga-1",
            "initiatorId":"cause","messageType":["urn:message:Shop:OrderPlaced"],"message":{"orderId":"ORD-1"}}"#,
    );
    expect(&envelope, (Some("0b1e5c4a-0000-4000-8000-00000000000f"), Some("cause"), Some("saga-1"), Some("talk-1")));
    assert_eq!(envelope.ids(), ["orderId=ORD-1"]);
}

#[test]
fn axon_renamed_its_ids() {
    let four = on("events").headers([
        ("axon-message-id", "m-1"),
        ("axon-message-type", "shop.OrderPlaced"),
        ("axon-message-aggregate-id", "ORD-1"),
        ("axon-metadata-correlationId", "parent"),
        ("axon-metadata-traceId", "root"),
    ]);
    expect(&four, (Some("m-1"), Some("parent"), Some("root"), None));
    assert_eq!(four.ids(), ["axon-message-aggregate-id=ORD-1"]);
    let five = on("events").headers([
        ("axon-message-id", "m-1"),
        ("axon-metadata-causationId", "parent"),
        ("axon-metadata-correlationId", "root"),
    ]);
    expect(&five, (Some("m-1"), Some("parent"), Some("root"), None));
}

#[test]
fn celery_and_others_use_short_names() {
    let celery =
        on("tasks").headers([("task", "shop.charge"), ("id", "T-1"), ("parent_id", "T-0"), ("root_id", "T-R")]);
    expect(&celery, (Some("T-1"), Some("T-0"), None, Some("T-R")));
    celery.decode(|meaning| assert_eq!(meaning.r#type, Some("shop.charge")));
    let first =
        on("tasks").headers([("task", "shop.charge"), ("id", "T-1"), ("parent_id", "null"), ("root_id", "T-1")]);
    expect(&first, (Some("T-1"), None, None, Some("T-1")));
    expect(&on("tasks").headers([("task", "sweep"), ("id", "7")]), (None, None, None, None));
}

#[test]
fn debezium_outbox_id() {
    let uuid = "0b1e5c4a-0000-4000-8000-00000000000f";
    expect(&on("outbox.event.order").header("id", "17"), (Some("17"), None, None, None));
    expect(&on("orders").header("id", uuid), (Some(uuid), None, None, None));
    expect(&on("orders").header("id", format!("\"{uuid}\"")), (Some(uuid), None, None, None));
    expect(&on("orders").header("id", "17"), (None, None, None, None));
    let known = on("orders").headers([("id", "17"), ("__debezium.context.connectorName", "postgresql")]);
    expect(&known, (Some("17"), None, None, None));
}

#[test]
fn watermill_and_heuristics() {
    let watermill = on("orders").headers([("_watermill_message_uuid", "m-1"), ("correlation_id", "c-1")]);
    expect(&watermill, (Some("m-1"), None, Some("c-1"), None));
    let plain = on("orders").headers([
        ("X-Correlation-ID", "c-1"),
        ("causation_id", "p-1"),
        ("X-Request-Id", "r-1"),
        ("idempotency-key", "K-77"),
    ]);
    expect(&plain, (None, Some("p-1"), Some("c-1"), None));
    assert_eq!(plain.ids(), ["X-Request-Id=r-1", "idempotency-key=K-77"]);
    expect(&on("orders").header("x-request-id", "r"), (None, None, Some("r"), None));
    let first = on("orders").headers([("x-correlation-id", "first"), ("x-correlation-id", "second")]);
    expect(&first, (None, None, Some("first"), None));
}

#[test]
fn spring_reply_correlation_is_sixteen_raw_bytes() {
    let raw: [u8; 16] = [0x0b, 0x1e, 0x5c, 0x4a, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x0f];
    let uuid = "0b1e5c4a-0000-4000-8000-00000000000f";
    expect(&on("replies").header("kafka_correlationId", raw), (None, None, Some(uuid), None));
    expect(&on("replies").header("kafka_correlationId", "C-1"), (None, None, Some("C-1"), None));
}

#[test]
fn spring_json_headers_are_unquoted_when_listed() {
    let types = r#"{"order-id":"java.lang.String","x-correlation-id":"java.lang.String"}"#;
    let fixture = on("orders")
        .headers([
            ("spring_json_header_types", types),
            ("order-id", "\"ORD\\u002d1\""),
            ("x-correlation-id", "\"c-1\""),
        ])
        .header("payment-id", "\"P-1\"");
    expect(&fixture, (None, None, Some("c-1"), None));
    assert_eq!(fixture.ids(), ["order-id=ORD-1", "payment-id=\"P-1\""]);
}

#[test]
fn trace_contexts_by_trust() {
    let trace = |fixture: Fixture| {
        fixture.decode(|meaning| (meaning.trace_id.map(str::to_owned), meaning.span_id.map(str::to_owned)))
    };
    let some = |trace: &str, span: &str| (Some(trace.to_owned()), Some(span.to_owned()));
    let (w3c, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let both = on("t").headers([
        ("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"),
        ("TraceParent", &format!("00-{w3c}-{span}-01")),
    ]);
    assert_eq!(trace(both), some(w3c, span));
    let invalid = on("t").headers([("traceparent", "00-zz"), ("b3", "80f198ee56343ba8-e457b5a2e4d86bd1")]);
    assert_eq!(trace(invalid), some("000000000000000080f198ee56343ba8", "e457b5a2e4d86bd1"));
    let multi = on("t").headers([("X-B3-TraceId", "463ac35c9f6413ad"), ("X-B3-SpanId", "a2fb4a1d1a96d312")]);
    assert_eq!(trace(multi), some("0000000000000000463ac35c9f6413ad", "a2fb4a1d1a96d312"));
    let amazon =
        on("t").header("AWSTraceHeader", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
    assert_eq!(trace(amazon), some("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"));
    let dapr = on("t").header("traceid", format!("00-{w3c}-{span}-01"));
    assert_eq!(trace(dapr), some(w3c, span));
    let hops = on("t").headers([
        ("traceparent", &format!("00-{span}{span}-{span}-01")),
        ("traceparent", &format!("00-{w3c}-{span}-01")),
    ]);
    assert_eq!(trace(hops), some(w3c, span));
    assert_eq!(trace(on("t").header("b3", "0")), (None, None));
}

#[test]
fn columns_are_not_repeated_among_the_ids_unless_a_name_says_more() {
    let fixture = on("orders")
        .key("ORD-1")
        .headers([("order-id", "ORD-1"), ("x-correlation-id", "C-1"), ("tapline-replay-id", "R-1")])
        .payload(r#"{"orderId":"ORD-1","correlationId":"C-1","customer":{"id":17},"traceId":"463AC35C9F6413AD"}"#);
    assert_eq!(fixture.ids(), ["order-id=ORD-1", "customer.id=17", "traceId=0000000000000000463ac35c9f6413ad"]);
    fixture.decode(|meaning| assert_eq!(meaning.replay_id, Some("R-1")));
    // A short number joins nothing without its name, and the key has another one.
    let weak = on("orders").key("17").payload(r#"{"orderId":17}"#);
    assert_eq!(weak.ids(), ["orderId=17"]);
}
