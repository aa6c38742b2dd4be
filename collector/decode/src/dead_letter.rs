//! What error handlers write to headers when they give a record up or put it aside for another attempt.
//!
//! Each framework's header names and habits stand in a module of their own; here is what they have in common: the
//! first occurrence of a repeated header is the origin, the last one the latest hop.
//!
//! Where a system keeps such facts in something else than headers, its module says in which form a tap hands them over as
//! headers. A pointer, whose payload alone tells of the failure (NATS, EventBridge), is recognised by outermost fields
//! that are looked for anyway; no other payload is read again.

mod aws;
mod azure;
mod custom;
mod facts;
mod framework;
mod kafka;
mod karafka;
mod masstransit;
mod nats;
mod nservicebus;
mod pulsar;
mod rabbitmq;
mod rebus;
mod smallrye;
mod spring;
mod watermill;

pub(crate) use facts::Failures;
pub use facts::Field;
pub(crate) use framework::Framework;

use bumpalo::Bump;
use tapline_adapter::RawRecord;
use tapline_model::{DeadLetterRow, RetryRow, TimestampKind};

use crate::header::Headers;
use crate::names::{TopicNames, TopicRole};
use crate::payload::TopLevel;
use crate::{fingerprint, stack};

/// Every header name of every framework.
pub(crate) fn known_headers() -> impl Iterator<Item = (Framework, &'static str, Field)> {
    let families = [
        (Framework::SpringKafka, spring::RECOVERER),
        (Framework::SpringRetryTopic, spring::RETRY_TOPIC),
        (Framework::SpringCloudStream, spring::CLOUD_STREAM),
        (Framework::KafkaConnect, kafka::CONNECT),
        (Framework::KafkaStreams, kafka::STREAMS),
        (Framework::ShareGroup, kafka::SHARE_GROUP),
        (Framework::SmallRye, smallrye::HEADERS),
        (Framework::Karafka, karafka::HEADERS),
        (Framework::Watermill, watermill::HEADERS),
        (Framework::SpringAmqp, spring::AMQP),
        (Framework::RabbitMq, rabbitmq::HEADERS),
        (Framework::MassTransit, masstransit::HEADERS),
        (Framework::NServiceBus, nservicebus::HEADERS),
        (Framework::Rebus, rebus::HEADERS),
        (Framework::AzureServiceBus, azure::HEADERS),
        (Framework::Sqs, aws::SQS),
        (Framework::EventBridge, aws::EVENT_BRIDGE),
        (Framework::Pulsar, pulsar::HEADERS),
    ];
    families
        .into_iter()
        .flat_map(|(framework, names)| names.iter().map(move |(name, field)| (framework, *name, *field)))
}

/// A dead letter, or a record that waits for another attempt, or neither: a topic's name alone proves nothing, and
/// failure headers on their own origin topic are left over from before the record was put back.
pub(crate) fn decode<'a>(
    headers: &Headers<'a>,
    top: &TopLevel<'a>,
    topics: &TopicNames,
    record: &RawRecord<'a>,
) -> (Option<DeadLetterRow<'a>>, Option<RetryRow<'a>>) {
    if !headers.failures.tell() {
        let (row, retry) = pointer(headers.arena, top, record.payload);
        return (row.map(|row| explained(headers.arena, row)), retry);
    }
    let destination = record.destination;
    let role = topics.role(destination);
    let Some(framework) = headers.failures.newest(role) else { return (None, None) };
    let written = record.timestamp;
    let failed = Failed { failures: &headers.failures, framework, headers, destination, written };
    let row = row(&failed);
    if row.origin_destination == Some(destination) {
        return (None, None);
    }
    if role == Some(TopicRole::Retry) || (role.is_none() && is_put_off(&failed, &row, record)) {
        return (None, Some(retry(&failed, &row)));
    }
    if row.origin_destination.or(row.exception).or(row.message).or(row.stack).is_none() {
        return (None, None);
    }
    (Some(explained(headers.arena, row)), None)
}

