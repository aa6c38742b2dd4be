//! Failed records as Spring Kafka publishes them: to retry topics and dead-letter topics of `@RetryableTopic`, and by a
//! plain `DeadLetterPublishingRecoverer`. Names, encodings and order of the headers are Spring's; what was thrown is
//! built by `exception`.

pub(crate) mod exception;

use exception::Throwable;

use crate::record::{Delivered, Headers, Millis, Record};

const ATTEMPTS: &str = "retry_topic-attempts";
const FIRST_TIMESTAMP: &str = "retry_topic-original-timestamp";
const BACKOFF_TIMESTAMP: &str = "retry_topic-backoff-timestamp";

/// Under which names the facts stand. The consumer group's is the same in both: so it is in Spring.
struct Names {
    exception: &'static str,
    original: &'static str,
    /// Whether the origin is added by every hop, or only by the first.
    append: bool,
}

const RETRYABLE_TOPIC: Names = Names { exception: "kafka_exception-", original: "kafka_original-", append: false };
const RECOVERER: Names = Names { exception: "kafka_dlt-exception-", original: "kafka_dlt-original-", append: true };
const CONSUMER_GROUP: &str = "kafka_dlt-original-consumer-group";

/// A listener's failure: what it failed on, what it threw, and when.
pub(crate) struct Failure<'a> {
    pub(crate) record: &'a Delivered,
    pub(crate) group: &'static str,
    pub(crate) thrown: &'a Throwable,
    pub(crate) at: Millis,
}

impl Failure<'_> {
    /// The hop to a retry topic with this back-off, or with none to the dead-letter topic, by `@RetryableTopic`.
    pub(crate) fn to_next_topic(&self, topic: &str, backoff: Millis) -> Record {
        let mut headers = self.headers(&RETRYABLE_TOPIC);
        let first = match self.record.headers.last(FIRST_TIMESTAMP) {
            Some(first) => first.to_vec(),
            None => big_integer(self.record.timestamp),
        };
        headers.add(FIRST_TIMESTAMP, first);
        headers.add(ATTEMPTS, (attempts(&self.record.headers) + 1).to_be_bytes());
        headers.add(BACKOFF_TIMESTAMP, big_integer(self.at + backoff));
        self.publish(topic, headers)
    }

    /// The hop to a dead-letter topic by the recoverer of an error handler.
    pub(crate) fn recover_to(&self, topic: &str) -> Record {
        self.publish(topic, self.headers(&RECOVERER))
    }

    fn headers(&self, names: &Names) -> Headers {
        let mut headers = self.record.headers.clone();
        self.add_exception(names, &mut headers);
        self.add_origin(names, &mut headers);
        headers
    }

    fn add_exception(&self, names: &Names, headers: &mut Headers) {
        let name = |fact: &str| format!("{}{fact}", names.exception);
        let root = self.thrown.own();
        headers.replace(&name("fqcn"), self.thrown.class());
        headers.replace(&name("cause-fqcn"), root.class());
        headers.replace(&name("message"), format!("{}; {}", self.thrown.message(), root.message()));
        headers.replace(&name("stacktrace"), self.thrown.stack_trace());
    }

    fn add_origin(&self, names: &Names, headers: &mut Headers) {
        let record = self.record;
        let mut add = |name: &str, value: Vec<u8>| {
            if names.append || headers.last(name).is_none() {
                headers.add(name, value);
            }
        };
        let name = |fact: &str| format!("{}{fact}", names.original);
        add(&name("topic"), record.topic.clone().into_bytes());
        add(&name("partition"), record.partition.to_be_bytes().to_vec());
        add(&name("offset"), record.offset.to_be_bytes().to_vec());
        add(&name("timestamp"), record.timestamp.to_be_bytes().to_vec());
        add(&name("timestamp-type"), record.timestamp_type.name().into());
        add(CONSUMER_GROUP, self.group.into());
    }

    /// Key, payload and partition stay; the timestamp is new.
    fn publish(&self, topic: &str, headers: Headers) -> Record {
        Record {
            topic: topic.to_owned(),
            partition: Some(self.record.partition),
            key: self.record.key.clone(),
            payload: self.record.payload.clone(),
            headers,
            timestamp: self.at,
            due: self.at,
        }
    }
}

/// Which attempt comes next on the way through retry topics; 1 for a record that never failed.
fn attempts(headers: &Headers) -> i32 {
    let value = headers.last(ATTEMPTS).and_then(|value| value.try_into().ok());
    value.map_or(1, i32::from_be_bytes)
}

/// When a record of a retry topic may be handled; `None` for others.
pub(crate) fn backoff(headers: &Headers) -> Option<Millis> {
    headers.last(BACKOFF_TIMESTAMP).map(from_big_integer)
}

/// Java's `BigInteger.toByteArray`: two's complement, big-endian, as few bytes as keep the sign.
fn big_integer(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let spare = |i: &usize| {
        let sign = if bytes[i + 1] & 0x80 == 0 { 0x00 } else { 0xff };
        bytes[*i] == sign
    };
    let skipped = (0..7).take_while(spare).count();
    bytes[skipped..].to_vec()
}

