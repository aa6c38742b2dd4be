//! `alerts` and `alert_history`: what fires, and what fired.

use std::sync::Arc;

use arrow::array::{Float64Array, StringViewArray};
use arrow::datatypes::DataType;
use tapline_api::{Alert, Muted};

use super::Table;
use super::system::{Rows, SystemTable, TEXT, micros, times};

pub(super) const TABLE: Table = Table {
    name: "alerts",
    description: "what fires or is about to, one row an alert; empty without a running server",
    columns: &MEANINGS,
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, |facts| rows(&facts.alerts()))),
};

pub(super) const HISTORY: Table = Table {
    name: "alert_history",
    description: "what fired in the last 90 days, one row an alert; empty without a running server",
    columns: &MEANINGS,
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, |facts| rows(&facts.alert_history()))),
};

const MEANINGS: [(&str, &str); 13] = [
    ("fingerprint", "the same for the same rule and labels"),
    ("rule", "name of its rule"),
    ("state", "`pending`, `firing`, `resolved`"),
    ("severity", "`critical`, `error`, `warning`, `info`"),
    ("sentence", "what is wrong"),
    ("detail", "the numbers"),
    ("labels", "what it is of, as JSON"),
    ("value", "what was found last"),
    ("active_at", "since when it holds"),
    ("fired_at", "when it began to fire"),
    ("resolved_at", "when it was over"),
    ("muted_by", "the silence or the rule for which nobody is told"),
    ("told", "channels that were told, separated by commas"),
];

fn columns() -> [(&'static str, DataType); 13] {
    [
        ("fingerprint", TEXT),
        ("rule", TEXT),
        ("state", TEXT),
        ("severity", TEXT),
        ("sentence", TEXT),
        ("detail", TEXT),
        ("labels", TEXT),
        ("value", DataType::Float64),
        ("active_at", micros()),
        ("fired_at", micros()),
        ("resolved_at", micros()),
        ("muted_by", TEXT),
        ("told", TEXT),
    ]
}

fn rows(alerts: &[Alert]) -> Rows {
    let all = || alerts.iter();
    vec![
        Arc::new(all().map(|alert| Some(&alert.fingerprint)).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| Some(&alert.rule)).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| Some(alert.state.as_str())).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| Some(&alert.severity)).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| Some(&alert.sentence)).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| alert.detail.as_ref()).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| serde_json::to_string(&alert.labels).ok()).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| alert.value).collect::<Float64Array>()),
        times(all().map(|alert| Some(alert.active_at.as_str()))),
        times(all().map(|alert| alert.fired_at.as_deref())),
        times(all().map(|alert| alert.resolved_at.as_deref())),
        Arc::new(all().map(muted_by).collect::<StringViewArray>()),
        Arc::new(all().map(|alert| Some(alert.told.join(","))).collect::<StringViewArray>()),
    ]
}

fn muted_by(alert: &Alert) -> Option<&str> {
    match alert.muted.as_ref()? {
        Muted::Silence { id } => Some(id),
        Muted::Alert { rule } => Some(rule),
    }
}
