//! Alerts: rules over metrics and queries, what they find, and whom it is told.
//!
//! Owns the grammar of rules (PromQL over the names of `/metrics`, conditions with names, SQL), when an alert is pending,
//! fires and is over, grouping, silences and inhibition, and delivery. Where samples come from, and what is to be said of
//! them, belongs to whoever implements [`Observer`]; what is kept to `storage/state`.

mod acts;
mod alerts;
mod board;
mod channel;
mod condition;
mod courier;
mod error;
mod expr;
mod headline;
mod inner;
mod looker;
mod machine;
mod matching;
mod muting;
mod observer;
mod outbox;
mod payload;
mod preview;
mod querier;
mod question;
mod rule;
mod rules;
mod show;
mod signature;
mod telling;
mod template;
mod windows;

pub use alerts::{AlertOptions, Alerts};
pub use channel::{ChannelError, ChannelKind, ChannelOptions, MailOptions, MailTls, check_channel};
pub use error::AlertError;
pub use expr::{ExprError, Sample, Series};
pub use matching::{MatcherError, Matching};
pub use muting::Inhibition;
pub use observer::{Explained, Observer, Take};
pub use rule::{Rule, RuleError};
pub use signature::SecretError;
pub use telling::Grouping;
pub use template::TemplateError;
