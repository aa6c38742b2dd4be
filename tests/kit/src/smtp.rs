//! A mail server that insists on TLS and on a password, and keeps the mails it takes: Python's aiosmtpd.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::children::start;
use crate::python::Environment;
use crate::wait_for;

/// The user that may send.
pub const USER: &str = "tapline";
/// What it logs in with.
pub const PASSWORD: &str = "tapline-secret";

const ENVIRONMENT: Environment =
    Environment { name: "aiosmtpd-1.4.6", packages: &["aiosmtpd==1.4.6", "trustme==1.2.1"] };

/// Run by Python from its source; the file says what it takes and writes.
const SERVER: &str = include_str!("../python/smtp.py");

const START: Duration = Duration::from_secs(60);

/// A running mail server; killed when dropped.
#[derive(Debug)]
pub struct Smtp {
    child: Child,
    port: u16,
    tls_port: u16,
    ca_file: PathBuf,
    folder: TempDir,
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Of the envelope.
    pub from: String,
    /// Of the envelope, in order.
    pub to: Vec<String>,
    /// All of it, as it was sent.
    pub text: String,
    /// As a mail program shows it.
    pub subject: String,
    /// The plain part, else the HTML, as a mail program reads it, lines ended by `\n`; empty without either.
    pub body: String,
}

