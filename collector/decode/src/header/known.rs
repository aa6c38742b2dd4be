//! The names of the headers that have a meaning, from facts of each framework.

use crate::dead_letter::{self, Field, Framework};

/// What a known header name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Slot(Slot),
    Failure(Framework, Field),
}

/// One fact that a header can tell, under any of its spellings. Trace contexts stand first: of several the last hop's
/// counts. Of the others the first counts, because a forwarding service appends its own behind the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Slot {
    Traceparent,
    MtActivityId,
    DiagnosticId,
    B3,
    B3TraceId,
    B3SpanId,
    XRay,
    TraceId,
    // Not a trace context, and never an identifier either.
    ContentType,
    SpringJsonTypes,
    CeSpecVersion,
    CeSource,
    CeType,
    CeTraceparent,
    CeTraceId,
    NsbTypes,
    MtMessageType,
    AxonType,
    SpringTypeId,
    CeleryTask,
    EventType,
    NsbEndpoint,
    MtSourceAddress,
    Service,
    Application,
    DebeziumContext,
    ReplayId,
    ReplayOrigin,
    KafkaCorrelationId,
    // Identifiers: what becomes of no column is listed among the other identifiers.
    CeId,
    CeCorrelationId,
    CeCausationId,
    NsbMessageId,
    NsbRelatedTo,
    NsbConversationId,
    NsbCorrelationId,
    AxonMessageId,
    AxonCausationId,
    AxonCorrelationId,
    AxonTraceId,
    PlainId,
    CeleryParentId,
    CeleryRootId,
    MessageId,
    CausationId,
    CorrelationId,
    ConversationId,
    RequestId,
}

impl Slot {
    pub(crate) const COUNT: usize = Self::RequestId as usize + 1;

    pub(crate) fn last_counts(self) -> bool {
        self <= Self::TraceId
    }

    pub(crate) fn may_be_id(self) -> bool {
        self == Self::TraceId || (self >= Self::CeId && !matches!(self, Self::PlainId | Self::AxonTraceId))
    }
}

const SLOTS: &[(Slot, &[&str])] = &[
    (Slot::Traceparent, &["traceparent"]),
    (Slot::MtActivityId, &["MT-Activity-Id"]),
    (Slot::DiagnosticId, &["Diagnostic-Id"]),
    (Slot::B3, &["b3"]),
    (Slot::B3TraceId, &["X-B3-TraceId"]),
    (Slot::B3SpanId, &["X-B3-SpanId"]),
    (Slot::XRay, &["AWSTraceHeader", "X-Amzn-Trace-Id"]),
    (Slot::TraceId, &["traceid", "trace-id", "trace_id", "x-trace-id", "x-traceid"]),
    (Slot::ContentType, &["content-type", "contentType", "content_type"]),
    (Slot::SpringJsonTypes, &["spring_json_header_types"]),
    (Slot::CeSpecVersion, &["ce_specversion"]),
    (Slot::CeSource, &["ce_source"]),
    (Slot::CeType, &["ce_type"]),
    (Slot::CeTraceparent, &["ce_traceparent"]),
    (Slot::CeTraceId, &["ce_traceid"]),
    (Slot::NsbTypes, &["NServiceBus.EnclosedMessageTypes"]),
    (Slot::MtMessageType, &["MT-MessageType"]),
    (Slot::AxonType, &["axon-message-type"]),
    (Slot::SpringTypeId, &["__TypeId__"]),
    (Slot::CeleryTask, &["task"]),
    (
        Slot::EventType,
        &[
            "type",
            "eventType",
            "event_type",
            "event-type",
            "x-event-type",
            "messageType",
            "message_type",
            "message-type",
            "x-message-type",
            "eventName",
            "event_name",
            "event-name",
            "event",
        ],
    ),
    (Slot::NsbEndpoint, &["NServiceBus.OriginatingEndpoint"]),
    (Slot::MtSourceAddress, &["MT-Source-Address", "SourceAddress"]),
    (
        Slot::Service,
        &[
            "service",
            "service.name",
            "service-name",
            "service_name",
            "serviceName",
            "x-service",
            "x-service-name",
            "source-service",
            "source_service",
            "x-source-service",
            "producer",
            "x-producer",
            "producer-name",
        ],
    ),
    (
        Slot::Application,
        &[
            "app-id",
            "app_id",
            "appId",
            "app",
            "application",
            "application-name",
            "spring.application.name",
            "source",
            "origin",
        ],
    ),
    (Slot::DebeziumContext, &["__debezium.context.connectorName", "__debezium.context.connectorLogicalName"]),
    (Slot::ReplayId, &["tapline-replay-id"]),
    (Slot::ReplayOrigin, &[tapline_model::id::REPLAY_ORIGIN]),
    (Slot::KafkaCorrelationId, &["kafka_correlationId"]),
    (Slot::CeId, &["ce_id"]),
    (Slot::CeCorrelationId, &["ce_correlationid"]),
    (Slot::CeCausationId, &["ce_causationid"]),
    (Slot::NsbMessageId, &["NServiceBus.MessageId"]),
    (Slot::NsbRelatedTo, &["NServiceBus.RelatedTo"]),
    (Slot::NsbConversationId, &["NServiceBus.ConversationId"]),
    (Slot::NsbCorrelationId, &["NServiceBus.CorrelationId"]),
    (Slot::AxonMessageId, &["axon-message-id"]),
    (Slot::AxonCausationId, &["axon-metadata-causationId"]),
    (Slot::AxonCorrelationId, &["axon-metadata-correlationId"]),
    (Slot::AxonTraceId, &["axon-metadata-traceId"]),
    (Slot::PlainId, &["id"]),
    (Slot::CeleryParentId, &["parent_id"]),
    (Slot::CeleryRootId, &["root_id"]),
    (
        Slot::MessageId,
        &[
            "_watermill_message_uuid",
            "MessageId",
            "message_id",
            "message-id",
            "x-message-id",
            "eventId",
            "event_id",
            "event-id",
            "x-event-id",
        ],
    ),
    (
        Slot::CausationId,
        &[
            "MT-InitiatorId",
            "InitiatorId",
            "causationId",
            "causation_id",
            "causation-id",
            "x-causation-id",
            "$causationId",
        ],
    ),
    (
        Slot::CorrelationId,
        &["CorrelationId", "correlation_id", "correlation-id", "x-correlation-id", "x-correlationid", "$correlationId"],
    ),
    (Slot::ConversationId, &["ConversationId", "conversation_id", "conversation-id", "x-conversation-id"]),
    (Slot::RequestId, &["x-request-id", "request-id", "request_id", "requestId"]),
];

/// Every name with its meaning.
pub(crate) fn known_names<'n>() -> impl Iterator<Item = (&'n str, Known)> {
    let slots = SLOTS.iter().flat_map(|(slot, names)| names.iter().map(|name| (*name, Known::Slot(*slot))));
    let failures = dead_letter::known_headers();
    slots.chain(failures.map(|(framework, name, field)| (name, Known::Failure(framework, field))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_a_name_and_no_name_two_slots() {
        let mut seen = std::collections::HashSet::new();
        for (name, _) in known_names() {
            assert!(seen.insert(name.to_lowercase()), "{name} stands twice");
        }
        for at in 0..Slot::COUNT {
            assert!(SLOTS.iter().any(|(slot, _)| *slot as usize == at), "slot {at} has no name");
        }
    }
}
