//! The outermost fields of a JSON payload that say what the event is: type, and identifiers of an envelope.

use tapline_model::id;

use crate::framework;
use crate::name_table::NameTable;

/// A field of the outermost object with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TopField {
    /// Names the type; the lowest rank counts.
    Type(u8),
    Id,
    Source,
    SpecVersion,
    Traceparent,
    TraceId,
    MessageId,
    CausationId,
    CorrelationId,
    ConversationId,
    Bus,
}

/// Their values.
#[derive(Debug, Default)]
pub(crate) struct TopLevel<'a> {
    r#type: Option<(u8, &'a str)>,
    /// The value of `type` itself, whatever the configured fields are.
    pub(crate) ce_type: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) source: Option<&'a str>,
    pub(crate) spec_version: Option<&'a str>,
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) trace_id: Option<&'a str>,
    pub(crate) message_id: Option<&'a str>,
    pub(crate) causation: Option<&'a str>,
    pub(crate) correlation: Option<&'a str>,
    pub(crate) conversation: Option<&'a str>,
    /// EventBridge's bus, in its records of what could not be delivered.
    pub(crate) bus: Option<&'a str>,
}

const FIELDS: &[(&str, TopField)] = &[
    ("id", TopField::Id),
    ("source", TopField::Source),
    ("specversion", TopField::SpecVersion),
    ("traceparent", TopField::Traceparent),
    ("traceid", TopField::TraceId),
    ("messageId", TopField::MessageId),
    ("causationId", TopField::CausationId),
    ("causation_id", TopField::CausationId),
    ("initiatorId", TopField::CausationId),
    ("correlationId", TopField::CorrelationId),
    ("correlation_id", TopField::CorrelationId),
    ("conversationId", TopField::ConversationId),
    ("conversation_id", TopField::ConversationId),
    ("busArn", TopField::Bus),
];

/// The table of these fields. CloudEvents' `type` is known whether or not it is among the configured type fields.
pub(crate) fn table(type_fields: &[String]) -> NameTable<TopField> {
    let ranked = (0u8..u8::MAX).zip(type_fields).map(|(rank, name)| (name.as_str(), TopField::Type(rank)));
    NameTable::new(ranked.chain([("type", TopField::Type(u8::MAX))]).chain(FIELDS.iter().copied()))
}

impl<'a> TopLevel<'a> {
    /// Takes note of a text. Of a repeated field the first counts.
    pub(crate) fn set(&mut self, field: TopField, name: &str, value: &'a str, in_array: bool) {
        let place = match field {
            TopField::Type(rank) => return self.set_type(rank, name, value, in_array),
            _ if in_array || value.is_empty() => return,
            TopField::Id => &mut self.id,
            TopField::Source => &mut self.source,
            TopField::SpecVersion => &mut self.spec_version,
            TopField::Traceparent => &mut self.traceparent,
            TopField::TraceId => &mut self.trace_id,
            TopField::MessageId => &mut self.message_id,
            TopField::CausationId => &mut self.causation,
            TopField::CorrelationId => &mut self.correlation,
            TopField::ConversationId => &mut self.conversation,
            TopField::Bus => &mut self.bus,
        };
        place.get_or_insert(value);
    }

    fn set_type(&mut self, rank: u8, name: &str, value: &'a str, in_array: bool) {
        // MassTransit's envelope lists the message's types as URNs; other arrays are not types.
        if in_array && !value.starts_with("urn:message:") {
            return;
        }
        if name == "type" && !in_array && !value.is_empty() {
            self.ce_type.get_or_insert(value);
        }
        let known = self.r#type.is_some_and(|(best, _)| best <= rank);
        if let Some(label) = framework::label(framework::first_urn(value)).filter(|_| !known && rank != u8::MAX) {
            self.r#type = Some((rank, label));
        }
    }

    /// Whether a column may have got its value from here.
    pub(crate) fn tells_ids(&self) -> bool {
        let known = [self.spec_version, self.message_id, self.causation, self.correlation, self.conversation];
        known.iter().any(Option::is_some)
    }

    /// The type by the first configured field.
    pub(crate) fn event_type(&self) -> Option<&'a str> {
        self.r#type.map(|(_, label)| label)
    }

    /// `messageId` is the message's own only in an envelope such as MassTransit's; elsewhere it may be a chat's.
    pub(crate) fn envelope_id(&self) -> Option<&'a str> {
        self.conversation.and(self.message_id).filter(|value| id::is_uuid(value))
    }
}