impl Smtp {
    /// Starts one that takes every mail of [`USER`] and waits until it listens. The first call on a machine downloads it.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-smtp-").tempdir()?;
        let child = launch(folder.path())?;
        let ca_file = folder.path().join("ca.pem");
        let mut smtp = Self { child, port: 0, tls_port: 0, ca_file, folder };
        (smtp.port, smtp.tls_port) = smtp.wait_until_it_listens()?;
        Ok(smtp)
    }

    /// Starts one that refuses recipients as [`Self::refuse`] says.
    pub fn refusing(code: u16) -> Result<Self> {
        let smtp = Self::start()?;
        smtp.refuse(code)?;
        Ok(smtp)
    }

    /// Where TLS begins by STARTTLS, at 127.0.0.1 or `localhost`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it begins with the first byte.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The authority (PEM) that signed its certificate and that nobody knows yet; made anew for each server.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Refuses recipients from now on: 4xx for now, 5xx for good.
    pub fn refuse(&self, code: u16) -> Result<()> {
        // Whole for whoever reads it meanwhile.
        fs::write(self.folder.path().join("refuse.new"), code.to_string())?;
        Ok(fs::rename(self.folder.path().join("refuse.new"), self.folder.path().join("refuse"))?)
    }

    /// Takes mails again.
    pub fn accept(&self) -> Result<()> {
        Ok(fs::remove_file(self.folder.path().join("refuse"))?)
    }

    /// All that were taken, in order. A mail is here before its sender hears that it was taken.
    pub fn mails(&self) -> Result<Vec<Mail>> {
        let mails = match fs::read_to_string(self.folder.path().join("mails.jsonl")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        // The last line may still be written.
        let whole = mails.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| Mail::parse(&serde_json::from_str(line)?)).collect()
    }

    /// The same as soon as there are `count`.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Mail>> {
        wait_for(&format!("the arrival of {count} mails"), START, || {
            let mails = self.mails()?;
            Ok((mails.len() >= count).then_some(mails))
        })
        .with_context(|| format!("its log:\n{}", self.log()))
    }

    /// What it wrote: each command that it was sent.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("smtp.log")).unwrap_or_default()
    }

    fn wait_until_it_listens(&mut self) -> Result<(u16, u16)> {
        let file = self.folder.path().join("ports.json");
        let ports = wait_for("the mail server's ports", START, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("the mail server ended with {status}:\n{}", self.log());
            }
            Ok(fs::read(&file).ok())
        })?;
        let ports: Value = serde_json::from_slice(&ports)?;
        let port = |name: &str| ports[name].as_u64().and_then(|port| u16::try_from(port).ok());
        port("starttls").zip(port("tls")).with_context(|| format!("no ports: {ports}"))
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mail {
    fn parse(line: &Value) -> Result<Self> {
        let text = |name: &str| line[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {line}"));
        let to = line["to"].as_array().with_context(|| format!("no recipients: {line}"))?;
        Ok(Self {
            from: text("from")?,
            to: to.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            text: text("text")?,
            subject: text("subject")?,
            body: text("body")?,
        })
    }
}

fn launch(folder: &Path) -> Result<Child> {
    let python = ENVIRONMENT.interpreter()?;
    fs::write(folder.join("smtp.py"), SERVER)?;
    let log = File::create(folder.join("smtp.log"))?;
    let errors = log.try_clone()?;
    start(&python.to_string_lossy(), |command| {
        command
            .arg(folder.join("smtp.py"))
            .arg(folder)
            .args([USER, PASSWORD])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    /// Sends a mail in two languages with Python's own client. Arguments: port, how TLS begins, the file to trust, the
    /// mechanism to log in by, user, password. Prints the code that ended it, or the name of the exception.
    const CLIENT: &str = r"
import json, smtplib, ssl, sys
from email.message import EmailMessage
port, begin, trusted, mechanism, user, password = sys.argv[1:]
mail = EmailMessage()
mail['From'], mail['To'], mail['Subject'] = 'tapline@example.test', 'ops@example.test', 'Rückstand: billing'
mail.set_content('Die Gruppe hängt.\n')
mail.add_alternative('<p>Die Gruppe hängt.</p>', subtype='html')
def send():
    trust = ssl.create_default_context(cafile=trusted or None)
    implicit = begin == 'tls'
    with (smtplib.SMTP_SSL('localhost', port, context=trust) if implicit else smtplib.SMTP('localhost', port)) as client:
        if begin == 'starttls':
            client.starttls(context=trust)
        client.ehlo()
        if mechanism:
            client.user, client.password = user, password
            client.auth(mechanism, getattr(client, 'auth_' + mechanism.lower()))
        client.send_message(mail, to_addrs=['ops@example.test', 'boss@example.test'])
    return 250
try:
    print(json.dumps(send()))
except smtplib.SMTPRecipientsRefused as refused:
    print(json.dumps(refused.recipients['boss@example.test'][0]))
except smtplib.SMTPResponseException as refused:
    print(json.dumps(refused.smtp_code))
except OSError as failed:
    print(json.dumps(type(failed).__name__))
";

    /// How a client ends that trusts the server and knows the user.
    fn send(smtp: &Smtp) -> Result<Value> {
        client(smtp.port(), "starttls", smtp.ca_file(), "PLAIN", PASSWORD)
    }

    fn client(port: u16, begin: &str, trusted: impl AsRef<OsStr>, mechanism: &str, password: &str) -> Result<Value> {
        let port = port.to_string();
        let arguments = [port.as_ref(), begin.as_ref(), trusted.as_ref()];
        let login = [mechanism, USER, password].map(OsStr::new);
        ENVIRONMENT.run(CLIENT, &[arguments, login].concat())
    }

    #[test]
    fn a_mail_is_kept_as_sent_and_as_shown() -> Result<()> {
        let smtp = Smtp::start()?;
        assert_eq!(smtp.mails()?, []);
        assert_eq!(send(&smtp)?, 250);
        let mails = smtp.mails()?;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].from, "tapline@example.test");
        assert_eq!(mails[0].to, ["ops@example.test", "boss@example.test"]);
        assert_eq!((mails[0].subject.as_str(), mails[0].body.as_str()), ("Rückstand: billing", "Die Gruppe hängt.\n"));
        assert!(mails[0].text.contains("\r\nSubject: =?utf-8?q?R=C3=BCckstand"), "{}", mails[0].text);
        assert!(mails[0].text.contains("<p>Die Gruppe h"), "{}", mails[0].text);
        Ok(())
    }

    #[test]
    fn both_beginnings_of_tls_and_both_ways_to_log_in_do() -> Result<()> {
        let smtp = Smtp::start()?;
        for (port, begin) in [(smtp.port(), "starttls"), (smtp.tls_port(), "tls")] {
            for mechanism in ["PLAIN", "LOGIN"] {
                assert_eq!(client(port, begin, smtp.ca_file(), mechanism, PASSWORD)?, 250, "{begin} {mechanism}");
            }
        }
        assert_eq!(smtp.wait_for(4)?.len(), 4);
        Ok(())
    }

    #[test]
    fn neither_without_tls_nor_without_the_password() -> Result<()> {
        let smtp = Smtp::start()?;
        assert_eq!(client(smtp.port(), "", "", "", PASSWORD)?, 530);
        for (port, begin) in [(smtp.port(), "starttls"), (smtp.tls_port(), "tls")] {
            assert_eq!(client(port, begin, smtp.ca_file(), "", PASSWORD)?, 530);
            assert_eq!(client(port, begin, smtp.ca_file(), "PLAIN", "wrong")?, 535);
            assert_eq!(client(port, begin, smtp.ca_file(), "LOGIN", "wrong")?, 535);
        }
        assert_eq!(smtp.mails()?, []);
        Ok(())
    }

    #[test]
    fn who_does_not_know_its_authority_does_not_trust_it() -> Result<()> {
        let (smtp, other) = (Smtp::start()?, Smtp::start()?);
        for (port, begin) in [(smtp.port(), "starttls"), (smtp.tls_port(), "tls")] {
            for trusted in [Path::new(""), other.ca_file()] {
                assert_eq!(client(port, begin, trusted, "PLAIN", PASSWORD)?, "SSLCertVerificationError");
            }
        }
        Ok(())
    }

    #[test]
    fn recipients_are_refused_until_they_are_not() -> Result<()> {
        let smtp = Smtp::refusing(451)?;
        assert_eq!(send(&smtp)?, 451);
        smtp.refuse(550)?;
        assert_eq!(send(&smtp)?, 550);
        smtp.accept()?;
        assert_eq!(send(&smtp)?, 250);
        assert_eq!(smtp.mails()?.len(), 1);
        Ok(())
    }
}
