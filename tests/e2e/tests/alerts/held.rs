//! What does not end an alert: a restart, a broker that is away; and what keeps it quiet.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tapline_kit::receiver::Receiver;
use tapline_kit::{Tapline, wait_for};

use super::{BEHIND, QUICK, SOON, alerts, commit, config, fires, shop, state, until, webhook};

#[test]
fn what_is_pending_and_what_fires_is_held_across_kills() -> Result<()> {
    let kafka = shop()?;
    let slow = "[alerts.rules.Slow]\nexpr = \"kafka_consumergroup_group_sum_lag > 50\"\nfor = \"1h\"";
    let mut tapline = Tapline::start(&config(&kafka, QUICK, &format!("{BEHIND}\n{slow}")))?;
    let is_so = |all: &Value| fires(all, "Behind") && state(all, "Slow") == Some("pending");
    let before = until(&tapline, "one fires and one is pending", is_so)?;
    for _ in 0..3 {
        tapline.kill9()?;
        tapline.restart()?;
        until(&tapline, "both are held", is_so)?;
    }
    let after = alerts(&tapline)?;
    let of = |all: &Value, what: &str| all["alerts"][0][what].clone();
    ensure!(of(&before, "fired_at") == of(&after, "fired_at"), "it is the same alert: {before} {after}");
    ensure!(of(&before, "fingerprint") == of(&after, "fingerprint"), "{before} {after}");
    let rows = tapline.sql("SELECT rule, state, labels->>'group' FROM alerts ORDER BY rule")?;
    let row = |rule: &str, state: &str| vec![json!(rule), json!(state), json!("billing")];
    ensure!(rows == [row("Behind", "firing"), row("Slow", "pending")], "{rows:?}");
    let rows = tapline.sql("SELECT count(*) FROM alert_history WHERE rule = 'Behind'")?;
    ensure!(rows == [vec![json!(1)]], "{rows:?}");
    // The group's chart shows it.
    let group = tapline.get("/api/v1/groups/shop/billing")?.1;
    let drawn = &group["history"]["alerts"];
    ensure!(drawn[0]["labels"]["alertname"] == "Behind" && drawn.as_array().map(Vec::len) == Some(1), "{drawn}");
    Ok(())
}

#[test]
fn a_broker_that_is_away_has_not_recovered() -> Result<()> {
    let mut kafka = shop()?;
    let down = "[alerts.rules.Down]\ncondition = \"source_is_down\"\nlabels = { severity = \"critical\" }";
    let mut tapline = Tapline::start(&config(&kafka, QUICK, &format!("{BEHIND}\n{down}")))?;
    until(&tapline, "it fires", |all| fires(all, "Behind"))?;
    kafka.kill9()?;
    until(&tapline, "the broker is missed", |all| fires(all, "Down"))?;
    // A process that never heard of the group knows no better.
    tapline.restart()?;
    let held = until(&tapline, "it is held", |all| {
        let alerts = all["alerts"].as_array().cloned().unwrap_or_default();
        alerts.iter().any(|alert| alert["rule"] == "Behind" && alert["held"].is_string())
    })?;
    ensure!(fires(&held, "Behind"), "{held}");
    kafka.restart()?;
    commit(&kafka, "billing", 100)?;
    until(&tapline, "it is over", |all| state(all, "Behind").is_none() && state(all, "Down").is_none())?;
    Ok(())
}

#[test]
fn who_is_silenced_is_not_told_until_the_silence_ends() -> Result<()> {
    let kafka = shop()?;
    let hook = Receiver::start()?;
    commit(&kafka, "shipping", 5)?;
    let more = format!("{BEHIND}\n{}", webhook("hook", &hook.url("/")));
    let quiet = QUICK.replace("group_wait = \"0s\"", "group_wait = \"3s\"");
    let tapline = Tapline::start(&config(&kafka, &quiet, &more))?;
    let silence = json!({"matchers": ["group=\"billing\""], "for": "1h", "reason": "deployment", "who": "mara"});
    let (status, silence) = tapline.post("/api/v1/silences", &silence)?;
    ensure!(status == 201 && silence["id"] == "s-1", "{silence}");
    let told = hook.wait_for(1)?[0].json()?;
    let groups: Vec<&str> =
        told["alerts"].as_array().into_iter().flatten().filter_map(|it| it["labels"]["group"].as_str()).collect();
    ensure!(groups == ["shipping"], "{told}");
    let all = until(&tapline, "one is muted", |all| all["silences"][0]["mutes"] == 1)?;
    ensure!(all["detail"].as_str().is_some_and(|it| it.contains("One more fires that nobody is told of")), "{all}");
    ensure!(tapline.delete("/api/v1/silences/s-1?who=mara")? == 204);
    ensure!(tapline.delete("/api/v1/silences/s-1")? == 404, "it is over");
    let told = hook.wait_for(2)?[1].json()?;
    ensure!(told["alerts"][0]["labels"]["group"] == "billing", "{told}");
    let refused =
        tapline.post("/api/v1/silences", &json!({"matchers": ["group=billing"], "for": "1h", "reason": "x"}))?;
    ensure!(refused.0 == 422 && refused.1["code"] == "bad_silence", "{refused:?}");
    let subjects = tapline.sql("SELECT action, who FROM audit WHERE subject = 's-1' ORDER BY number")?;
    ensure!(subjects == [[json!("silence.add"), json!("mara")], [json!("silence.end"), json!("mara")]], "{subjects:?}");
    Ok(())
}

#[test]
fn a_worse_alert_of_the_same_group_speaks_for_both() -> Result<()> {
    let kafka = shop()?;
    let hook = Receiver::start()?;
    let mild = "[alerts.rules.Mild]\nexpr = \"kafka_consumergroup_group_sum_lag > 10\"";
    let more = format!("{BEHIND}\n{mild}\n{}", webhook("hook", &hook.url("/")));
    let tapline = Tapline::start(&config(&kafka, QUICK, &more))?;
    let all = until(&tapline, "both fire", |all| fires(all, "Behind") && fires(all, "Mild"))?;
    let mild = all["alerts"].as_array().into_iter().flatten().find(|alert| alert["rule"] == "Mild");
    ensure!(mild.is_some_and(|it| it["muted"] == json!({"by": "alert", "rule": "Behind"})), "{all}");
    // What is worse is over, the rest is told.
    commit(&kafka, "billing", 70)?;
    wait_for("the other is told", SOON, || {
        let told = hook.requests().iter().map(|call| call.json()).collect::<Result<Vec<_>>>()?;
        Ok(told.iter().any(|it| it["alerts"].to_string().contains("\"Mild\"")).then_some(()))
    })
}
