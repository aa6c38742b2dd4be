//! What is told to whom, in each receiver's words. Pure: sending it belongs to the channels.

mod alertmanager;
mod mail;
mod pagerduty;
mod slack;
mod webhook;

pub(crate) use alertmanager::alertmanager;
pub(crate) use mail::mail;
pub(crate) use pagerduty::pagerduty;
pub(crate) use slack::slack;
pub(crate) use webhook::webhook;

use serde::{Deserialize, Serialize};
use tapline_api::Labels;

/// One alert that fires or is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Name of the rule: `alertname`.
    pub rule: String,
    /// Who it is, and `severity`; without the name.
    pub labels: Labels,
    /// `summary`, `description`, `runbook_url` and whatever the rule says.
    pub annotations: Labels,
    /// When it began to fire, microseconds since 1970.
    pub since: i64,
    /// When it was over.
    pub until: Option<i64>,
    /// What the expression found last; absent where that is no number that JSON has.
    pub value: Option<f64>,
    /// The page in the state that explains it.
    pub link: String,
    /// The same for the same rule and labels, in hexadecimal.
    pub fingerprint: String,
}

impl Told {
    /// All labels, with the name.
    fn all_labels(&self) -> Labels {
        let mut labels = self.labels.clone();
        labels.insert("alertname".to_owned(), self.rule.clone());
        labels
    }

    fn is_over(&self) -> bool {
        self.until.is_some()
    }

    /// What a person reads first.
    fn summary(&self) -> &str {
        self.annotations
            .get("summary")
            .filter(|text| !text.trim().is_empty())
            .map_or(self.rule.as_str(), String::as_str)
    }
}

/// What alerts that are told together are about, in a line.
fn title(all: &[Told]) -> String {
    let firing = all.iter().filter(|told| !told.is_over()).count();
    match (firing, all) {
        (0, [one]) => format!("Resolved: {}", one.summary()),
        (0, _) => format!("{} alerts are resolved", all.len()),
        (_, [one]) => one.summary().to_owned(),
        (firing, _) if firing == all.len() => format!("{firing} alerts fire"),
        (firing, _) => format!("{firing} of {} alerts fire", all.len()),
    }
}

/// A text of so many characters at most.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
pub(crate) fn example(until: Option<i64>) -> Told {
    let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Told {
        rule: "GroupStandsStill".to_owned(),
        labels: labels(&[("group", "billing"), ("severity", "critical")]),
        annotations: labels(&[
            ("summary", "`billing` stands still on <orders/3> & waits"),
            ("description", "48 min behind, 1,259 unread"),
            ("runbook_url", "https://example.com/runbook"),
        ]),
        since: 1_795_132_800_000_000,
        until,
        value: Some(2_914.0),
        link: "http://127.0.0.1:8270/consumers?source=shop&group=billing".to_owned(),
        fingerprint: "5f0c2a".to_owned(),
    }
}
