//! Rules as people write them: by HTTP, in the file, as SQL; and what they would have done.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tapline_kit::Tapline;

use super::{BEHIND, QUICK, config, fires, shop, until};

#[test]
fn rules_are_written_tried_and_deleted_by_http() -> Result<()> {
    let kafka = shop()?;
    let tapline = Tapline::start(&config(&kafka, "interval = \"1s\"", BEHIND))?;
    let rule = |name: &str| tapline.get(&format!("/api/v1/alert-rules/{name}"));
    let all = tapline.get("/api/v1/alert-rules")?.1;
    let origins = |origin: &str| {
        let rules = all["rules"].as_array().into_iter().flatten();
        rules.filter(|rule| rule["origin"] == origin).count()
    };
    ensure!((origins("default"), origins("file")) == (13, 1), "{all}");

    // As Prometheus would have it.
    let unread = json!({"expr": "sum by (group) (kafka_consumergroup_group_lag) > 50", "for": "0s",
        "annotations": {"summary": "{{ $labels.group }} has {{ $value }} unread"}});
    let (status, preview) = tapline.post("/api/v1/alert-preview", &unread)?;
    ensure!(status == 200 && preview["sentence"].is_string(), "{preview}");
    let (status, put) = tapline.put("/api/v1/alert-rules/Unread?who=mara", &unread)?;
    ensure!(status == 200 && put["origin"] == "page" && put["who"] == "mara", "{put}");
    let fired = until(&tapline, "it fires", |all| fires(all, "Unread"))?;
    ensure!(fired.to_string().contains("billing has 90 unread"), "{fired}");
    let preview = tapline.post("/api/v1/alert-preview", &unread)?.1;
    ensure!(preview["now"][0]["sentence"] == "billing has 90 unread", "{preview}");
    ensure!(tapline.delete("/api/v1/alert-rules/Unread?who=mara")? == 204);
    until(&tapline, "its alert is over", |all| !fires(all, "Unread"))?;
    ensure!(rule("Unread")?.0 == 404);

    // One that came with Tapline rests, and comes back.
    let rests = json!({"condition": "source_is_down", "enabled": false});
    ensure!(tapline.put("/api/v1/alert-rules/SourceIsDown", &rests)?.1["hides_default"] == true);
    ensure!(tapline.delete("/api/v1/alert-rules/SourceIsDown")? == 204);
    ensure!(rule("SourceIsDown")?.1["origin"] == "default");

    let refusals: [(&str, Value, u16, &str); 5] = [
        ("Behind", unread.clone(), 409, "alert_rule_in_file"),
        ("Wrong", json!({"expr": "kafka_consumergroup_group_lagg > 1"}), 422, "bad_alert_rule"),
        ("Wrong", json!({"condition": "group_sleeps"}), 422, "bad_alert_rule"),
        ("Wrong", json!({"expr": "1", "sql": "SELECT 1"}), 422, "bad_alert_rule"),
        ("Wrong", json!({"expresion": "x"}), 400, "bad_json"),
    ];
    for (name, body, status, code) in refusals {
        let refused = tapline.put(&format!("/api/v1/alert-rules/{name}"), &body)?;
        ensure!(refused.0 == status && refused.1["code"] == code, "{body}: {refused:?}");
    }
    ensure!(tapline.delete("/api/v1/alert-rules/Behind")? == 409);
    Ok(())
}

#[test]
fn rows_of_a_query_are_alerts_and_a_broken_query_holds_up_nobody() -> Result<()> {
    let kafka = shop()?;
    let rules = "[alerts.rules.Many]\n\
        sql = \"SELECT destination, count(*) AS value FROM events GROUP BY destination HAVING count(*) >= 100\"\n\
        [alerts.rules.Broken]\nsql = \"SELECT nothing FROM nowhere\"\n[alerts.rules.Endless]\n\
        sql = \"SELECT 'x' AS y FROM generate_series(1, 5000)\"";
    let tapline = Tapline::start(&config(&kafka, QUICK, rules))?;
    // A query is asked once a minute, and may have been the first time before anything was read.
    let all = until(&tapline, "it fires", |all| fires(all, "Many"))?;
    let many = all["alerts"].as_array().into_iter().flatten().find(|alert| alert["rule"] == "Many");
    let many = many.cloned().unwrap_or_default();
    ensure!(many["labels"]["destination"] == "orders" && many["value"] == 100.0, "{all}");
    let broken = tapline.get("/api/v1/alert-rules/Broken")?.1;
    ensure!(broken["problem"].as_str().is_some_and(|it| it.contains("nowhere")), "{broken}");
    Ok(())
}

#[test]
fn metrics_tell_what_fires() -> Result<()> {
    let kafka = shop()?;
    let tapline = Tapline::start(&config(&kafka, QUICK, BEHIND))?;
    until(&tapline, "it fires", |all| fires(all, "Behind"))?;
    let metrics = tapline.get("/metrics")?.1.as_str().unwrap_or_default().to_owned();
    let line = metrics.lines().find(|line| line.starts_with("tapline_alerts{")).unwrap_or_default();
    ensure!(line.contains("alertname=\"Behind\"") && line.contains("alertstate=\"firing\""), "{line}");
    ensure!(tapline.get("/api/v1/status")?.1["alerts_firing"] == 1);
    Ok(())
}
