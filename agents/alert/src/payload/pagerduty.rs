//! PagerDuty's Events API v2: one event an alert, which a `dedup_key` ties to its end.

use serde_json::{Value, json};

use tapline_model::time;

use super::{Told, cut};
use crate::rule::SEVERITIES;

/// The event for one alert.
pub(crate) fn pagerduty(routing_key: &str, told: &Told) -> Value {
    if told.is_over() {
        return json!({
            "routing_key": routing_key,
            "event_action": "resolve",
            "dedup_key": told.fingerprint,
        });
    }
    // A label of what was found may say anything.
    let severity = told.labels.get("severity").map(String::as_str).filter(|word| SEVERITIES.contains(word));
    let severity = severity.unwrap_or("warning");
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": told.fingerprint,
        "client": "Tapline",
        "client_url": told.link,
        "links": [{"href": told.link, "text": "Open in Tapline"}],
        "payload": {
            "summary": cut(told.summary(), 1_024),
            "source": told.labels.get("source").filter(|name| !name.is_empty()).map_or("tapline", String::as_str),
            "severity": severity,
            "timestamp": time::format(told.since),
            "class": told.rule,
            "custom_details": {"labels": told.labels, "annotations": told.annotations, "value": told.value},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn begin_and_end_have_one_key() {
        let (begun, over) = (pagerduty("key", &example(None)), pagerduty("key", &example(Some(1))));
        assert_eq!(begun["dedup_key"], over["dedup_key"]);
        assert_eq!((&begun["event_action"], &over["event_action"]), (&json!("trigger"), &json!("resolve")));
        assert_eq!(begun["payload"]["severity"], "critical");
    }
}
