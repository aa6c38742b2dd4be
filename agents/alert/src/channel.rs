//! Where alerts are told: the kinds of receivers there are, and what becomes of a message there.
//!
//! Owns sending one message once. When, and how often again, is `courier`'s.

mod http;
mod mail;

use std::time::Duration;

use tapline_api::Labels;

use crate::matching::{MatcherError, Matching};
use crate::payload::Told;
use crate::signature::{Secret, SecretError};
use http::Post;
use mail::Mail;

/// PagerDuty's address, unless another one is named: Europe's, for example.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// What a channel is told to be. Secrets are read from their files before.
#[derive(Clone, Default)]
pub struct ChannelOptions {
    /// Of receiver.
    pub kind: ChannelKind,
    /// Where it is, but for mail.
    pub url: Option<String>,
    /// Whether it may be of the machine's own network.
    pub allow_private: bool,
    /// What it wants to hear of; everything without.
    pub matchers: Vec<String>,
    /// Which sign what a webhook is sent: all of them, so that a receiver may change from one to the next.
    pub secrets: Vec<String>,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<String>,
    /// PagerDuty's.
    pub routing_key: Option<String>,
    /// Mail.
    pub mail: MailOptions,
}

/// Mail's.
#[derive(Clone, Default)]
pub struct MailOptions {
    /// Of the server.
    pub host: String,
    /// Without: 587, or 465 with TLS from the first byte, or 25 without any.
    pub port: Option<u16>,
    /// How it is encrypted.
    pub tls: MailTls,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// Who writes.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// Certificates in PEM that are trusted beside the system's.
    pub ca: Option<Vec<u8>>,
}

/// How mail is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MailTls {
    /// From STARTTLS on; a server that cannot is not written to.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

/// Kinds of receivers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChannelKind {
    /// Prometheus' Alertmanager, API v2.
    Alertmanager,
    /// Whoever takes a POST, signed as Standard Webhooks has it.
    #[default]
    Webhook,
    /// An incoming webhook.
    Slack,
    /// Events API v2.
    PagerDuty,
    /// SMTP.
    Mail,
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Alertmanager, Self::Webhook, Self::Slack, Self::PagerDuty, Self::Mail];

    /// As in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
            Self::Mail => "smtp",
        }
    }
}

/// Why a channel cannot be: whoever wrote the configuration can mend it.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// Something without which it cannot work.
    #[error("needs `{0}`")]
    Missing(&'static str),
    /// Not an address.
    #[error("`url` is no address; write such as https://example.com/hook")]
    Url,
    /// What it wants to hear of.
    #[error(transparent)]
    Matchers(#[from] MatcherError),
    /// What signs.
    #[error("`secret_file`: {0}")]
    Secret(#[from] SecretError),
    /// No address of a person.
    #[error("`{0}` is no address of mail")]
    Address(String),
    /// A password that everybody on the way could read.
    #[error("`tls = \"none\"` would send the password in clear; leave out `user`, or write `starttls` or `tls`")]
    Plain,
    /// Certificates that cannot be read.
    #[error("`ca_file` holds no certificate in PEM")]
    Certificate,
    /// The library refuses.
    #[error("cannot be made: {0}")]
    Client(String),
}

/// Why a receiver has not taken a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotTaken {
    /// What it answered, or what kept it from being asked.
    pub(crate) answer: String,
    /// Whether it may take it later, and if it says so, after how long.
    pub(crate) again: Option<Option<Duration>>,
}

impl NotTaken {
    fn later(answer: impl Into<String>) -> Self {
        Self { answer: answer.into(), again: Some(None) }
    }

    fn never(answer: impl Into<String>) -> Self {
        Self { answer: answer.into(), again: None }
    }
}

/// A message on its way.
pub(crate) struct Envelope<'a> {
    /// The same over repetitions.
    pub(crate) id: &'a str,
    pub(crate) told: &'a [Told],
    /// Where the page is.
    pub(crate) page: &'a str,
    /// Microseconds since 1970.
    pub(crate) now: i64,
}

/// Somebody who is told.
pub(crate) struct Channel {
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    matching: Matching,
    way: Way,
}

enum Way {
    Post(Post),
    Mail(Box<Mail>),
}

impl Channel {
    /// Makes it; nothing is sent yet.
    pub(crate) fn new(name: &str, options: &ChannelOptions) -> Result<Self, ChannelError> {
        let kind = options.kind;
        let way = match kind {
            ChannelKind::Mail => Way::Mail(Box::new(Mail::new(&options.mail)?)),
            _ => Way::Post(Post::new(options, &address(options)?)?),
        };
        Ok(Self { name: name.to_owned(), kind, matching: Matching::any(&options.matchers)?, way })
    }

    /// Host, or people: nothing secret.
    pub(crate) fn target(&self) -> String {
        match &self.way {
            Way::Post(post) => post.host().to_owned(),
            Way::Mail(mail) => mail.people(),
        }
    }

    /// Whether it wants to hear of it.
    pub(crate) fn wants(&self, labels: &Labels) -> bool {
        self.matching.matches(labels)
    }

    /// Whether it has to be told again and again what fires: it takes for over what it does not hear of.
    pub(crate) fn renews(&self) -> bool {
        self.kind == ChannelKind::Alertmanager
    }

    /// Whether each alert is a message of its own there.
    pub(crate) fn is_told_apart(&self) -> bool {
        self.kind == ChannelKind::PagerDuty
    }

    /// Sends a message once. Blocks for half a minute at most.
    pub(crate) fn send(&self, envelope: &Envelope<'_>) -> Result<String, NotTaken> {
        match &self.way {
            Way::Post(post) => post.send(self.kind, &self.name, envelope),
            Way::Mail(mail) => mail.send(envelope),
        }
    }
}

/// Whether a channel could be made, for whoever checks a configuration.
///
/// # Errors
/// What is wrong with it.
pub fn check_channel(name: &str, options: &ChannelOptions) -> Result<(), ChannelError> {
    Channel::new(name, options).map(drop)
}

fn address(options: &ChannelOptions) -> Result<String, ChannelError> {
    let url = options.url.as_deref().map(str::trim).filter(|url| !url.is_empty());
    match (options.kind, url) {
        (ChannelKind::PagerDuty, None) => Ok(PAGERDUTY.to_owned()),
        (_, None) => Err(ChannelError::Missing("url")),
        (ChannelKind::Alertmanager, Some(url)) if !url.contains("/api/") => {
            Ok(format!("{}/api/v2/alerts", url.trim_end_matches('/')))
        }
        (_, Some(url)) => Ok(url.to_owned()),
    }
}

/// Those that sign.
fn secrets(options: &ChannelOptions) -> Result<Vec<Secret>, ChannelError> {
    Ok(options.secrets.iter().map(|text| Secret::parse(text)).collect::<Result<_, _>>()?)
}
