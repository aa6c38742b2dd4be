//! The three layers of a configuration: environment over file over default, with where each value came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tapline_api::{Setting, SettingOrigin};
use toml::{Table, Value};

use super::options::OPTIONS;
use super::{Config, ConfigError};

/// Values by dotted key with their place.
pub(crate) struct Layered {
    path: PathBuf,
    values: BTreeMap<Vec<String>, (Value, SettingOrigin, String)>,
}

impl Layered {
    /// Lays the environment's variables over the file's text over the defaults, and refuses unknown keys.
    pub(crate) fn new(
        path: &Path,
        text: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            detail: error.to_string().trim_end().to_owned(),
        })?;
        let mut layered = Self { path: path.to_owned(), values: BTreeMap::new() };
        layered.add_table(&[], &table)?;
        for (name, text) in variables {
            layered.add_variable(&name, &text)?;
        }
        layered.add_defaults();
        Ok(layered)
    }

    fn add_table(&mut self, prefix: &[String], table: &Table) -> Result<(), ConfigError> {
        for (key, value) in table {
            let mut path = prefix.to_vec();
            path.push(key.clone());
            match value {
                Value::Table(inner) if is_group(&path) || !inner.is_empty() => self.add_table(&path, inner)?,
                _ => self.add(path, value.clone(), SettingOrigin::File, self.path.display().to_string())?,
            }
        }
        Ok(())
    }

    /// `TAPLINE__HTTP__LISTEN`; in a source's client properties `_` stands for `.`, but in `_file` at their end.
    fn add_variable(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let parts = name.trim_start_matches("TAPLINE__").split("__").map(str::to_ascii_lowercase);
        let mut path: Vec<String> = parts.collect();
        if let [sources, _, client, property] = path.as_mut_slice()
            && sources == "sources"
            && client == "client"
        {
            let (dotted, file) = property.strip_suffix("_file").map_or((&**property, ""), |name| (name, "_file"));
            *property = dotted.replace('_', ".") + file;
        }
        // Lists, numbers and truth values are written as in the file; everything else is text.
        let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
        let value = match parsed {
            Some(value @ (Value::Array(_) | Value::Integer(_) | Value::Boolean(_))) => value,
            _ => Value::String(text.trim_matches('"').to_owned()),
        };
        self.add(path, value, SettingOrigin::Environment, format!("variable {name}"))
    }

    fn add(
        &mut self,
        path: Vec<String>,
        value: Value,
        origin: SettingOrigin,
        place: String,
    ) -> Result<(), ConfigError> {
        if !OPTIONS.iter().any(|option| matches(option.key, &path)) {
            return Err(ConfigError::Unknown { place, key: path.join("."), hint: nearest(&path) });
        }
        self.values.insert(path, (value, origin, place));
        Ok(())
    }

    fn add_defaults(&mut self) {
        let mut sources: Vec<String> =
            self.values.keys().filter(|key| key[0] == "sources").filter_map(|key| key.get(1).cloned()).collect();
        sources.dedup();
        for option in OPTIONS.iter().filter(|option| !option.default.is_empty()) {
            let Some(value) =
                format!("v = {}", option.default).parse::<Table>().ok().and_then(|mut table| table.remove("v"))
            else {
                continue;
            };
            let names: Vec<Option<&String>> =
                if option.key.contains("<name>") { sources.iter().map(Some).collect() } else { vec![None] };
            for name in names {
                let key = name.map_or_else(|| option.key.to_owned(), |name| option.key.replace("<name>", name));
                let path = key.split('.').map(str::to_owned).collect();
                self.values.entry(path).or_insert((value.clone(), SettingOrigin::Default, "default".to_owned()));
            }
        }
    }

    /// The typed configuration.
    pub(crate) fn read(&self) -> Result<Config, ConfigError> {
        let mut table = Table::new();
        for (path, (value, ..)) in &self.values {
            insert(&mut table, path, value.clone());
        }
        serde_path_to_error::deserialize(Value::Table(table))
            .map_err(|error| self.fault(&error.path().to_string(), error.inner().message().to_owned()))
    }

    /// A fault of one option, with the place where it was written.
    pub(crate) fn fault(&self, key: &str, detail: String) -> ConfigError {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let place =
            self.values.get(&path).map_or_else(|| self.path.display().to_string(), |(_, _, place)| place.clone());
        ConfigError::Value { place, key: key.to_owned(), detail }
    }

    /// What is in force, for the page; secrets hidden.
    pub(crate) fn settings(&self) -> Vec<Setting> {
        let show = |path: &Vec<String>, value: &Value| {
            if is_secret(path) { "\"•••\"".to_owned() } else { value.to_string() }
        };
        let line = |(path, (value, origin, _)): (&Vec<String>, &(Value, SettingOrigin, String))| Setting {
            key: path.join("."),
            value: show(path, value),
            origin: *origin,
        };
        self.values.iter().map(line).collect()
    }
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut table = table;
    for key in parents {
        let inner = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = inner else { return };
        table = inner;
    }
    table.insert(last.clone(), value);
}

/// Whether a key is a table of further options.
fn is_group(path: &[String]) -> bool {
    OPTIONS.iter().any(|option| {
        let segments: Vec<&str> = option.key.split('.').collect();
        segments.len() > path.len()
            && path.iter().zip(&segments).all(|(part, segment)| segment.starts_with('<') || part == segment)
    })
}

/// A client property holds dots itself and stands last.
pub(super) fn matches(pattern: &str, path: &[String]) -> bool {
    let segments: Vec<&str> = pattern.split('.').collect();
    segments.len() == path.len()
        && path.iter().zip(segments).all(|(part, segment)| segment.starts_with('<') || part == segment)
}

fn nearest(path: &[String]) -> String {
    let fill = |key: &str| match path {
        [first, name, ..] if first == "sources" => key.replace("<name>", name),
        _ => key.to_owned(),
    };
    let wanted = path.join(".");
    let score = |key: &str| {
        // The right word in the wrong table is as good a hint as a slip of the pen.
        let same_word = key.rsplit('.').next() == path.last().map(String::as_str);
        strsim::jaro_winkler(key, &wanted) + if same_word { 0.5 } else { 0.0 }
    };
    let candidates = OPTIONS.iter().map(|option| fill(option.key));
    let best = candidates.map(|key| (score(&key), key)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(score, _)| *score > 0.7).map_or_else(String::new, |(_, key)| format!(", did you mean `{key}`?"))
}

fn is_secret(path: &[String]) -> bool {
    // Whoever has the address of a webhook may write to it.
    if let [alerts, channels, _, url] = path
        && alerts == "alerts"
        && channels == "channels"
        && url == "url"
    {
        return true;
    }
    let name = path.last().map_or("", String::as_str).to_ascii_lowercase();
    // Names of files are no secrets, what stands in them is.
    !name.ends_with("_file")
        && ["password", "secret", "token", "key.pem", "sasl.jaas", "oauthbearer.config"]
            .iter()
            .any(|word| name.contains(word))
}
