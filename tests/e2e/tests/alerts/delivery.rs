//! Whom alerts are told: every kind of receiver, and those that misbehave.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tapline_kit::receiver::{Answer, Receiver, Request};
use tapline_kit::{Alertmanager, Smtp, Tapline, smtp, wait_for};

use super::{BEHIND, QUICK, SOON, alerts, commit, config, fires, shop, until, webhook};

/// A text in a file, as secrets are given.
fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> Result<String> {
    let path = folder.path().join(name);
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}

fn header<'a>(request: &'a Request, name: &str) -> Result<&'a str> {
    request.header(name).with_context(|| format!("{name} in {request:?}"))
}

#[test]
fn every_kind_of_receiver_is_told_that_an_alert_fires_and_that_it_is_over() -> Result<()> {
    let (kafka, folder) = (shop()?, tempfile::tempdir()?);
    let (hook, slack, pagerduty) = (Receiver::start()?, Receiver::start()?, Receiver::start()?);
    slack.answer([Answer::Body(200, "ok".to_owned()), Answer::Body(200, "ok".to_owned())]);
    pagerduty.answer([Answer::Status(202), Answer::Status(202)]);
    let (alertmanager, mail) = (Alertmanager::start()?, Smtp::start()?);
    let secrets = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nwhsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n";
    let channels = [
        webhook("hook", &hook.url("/hook")),
        format!("secret_file = {:?}", file(&folder, "secrets", secrets)?),
        "[alerts.channels.oncall]\nkind = \"slack\"\nallow_private = true".to_owned(),
        format!("url_file = {:?}", file(&folder, "slack", &slack.url("/services/T0/B0/secret"))?),
        "[alerts.channels.pager]\nkind = \"pagerduty\"\nallow_private = true".to_owned(),
        format!("url = {:?}", pagerduty.url("/v2/enqueue")),
        format!("routing_key_file = {:?}", file(&folder, "key", "0123456789abcdef0123456789abcdef")?),
        "[alerts.channels.am]\nkind = \"alertmanager\"\nallow_private = true".to_owned(),
        format!("url = {:?}", alertmanager.address()),
        "[alerts.channels.mail]\nkind = \"smtp\"\nhost = \"localhost\"\nfrom = \"Tapline <tapline@example.com>\""
            .to_owned(),
        format!("to = [\"ops@example.com\"]\nport = {}\nca_file = {:?}", mail.port(), mail.ca_file()),
        format!("user = {:?}\npassword_file = {:?}", smtp::USER, file(&folder, "password", smtp::PASSWORD)?),
    ];
    let tapline = Tapline::start(&config(&kafka, QUICK, &format!("{BEHIND}\n{}", channels.join("\n"))))?;

    let told = |all: &Value| all["alerts"][0]["told"].as_array().is_some_and(|told| told.len() == 5);
    let all = until(&tapline, "everybody is told", told)?;
    ensure!(all["alerts"][0]["sentence"].as_str().is_some_and(|it| it.contains("`billing`")), "{all}");
    ensure!(all["sentence"] == "One alert fires: Behind: `billing` (90).", "{all}");

    let first = &hook.wait_for(1)?[0];
    let body = first.json()?;
    ensure!(body["status"] == "firing" && body["receiver"] == "hook", "{body}");
    let alert = &body["alerts"][0];
    ensure!(alert["labels"]["alertname"] == "Behind" && alert["labels"]["group"] == "billing", "{body}");
    ensure!(alert["annotations"]["next_step"] == "look at billing" && alert["value"] == 90.0, "{body}");
    let link = format!("{}/consumers?source=shop&group=billing", tapline.address());
    ensure!(alert["generatorURL"] == link.as_str(), "{body}");
    ensure!(header(first, "webhook-signature")?.matches("v1,").count() == 2, "both secrets sign: {first:?}");
    ensure!(header(first, "webhook-id")?.starts_with("msg_"), "{first:?}");
    let text = slack.wait_for(1)?[0].json()?;
    ensure!(text["text"].as_str().is_some_and(|it| it.contains("billing")), "{text}");
    let event = pagerduty.wait_for(1)?[0].json()?;
    ensure!(event["event_action"] == "trigger" && event["payload"]["severity"] == "critical", "{event}");
    let letter = &mail.wait_for(1)?[0];
    ensure!(letter.subject == "[Tapline] Behind: `billing` (90)" && letter.to == ["ops@example.com"], "{letter:?}");
    ensure!(letter.body.contains(&link) && letter.body.contains("look at billing"), "{}", letter.body);
    let known = wait_for("Alertmanager knows it", SOON, || Ok(alertmanager.alerts()?.into_iter().next()))?;
    ensure!(known["labels"]["alertname"] == "Behind" && known["generatorURL"] == link.as_str(), "{known}");

    commit(&kafka, "billing", 100)?;
    until(&tapline, "it is over", |all| all["alerts"] == serde_json::json!([]) && all["ended"][0]["rule"] == "Behind")?;
    ensure!(hook.wait_for(2)?[1].json()?["status"] == "resolved", "{:?}", hook.requests());
    slack.wait_for(2)?;
    let end = pagerduty.wait_for(2)?[1].json()?;
    ensure!(end["event_action"] == "resolve" && end["dedup_key"] == event["dedup_key"], "{end}");
    ensure!(mail.wait_for(2)?[1].subject.contains("Resolved"), "{:?}", mail.mails()?);
    wait_for("Alertmanager has forgotten it", SOON, || Ok(alertmanager.alerts()?.is_empty().then_some(())))?;

    // Nothing secret is shown anywhere.
    let shown = format!("{}{}{}", alerts(&tapline)?, tapline.get("/api/v1/system")?.1, tapline.log());
    for secret in ["whsec_", "0123456789abcdef", "/services/T0", smtp::PASSWORD] {
        ensure!(!shown.contains(secret), "{secret} is shown");
    }
    Ok(())
}

