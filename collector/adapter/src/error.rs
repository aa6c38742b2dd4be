//! Faults of a broker or of how it was configured, with what a person can do.

/// What went wrong with a source. Never fatal to other sources.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// The broker cannot be reached; tried again with back-off.
    #[error("cannot reach {brokers}: {detail}")]
    Unreachable {
        /// Addresses as configured.
        brokers: String,
        /// The client's words.
        detail: String,
    },
    /// Credentials were refused.
    #[error("the broker refused the credentials: {detail}")]
    Authentication {
        /// The client's words.
        detail: String,
    },
    /// A right is missing.
    #[error("the right to {operation} {resource} is missing")]
    Denied {
        /// For example `read`, `describe`.
        operation: String,
        /// For example `topic orders`.
        resource: String,
    },
    /// A client property or name that does not exist or does not fit.
    #[error("configuration of source `{name}`: {detail}")]
    Configuration {
        /// The source.
        name: String,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// The broker answered something the protocol does not allow, or the client library failed.
    #[error("{operation} failed: {detail}")]
    Protocol {
        /// What was asked.
        operation: &'static str,
        /// The answer.
        detail: String,
    },
}

impl AdapterError {
    /// Whether trying again later can help without a person doing something.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Protocol { .. })
    }
}

/// What a person can run or change to mend a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// A sentence.
    pub sentence: String,
    /// A command to copy, where one mends it.
    pub command: Option<String>,
    /// What kind of fault it mends.
    pub trouble: Trouble,
}

/// Kinds of fault that scripts tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// What a person configured cannot be used.
    Configuration,
    /// No broker could be reached, or none accepted the connection.
    Connection,
    /// Everything else, such as a missing right.
    Other,
}