fn from_big_integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |value, byte| (value << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::TimestampType;

    const AT: Millis = 1_795_230_764_123;

    fn order() -> Delivered {
        let mut headers = Headers::default();
        headers.add("ce_id", "m-1");
        Delivered {
            topic: "orders".to_owned(),
            partition: 4,
            offset: 258,
            timestamp: AT,
            timestamp_type: TimestampType::CreateTime,
            key: b"ORD-84127190".to_vec(),
            payload: b"{}".to_vec(),
            headers,
        }
    }

    fn hop(record: &Delivered, topic: &str, at: Millis, backoff: Millis) -> Record {
        let thrown = exception::unreadable_card("CARTE_BANCAIRE", 512, at);
        Failure { record, group: "payments", thrown: &thrown, at }.to_next_topic(topic, backoff)
    }

    fn names(record: &Record) -> Vec<String> {
        record.headers.iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn all<'a>(record: &'a Record, wanted: &str) -> Vec<&'a [u8]> {
        record.headers.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| value).collect()
    }

    #[test]
    fn a_retry_hop_has_springs_names_in_springs_order() {
        let record = hop(&order(), "orders-retry-1000", AT + 200, 1_000);
        assert_eq!(
            names(&record),
            [
                "ce_id",
                "kafka_exception-fqcn",
                "kafka_exception-cause-fqcn",
                "kafka_exception-message",
                "kafka_exception-stacktrace",
                "kafka_original-topic",
                "kafka_original-partition",
                "kafka_original-offset",
                "kafka_original-timestamp",
                "kafka_original-timestamp-type",
                "kafka_dlt-original-consumer-group",
                "retry_topic-original-timestamp",
                "retry_topic-attempts",
                "retry_topic-backoff-timestamp",
            ]
        );
        assert_eq!(record.partition, Some(4));
    }

    #[test]
    fn numbers_are_encoded_as_java_encodes_them() {
        let record = hop(&order(), "orders-retry-1000", AT + 200, 1_000);
        let value = |name| record.headers.last(name).unwrap();
        assert_eq!(value("kafka_original-partition"), [0, 0, 0, 4]);
        assert_eq!(value("kafka_original-offset"), [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(value("kafka_original-timestamp"), [0, 0, 0x01, 0xa1, 0xfc, 0x17, 0x8c, 0x5b].as_slice());
        assert_eq!(value("retry_topic-original-timestamp"), [0x01, 0xa1, 0xfc, 0x17, 0x8c, 0x5b]);
        assert_eq!(value("retry_topic-attempts"), [0, 0, 0, 2]);
        assert_eq!(from_big_integer(value("retry_topic-backoff-timestamp")), AT + 1_200);
        assert_eq!(value("kafka_original-timestamp-type"), b"CreateTime");
    }

    #[test]
    fn later_hops_keep_the_origin_and_append_what_the_retries_count() {
        let redeliver = |record: Record, offset| crate::envelope::tests::delivered(record, 4, offset);
        let first = redeliver(hop(&order(), "orders-retry-1000", AT + 200, 1_000), 7);
        let second = redeliver(hop(&first, "orders-retry-5000", AT + 1_400, 5_000), 8);
        let dead = hop(&second, "orders-dlt", AT + 6_600, 0);
        assert_eq!(all(&dead, "kafka_original-topic"), [b"orders"]);
        assert_eq!(all(&dead, "kafka_original-offset"), [258_i64.to_be_bytes()]);
        assert_eq!(all(&dead, "retry_topic-attempts"), [[0, 0, 0, 2], [0, 0, 0, 3], [0, 0, 0, 4]]);
        let timestamps: Vec<i64> = all(&dead, BACKOFF_TIMESTAMP).into_iter().map(from_big_integer).collect();
        assert_eq!(timestamps, [AT + 1_200, AT + 6_400, AT + 6_600]);
        let firsts: Vec<i64> = all(&dead, FIRST_TIMESTAMP).into_iter().map(from_big_integer).collect();
        assert_eq!(firsts, [AT; 3]);
        assert_eq!(all(&dead, "kafka_exception-fqcn").len(), 1);
        assert_eq!(dead.payload, order().payload);
    }

    #[test]
    fn the_recoverer_uses_its_own_names() {
        let thrown = exception::unknown_country("XK");
        let record = order();
        let dead = Failure { record: &record, group: "shipping", thrown: &thrown, at: AT }.recover_to("orders-dlt");
        assert_eq!(dead.headers.text("kafka_dlt-original-topic"), Some("orders"));
        assert_eq!(dead.headers.last("kafka_dlt-original-partition").unwrap(), [0, 0, 0, 4]);
        assert_eq!(dead.headers.text("kafka_dlt-original-consumer-group"), Some("shipping"));
        assert_eq!(
            dead.headers.text("kafka_dlt-exception-cause-fqcn"),
            Some("com.example.shop.shipping.UnknownCountryException")
        );
        assert!(dead.headers.last(ATTEMPTS).is_none());
    }

    #[test]
    fn big_integers_are_as_short_as_javas() {
        for (value, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (128, vec![0, 0x80]),
            (-1, vec![0xff]),
            (-128, vec![0x80]),
            (-129, vec![0xff, 0x7f]),
            (i64::MAX, i64::MAX.to_be_bytes().to_vec()),
        ] {
            assert_eq!(big_integer(value), bytes, "{value}");
        }
    }

    proptest! {
        #[test]
        fn big_integers_are_read_back(value: i64) {
            let bytes = big_integer(value);
            prop_assert_eq!(from_big_integer(&bytes), value);
            prop_assert!(bytes.len() == 1 || from_big_integer(&bytes[1..]) != value);
        }
    }
}
