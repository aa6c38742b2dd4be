//! Mail by SMTP.

use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, SmtpTransport};
use lettre::{Message, Transport};

use super::{ChannelError, Envelope, MailOptions, MailTls, NotTaken};
use crate::payload;

/// For each step of the conversation.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Mail {
    transport: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    pub(super) fn new(options: &MailOptions) -> Result<Self, ChannelError> {
        if options.host.trim().is_empty() {
            return Err(ChannelError::Missing("host"));
        }
        if options.to.is_empty() {
            return Err(ChannelError::Missing("to"));
        }
        if options.tls == MailTls::None && options.login.is_some() {
            return Err(ChannelError::Plain);
        }
        let mailbox = |text: &String| text.parse().map_err(|_| ChannelError::Address(text.clone()));
        let (tls, port) = match options.tls {
            MailTls::Starttls => (Tls::Required(parameters(options)?), 587),
            MailTls::Tls => (Tls::Wrapper(parameters(options)?), 465),
            MailTls::None => (Tls::None, 25),
        };
        let builder = SmtpTransport::builder_dangerous(&options.host).tls(tls).port(options.port.unwrap_or(port));
        let builder = builder.timeout(Some(PATIENCE));
        let builder = match &options.login {
            Some((user, password)) => builder.credentials(Credentials::new(user.clone(), password.clone())),
            None => builder,
        };
        Ok(Self {
            transport: builder.build(),
            from: mailbox(&options.from)?,
            to: options.to.iter().map(mailbox).collect::<Result<_, _>>()?,
        })
    }

    /// To whom.
    pub(super) fn people(&self) -> String {
        self.to.iter().map(|to| to.email.to_string()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn send(&self, envelope: &Envelope<'_>) -> Result<String, NotTaken> {
        let (subject, text) = payload::mail(envelope.told, envelope.page);
        let domain = self.from.email.domain();
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            // The same over repetitions: mail programs show it once.
            .message_id(Some(format!("<{}@{domain}>", envelope.id)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message.body(text).map_err(|error| NotTaken::never(error.to_string()))?;
        match self.transport.send(&message) {
            Ok(answer) => Ok(answer.message().collect::<Vec<_>>().join(" ")),
            Err(error) => Err(refused(&error)),
        }
    }
}

fn parameters(options: &MailOptions) -> Result<TlsParameters, ChannelError> {
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(pem) = &options.ca {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| ChannelError::Certificate)?);
    }
    builder.build_rustls().map_err(|error| ChannelError::Client(error.to_string()))
}

/// What a server refuses for ever is not said again: but for who may write, which somebody may mend.
fn refused(error: &smtp::Error) -> NotTaken {
    let said = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let said: String = said.map(ToString::to_string).collect::<Vec<_>>().join(": ").chars().take(200).collect();
    let is_login =
        error.status().is_some_and(|code| matches!(code.to_string().as_str(), "530" | "534" | "535" | "538"));
    if error.is_permanent() && !is_login { NotTaken::never(said) } else { NotTaken::later(said) }
}
