//! NServiceBus (.NET): the queue `error`. Times are `yyyy-MM-dd HH:mm:ss:ffffff Z`.
//!
//! The tap hands over the headers as text, under their own names, wherever the transport keeps them. Retries are counted
//! for the round under way only, and no longer when the message is given up: how often it was tried is not told.

use tapline_model::DeadLetterRow;

use super::Failed;
use super::facts::Field;

pub(super) const HEADERS: &[(&str, Field)] = &[
    ("NServiceBus.FailedQ", Field::OriginTopic),
    ("NServiceBus.TimeSent", Field::OriginTimestamp),
    ("NServiceBus.TimeOfFailure", Field::FailedAt),
    ("NServiceBus.ProcessingEndpoint", Field::ConsumerGroup),
    ("NServiceBus.ExceptionInfo.ExceptionType", Field::Exception),
    ("NServiceBus.ExceptionInfo.InnerExceptionType", Field::RootCause),
    ("NServiceBus.ExceptionInfo.Message", Field::Message),
    // `Exception.ToString()`, inner exceptions included.
    ("NServiceBus.ExceptionInfo.StackTrace", Field::Stack),
    ("NServiceBus.ExceptionInfo.HelpLink", Field::Ignored),
    ("NServiceBus.ExceptionInfo.Source", Field::Ignored),
];

/// An address may name the machine or the schema behind the queue: `orders@SHOP-1`, `orders@[dbo]`.
pub(super) fn row<'a>(record: &Failed<'a, '_>) -> DeadLetterRow<'a> {
    let row = record.common();
    let queue = row.origin_destination.and_then(|address| address.split('@').next());
    DeadLetterRow { origin_destination: queue.filter(|queue| !queue.is_empty()), ..row }
}
