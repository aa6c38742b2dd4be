//! Receivers that take a POST: Alertmanager, webhooks, Slack, PagerDuty.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use serde_json::Value;
use ureq::config::Config;
use ureq::http::{Response, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Error};

use super::{ChannelError, ChannelKind, ChannelOptions, Envelope, NotTaken, secrets};
use crate::inner::is_inner;
use crate::payload;
use crate::signature::{Secret, sign};

/// For the whole of a call: Standard Webhooks asks for 15 to 30 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read, and characters that are shown.
const ANSWER: u64 = 4_096;
const SHOWN: usize = 200;

/// Alerts that Alertmanager is told at once.
const BATCH: usize = 200;

/// Longest pause that a receiver may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

pub(super) struct Post {
    agent: Agent,
    url: String,
    host: String,
    secrets: Vec<Secret>,
    token: Option<String>,
    routing_key: Option<String>,
}

impl Post {
    pub(super) fn new(options: &ChannelOptions, url: &str) -> Result<Self, ChannelError> {
        let uri: Uri = url.parse().map_err(|_| ChannelError::Url)?;
        let is_known = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().filter(|host| is_known && !host.is_empty()).ok_or(ChannelError::Url)?;
        if options.kind == ChannelKind::PagerDuty && options.routing_key.is_none() {
            return Err(ChannelError::Missing("routing_key_file"));
        }
        Ok(Self {
            agent: agent(options.allow_private),
            host: host.to_owned(),
            url: url.to_owned(),
            secrets: secrets(options)?,
            token: options.token.clone(),
            routing_key: options.routing_key.clone(),
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn send(&self, kind: ChannelKind, name: &str, envelope: &Envelope<'_>) -> Result<String, NotTaken> {
        let Envelope { told, page, now, .. } = *envelope;
        match kind {
            ChannelKind::Alertmanager => {
                // It takes what it has anew as the same.
                let sent = told.chunks(BATCH).map(|told| self.post(envelope, &payload::alertmanager(told, now)));
                sent.collect::<Result<Vec<_>, _>>().map(|answers| answers.last().cloned().unwrap_or_default())
            }
            ChannelKind::Slack => self.post(envelope, &payload::slack(told)),
            ChannelKind::PagerDuty => {
                // One event an alert. What was taken before a fault is sent again: its key says that it is the same.
                let key = self.routing_key.as_deref().unwrap_or_default();
                let sent = told.iter().map(|told| self.post(envelope, &payload::pagerduty(key, told)));
                sent.collect::<Result<Vec<_>, _>>().map(|answers| answers.last().cloned().unwrap_or_default())
            }
            ChannelKind::Webhook | ChannelKind::Mail => self.post(envelope, &payload::webhook(name, told, page)),
        }
    }

    fn post(&self, envelope: &Envelope<'_>, body: &Value) -> Result<String, NotTaken> {
        let body = body.to_string();
        let mut call = self.agent.post(&self.url).header(header::CONTENT_TYPE, "application/json");
        if !self.secrets.is_empty() {
            let at = envelope.now / 1_000_000;
            let signature = sign(&self.secrets, envelope.id, at, body.as_bytes());
            call = call.header("webhook-timestamp", at.to_string()).header("webhook-signature", signature);
        }
        if let Some(token) = &self.token {
            call = call.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let outcome = match call.header("webhook-id", envelope.id).send(body) {
            Ok(answer) => judge(answer),
            Err(error) => Err(refused(&error)),
        };
        match outcome {
            Ok(answer) => Ok(self.without_secrets(&answer)),
            Err(fault) => Err(NotTaken { answer: self.without_secrets(&fault.answer), ..fault }),
        }
    }

    /// Receivers repeat what they were sent: `Cannot POST /services/T0/B0/secret`.
    fn without_secrets(&self, answer: &str) -> String {
        let mut shown = answer.to_owned();
        let path = self.url.splitn(4, '/').nth(3).filter(|path| path.len() > 3);
        for secret in [path, self.token.as_deref(), self.routing_key.as_deref()].into_iter().flatten() {
            shown = shown.replace(secret, "•••");
        }
        shown
    }
}

/// By its status. Faults of the message itself are for ever; everything else may be mended: a token, a path, a server.
fn judge(mut answer: Response<Body>) -> Result<String, NotTaken> {
    let status = answer.status();
    let pause = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let pause = pause.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
    let text = answer.body_mut().with_config().limit(ANSWER).lossy_utf8(true).read_to_string();
    let text: String = text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if status.is_success() {
        return Ok(text);
    }
    if status.is_redirection() {
        return Err(NotTaken::later(format!(
            "{status}: it leads elsewhere, which is not followed; write the new address"
        )));
    }
    let said = if text.is_empty() { status.to_string() } else { format!("{status}: {text}") };
    match status.as_u16() {
        400 | 410 | 413 | 422 => Err(NotTaken::never(said)),
        _ => Err(NotTaken { answer: said, again: Some(pause) }),
    }
}

/// The address stays out of it: it may be a secret.
fn refused(error: &Error) -> NotTaken {
    NotTaken::later(match error {
        Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        Error::HostNotFound => "its name is not known".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Inner>()) {
            Some(inner) => inner.to_string(),
            None => error.to_string(),
        },
        Error::Protocol(_) => "it does not answer in HTTP".to_owned(),
        Error::Tls(why) => format!("TLS: {why}"),
        Error::Rustls(error) => format!("TLS: {error}"),
        _ => "it cannot be called".to_owned(),
    })
}

fn agent(allow_private: bool) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    let config = Config::builder()
        .http_status_as_error(false)
        // A redirect could lead inside, and takes the body along.
        .max_redirects(0)
        .max_redirects_will_error(false)
        // What a proxy resolves nobody here can judge.
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("tapline/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    Agent::with_parts(
        config,
        DefaultConnector::default(),
        Guard { allow_private, resolver: DefaultResolver::default() },
    )
}

/// Resolves names, and refuses those that lead inside. It is asked right before each connection, so a name that leads
/// elsewhere the second time gains nothing.
#[derive(Debug)]
struct Guard {
    allow_private: bool,
    resolver: DefaultResolver,
}

/// An address that may not be called.
#[derive(Debug, thiserror::Error)]
#[error("{0} is an address of the machine's own network; `allow_private = true` allows it")]
struct Inner(IpAddr);

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        match addresses.iter().find(|address| !self.allow_private && is_inner(address.ip())) {
            Some(address) => Err(Error::Io(std::io::Error::other(Inner(address.ip())))),
            None => Ok(addresses),
        }
    }
}
