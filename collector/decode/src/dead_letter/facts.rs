//! The facts of a failure, wherever and however they are written.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use tapline_model::DeadLetterRow;

use super::{Failed, karafka, spring, watermill};
use crate::encoding;
use crate::names::TopicRole;

/// What a failure header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Where the record was read from.
    OriginTopic,
    /// Its partition there.
    OriginPartition,
    /// Its offset there.
    OriginOffset,
    /// Its timestamp there, milliseconds.
    OriginTimestamp,
    /// Who read it.
    ConsumerGroup,
    /// Class of the exception, or its `toString()`.
    Exception,
    /// Class of the exception's cause.
    RootCause,
    /// What the exception says.
    Message,
    /// Stack trace.
    Stack,
    /// Attempts made.
    Attempts,
    /// Where in the framework it failed.
    Stage,
    /// When the next attempt is due, milliseconds.
    DueAt,
    /// The exception was thrown while the key was read: its class.
    KeyException,
    /// The same: what it says.
    KeyMessage,
    /// The same: its stack trace.
    KeyStack,
    /// Known, and says nothing that is kept.
    Ignored,
}

/// Who wrote a failure header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framework {
    SpringKafka,
    SpringRetryTopic,
    SpringCloudStream,
    KafkaConnect,
    KafkaStreams,
    ShareGroup,
    SmallRye,
    Karafka,
    Watermill,
    Custom,
}

impl Framework {
    /// The word stored in `dead_letter.framework`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SpringKafka => "spring_kafka",
            Self::SpringRetryTopic => "spring_retry_topic",
            Self::SpringCloudStream => "spring_cloud_stream",
            Self::KafkaConnect => "kafka_connect",
            Self::KafkaStreams => "kafka_streams",
            Self::ShareGroup => "share_group",
            Self::SmallRye => "smallrye",
            Self::Karafka => "karafka",
            Self::Watermill => "watermill",
            Self::Custom => "custom",
        }
    }

    /// The name decides, never the content: four ASCII digits are a fine int32.
    fn integer(self, field: Field, value: &[u8]) -> Option<i64> {
        match self {
            Self::SpringRetryTopic if field == Field::DueAt => encoding::big_integer(value),
            Self::SpringKafka | Self::SpringRetryTopic | Self::SpringCloudStream => {
                let binary = match field {
                    Field::OriginPartition | Field::Attempts => encoding::int32(value).map(i64::from),
                    _ => encoding::int64(value),
                };
                binary.or_else(|| encoding::decimal(value))
            }
            Self::Custom => encoding::any_integer(value),
            _ => encoding::decimal(value),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Fact<'a> {
    framework: Framework,
    field: Field,
    value: &'a [u8],
}

/// The failure headers of one record, in order.
#[derive(Debug)]
pub(crate) struct Failures<'a> {
    facts: Vec<'a, Fact<'a>>,
}

impl<'a> Failures<'a> {
    pub(crate) fn new(arena: &'a Bump) -> Self {
        Self { facts: Vec::new_in(arena) }
    }

    pub(crate) fn push(&mut self, framework: Framework, field: Field, value: &'a [u8]) {
        self.facts.push(Fact { framework, field, value });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Who wrote last. A header whose name two frameworks share, or that tells nothing, does not decide; nor do names
    /// that mirrors and routers write too, unless something else says failure.
    pub(super) fn newest(&self, role: Option<TopicRole>) -> Option<Framework> {
        let (karafka, cloud_stream) = (karafka::is_meant(self, role), spring::is_meant(self, role));
        let decides = |fact: &&Fact<'_>| match fact.framework {
            _ if matches!(fact.field, Field::ConsumerGroup | Field::Ignored) => false,
            Framework::Karafka => karafka,
            Framework::SpringCloudStream => cloud_stream,
            _ => true,
        };
        self.facts.iter().rev().find(decides).map(|fact| fact.framework)
    }

    fn first(&self, framework: Framework, field: Field) -> Option<&'a [u8]> {
        self.facts.iter().find(|fact| fact.framework == framework && fact.field == field).map(|fact| fact.value)
    }

    pub(super) fn last(&self, framework: Framework, field: Field) -> Option<&'a [u8]> {
        self.facts.iter().rev().find(|fact| fact.framework == framework && fact.field == field).map(|fact| fact.value)
    }

    pub(super) fn has(&self, framework: Framework, field: Field) -> bool {
        self.first(framework, field).is_some()
    }
}

impl<'a> Failed<'a, '_> {
    /// What most frameworks have in common: the origin from the first occurrences, the failure from the last ones.
    pub(super) fn common(&self) -> DeadLetterRow<'a> {
        DeadLetterRow {
            framework: self.framework.as_str(),
            origin_destination: self.first_text(Field::OriginTopic),
            origin_partition: self.first_integer(Field::OriginPartition).and_then(|value| i32::try_from(value).ok()),
            origin_offset: self.first_integer(Field::OriginOffset),
            origin_timestamp: self.first_integer(Field::OriginTimestamp).and_then(encoding::micros),
            consumer_group: self.last_text(Field::ConsumerGroup),
            exception: self.last_text(Field::Exception),
            root_cause: self.last_text(Field::RootCause),
            message: self.last_text(Field::Message),
            stack: self.last_text(Field::Stack),
            attempts: self.last_integer(Field::Attempts).and_then(|value| i32::try_from(value).ok()),
            stage: self.last_text(Field::Stage),
            fingerprint: None,
        }
    }

    pub(super) fn due_at(&self) -> Option<i64> {
        if self.framework == Framework::Watermill {
            return watermill::due_at(self);
        }
        self.last_integer(Field::DueAt).and_then(encoding::micros)
    }

    pub(super) fn last_text(&self, field: Field) -> Option<&'a str> {
        self.text(self.failures.last(self.framework, field)?)
    }

    pub(super) fn last_value(&self, field: Field) -> Option<&'a [u8]> {
        self.failures.last(self.framework, field)
    }

    fn first_text(&self, field: Field) -> Option<&'a str> {
        self.text(self.failures.first(self.framework, field)?)
    }

    pub(super) fn text(&self, value: &'a [u8]) -> Option<&'a str> {
        encoding::lossy(self.headers.arena, value)
    }

    /// Kafka writes -1 for a partition, an offset or a time that is not known.
    fn first_integer(&self, field: Field) -> Option<i64> {
        let value = self.failures.first(self.framework, field)?;
        self.framework.integer(field, value).filter(|value| *value >= 0)
    }

    fn last_integer(&self, field: Field) -> Option<i64> {
        let value = self.failures.last(self.framework, field)?;
        self.framework.integer(field, value).filter(|value| *value >= 0)
    }
}
