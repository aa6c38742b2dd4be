//! What a person configures: one TOML file, environment over file over default, unknown keys refused.
//!
//! Owns reading and checking; turning a configuration into running parts is `serve`'s. Every option stands once in
//! [`options::OPTIONS`], which docs/configuration.md is held against.

mod alerts;
mod decoding;
mod layer;
pub(crate) mod options;
mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tapline_api::{Environment, Setting};
use tapline_engine::EngineOptions;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use alerts::AlertsConfig;
use decoding::{DeadLettersConfig, IdsConfig};
pub(crate) use layer::Layered;
pub(crate) use units::{ByteSize, Period, parse_period};

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file named on the command line.
    #[error("cannot read the configuration {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that holds a secret.
    #[error("cannot read {path}, which `{key}` names; name a file that this user may read")]
    Secret {
        /// The option, dotted.
        key: String,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("{path} is not valid TOML: {detail}")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// With line and column.
        detail: String,
    },
    /// A key that does not exist.
    #[error("{place}: unknown option `{key}`{hint}; docs/configuration.md lists all")]
    Unknown {
        /// File or variable.
        place: String,
        /// Dotted.
        key: String,
        /// The nearest known name.
        hint: String,
    },
    /// A value of the wrong kind or out of bounds.
    #[error("{place}: option `{key}`: {detail}")]
    Value {
        /// File or variable.
        place: String,
        /// Dotted.
        key: String,
        /// What is wrong and what would be right.
        detail: String,
    },
}

/// A configuration that was checked.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    /// Folder of the archive.
    pub(crate) archive: String,
    pub(crate) environment: EnvironmentConfig,
    pub(crate) http: HttpConfig,
    pub(crate) limits: LimitsConfig,
    pub(crate) replays: ReplaysConfig,
    pub(crate) lag: LagConfig,
    pub(crate) alerts: AlertsConfig,
    pub(crate) log: LogConfig,
    #[serde(default)]
    pub(crate) telemetry: TelemetryConfig,
    #[serde(default)]
    pub(crate) sources: BTreeMap<String, SourceConfig>,
}

/// `[environment]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EnvironmentConfig {
    pub(crate) name: String,
    pub(crate) colour: String,
    pub(crate) confirm_replays: bool,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HttpConfig {
    #[serde(deserialize_with = "units::address")]
    pub(crate) listen: SocketAddr,
    pub(crate) external_url: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    #[serde(deserialize_with = "units::list")]
    pub(crate) hosts: Vec<String>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LimitsConfig {
    pub(crate) memory: ByteSize,
    pub(crate) query_memory: ByteSize,
    pub(crate) query_timeout: Period,
    pub(crate) query_rows: usize,
    pub(crate) disk_reserve: ByteSize,
    pub(crate) commit_interval: Period,
}

/// `[replays]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReplaysConfig {
    pub(crate) most_items: usize,
    pub(crate) attempts: u8,
    pub(crate) second_person_above: u64,
    pub(crate) settle: Period,
    pub(crate) watch: Period,
}

/// `[lag]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LagConfig {
    pub(crate) interval: Period,
    pub(crate) keep: Period,
    pub(crate) kminion_metrics: bool,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LogConfig {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// `[telemetry]`: no option of it has a default, so that the section may be absent.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct TelemetryConfig {
    pub(crate) otlp_endpoint: Option<String>,
}

/// `[sources.<name>]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SourceConfig {
    pub(crate) system: String,
    pub(crate) brokers: String,
    #[serde(deserialize_with = "units::list")]
    pub(crate) topics: Vec<String>,
    #[serde(deserialize_with = "units::list")]
    pub(crate) exclude: Vec<String>,
    pub(crate) start: String,
    #[serde(deserialize_with = "units::list")]
    pub(crate) groups: Vec<String>,
    pub(crate) backfill_rate: ByteSize,
    pub(crate) payload_limit: ByteSize,
    pub(crate) dead_letters: DeadLettersConfig,
    pub(crate) ids: IdsConfig,
    #[serde(default)]
    pub(crate) client: BTreeMap<String, toml::Value>,
}

