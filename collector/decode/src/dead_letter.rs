//! What error handlers write to headers when they give a record up or put it aside for another attempt.
//!
//! Each framework's header names and habits stand in a module of their own; here is what they have in common: the
//! first occurrence of a repeated header is the origin, the last one the latest hop.

mod custom;
mod facts;
mod kafka;
mod karafka;
mod smallrye;
mod spring;
mod watermill;

pub use facts::Field;
pub(crate) use facts::{Failures, Framework};

use tapline_adapter::RawRecord;
use tapline_model::{DeadLetterRow, RetryRow, TimestampKind};

use crate::header::Headers;
use crate::names::{TopicNames, TopicRole};
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
    ];
    families
        .into_iter()
        .flat_map(|(framework, names)| names.iter().map(move |(name, field)| (framework, *name, *field)))
}

/// A dead letter, or a record that waits for another attempt, or neither: a topic's name alone proves nothing, and
/// failure headers on their own origin topic are left over from before the record was put back.
pub(crate) fn decode<'a>(
    headers: &Headers<'a>,
    topics: &TopicNames,
    record: &RawRecord<'a>,
) -> (Option<DeadLetterRow<'a>>, Option<RetryRow<'a>>) {
    if headers.failures.is_empty() {
        return (None, None);
    }
    let destination = record.destination;
    let role = topics.role(destination);
    let Some(framework) = headers.failures.newest(role) else { return (None, None) };
    let failed = Failed { failures: &headers.failures, framework, headers, destination };
    let mut row = row(&failed);
    if row.origin_destination == Some(destination) {
        return (None, None);
    }
    if role == Some(TopicRole::Retry) || (role.is_none() && is_put_off(&failed, &row, record)) {
        return (None, Some(retry(&failed, &row)));
    }
    if row.origin_destination.or(row.exception).or(row.message).or(row.stack).is_none() {
        return (None, None);
    }
    find_cause(&mut row);
    row.fingerprint = Some(fingerprint::of(headers.arena, &row));
    (Some(row), None)
}

/// Whoever gave `@RetryableTopic` suffixes of their own is told apart by what it does behind them: retry topics are
/// numbered, by attempt or by delay, dead-letter topics never; and the time when the next attempt is due, which dead
/// letters carry too, has passed when those are written. By one clock, that is: the producer's.
fn is_put_off(failed: &Failed<'_, '_>, row: &DeadLetterRow<'_>, record: &RawRecord<'_>) -> bool {
    let suffix = row.origin_destination.and_then(|origin| record.destination.strip_prefix(origin));
    let numbered = suffix
        .and_then(|suffix| suffix.rsplit_once('-'))
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()));
    let later = || failed.due_at().zip(record.timestamp).is_some_and(|(due_at, written)| due_at > written);
    failed.framework == Framework::SpringRetryTopic
        && (numbered || (record.timestamp_kind == Some(TimestampKind::Created) && later()))
}

fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    match record.framework {
        Framework::SpringKafka | Framework::SpringRetryTopic | Framework::SpringCloudStream => spring::row(record),
        Framework::KafkaConnect | Framework::KafkaStreams | Framework::ShareGroup => kafka::row(record),
        Framework::Custom => custom::row(record),
        Framework::SmallRye | Framework::Karafka | Framework::Watermill => record.common(),
    }
}

/// The innermost cause stands in the stack trace alone; headers name at best the first that is no wrapper.
fn find_cause(row: &mut DeadLetterRow<'_>) {
    let deepest = row.stack.and_then(stack::deepest_cause);
    let thrown = row.stack.and_then(stack::thrown);
    row.exception = row.exception.or(thrown.map(|thrown| thrown.class));
    row.root_cause = deepest.map(|cause| cause.class).or(row.root_cause).or(row.exception);
    row.message = row.message.or(deepest.or(thrown).and_then(|cause| cause.message));
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
}
