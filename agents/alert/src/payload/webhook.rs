//! The generic webhook: the shape of Alertmanager's own receiver payload (version 4), which many services understand.

use serde_json::{Value, json};
use tapline_api::Labels;

use tapline_model::time;

use super::Told;

/// Alerts of one message; what is left out is counted.
const MOST: usize = 100;

/// The body for alerts that are told together.
pub(crate) fn webhook(receiver: &str, all: &[Told], page: &str) -> Value {
    let status = if all.iter().all(Told::is_over) { "resolved" } else { "firing" };
    let one = |told: &Told| {
        json!({
            "status": if told.is_over() { "resolved" } else { "firing" },
            "labels": told.all_labels(),
            "annotations": told.annotations,
            "startsAt": time::format(told.since),
            "endsAt": told.until.map(time::format),
            "generatorURL": told.link,
            "fingerprint": told.fingerprint,
            "value": told.value,
        })
    };
    json!({
        "version": "4",
        "groupKey": all.first().map(|told| &told.rule),
        "truncatedAlerts": all.len().saturating_sub(MOST),
        "status": status,
        "receiver": receiver,
        "groupLabels": shared(all.iter().map(|told| Labels::from([("alertname".to_owned(), told.rule.clone())]))),
        "commonLabels": shared(all.iter().map(Told::all_labels)),
        "commonAnnotations": shared(all.iter().map(|told| told.annotations.clone())),
        "externalURL": page,
        "alerts": all.iter().take(MOST).map(one).collect::<Vec<_>>(),
    })
}

/// What all have alike.
fn shared(all: impl Iterator<Item = Labels>) -> Labels {
    all.reduce(|mut alike, other| {
        alike.retain(|name, value| other.get(name) == Some(value));
        alike
    })
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn what_is_alike_is_told_once() {
        let mut other = example(Some(9));
        other.labels.insert("group".to_owned(), "shipping".to_owned());
        let body = webhook("ops", &[example(None), other], "http://page");
        assert_eq!((&body["status"], &body["alerts"][1]["status"]), (&json!("firing"), &json!("resolved")));
        assert_eq!(body["commonLabels"], json!({"alertname": "GroupStandsStill", "severity": "critical"}));
        assert_eq!(body["alerts"][0]["endsAt"], Value::Null);
    }
}
