//! Payload formats and CloudEvents.

use crate::fixture::{Fixture, on};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const ORIGIN: &str = "00-aaf92f3577b34da6a3ce929d0e0e47aa-aaf067aa0ba902aa-01";

#[test]
fn formats() {
    let format = |payload: &[u8]| {
        on("t").payload(payload).decode(|meaning| (meaning.format, meaning.decode_error.map(str::to_owned)))
    };
    let plain = |format| (format, None);
    let why = |format, why: &str| (format, Some(why.to_owned()));
    assert_eq!(format(b" {\"a\": [1, 2.5, null]} "), plain("json"));
    assert_eq!(format(b"12345"), plain("json"));
    assert_eq!(format(b"order placed"), plain("text"));
    assert_eq!(format("tränen\tund\nmehr".as_bytes()), plain("text"));
    assert_eq!(format(b"true story"), plain("text"));
    assert_eq!(format(b""), plain("empty"));
    assert_eq!(format(b"{\"a\": 1"), why("text", "not json: expected a comma or a closing brace at byte 7"));
    assert_eq!(format(b"\x08\x01\x12\x03abc"), why("bytes", "not text: byte 0 is not printable utf-8"));
    assert_eq!(format(b"abc\xff"), why("bytes", "not text: byte 3 is not printable utf-8"));
    let mut tombstone = on("t");
    tombstone.payload = None;
    tombstone.decode(|meaning| assert_eq!((meaning.format, meaning.decode_error), ("null", None)));
}

#[test]
fn a_media_type_without_decoder_is_named() {
    let fixture = on("t").header("Content-Type", "application/x-protobuf").payload([8, 1, 0xff]);
    fixture.decode(|meaning| {
        assert_eq!(meaning.format, "bytes");
        assert_eq!(meaning.decode_error, Some("no decoder is configured for application/x-protobuf"));
    });
}

