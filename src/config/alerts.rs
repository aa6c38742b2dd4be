//! `[alerts]`: rules, whom they are told, and how. What a rule means is `agents/alert`'s.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tapline_alert::{
    AlertOptions, ChannelKind, ChannelOptions, Grouping, Inhibition, MailOptions, MailTls, Rule, check_channel,
};
use tapline_api::AlertRule;

use super::{ConfigError, Layered, Period, units};

/// `[alerts]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AlertsConfig {
    interval: Period,
    defaults: bool,
    #[serde(deserialize_with = "units::list")]
    group_by: Vec<String>,
    group_wait: Period,
    group_interval: Period,
    repeat_interval: Period,
    inhibit: Vec<InhibitConfig>,
    #[serde(default)]
    rules: BTreeMap<String, AlertRule>,
    #[serde(default)]
    channels: BTreeMap<String, ChannelConfig>,
}

/// `[[alerts.inhibit]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct InhibitConfig {
    source: Vec<String>,
    target: Vec<String>,
    equal: Vec<String>,
}

/// `[alerts.channels.<name>]`
#[derive(Clone, Deserialize)]
struct ChannelConfig {
    kind: String,
    url: Option<String>,
    url_file: Option<PathBuf>,
    #[serde(default)]
    allow_private: bool,
    #[serde(default, deserialize_with = "units::list")]
    matchers: Vec<String>,
    secret_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    routing_key_file: Option<PathBuf>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    from: Option<String>,
    #[serde(default, deserialize_with = "units::list")]
    to: Vec<String>,
    ca_file: Option<PathBuf>,
}

/// Addresses may be secrets.
impl std::fmt::Debug for ChannelConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelConfig").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Option and what is wrong with it.
type Wrong = (String, String);

impl AlertsConfig {
    /// Everything that needs no other file.
    pub(super) fn check(&self, layered: &Layered) -> Result<(), ConfigError> {
        let metrics = tapline_http::rule_metrics().into_iter().collect();
        let channels = self.channels.keys().map(String::as_str).collect();
        for (name, rule) in &self.rules {
            Rule::read(name, rule, &metrics, &channels)
                .map_err(|error| layered.fault(&format!("alerts.rules.{name}"), error.to_string()))?;
        }
        if self.interval.0 < Duration::from_secs(1) || self.interval.0 > Duration::from_secs(300) {
            return Err(layered.fault("alerts.interval", "is not from 1s to 5m".to_owned()));
        }
        if self.repeat_interval.0 < Duration::from_secs(60) {
            return Err(
                layered.fault("alerts.repeat_interval", "is less than 1m; nobody would listen any more".to_owned())
            );
        }
        self.inhibitions().map_err(|(key, detail)| layered.fault(&key, detail))?;
        for (name, channel) in &self.channels {
            channel.words(name).map_err(|(key, detail)| layered.fault(&key, detail))?;
        }
        Ok(())
    }

    /// How alerts are looked for and told; `page` is where people find the page. Reads the files of secrets.
    pub(crate) fn options(&self, page: &str) -> Result<AlertOptions, ConfigError> {
        let channel = |(name, channel): (&String, &ChannelConfig)| Ok((name.clone(), channel.options(name)?));
        Ok(AlertOptions {
            interval: self.interval.0,
            grouping: Grouping {
                by: self.group_by.clone(),
                wait: self.group_wait.0,
                interval: self.group_interval.0,
                repeat: self.repeat_interval.0,
            },
            // Checked when the configuration was read.
            inhibitions: self.inhibitions().unwrap_or_default(),
            defaults: self.defaults,
            rules: self.rules.clone(),
            channels: self.channels.iter().map(channel).collect::<Result<_, ConfigError>>()?,
            metrics: tapline_http::rule_metrics(),
            page: page.trim_end_matches('/').to_owned(),
        })
    }

    /// Each channel, with whether it can be used as it is configured.
    pub(crate) fn channels(&self) -> impl Iterator<Item = (&str, &str, Result<(), String>)> {
        self.channels.iter().map(|(name, channel)| {
            let made = channel.options(name).map_err(|error| error.to_string());
            let made = made.and_then(|options| check_channel(name, &options).map_err(|error| error.to_string()));
            (name.as_str(), channel.kind.as_str(), made)
        })
    }

    fn inhibitions(&self) -> Result<Vec<Inhibition>, Wrong> {
        let read = |it: &InhibitConfig| Inhibition::parse(&it.source, &it.target, &it.equal);
        let all: Result<_, _> = self.inhibit.iter().map(read).collect();
        all.map_err(|error| ("alerts.inhibit".to_owned(), error.to_string()))
    }
}

impl ChannelConfig {
    /// Words that stand for something.
    fn words(&self, name: &str) -> Result<(ChannelKind, MailTls), Wrong> {
        let kind = ChannelKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind).ok_or_else(|| {
            let known = ChannelKind::ALL.map(ChannelKind::as_str).join(", ");
            (format!("alerts.channels.{name}.kind"), format!("`{}` is none of {known}", self.kind))
        })?;
        let tls = match self.tls.as_deref() {
            None | Some("starttls") => MailTls::Starttls,
            Some("tls") => MailTls::Tls,
            Some("none") => MailTls::None,
            Some(other) => {
                let detail = format!("`{other}` is none of starttls, tls, none");
                return Err((format!("alerts.channels.{name}.tls"), detail));
            }
        };
        Ok((kind, tls))
    }

    fn options(&self, name: &str) -> Result<ChannelOptions, ConfigError> {
        let file = |key: &str, path: &Option<PathBuf>| {
            let read =
                |path: &PathBuf| {
                    std::fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(|source| {
                        ConfigError::Secret { key: format!("alerts.channels.{name}.{key}"), path: path.clone(), source }
                    })
                };
            let text = path.as_ref().map(read).transpose()?;
            if text.as_deref() == Some("") {
                let place = path.iter().map(|path| path.display().to_string()).collect();
                let detail = "the file that it names is empty".to_owned();
                return Err(ConfigError::Value { place, key: format!("alerts.channels.{name}.{key}"), detail });
            }
            Ok(text)
        };
        // Checked when the configuration was read.
        let (kind, tls) = self.words(name).unwrap_or_default();
        let secrets = file("secret_file", &self.secret_file)?.unwrap_or_default();
        let password = file("password_file", &self.password_file)?;
        let mail = MailOptions {
            host: self.host.clone().unwrap_or_default(),
            port: self.port,
            tls,
            login: self.user.clone().map(|user| (user, password.unwrap_or_default())),
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone(),
            ca: file("ca_file", &self.ca_file)?.map(String::into_bytes),
        };
        Ok(ChannelOptions {
            kind,
            url: match file("url_file", &self.url_file)? {
                Some(url) => Some(url),
                None => self.url.clone(),
            },
            allow_private: self.allow_private,
            matchers: self.matchers.clone(),
            secrets: secrets.split_whitespace().map(str::to_owned).collect(),
            token: file("token_file", &self.token_file)?,
            routing_key: file("routing_key_file", &self.routing_key_file)?,
            mail,
        })
    }
}
