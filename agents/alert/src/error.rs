//! What can be wrong with what is asked of alerts.

use tapline_state::StateError;

use crate::channel::ChannelError;
use crate::matching::MatcherError;
use crate::rule::RuleError;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The matchers of a silence.
    #[error(transparent)]
    Matchers(#[from] MatcherError),
    /// For how long a silence lasts, or when it begins.
    #[error("{0}")]
    Silence(String),
    /// A rule that is changed elsewhere.
    #[error("`{0}` stands in the configuration file; change it there and start anew")]
    InFile(String),
    /// Nobody reads so many.
    #[error("there are {0} rules; delete one first")]
    TooMany(usize),
    /// There is none.
    #[error("there is no {what} `{name}`; {see}")]
    NotFound {
        /// `rule`, `silence`, `channel`.
        what: &'static str,
        /// As it was asked for.
        name: String,
        /// Where all of them are.
        see: &'static str,
    },
    /// A channel of the configuration.
    #[error("channel `{name}`: {error}")]
    Channel {
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: ChannelError,
    },
    /// What is kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system does not give what is needed.
    #[error("the threads of alerts cannot be started")]
    Threads(#[from] std::io::Error),
    /// Before the first look.
    #[error("alerts have not begun yet; try again in a moment")]
    Starting,
}

impl AlertError {
    /// As HTTP tells it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Rule(_) | Self::Matchers(_) | Self::Silence(_) | Self::TooMany(_) | Self::Channel { .. } => 422,
            Self::InFile(_) => 409,
            Self::NotFound { .. } => 404,
            Self::State(_) | Self::Starting => 503,
            Self::Threads(_) => 500,
        }
    }

    /// Whether the same call may succeed later without a person doing something.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Starting) || matches!(self, Self::State(error) if error.is_retryable())
    }
}