#[test]
fn schema_registry_frames() {
    let avro = on("t").payload([0, 0, 0, 1, 2, 14, 0x4f, 0xff]);
    avro.decode(|meaning| {
        assert_eq!((meaning.format, meaning.schema_id, meaning.decoded), ("bytes", Some(258), None));
        assert_eq!(meaning.decode_error, Some("schema 258: no schema registry decoder is configured"));
    });
    let json = on("t").payload(b"\0\0\0\0\x07{\"type\":\"Paid\",\"orderId\":\"ORD-1\"}");
    json.decode(|meaning| {
        assert_eq!((meaning.format, meaning.schema_id, meaning.decode_error), ("bytes", Some(7), None));
        assert_eq!(meaning.decoded, Some(r#"{"type":"Paid","orderId":"ORD-1"}"#));
        assert_eq!((meaning.r#type, meaning.ids.len()), (Some("Paid"), 1));
    });
    on("t").payload([0, 0xff, 0xff, 0xff, 0xff, 1]).decode(|meaning| assert_eq!(meaning.schema_id, None));
    on("t").payload([0, 0, 0, 1]).decode(|meaning| assert_eq!((meaning.format, meaning.schema_id), ("bytes", None)));
}

#[test]
fn cloud_events_in_headers() {
    let fixture = on("orders")
        .headers([
            ("CE_Id", "E-1"),
            ("ce_source", "/shop/orders"),
            ("ce_specversion", "1.0"),
            ("ce_type", "shop.order.placed"),
        ])
        .headers([("ce_traceparent", ORIGIN), ("traceparent", TRACEPARENT), ("ce_orderid", "ORD-1")])
        .headers([("ce_causationid", "E-0"), ("ce_correlationid", "C-1"), ("content-type", "application/json")])
        .headers([("message-id", "other"), ("__TypeId__", "shop.Order")])
        .payload(r#"{"type":"inner","paymentId":"P-1"}"#);
    fixture.decode(|meaning| {
        assert_eq!((meaning.message_id, meaning.producer), (Some("E-1"), Some("/shop/orders")));
        assert_eq!((meaning.r#type, meaning.format), (Some("shop.order.placed"), "json"));
        assert_eq!((meaning.causation_id, meaning.correlation_id), (Some("E-0"), Some("C-1")));
        assert_eq!(meaning.trace_id, Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(meaning.span_id, Some("00f067aa0ba902b7"));
        assert_eq!(meaning.origin_trace_id, Some("aaf92f3577b34da6a3ce929d0e0e47aa"));
    });
    assert_eq!(fixture.ids(), ["orderid=ORD-1", "message-id=other", "paymentId=P-1"]);
}

#[test]
fn cloud_events_need_all_four_attributes() {
    let fixture = on("orders").headers([("ce_id", "E-1"), ("ce_source", "/shop"), ("ce_type", "placed")]);
    fixture.decode(|meaning| assert_eq!((meaning.message_id, meaning.r#type, meaning.producer), (None, None, None)));
}

#[test]
fn cloud_events_in_the_payload() {
    let payload = format!(
        r#"{{"specversion":"1.0","id":"E-1","source":"/shop","type":"shop.order.placed","traceparent":"{ORIGIN}",
            "correlationid":"C-1","causationid":"E-0","subject":"x","tenantid":"T-9",
            "data":{{"id":"ORD-1","customer":{{"id":"C-7"}},"type":"inner","correlationId":"C-2"}}}}"#
    );
    for media in ["application/cloudevents+json; charset=utf-8", "application/json"] {
        let fixture = on("orders").header("content-type", media).payload(&payload);
        fixture.decode(|meaning| {
            assert_eq!((meaning.format, meaning.message_id), ("json", Some("E-1")));
            assert_eq!((meaning.r#type, meaning.producer), (Some("shop.order.placed"), Some("/shop")));
            assert_eq!((meaning.causation_id, meaning.correlation_id), (Some("E-0"), Some("C-1")));
            assert_eq!(meaning.origin_trace_id, Some("aaf92f3577b34da6a3ce929d0e0e47aa"));
            assert_eq!(meaning.trace_id, None);
        });
        assert_eq!(fixture.ids(), ["tenantid=T-9", "id=ORD-1", "customer.id=C-7", "correlationId=C-2"]);
    }
}

#[test]
fn dapr_puts_a_whole_traceparent_into_traceid() {
    let payload = format!(
        r#"{{"specversion":"1.0","id":"E-1","source":"shop","type":"t","topic":"orders","pubsubname":"p","traceid":"{ORIGIN}"}}"#
    );
    on("orders").payload(&payload).decode(|meaning| {
        assert_eq!(meaning.origin_trace_id, Some("aaf92f3577b34da6a3ce929d0e0e47aa"));
        assert!(meaning.ids.iter().all(|id| id.name != "traceid"), "its parts have columns: {:?}", meaning.ids);
    });
}

/// Whatever calls itself an event and is none was kept without a word.
#[test]
fn broken_cloud_events_say_what_they_lack() {
    const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";
    let error = |fixture: Fixture| fixture.decode(|meaning| meaning.decode_error.map(str::to_owned));
    let structured = |payload: &str| error(on("orders").header("content-type", STRUCTURED).payload(payload));
    let lacks = |what: &str| Some(format!("no cloudevent: `{what}` is missing or no text"));
    assert_eq!(structured("{}"), lacks("specversion"));
    assert_eq!(structured(r#"{"specversion":"1.0","id":7,"source":"s","type":"t"}"#), lacks("id"));
    assert_eq!(structured(r#"{"specversion":"1.0","id":"7","source":"s"}"#), lacks("type"));
    assert_eq!(structured("hello").as_deref(), Some("not json, although `content-type` says so"));
    assert_eq!(structured(""), None);
    assert_eq!(error(on("orders").payload(r#"{"specversion":"1.0","id":"7","type":"t"}"#)), lacks("source"));
    assert_eq!(
        error(on("orders").headers([("ce_specversion", "1.0"), ("ce_id", "E-1"), ("ce_type", "t")])),
        lacks("source")
    );
    let batch = on("orders").header("content-type", "application/cloudevents-batch+json").payload("[]");
    assert_eq!(error(batch), None);
}

/// It was taken for text, and had no identifiers.
#[test]
fn json_behind_a_byte_order_mark_is_json() {
    on("orders").payload("\u{feff}{\"orderId\":\"ORD-1\"}").decode(|meaning| {
        assert_eq!((meaning.format, meaning.decode_error), ("json", None));
        assert_eq!(meaning.decoded, Some("{\"orderId\":\"ORD-1\"}"));
        assert_eq!(meaning.ids.iter().map(|id| id.value).collect::<Vec<_>>(), ["ORD-1"]);
    });
}

#[test]
fn types_of_plain_payloads_by_rule() {
    let kind = |payload: &str| on("t").payload(payload).decode(|meaning| meaning.r#type.map(str::to_owned));
    assert_eq!(kind(r#"{"event":"b","eventType":"a"}"#).as_deref(), Some("a"));
    assert_eq!(kind(r#"{"EventType":"a","type":""}"#).as_deref(), Some("a"));
    assert_eq!(kind(r#"{"type":7,"nested":{"type":"x"}}"#), None);
    assert_eq!(kind(r#"{"type":["x"]}"#), None);
    assert_eq!(
        kind(r#"{"messageType":["urn:message:Shop:OrderPlaced","urn:message:Shop:IEvent"]}"#).as_deref(),
        Some("Shop:OrderPlaced")
    );
    let mut own = on("t").payload(r#"{"type":"a","kind":"b"}"#);
    own.rules.type_fields = vec!["kind".into()];
    own.decode(|meaning| assert_eq!(meaning.r#type, Some("b")));
}

#[test]
fn only_a_part_of_a_large_payload_is_looked_at() {
    let mut fixture =
        on("t").payload(format!(r#"{{"orderId":"ORD-1","text":"{}","paymentId":"P-1"}}"#, "é".repeat(100)));
    fixture.rules.max_scan = 64;
    fixture.decode(|meaning| {
        assert_eq!((meaning.format, meaning.decode_error), ("json", Some("only the first 64 bytes were looked at")));
    });
    assert_eq!(fixture.ids(), ["orderId=ORD-1"]);
    let mut cut = on("t").payload(r#"{"orderId":123456789,"a":1}"#);
    cut.rules.max_scan = 14;
    assert_eq!(cut.ids(), [""; 0]);
}

#[test]
fn deep_payloads_say_so() {
    let mut fixture = on("t").payload(r#"{"orderId":"A-1","a":{"b":{"paymentId":"P-1"}}}"#);
    fixture.rules.max_depth = 2;
    fixture.decode(|meaning| {
        let why = "nested deeper than 2: no identifiers were looked for below";
        assert_eq!((meaning.format, meaning.decode_error), ("json", Some(why)));
    });
    assert_eq!(fixture.ids(), ["orderId=A-1"]);
}