/// Of a payload that tells of an event which failed and stays where it is.
fn pointer<'a>(
    arena: &'a Bump,
    top: &TopLevel<'a>,
    payload: Option<&'a [u8]>,
) -> (Option<DeadLetterRow<'a>>, Option<RetryRow<'a>>) {
    let payload = payload.unwrap_or_default();
    if let Some(kind) = top.ce_type.and_then(|kind| kind.strip_prefix(nats::ADVISORY)) {
        return nats::advisory(arena, kind, payload);
    }
    (top.bus.and_then(|_| aws::undelivered(arena, payload)), None)
}

/// Where the topic's name does not tell.
fn is_put_off(failed: &Failed<'_, '_>, row: &DeadLetterRow<'_>, record: &RawRecord<'_>) -> bool {
    match failed.framework {
        Framework::SpringRetryTopic => is_attempt(failed, row, record),
        Framework::RabbitMq => rabbitmq::comes_back(row),
        _ => false,
    }
}

/// Whoever gave `@RetryableTopic` suffixes of their own is told apart by what it does behind them: retry topics are
/// numbered, by attempt or by delay, dead-letter topics never; and the next attempt is due later than the failure, where
/// dead letters carry the time of the failure itself. That stands in the stack trace unless the record could not be read;
/// else the time of writing stands in, by the producer's clock.
fn is_attempt(failed: &Failed<'_, '_>, row: &DeadLetterRow<'_>, record: &RawRecord<'_>) -> bool {
    let suffix = row.origin_destination.and_then(|origin| record.destination.strip_prefix(origin));
    let numbered = suffix
        .and_then(|suffix| suffix.rsplit_once('-'))
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()));
    let written = || record.timestamp.filter(|_| record.timestamp_kind == Some(TimestampKind::Created));
    let failed_at = || row.stack.and_then(spring::thrown_at).or_else(written);
    let later = || failed.due_at().zip(failed_at()).is_some_and(|(due_at, failed_at)| due_at > failed_at);
    numbered || later()
}

fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    match record.framework {
        Framework::SpringKafka | Framework::SpringRetryTopic | Framework::SpringCloudStream | Framework::SpringAmqp => {
            spring::row(record)
        }
        Framework::KafkaConnect | Framework::KafkaStreams | Framework::ShareGroup => kafka::row(record),
        Framework::RabbitMq => rabbitmq::row(record),
        Framework::MassTransit => masstransit::row(record),
        Framework::NServiceBus => nservicebus::row(record),
        Framework::Rebus => rebus::row(record),
        Framework::AzureServiceBus => azure::row(record),
        Framework::Sqs | Framework::EventBridge => aws::row(record),
        Framework::Pulsar => pulsar::row(record),
        Framework::Custom => custom::row(record),
        Framework::SmallRye | Framework::Karafka | Framework::Watermill | Framework::Nats => record.common(),
    }
}

/// The innermost cause stands in the stack trace alone; headers name at best the first that is no wrapper.
fn explained<'a>(arena: &'a Bump, mut row: DeadLetterRow<'a>) -> DeadLetterRow<'a> {
    let deepest = row.stack.and_then(stack::deepest_cause);
    let thrown = row.stack.and_then(stack::thrown);
    row.exception = row.exception.or(thrown.map(|thrown| thrown.class));
    row.root_cause = deepest.map(|cause| cause.class).or(row.root_cause).or(row.exception);
    row.message = row.message.or(deepest.or(thrown).and_then(|cause| cause.message));
    row.fingerprint = Some(fingerprint::of(arena, &row));
    row
}

fn retry<'a>(record: &Failed<'a, '_>, row: &DeadLetterRow<'a>) -> RetryRow<'a> {
    RetryRow {
        origin_destination: row.origin_destination,
        origin_partition: row.origin_partition,
        origin_offset: row.origin_offset,
        attempts: row.attempts,
        due_at: record.due_at(),
    }
}

/// A record with failure headers, seen by the framework that wrote the newest of them.
pub(crate) struct Failed<'a, 's> {
    failures: &'s Failures<'a>,
    framework: Framework,
    headers: &'s Headers<'a>,
    destination: &'a str,
    /// Its own time, microseconds.
    written: Option<i64>,
}
