//! Sizes, durations and starts as people write them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};
use tapline_adapter::Start;
use tapline_model::time::{self, TimeError};

/// Bytes: a number, or `512MiB`, `10MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

/// A duration: `30s`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

impl ByteSize {
    /// For memory on this machine.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        number.or_else(|| value.as_str().and_then(parse_size)).map(Self).ok_or_else(|| {
            D::Error::custom(format!("{value} is not a size; write a number of bytes or such as \"512MiB\""))
        })
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_period(&text).map(Self).map_err(D::Error::custom)
    }
}

/// `30s`, `1h30m`.
pub(crate) fn parse_period(text: &str) -> Result<Duration, TimeError> {
    Ok(Duration::from_micros(u64::try_from(time::parse_duration(text)?).unwrap_or(0)))
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match text[digits..].trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A list of texts, or a text that is its only entry; an empty one lists nothing.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    if let Some(entry) = value.as_str() {
        return Ok(Some(entry.to_owned()).filter(|entry| !entry.is_empty()).into_iter().collect());
    }
    let entries = value.as_array().map(|entries| entries.iter().map(|entry| entry.as_str().map(str::to_owned)));
    entries
        .and_then(Iterator::collect)
        .ok_or_else(|| D::Error::custom(format!("{value} is no list of texts; write such as [\"orders\", \"shop.*\"]")))
}

/// An address to listen on.
pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<std::net::SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| D::Error::custom(format!("`{text}` is no address with a port; write such as \"127.0.0.1:8270\"")))
}

/// `1h` (that far back), `earliest`, `latest`, or a time.
pub(crate) fn parse_start(text: &str) -> Result<Start, String> {
    let now = time::now();
    match text {
        "earliest" => Ok(Start::Earliest),
        "latest" => Ok(Start::Latest),
        _ => match time::parse_duration(text) {
            Ok(back) => Ok(Start::At(now.saturating_sub(back))),
            Err(_) => time::parse(text, now).map(Start::At).map_err(|_| {
                format!("`{text}` is no start; write such as `1h`, `earliest`, `latest` or 2026-11-21T03:00:00Z")
            }),
        },
    }
}