#[test]
fn receivers_that_misbehave_are_told_later_and_hold_up_nobody() -> Result<()> {
    let kafka = shop()?;
    let (broken, fine, refusing) = (Receiver::start()?, Receiver::start()?, Receiver::start()?);
    broken.answer([Answer::Status(500), Answer::Garbage, Answer::RetryAfter(429, 2)]);
    refusing.answer([Answer::Body(400, "no_service".to_owned())]);
    let channels =
        [webhook("broken", &broken.url("/")), webhook("fine", &fine.url("/")), webhook("refusing", &refusing.url("/"))];
    let tapline = Tapline::start(&config(&kafka, QUICK, &format!("{BEHIND}\n{}", channels.concat())))?;
    fine.wait_for(1)?;
    let channel = |all: &Value, name: &str| {
        let channels = all["channels"].as_array().cloned().unwrap_or_default();
        channels.into_iter().find(|channel| channel["name"] == name).unwrap_or_default()
    };
    let all = until(&tapline, "one waits and one was given up", |all| {
        channel(all, "broken")["waiting"] == 1 && channel(all, "refusing")["undelivered"] == 1
    })?;
    ensure!(channel(&all, "broken")["problem"].is_string(), "{all}");
    ensure!(channel(&all, "refusing")["problem"] == "400 Bad Request: no_service", "{all}");
    ensure!(all["detail"].as_str().is_some_and(|it| it.contains("do not take messages")), "{all}");
    // 5, 10 and 30 s lie between, more or less.
    let calls = wait_for("the fourth call", Duration::from_secs(120), || {
        Ok(Some(broken.requests()).filter(|calls| calls.len() >= 4))
    })?;
    let ids: Vec<&str> = calls.iter().map(|call| header(call, "webhook-id")).collect::<Result<_>>()?;
    ensure!(ids.iter().all(|id| *id == ids[0]), "one message: {ids:?}");
    ensure!(calls.iter().all(|call| call.body == calls[0].body), "the same is told each time");
    until(&tapline, "it was taken", |all| channel(all, "broken")["waiting"] == 0)?;
    ensure!(refusing.requests().len() == 1, "what is refused is not sent again");
    Ok(())
}

#[test]
fn addresses_of_the_own_network_are_refused() -> Result<()> {
    let kafka = shop()?;
    let (inside, outside) = (Receiver::start()?, Receiver::start()?);
    let by_name = inside.url("/").replace("127.0.0.1", "localhost");
    outside.answer([Answer::Redirect(inside.url("/")), Answer::Redirect(inside.url("/"))]);
    let private = |name: &str, url: &str| format!("[alerts.channels.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\n");
    let channels = [
        private("address", &inside.url("/")),
        private("name", &by_name),
        // It may be called itself, and leads to one that may not.
        webhook("leading", &outside.url("/")),
    ];
    let tapline = Tapline::start(&config(&kafka, QUICK, &channels.concat()))?;
    for (channel, said) in [("address", "own network"), ("name", "own network"), ("leading", "leads elsewhere")] {
        let (status, test) = tapline.post(&format!("/api/v1/channels/{channel}/test"), &serde_json::json!({}))?;
        ensure!(status == 200 && test["taken"] == false, "{channel}: {test}");
        ensure!(test["answer"].as_str().is_some_and(|it| it.contains(said)), "{channel}: {test}");
    }
    ensure!(inside.requests().is_empty(), "{:?}", inside.requests());
    ensure!(tapline.post("/api/v1/channels/nobody/test", &serde_json::json!({}))?.0 == 404);
    Ok(())
}

#[test]
fn a_message_that_was_decided_survives_kill_nine_and_is_the_same() -> Result<()> {
    let kafka = shop()?;
    let hook = Receiver::start()?;
    hook.answer([Answer::Hang]);
    let more = format!("{BEHIND}\n{}", webhook("hook", &hook.url("/")));
    let mut tapline = Tapline::start(&config(&kafka, QUICK, &more))?;
    hook.wait_for(1)?;
    tapline.kill9()?;
    tapline.restart()?;
    let calls = hook.wait_for(2)?;
    ensure!(header(&calls[0], "webhook-id")? == header(&calls[1], "webhook-id")?, "{calls:?}");
    // The page has another port after the restart; what is told is the same.
    ensure!(calls[0].json()?["alerts"] == calls[1].json()?["alerts"], "{calls:?}");
    let all = until(&tapline, "it fires still", |all| fires(all, "Behind"))?;
    ensure!(all["alerts"][0]["told"] == serde_json::json!(["hook"]), "{all}");
    // Its end, and nothing else, is told after that.
    commit(&kafka, "billing", 100)?;
    let calls = hook.wait_for(3)?;
    ensure!(calls[2].json()?["status"] == "resolved" && calls.len() == 3, "{calls:?}");
    Ok(())
}