impl Config {
    /// Reads file and environment. Without a path, `tapline.toml` of the working folder is read if it is there.
    pub(crate) fn load(path: Option<&Path>) -> Result<(Self, Vec<Setting>), ConfigError> {
        let found =
            path.map(Path::to_owned).or_else(|| Some(PathBuf::from("tapline.toml")).filter(|path| path.exists()));
        let text = match &found {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.clone(), source })?
            }
            None => String::new(),
        };
        let variables = std::env::vars().filter(|(name, _)| name.starts_with("TAPLINE__"));
        Self::from_parts(found.as_deref().unwrap_or(Path::new("tapline.toml")), &text, variables)
    }

    /// The same from its parts.
    pub(crate) fn from_parts(
        path: &Path,
        text: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<Setting>), ConfigError> {
        let layered = Layered::new(path, text, variables)?;
        let config: Self = layered.read()?;
        config.check(&layered)?;
        Ok((config, layered.settings()))
    }

    fn check(&self, layered: &Layered) -> Result<(), ConfigError> {
        for (name, source) in &self.sources {
            let well_formed = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if name.is_empty() || !well_formed {
                return Err(layered.fault(&format!("sources.{name}"), "names consist of a-z, 0-9 and _".to_owned()));
            }
            if source.system != "kafka" {
                let detail = format!("`{}` is not supported; this version reads `kafka`", source.system);
                return Err(layered.fault(&format!("sources.{name}.system"), detail));
            }
            if source.topics.is_empty() {
                let detail = "is empty, so nothing would be read; write [\"*\"] for all topics".to_owned();
                return Err(layered.fault(&format!("sources.{name}.topics"), detail));
            }
            units::parse_start(&source.start)
                .map_err(|detail| layered.fault(&format!("sources.{name}.start"), detail))?;
        }
        self.check_archive().map_err(|detail| layered.fault("archive", detail))?;
        self.log.check().map_err(|detail| layered.fault("log.level", detail))?;
        self.telemetry.check().map_err(|detail| layered.fault("telemetry.otlp_endpoint", detail))?;
        self.limits.check().map_err(|(key, detail)| layered.fault(key, detail))?;
        self.replays.check().map_err(|(key, detail)| layered.fault(key, detail))?;
        self.lag.check().map_err(|detail| layered.fault("lag.interval", detail))?;
        if self.lag.keep.0 < Duration::from_secs(86_400) {
            return Err(
                layered.fault("lag.keep", "is less than 1d; charts would have nothing to compare with".to_owned())
            );
        }
        self.alerts.check(layered)?;
        self.http.check().map_err(|detail| layered.fault("http.external_url", detail))?;
        const COLOURS: [&str; 6] = ["blue", "green", "amber", "red", "violet", "grey"];
        if !COLOURS.contains(&self.environment.colour.as_str()) {
            return Err(layered.fault("environment.colour", format!("is one of {}", COLOURS.join(", "))));
        }
        Ok(())
    }

    fn check_archive(&self) -> Result<(), String> {
        if self.archive.contains("://") {
            return Err(format!("`{}` is a URL; this version keeps the archive in a local folder", self.archive));
        }
        match self.archive.trim() {
            "" => Err("is empty; name the folder of the archive, such as \"./tapline-data\"".to_owned()),
            _ => Ok(()),
        }
    }

    /// As the page shows it.
    pub(crate) fn environment(&self) -> Environment {
        let EnvironmentConfig { name, colour, confirm_replays } = self.environment.clone();
        Environment { name, colour, confirm_replays }
    }
}

impl HttpConfig {
    fn check(&self) -> Result<(), String> {
        match &self.external_url {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(format!("`{url}` is no address of a page; write such as \"https://tapline.example.com\""))
            }
            _ => Ok(()),
        }
    }
}

