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
    /// A preview that takes too long.
    #[error("looking back over a week takes too long; aggregate, or look back less far")]
    TooSlow,
    /// Before the first look.
    #[error("alerts have not begun yet; try again in a moment")]
    Starting,
}
