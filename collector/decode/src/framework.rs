//! The identifiers, the type and the producer that messaging frameworks write to headers.
//!
//! "Correlation id" means three things: the parent in Axon 4, the root in Axon 5, CloudEvents and Kurrent, a reply's
//! match or a business id elsewhere. Here the parent becomes `causation_id`, whatever ties a conversation together
//! `conversation_id`, everything else of that name `correlation_id`. Best known first, heuristics last.

use tapline_model::id;

use crate::decoder::Meaning;
use crate::encoding::{self, Kinds};
use crate::header::{Headers, Slot};
use crate::ids;

/// Sets what the headers tell and is not yet known.
pub(crate) fn apply<'a>(headers: &Headers<'a>, destination: &str, meaning: &mut Meaning<'a>) {
    let id = |slot| headers.text(slot).and_then(|text| ids::column(headers.arena, text));
    let axon = axon(headers);
    let celery = headers.has(Slot::CeleryRootId) && headers.has(Slot::CeleryTask);
    let when_celery = |slot| id(slot).filter(|_| celery);

    fill(&mut meaning.message_id, || {
        let declared =
            id(Slot::NsbMessageId).or_else(|| id(Slot::AxonMessageId)).or_else(|| when_celery(Slot::PlainId));
        declared.or_else(|| id(Slot::MessageId)).or_else(|| debezium_id(headers, destination))
    });
    fill(&mut meaning.causation_id, || {
        let declared = id(Slot::NsbRelatedTo).or(axon.parent).or_else(|| when_celery(Slot::CeleryParentId));
        declared.or_else(|| id(Slot::CausationId))
    });
    fill(&mut meaning.correlation_id, || {
        let declared = id(Slot::NsbCorrelationId).or(axon.root).or_else(|| kafka_correlation_id(headers));
        declared.or_else(|| id(Slot::CorrelationId)).or_else(|| id(Slot::RequestId))
    });
    fill(&mut meaning.conversation_id, || {
        let declared = id(Slot::NsbConversationId).or_else(|| when_celery(Slot::CeleryRootId));
        declared.or_else(|| id(Slot::ConversationId))
    });
    fill(&mut meaning.r#type, || event_type(headers, celery));
    fill(&mut meaning.producer, || producer(headers));
    meaning.replay_id = id(Slot::ReplayId);
}

fn fill<'a>(column: &mut Option<&'a str>, find: impl FnOnce() -> Option<&'a str>) {
    if column.is_none() {
        *column = find();
    }
}

struct Axon<'a> {
    parent: Option<&'a str>,
    root: Option<&'a str>,
}

/// Axon 5 renamed: its `causationId` is Axon 4's `correlationId`, its `correlationId` Axon 4's `traceId`.
fn axon<'a>(headers: &Headers<'a>) -> Axon<'a> {
    let id = |slot| headers.text(slot).and_then(|text| ids::column(headers.arena, text));
    if headers.has(Slot::AxonCausationId) {
        return Axon { parent: id(Slot::AxonCausationId), root: id(Slot::AxonCorrelationId) };
    }
    Axon { parent: id(Slot::AxonCorrelationId), root: id(Slot::AxonTraceId) }
}

/// Debezium's outbox router writes the event's id to a header named only `id`. Taken where something else says Debezium,
/// or where it is a UUID as the outbox table demands.
fn debezium_id<'a>(headers: &Headers<'a>, destination: &str) -> Option<&'a str> {
    let value = ids::column(headers.arena, headers.text(Slot::PlainId)?)?;
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let debezium = headers.has(Slot::DebeziumContext) || destination.starts_with("outbox.event.");
    (debezium || id::is_uuid(value)).then_some(value)
}

/// Spring's request and reply: the sixteen raw bytes of a UUID by default.
fn kafka_correlation_id<'a>(headers: &Headers<'a>) -> Option<&'a str> {
    let value = headers.value(Slot::KafkaCorrelationId)?;
    match <&[u8; 16]>::try_from(value) {
        Ok(bytes) => Some(encoding::uuid_text(headers.arena, bytes)),
        Err(_) => ids::column(headers.arena, headers.text(Slot::KafkaCorrelationId)?),
    }
}

fn event_type<'a>(headers: &Headers<'a>, celery: bool) -> Option<&'a str> {
    let framework = headers.text(Slot::NsbTypes).map(first_class);
    framework
        .or_else(|| headers.text(Slot::MtMessageType).map(first_urn))
        .or_else(|| headers.text(Slot::AxonType))
        .or_else(|| headers.text(Slot::CeleryTask).filter(|_| celery))
        .or_else(|| headers.text(Slot::SpringTypeId))
        .or_else(|| headers.text(Slot::EventType))
        .and_then(label)
}

/// `Shop.OrderPlaced, Shop.Messages, Version=1.0.0.0; Shop.IEvent, ...`: the first class without its assembly.
fn first_class(types: &str) -> &str {
    let first = types.split(';').next().unwrap_or_default();
    first.split(',').next().unwrap_or_default().trim()
}

/// `urn:message:Shop.Messages:OrderPlaced;urn:message:...`: the first, without the scheme.
pub(crate) fn first_urn(types: &str) -> &str {
    let first = types.split(';').next().unwrap_or_default().trim();
    first.strip_prefix("urn:message:").unwrap_or(first)
}

fn producer<'a>(headers: &Headers<'a>) -> Option<&'a str> {
    let known = [Slot::NsbEndpoint, Slot::Service, Slot::Application, Slot::MtSourceAddress];
    known.into_iter().find_map(|slot| headers.text(slot).and_then(label))
}

/// A type or a service: short text on one line.
pub(crate) fn label(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= id::MAX_VALUE && !Kinds::of(text).control();
    fits.then_some(text)
}
