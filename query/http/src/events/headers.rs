//! Header values as their names say they are encoded: the same fact has several encodings, and guessing by content
//! takes four digits for a number and a number for four letters.

use base64::Engine as _;
use tapline_api::{Bytes, HeaderView};

/// What a name says about the bytes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Text,
    Int32,
    Int64,
    /// Java's `BigInteger`: two's complement, big-endian, as short as possible.
    BigInt,
    Uuid,
    /// Java serialisation: never read, only its size is told.
    Opaque,
}

/// Names of binary headers. A name of Spring's is followed by its prefix in both forms of dead letters.
const BINARY: [(&str, Encoding); 20] = [
    ("kafka_dlt-original-partition", Encoding::Int32),
    ("kafka_dlt-original-offset", Encoding::Int64),
    ("kafka_dlt-original-timestamp", Encoding::Int64),
    ("kafka_original-partition", Encoding::Int32),
    ("kafka_original-offset", Encoding::Int64),
    ("kafka_original-timestamp", Encoding::Int64),
    ("x-original-partition", Encoding::Int32),
    ("x-original-offset", Encoding::Int64),
    ("x-original-timestamp", Encoding::Int64),
    ("retry_topic-attempts", Encoding::Int32),
    ("retry_topic-original-timestamp", Encoding::BigInt),
    ("retry_topic-backoff-timestamp", Encoding::BigInt),
    ("kafka_deliveryAttempt", Encoding::Int32),
    ("kafka_replyPartition", Encoding::Int32),
    ("kafka_correlationId", Encoding::Uuid),
    ("springDeserializerExceptionKey", Encoding::Opaque),
    ("springDeserializerExceptionValue", Encoding::Opaque),
    ("springDeserializerException", Encoding::Opaque),
    ("kafka_listenerInfo", Encoding::Text),
    ("kafka_replyTopic", Encoding::Text),
];

/// Beginnings of names, and whose they are.
const FAMILIES: [(&str, &str); 25] = [
    ("ce_", "cloudevents"),
    ("cloudEvents:", "cloudevents"),
    ("traceparent", "trace"),
    ("tracestate", "trace"),
    ("baggage", "trace"),
    ("b3", "trace"),
    ("x-b3-", "trace"),
    ("uber-trace-id", "trace"),
    ("x-datadog-", "trace"),
    ("x-amzn-trace-id", "trace"),
    ("AWSTraceHeader", "trace"),
    ("Diagnostic-Id", "trace"),
    ("kafka_dlt-", "spring_kafka"),
    ("kafka_", "spring_kafka"),
    ("retry_topic-", "spring_kafka"),
    ("spring_", "spring_kafka"),
    ("springDeserializer", "spring_kafka"),
    ("__TypeId__", "spring_kafka"),
    ("__connect.errors.", "kafka_connect"),
    ("__streams.errors.", "kafka_streams"),
    ("__dlq.errors.", "share_group"),
    ("x-original-", "spring_cloud_stream"),
    ("x-exception-", "spring_cloud_stream"),
    ("NServiceBus.", "nservicebus"),
    ("MT-", "masstransit"),
];

/// One header, readable.
pub(crate) fn view(name: &str, value: Option<&[u8]>) -> HeaderView {
    let (encoding, decoded) = value.map_or(("text", None), |value| read(name, value));
    HeaderView {
        name: name.to_owned(),
        value: value.map(Bytes::from),
        decoded,
        encoding: encoding.to_owned(),
        family: family(name).map(str::to_owned),
    }
}

fn family(name: &str) -> Option<&'static str> {
    // HTTP-like names come in any case; the others are exact.
    let begins = |prefix: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    FAMILIES.iter().find(|(prefix, _)| begins(prefix)).map(|(_, family)| *family)
}

