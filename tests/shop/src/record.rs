//! Records before and after Kafka, as plain values: what a service wants sent, and what a consumer was handed. The
//! client library stays in `broker`.

/// Milliseconds since 1970, UTC.
pub(crate) type Millis = i64;

/// Headers in the order they were added; names may repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    pub(crate) fn add(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Removes what has this name and adds it anew at the end.
    pub(crate) fn replace(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.retain(|(existing, _)| existing != name);
        self.add(name, value);
    }

    pub(crate) fn last(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().rev().find(|(existing, _)| existing == name).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.last(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// What a service wants sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) topic: String,
    /// `None` leaves the choice to the partitioner, by key.
    pub(crate) partition: Option<i32>,
    pub(crate) key: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) headers: Headers,
    /// What the sender's clock says.
    pub(crate) timestamp: Millis,
    /// When it is sent, by the true clock.
    pub(crate) due: Millis,
}

/// Whose clock a record's timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampType {
    CreateTime,
    LogAppendTime,
}

impl TimestampType {
    /// Its name in Java's client.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }
}

/// A record as it stands on a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: Millis,
    pub(crate) timestamp_type: TimestampType,
    pub(crate) key: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) headers: Headers,
}
