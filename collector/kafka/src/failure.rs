//! What an error code means for one record: whether it stands on the broker, and whether it will ever be taken.

use rdkafka::types::RDKafkaErrorCode as Code;
use tapline_adapter::{Cause, Fate, PublishError};

use crate::ffi::{ErrorCode, Persisted};

/// Of a record that librdkafka did not take.
pub(crate) fn refused(code: ErrorCode) -> PublishError {
    told(Fate::NotSent, code)
}

/// Of a record that was given up or answered by an error.
pub(crate) fn failed(code: ErrorCode, persisted: Persisted) -> PublishError {
    told(fate(code, persisted), code)
}

fn told(fate: Fate, code: ErrorCode) -> PublishError {
    let cause = cause(code);
    let detail = if says_it_all(cause) { String::new() } else { code.words() };
    PublishError { fate, cause, detail }
}

fn fate(code: ErrorCode, persisted: Persisted) -> Fate {
    match persisted {
        Persisted::Perhaps | Persisted::Yes => Fate::Uncertain,
        // A broker's own bug, which may have come after the record was written.
        Persisted::No if code == UNKNOWN => Fate::Uncertain,
        // The broker's codes are positive, and what it refuses it keeps nothing of.
        Persisted::No if code.0 > 0 => Fate::Rejected,
        // Refused with another record of its batch.
        Persisted::No if code == COMPANION => Fate::Rejected,
        Persisted::No => Fate::NotSent,
    }
}

fn cause(code: ErrorCode) -> Cause {
    match code {
        TOO_LARGE | LIST_TOO_LARGE => Cause::TooLarge,
        INVALID_TIMESTAMP => Cause::InvalidTimestamp,
        INVALID_RECORD | POLICY_VIOLATION | OLD_FORMAT => Cause::InvalidRecord,
        ErrorCode::TOPIC_DENIED | ErrorCode::CLUSTER_DENIED => Cause::Denied,
        ErrorCode::UNKNOWN_TOPIC | ErrorCode::NO_SUCH_PARTITION | INVALID_TOPIC => Cause::UnknownDestination,
        ErrorCode::UNKNOWN_PARTITION => Cause::UnknownPartition,
        COMPANION => Cause::Companion,
        MESSAGE_TIMED_OUT => Cause::TimedOut,
        PURGED | PURGED_IN_FLIGHT => Cause::GivenUp,
        FATAL => Cause::Closed,
        _ => Cause::Other,
    }
}

fn says_it_all(cause: Cause) -> bool {
    !matches!(cause, Cause::InvalidRecord | Cause::Closed | Cause::Other)
}

pub(crate) const QUEUE_FULL: ErrorCode = code(Code::QueueFull);
const UNKNOWN: ErrorCode = code(Code::Unknown);
const TOO_LARGE: ErrorCode = code(Code::MessageSizeTooLarge);
const LIST_TOO_LARGE: ErrorCode = code(Code::MessageBatchTooLarge);
const INVALID_TIMESTAMP: ErrorCode = code(Code::InvalidTimestamp);
const INVALID_RECORD: ErrorCode = code(Code::InvalidRecord);
const POLICY_VIOLATION: ErrorCode = code(Code::PolicyViolation);
/// A topic in a format without headers.
const OLD_FORMAT: ErrorCode = code(Code::UnsupportedForMessageFormat);
const INVALID_TOPIC: ErrorCode = code(Code::InvalidTopic);
const COMPANION: ErrorCode = code(Code::InvalidDifferentRecord);
const MESSAGE_TIMED_OUT: ErrorCode = code(Code::MessageTimedOut);
const PURGED: ErrorCode = code(Code::PurgeQueue);
const PURGED_IN_FLIGHT: ErrorCode = code(Code::PurgeInflight);
const FATAL: ErrorCode = code(Code::Fatal);

const fn code(code: Code) -> ErrorCode {
    ErrorCode(code as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_refuses_it_keeps_nothing_of() {
        for (code, expected) in [
            (TOO_LARGE, Cause::TooLarge),
            (INVALID_TIMESTAMP, Cause::InvalidTimestamp),
            (ErrorCode::TOPIC_DENIED, Cause::Denied),
            (INVALID_RECORD, Cause::InvalidRecord),
        ] {
            let error = failed(code, Persisted::No);
            assert_eq!((error.fate, error.cause, error.is_permanent()), (Fate::Rejected, expected, true), "{error}");
        }
        let companion = failed(COMPANION, Persisted::No);
        assert_eq!((companion.fate, companion.is_permanent()), (Fate::Rejected, false));
    }

    #[test]
    fn what_was_sent_once_stays_uncertain_whatever_is_said_later() {
        assert_eq!(failed(ErrorCode::TOPIC_DENIED, Persisted::Perhaps).fate, Fate::Uncertain);
        assert_eq!(failed(MESSAGE_TIMED_OUT, Persisted::Perhaps).fate, Fate::Uncertain);
        assert_eq!(failed(UNKNOWN, Persisted::No).fate, Fate::Uncertain);
    }

    #[test]
    fn what_never_left_is_not_sent() {
        assert_eq!(failed(MESSAGE_TIMED_OUT, Persisted::No).fate, Fate::NotSent);
        assert_eq!(failed(PURGED, Persisted::No).fate, Fate::NotSent);
        assert_eq!(refused(ErrorCode::UNKNOWN_PARTITION).to_string(), "the destination has no such partition");
        assert!(failed(ErrorCode(19), Persisted::No).to_string().starts_with("it was not written: Broker: "));
    }
}
