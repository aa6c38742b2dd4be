//! The facts of a failure, wherever and however they are written.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use tapline_model::DeadLetterRow;

use super::framework::Framework;
use super::{Failed, azure, karafka, spring};
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
    /// Key it was sent with where exchanges route.
    RoutingKey,
    /// Who read it.
    ConsumerGroup,
    /// Class of the exception, or its `toString()`.
    Exception,
    /// Class of the exception's cause.
    RootCause,
    /// A word for why, where no exception was thrown: brokers give up too.
    Reason,
    /// What the exception says.
    Message,
    /// Stack trace.
    Stack,
    /// Attempts made.
    Attempts,
    /// Where in the framework it failed.
    Stage,
    /// When it failed, milliseconds.
    FailedAt,
    /// When the next attempt is due, milliseconds.
    DueAt,
    /// All of a broker's own notes, JSON text.
    Deaths,
    /// The exception was thrown while the key was read: its class.
    KeyException,
    /// The same: what it says.
    KeyMessage,
    /// The same: its stack trace.
    KeyStack,
    /// Known, and says nothing that is kept.
    Ignored,
}

impl Field {
    /// The words by which a configuration names what a home-grown header says.
    pub const WORDS: [(&str, Self); 13] = [
        ("origin_topic", Self::OriginTopic),
        ("origin_partition", Self::OriginPartition),
        ("origin_offset", Self::OriginOffset),
        ("origin_timestamp", Self::OriginTimestamp),
        ("consumer_group", Self::ConsumerGroup),
        ("exception", Self::Exception),
        ("root_cause", Self::RootCause),
        ("message", Self::Message),
        ("stack", Self::Stack),
        ("attempts", Self::Attempts),
        ("stage", Self::Stage),
        ("due_at", Self::DueAt),
        ("ignored", Self::Ignored),
    ];
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
    tell: bool,
}

impl<'a> Failures<'a> {
    pub(crate) fn new(arena: &'a Bump) -> Self {
        Self { facts: Vec::new_in(arena), tell: false }
    }

    pub(crate) fn push(&mut self, framework: Framework, field: Field, value: &'a [u8]) {
        self.tell |= framework.tells(field);
        self.facts.push(Fact { framework, field, value });
    }

    /// Whether any of them may say that something failed.
    pub(super) fn tell(&self) -> bool {
        self.tell
    }

    /// Who wrote last. A header whose name two frameworks share, or that tells nothing, does not decide; nor do names
    /// that mirrors and routers write too, unless something else says failure.
    pub(super) fn newest(&self, role: Option<TopicRole>) -> Option<Framework> {
        let (karafka, azure) = (karafka::is_meant(self, role), azure::is_meant(self, role));
        let spring = spring::meant(self, role);
        let decides = |fact: &&Fact<'_>| match fact.framework {
            framework if !framework.tells(fact.field) => false,
            Framework::Karafka => karafka,
            Framework::AzureServiceBus => azure,
            Framework::SpringCloudStream | Framework::SpringAmqp => spring == Some(fact.framework),
            _ => true,
        };
        let newest = |broker| {
            let mut frameworks = self.facts.iter().rev().filter(decides).map(|fact| fact.framework);
            frameworks.find(|framework| framework.is_broker() == broker)
        };
        newest(false).or_else(|| newest(true))
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
            origin_timestamp: self.first_time(Field::OriginTimestamp).or_else(|| self.first_time(Field::FailedAt)),
            consumer_group: self.last_text(Field::ConsumerGroup),
            exception: self.last_text(Field::Exception).or_else(|| self.last_text(Field::Reason)),
            root_cause: self.last_text(Field::RootCause),
            message: self.last_text(Field::Message),
            stack: self.last_text(Field::Stack),
            attempts: self.attempts(),
            stage: self.last_text(Field::Stage),
            fingerprint: None,
        }
    }

    /// When the next attempt is due, microseconds.
    pub(super) fn due_at(&self) -> Option<i64> {
        let due_at = self.framework.time(Field::DueAt, self.last_value(Field::DueAt)?)?;
        // Pulsar writes how long to wait.
        if self.framework == Framework::Pulsar { self.written?.checked_add(due_at) } else { Some(due_at) }
    }

    pub(super) fn last_text(&self, field: Field) -> Option<&'a str> {
        self.text(self.failures.last(self.framework, field)?)
    }

    pub(super) fn last_value(&self, field: Field) -> Option<&'a [u8]> {
        self.failures.last(self.framework, field)
    }

    pub(super) fn first_text(&self, field: Field) -> Option<&'a str> {
        self.text(self.failures.first(self.framework, field)?)
    }

    fn first_time(&self, field: Field) -> Option<i64> {
        self.framework.time(field, self.failures.first(self.framework, field)?)
    }

    pub(super) fn text(&self, value: &'a [u8]) -> Option<&'a str> {
        encoding::lossy(self.headers.arena, value)
    }

    pub(super) fn attempts(&self) -> Option<i32> {
        self.last_integer(Field::Attempts).and_then(|value| i32::try_from(value).ok())
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
