//! Faults of a broker or of how it was configured, with what a person can do.

/// What went wrong with a source. Never fatal to other sources.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AdapterError {
    /// The broker cannot be reached; tried again with back-off.
    #[error("{sentence}")]
    Unreachable {
        /// Which address, what failed, what to do about it.
        sentence: String,
    },
    /// Credentials were refused.
    #[error("{sentence}")]
    Authentication {
        /// Which broker, its words, where they are configured.
        sentence: String,
    },
    /// A right is missing.
    #[error("the right to {operation} {resource} is missing{}", grants(.command.as_deref()))]
    Denied {
        /// For example `read`, `describe`.
        operation: String,
        /// For example ``topic `orders` ``.
        resource: String,
        /// What grants it, to copy, where one command does.
        command: Option<String>,
    },
    /// A destination that is not there. Nothing is made on a broker.
    #[error("`{destination}` does not exist; create it first, or name another destination")]
    UnknownDestination {
        /// Which.
        destination: String,
    },
    /// What the system of this source has not, or this adapter cannot do yet.
    #[error("{operation} is not possible with this source: {detail}")]
    Unsupported {
        /// What was asked.
        operation: &'static str,
        /// Why.
        detail: String,
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

fn grants(command: Option<&str>) -> String {
    command.map_or_else(String::new, |command| format!("; `{command}` grants it"))
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