/// The word for the encoding, and the readable form where it is not the text itself.
fn read(name: &str, value: &[u8]) -> (&'static str, Option<String>) {
    let known = BINARY.iter().find(|(known, _)| *known == name).map(|(_, encoding)| *encoding);
    let by_name = match known {
        Some(Encoding::Int32) => integer(value, &[1, 4]).map(|number| ("int32", timed(name, number))),
        Some(Encoding::Int64) => integer(value, &[8]).map(|number| ("int64", timed(name, number))),
        Some(Encoding::BigInt) => integer(value, &[1, 2, 3, 4, 5, 6, 7, 8]).map(|it| ("bigint", timed(name, it))),
        Some(Encoding::Uuid) => uuid::Uuid::from_slice(value).ok().map(|uuid| ("uuid", uuid.to_string())),
        Some(Encoding::Opaque) => Some(("bytes", format!("serialised Java object, {} bytes", value.len()))),
        Some(Encoding::Text) | None => None,
    };
    match by_name {
        Some((word, text)) => (word, Some(text)),
        None if std::str::from_utf8(value).is_ok_and(is_printable) => ("text", None),
        None => ("bytes", Some(hex(value))),
    }
}

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Big-endian two's complement of one of these lengths. One byte is an old, unsigned form of the number of attempts.
fn integer(value: &[u8], lengths: &[usize]) -> Option<i64> {
    if !lengths.contains(&value.len()) {
        return None;
    }
    let (first, rest) = value.split_first()?;
    let first = if lengths == [1, 4] && rest.is_empty() { i64::from(*first) } else { i64::from(first.cast_signed()) };
    Some(rest.iter().fold(first, |number, byte| (number << 8) | i64::from(*byte)))
}

/// Times are milliseconds: the time itself stands beside the number.
fn timed(name: &str, number: i64) -> String {
    match number.checked_mul(1_000).filter(|_| name.ends_with("timestamp") && number >= 0) {
        Some(micros) => format!("{number} ({})", tapline_model::time::format(micros)),
        None => number.to_string(),
    }
}

/// At most so many bytes; the whole stands in `value`.
fn hex(value: &[u8]) -> String {
    const MOST: usize = 64;
    if value.len() > MOST {
        return base64::engine::general_purpose::STANDARD.encode(&value[..MOST]) + "…";
    }
    value.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(name: &str, value: &[u8]) -> (String, Option<String>) {
        let view = view(name, Some(value));
        (view.encoding, view.decoded)
    }

    #[test]
    fn spring_headers_are_read_by_name() {
        assert_eq!(decoded("kafka_dlt-original-partition", &[0, 0, 0, 7]), ("int32".into(), Some("7".into())));
        assert_eq!(
            decoded("kafka_dlt-original-offset", &[0, 0, 0, 0, 0, 0, 1, 2]),
            ("int64".into(), Some("258".into()))
        );
        let millis = 1_795_230_764_500i64.to_be_bytes();
        let expected = Some("1795230764500 (2026-11-21T03:12:44.500000Z)".to_owned());
        assert_eq!(decoded("retry_topic-backoff-timestamp", &millis[2..]), ("bigint".into(), expected.clone()));
        assert_eq!(decoded("kafka_original-timestamp", &millis), ("int64".into(), expected));
        assert_eq!(decoded("retry_topic-attempts", &[0xff]), ("int32".into(), Some("255".into())));
        assert_eq!(decoded("retry_topic-backoff-timestamp", &[0xff]), ("bigint".into(), Some("-1".into())));
        let (encoding, text) = decoded("springDeserializerExceptionValue", &[0xac, 0xed]);
        assert_eq!((encoding.as_str(), text.unwrap().as_str()), ("bytes", "serialised Java object, 2 bytes"));
    }

    #[test]
    fn four_letters_are_no_number() {
        assert_eq!(decoded("tenant", b"acme"), ("text".into(), None));
        assert_eq!(decoded("kafka_dlt-original-partition", b"12"), ("text".into(), None), "another length is as it is");
        assert_eq!(decoded("blob", &[0xff, 0]), ("bytes".into(), Some("ff00".into())));
        assert_eq!(view("x", None).value, None);
        assert_ne!(view("x", Some(b"")).value, None);
    }

    #[test]
    fn families_keep_headers_together() {
        for (name, expected) in [
            ("ce_type", "cloudevents"),
            ("traceparent", "trace"),
            ("X-B3-TraceId", "trace"),
            ("kafka_dlt-exception-fqcn", "spring_kafka"),
            ("__connect.errors.topic", "kafka_connect"),
            ("__streams.errors.topic", "kafka_streams"),
            ("NServiceBus.MessageId", "nservicebus"),
        ] {
            assert_eq!(family(name), Some(expected), "{name}");
        }
        assert_eq!(family("tenant"), None);
        assert_eq!(family("é"), None);
    }
}
