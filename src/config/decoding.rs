//! `[sources.<name>.dead_letters]` and `[sources.<name>.ids]`: what a person knows of the meaning of records that names
//! and headers do not tell. What it changes is the decoder's business (`tapline_decode::Rules`).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};
use tapline_decode::{FailureField, FailureHeader, IdRules, Rules, TopicNames};
use tapline_model::pairing::Pin;

use super::{SourceConfig, units};

/// `[sources.<name>.dead_letters]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DeadLettersConfig {
    #[serde(deserialize_with = "units::list")]
    topics: Vec<String>,
    #[serde(deserialize_with = "units::list")]
    retries: Vec<String>,
    #[serde(deserialize_with = "units::list")]
    neither: Vec<String>,
    pairs: Vec<PairConfig>,
    #[serde(default)]
    headers: BTreeMap<String, FailureWord>,
}

impl DeadLettersConfig {
    /// Names of headers that tell of failures.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &String> {
        self.headers.keys()
    }
}

/// `[[sources.<name>.dead_letters.pairs]]`
#[derive(Debug, Clone)]
struct PairConfig(Pin);

/// What a header says.
#[derive(Debug, Clone, Copy)]
struct FailureWord(FailureField);

/// `[sources.<name>.ids]`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdsConfig {
    #[serde(deserialize_with = "units::list")]
    add: Vec<String>,
    #[serde(deserialize_with = "units::list")]
    exclude: Vec<String>,
    #[serde(default)]
    rename: BTreeMap<String, IdName>,
}

/// A name under which an identifier can be kept: it is written `name=value`.
#[derive(Debug, Clone)]
struct IdName(String);

impl<'de> Deserialize<'de> for PairConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut topics = BTreeMap::<String, String>::deserialize(deserializer)?;
        let origin = topics.remove("origin").ok_or_else(|| D::Error::custom("lacks `origin`, the topic that fails"))?;
        let pin = Pin { origin, dead_letter: topics.remove("dead_letter"), retry: topics.remove("retry") };
        if let Some(unknown) = topics.keys().next() {
            let hint = nearest(unknown, &["origin", "dead_letter", "retry"]);
            return Err(D::Error::custom(format!("unknown option `{unknown}`{hint}")));
        }
        if pin.dead_letter.is_none() && pin.retry.is_none() {
            return Err(D::Error::custom(
                "names `origin` alone; name its `dead_letter` topic, its `retry` topic or both",
            ));
        }
        Ok(Self(pin))
    }
}

impl<'de> Deserialize<'de> for FailureWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = FailureField::WORDS.iter().find(|(known, _)| *known == word);
        known.map(|(_, field)| Self(*field)).ok_or_else(|| {
            let words = FailureField::WORDS.map(|(known, _)| known);
            let hint = nearest(&word, &words);
            D::Error::custom(format!("`{word}` is nothing that a header says{hint}; write one of {}", words.join(", ")))
        })
    }
}

impl<'de> Deserialize<'de> for IdName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name.trim().is_empty() || name.contains('=') {
            return Err(D::Error::custom(format!("`{name}` is no name of an identifier; write such as \"orderId\"")));
        }
        Ok(Self(name))
    }
}

impl SourceConfig {
    /// How records of this source are decoded.
    pub(crate) fn rules(&self) -> Rules {
        let defaults = Rules::default();
        let headers = self.dead_letters.headers.iter();
        let own = headers.map(|(name, word)| FailureHeader { name: name.clone(), field: word.0 });
        Rules {
            topics: self.dead_letters.topic_names(),
            ids: self.ids.rules(),
            // Of two with the same name the first one counts.
            failure_headers: own.chain(defaults.failure_headers).collect(),
            ..defaults
        }
    }
}

impl DeadLettersConfig {
    /// Topics that belong together because a person says so.
    pub(crate) fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pairs.iter().map(|pair| &pair.0)
    }

    /// Who is paired has a role too.
    fn topic_names(&self) -> TopicNames {
        let retries = self.pins().filter_map(|pin| pin.retry.as_ref());
        let dead_letters = self.pins().filter_map(|pin| pin.dead_letter.as_ref());
        TopicNames {
            retry: self.retries.iter().chain(retries).cloned().collect(),
            dead_letter: self.topics.iter().chain(dead_letters).cloned().collect(),
            neither: self.neither.clone(),
        }
    }
}

impl IdsConfig {
    fn rules(&self) -> IdRules {
        let rename = self.rename.iter().map(|(found, kept)| (found.clone(), kept.0.clone()));
        IdRules { add: self.add.clone(), rename: rename.collect(), exclude: self.exclude.clone() }
    }
}

/// A hint at the word that may be meant.
fn nearest(word: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(known, word), known));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.7);
    best.map_or_else(String::new, |(_, known)| format!(", did you mean `{known}`?"))
}
