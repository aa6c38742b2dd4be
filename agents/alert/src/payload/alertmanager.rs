//! `POST /api/v2/alerts` of Prometheus' Alertmanager. It is told again and again that an alert fires; when nothing comes any
//! more until `endsAt`, it takes it for over, so that lies some minutes ahead.

use serde_json::{Value, json};

use tapline_model::time;

use super::Told;

/// How far ahead an alert ends unless it is told again, microseconds: four times of the minute after which it is.
const AHEAD: i64 = 4 * 60_000_000;

/// The body for these alerts, at this time, microseconds.
pub(crate) fn alertmanager(all: &[Told], now: i64) -> Value {
    let one = |told: &Told| {
        json!({
            "labels": told.all_labels(),
            "annotations": told.annotations,
            "startsAt": time::format(told.since),
            "endsAt": time::format(told.until.unwrap_or(now + AHEAD)),
            "generatorURL": told.link,
        })
    };
    Value::Array(all.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn what_fires_ends_later_and_what_is_over_when_it_was() {
        let body = alertmanager(&[example(None), example(Some(7))], 1_000);
        assert_eq!(body[0]["endsAt"], time::format(1_000 + AHEAD));
        assert_eq!(body[1]["endsAt"], time::format(7));
        assert_eq!(body[0]["labels"]["alertname"], "GroupStandsStill");
        assert!(body[0]["labels"].get("value").is_none(), "a value in labels would make each look another alert");
    }
}
