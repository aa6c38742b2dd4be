//! CloudEvents 1.0 in Kafka's two modes: binary (`ce_*` headers) and structured (the whole event is the payload).
//!
//! A record is a CloudEvent if all four required attributes are there. Structured events are recognised by them too,
//! not only by `content-type`: many producers, Dapr among them, do not write it to Kafka.

use crate::header::{Headers, Slot};
use crate::payload::TopLevel;
use crate::trace::{self, TraceContext};

/// The attributes Tapline keeps in columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attributes<'a> {
    pub(crate) id: &'a str,
    pub(crate) source: &'a str,
    pub(crate) r#type: &'a str,
    pub(crate) causation: Option<&'a str>,
    pub(crate) correlation: Option<&'a str>,
    /// Where the event was made; no hop rewrites it.
    pub(crate) origin: Option<TraceContext<'a>>,
}

/// From headers.
pub(crate) fn binary<'a>(headers: &Headers<'a>) -> Option<Attributes<'a>> {
    headers.text(Slot::CeSpecVersion)?;
    let origin = headers.value(Slot::CeTraceparent).and_then(|value| trace::w3c_value(headers.arena, value));
    Some(Attributes {
        id: headers.text(Slot::CeId)?,
        source: headers.text(Slot::CeSource)?,
        r#type: headers.text(Slot::CeType)?,
        causation: headers.text(Slot::CeCausationId),
        correlation: headers.text(Slot::CeCorrelationId),
        origin: origin.or_else(|| trace::w3c_text(headers.text(Slot::CeTraceId)?)),
    })
}

/// From the outermost object of a JSON payload.
pub(crate) fn structured<'a>(top: &TopLevel<'a>) -> Option<Attributes<'a>> {
    top.spec_version?;
    let origin = top.traceparent.and_then(trace::w3c_text);
    Some(Attributes {
        id: top.id?,
        source: top.source?,
        r#type: top.ce_type?,
        causation: top.causation,
        correlation: top.correlation,
        // Dapr's `traceid` holds a whole traceparent.
        origin: origin.or_else(|| trace::w3c_text(top.trace_id?)),
    })
}