impl ReplaysConfig {
    fn check(&self) -> Result<(), (&'static str, String)> {
        match (self.most_items, self.attempts) {
            (0, _) => Err(("replays.most_items", "is 0; nothing could be put back".to_owned())),
            (_, 0) => Err(("replays.attempts", "is 0; nothing could be put back".to_owned())),
            _ => Ok(()),
        }
    }
}

impl LagConfig {
    fn check(&self) -> Result<(), String> {
        match self.interval.0 {
            interval if interval < Duration::from_secs(1) => {
                Err("is less than 1s; brokers are not asked more often".to_owned())
            }
            interval if interval > Duration::from_secs(300) => {
                Err("is more than 5m; nobody could be told to have stopped in time".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl LogConfig {
    /// A word alone that is no level would be taken for a part of the program, and nothing else would be logged.
    fn check(&self) -> Result<(), String> {
        let level = self.level.trim();
        let directives = level.contains(['=', ',', '[']);
        if EnvFilter::try_new(level).is_ok() && (directives || level.parse::<LevelFilter>().is_ok()) {
            return Ok(());
        }
        Err(format!(
            "`{level}` is no level; write `error`, `warn`, `info`, `debug` or `trace`, or directives such as \
             `info,tapline_kafka=debug`"
        ))
    }
}

impl TelemetryConfig {
    fn check(&self) -> Result<(), String> {
        match &self.otlp_endpoint {
            Some(endpoint) if !endpoint.starts_with("http://") => Err(format!(
                "`{endpoint}` does not begin with `http://`; name one near, such as http://127.0.0.1:4317 (TLS to it is not supported yet)"
            )),
            _ => Ok(()),
        }
    }
}

impl LimitsConfig {
    /// Below these nothing works any more; the error says so before a first start does.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let sizes = [
            ("limits.memory", self.memory, 64 << 20, "64MiB"),
            ("limits.query_memory", self.query_memory, 16 << 20, "16MiB"),
        ];
        if let Some((key, _, _, least)) = sizes.into_iter().find(|(_, size, least, _)| size.0 < *least) {
            return Err((key, format!("is too small to work with; write at least \"{least}\"")));
        }
        let times =
            [("limits.commit_interval", self.commit_interval, 100), ("limits.query_timeout", self.query_timeout, 100)];
        if let Some((key, ..)) = times.into_iter().find(|(_, time, least)| time.0.as_millis() < *least) {
            return Err((key, "is too short; write at least \"100ms\"".to_owned()));
        }
        if self.query_timeout.0 > EngineOptions::default().max_timeout {
            return Err(("limits.query_timeout", "is too long; write at most \"10m\"".to_owned()));
        }
        match self.query_rows {
            0 => Err(("limits.query_rows", "is 0; queries would answer nothing".to_owned())),
            _ => Ok(()),
        }
    }
}

impl SourceConfig {
    /// Where reading begins, with relative times counted from now.
    pub(crate) fn start(&self) -> tapline_adapter::Start {
        // Checked when the configuration was read.
        units::parse_start(&self.start).unwrap_or(tapline_adapter::Start::Latest)
    }

    /// Properties for the client library of the source with this name; those whose own names end in `_file` are read
    /// from the files they name.
    pub(crate) fn client_properties(&self, name: &str) -> Result<BTreeMap<String, String>, ConfigError> {
        self.client.iter().map(|(key, value)| client_property(name, key, value)).collect()
    }
}

fn client_property(name: &str, key: &str, value: &toml::Value) -> Result<(String, String), ConfigError> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(property) = key.strip_suffix("_file") else { return Ok((key.to_owned(), text)) };
    let secret = std::fs::read_to_string(&text).map_err(|source| ConfigError::Secret {
        key: format!("sources.{name}.client.\"{key}\""),
        path: PathBuf::from(&text),
        source,
    })?;
    Ok((property.to_owned(), secret.trim_end().to_owned()))
}

#[cfg(test)]
mod tests;
