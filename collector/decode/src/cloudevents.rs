//! CloudEvents 1.0 in Kafka's two modes: binary (`ce_*` headers) and structured (the whole event is the payload).
//!
//! A record is a CloudEvent if all four required attributes are there; if some are, it is told which is not. Structured events are recognised by them too,
//! not only by `content-type`: many producers, Dapr among them, do not write it to Kafka.

use crate::header::{Headers, Slot};
use crate::payload::TopLevel;
use crate::trace::{self, TraceContext};

/// One event; the type of a batch differs behind its first word.
const MEDIA: &str = "application/cloudevents+json";

const NO_VERSION: Missing = "no cloudevent: `specversion` is missing or no text";
const NO_ID: Missing = "no cloudevent: `id` is missing or no text";
const NO_SOURCE: Missing = "no cloudevent: `source` is missing or no text";
const NO_TYPE: Missing = "no cloudevent: `type` is missing or no text";

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

/// What an event lacks that calls itself one.
pub(crate) type Missing = &'static str;

/// From headers, if they say that it is an event.
pub(crate) fn binary<'a>(headers: &Headers<'a>) -> Option<Result<Attributes<'a>, Missing>> {
    headers.text(Slot::CeSpecVersion)?;
    Some(event_of_headers(headers))
}

fn event_of_headers<'a>(headers: &Headers<'a>) -> Result<Attributes<'a>, Missing> {
    let origin = headers.value(Slot::CeTraceparent).and_then(|value| trace::w3c_value(headers.arena, value));
    Ok(Attributes {
        id: headers.text(Slot::CeId).ok_or(NO_ID)?,
        source: headers.text(Slot::CeSource).ok_or(NO_SOURCE)?,
        r#type: headers.text(Slot::CeType).ok_or(NO_TYPE)?,
        causation: headers.text(Slot::CeCausationId),
        correlation: headers.text(Slot::CeCorrelationId),
        origin: origin.or_else(|| trace::w3c_text(headers.text(Slot::CeTraceId)?)),
    })
}

/// From the outermost object of a JSON payload, if that or its content type says that it is an event.
pub(crate) fn structured<'a>(headers: &Headers<'a>, top: &TopLevel<'a>) -> Option<Result<Attributes<'a>, Missing>> {
    if top.spec_version.is_some() {
        return Some(event_of_fields(top));
    }
    let media = headers.text(Slot::ContentType)?.get(..MEDIA.len())?;
    media.eq_ignore_ascii_case(MEDIA).then_some(Err(NO_VERSION))
}

fn event_of_fields<'a>(top: &TopLevel<'a>) -> Result<Attributes<'a>, Missing> {
    let origin = top.traceparent.and_then(trace::w3c_text);
    Ok(Attributes {
        id: top.id.ok_or(NO_ID)?,
        source: top.source.ok_or(NO_SOURCE)?,
        r#type: top.ce_type.ok_or(NO_TYPE)?,
        causation: top.causation,
        correlation: top.correlation,
        // Dapr's `traceid` holds a whole traceparent.
        origin: origin.or_else(|| trace::w3c_text(top.trace_id?)),
    })
}
