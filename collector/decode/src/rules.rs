//! What a person can set about decoding. Plain structs: reading them from a file belongs to the configuration.

use crate::dead_letter::Field;
use crate::names::TopicNames;

/// Settings of a [`crate::Decoder`]; the default is useful without any configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Names of retry and dead-letter topics beyond the well-known spellings.
    pub topics: TopicNames,
    /// Which fields and headers are identifiers beyond what their names tell.
    pub ids: IdRules,
    /// Headers that home-grown error handlers write; the default knows the spellings met most often.
    pub failure_headers: Vec<FailureHeader>,
    /// Top-level fields of a JSON payload that name the event's type, best first. Compared without case.
    pub type_fields: Vec<String>,
    /// Objects and arrays nested deeper are checked, but not searched for identifiers.
    pub max_depth: usize,
    /// Identifiers kept for one record; the rest is counted.
    pub max_ids: usize,
    /// Bytes of a payload that are looked at.
    pub max_scan: usize,
}

/// Identifiers by rule. Names are compared as [`tapline_model::id::normal_name`] compares them; a name may stand for
/// the field alone (`sku`) or for the enclosing object and the field (`customer.email`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdRules {
    /// Fields and headers that are identifiers although their names do not look like it.
    pub add: Vec<String>,
    /// Pairs of found name and stored name.
    pub rename: Vec<(String, String)>,
    /// Fields and headers that are never identifiers.
    pub exclude: Vec<String>,
}

/// A header of a home-grown dead letter and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureHeader {
    /// Compared without case.
    pub name: String,
    /// Read as decimal text, else as a big-endian integer of four or eight bytes where a number is meant; a time as
    /// milliseconds, else as RFC 3339.
    pub field: Field,
}

/// Seen in the wild, of no framework.
const HOME_GROWN: &[(&str, Field)] = &[
    ("dlq-original-topic", Field::OriginTopic),
    ("dlq-original-partition", Field::OriginPartition),
    ("dlq-original-offset", Field::OriginOffset),
    ("dlq-consumer-group", Field::ConsumerGroup),
    ("dlq-error-class", Field::Exception),
    ("dlq-reason", Field::Message),
    ("dlq-error-message", Field::Message),
    ("dlq-stacktrace", Field::Stack),
    ("dlq-stack", Field::Stack),
    ("dlq-attempts", Field::Attempts),
    ("__krafka.dlq.original.topic", Field::OriginTopic),
    ("__krafka.dlq.original.partition", Field::OriginPartition),
    ("__krafka.dlq.original.offset", Field::OriginOffset),
    ("__krafka.dlq.exception.message", Field::Message),
];

/// The order is the preference when a payload has several.
const TYPE_FIELDS: &[&str] = &[
    "type",
    "eventType",
    "event_type",
    "@type",
    "__type",
    "event",
    "messageType",
    "message_type",
    "detail-type",
    "eventName",
    "event_name",
];

impl Default for Rules {
    fn default() -> Self {
        let header = |&(name, field): &(&str, Field)| FailureHeader { name: name.to_owned(), field };
        Self {
            topics: TopicNames::default(),
            ids: IdRules::default(),
            failure_headers: HOME_GROWN.iter().map(header).collect(),
            type_fields: TYPE_FIELDS.iter().map(|&name| name.to_owned()).collect(),
            max_depth: 32,
            max_ids: 64,
            max_scan: 1 << 20,
        }
    }
}
