//! Who may start what, and the same by commands.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tapline_kit::{Tapline, tapline::binary, wait_for};

use crate::world::{SOON, ask, broker, plan, replay, tapline, until};

#[test]
fn a_large_replay_waits_for_a_second_person() -> Result<()> {
    let kafka = broker(18)?;
    let tapline = tapline(&kafka, 18, "[replays]\nsecond_person_above = 10\n")?;
    let planned = plan(&tapline, &json!({}))?;
    assert_eq!(planned["plan"]["needs_second_person"], true, "{planned}");
    let act = |verb: &str, who: &str| {
        tapline.post(&format!("/api/v1/replays/r-1/{verb}"), &json!({"etag": planned["etag"], "who": who}))
    };
    for (verb, who) in [("start", "jo"), ("confirm", "mara")] {
        let (status, refused) = act(verb, who)?;
        assert_eq!((status, refused["code"].as_str()), (403, Some("second_person")), "{verb}: {refused}");
    }
    let (status, confirmed) = act("confirm", "jo")?;
    assert_eq!((status, confirmed["plan"]["confirmed_by"].as_str()), (200, Some("jo")), "{confirmed}");
    let (status, started) = act("start", "mara")?;
    assert_eq!(status, 200, "{started}");
    let done = until(&tapline, "r-1", "done")?;
    let history = done["history"].as_array().context("no history")?;
    assert!(history.iter().any(|entry| entry["action"] == "replay.confirm" && entry["who"] == "jo"), "{done}");
    let small = plan(&tapline, &json!({"select": {"sql": "SELECT address FROM dead_letters LIMIT 5"}}))?;
    assert_eq!(small["plan"]["needs_second_person"], false, "{small}");
    Ok(())
}

#[test]
fn production_asks_for_its_name() -> Result<()> {
    let kafka = broker(6)?;
    let tapline = tapline(&kafka, 6, "[environment]\nname = \"shop-prod\"\nconfirm_replays = true\n")?;
    let planned = plan(&tapline, &json!({}))?;
    let start = |environment: Value| {
        let body = json!({"etag": planned["etag"], "who": "mara", "environment": environment});
        tapline.post("/api/v1/replays/r-1/start", &body)
    };
    for wrong in [Value::Null, json!("shop-staging")] {
        let (status, refused) = start(wrong)?;
        assert_eq!((status, refused["code"].as_str()), (403, Some("environment_required")), "{refused}");
    }
    assert_eq!(replay(&tapline, "r-1")?["state"], "planned");
    let (status, started) = start(json!("shop-prod"))?;
    assert_eq!(status, 200, "{started}");
    until(&tapline, "r-1", "done")?;
    Ok(())
}

/// Runs a command against a server; answers its exit code and what it printed.
fn run(tapline: &Tapline, arguments: &[&str]) -> Result<(i32, String)> {
    let mut command = Command::new(binary()?);
    command.args(arguments).args(["--server", tapline.address(), "--who", "mara"]);
    let Output { status, stdout, stderr } = command.output()?;
    let printed = String::from_utf8(stdout)? + &String::from_utf8_lossy(&stderr);
    Ok((status.code().context("it was killed")?, printed))
}

#[test]
fn commands_do_all_of_it() -> Result<()> {
    let kafka = broker(18)?;
    let tapline = tapline(&kafka, 18, "[replays]\nwatch = \"2s\"\n")?;
    let json = |arguments: &[&str]| -> Result<Value> {
        let (code, printed) = run(&tapline, &[arguments, &["--json"]].concat())?;
        ensure!(code == 0, "{arguments:?}: {code} {printed}");
        Ok(serde_json::from_str(&printed)?)
    };
    let causes = json(&["dlq"])?;
    let cause = causes["causes"][0]["fingerprint"].as_str().context("no cause")?.to_owned();
    let (code, shown) = run(&tapline, &["dlq", "show", &cause])?;
    assert!(code == 0 && shown.contains("card type"), "{code} {shown}");
    assert_eq!(json(&["dlq", "members", &cause])?["members"].as_array().map(Vec::len), Some(18));
    json(&["dlq", "set", &cause, "fixing", "--note", "in 1.4.2"])?;
    let (code, refused) = run(&tapline, &["replay", "plan", "--cause", "nothing", "--reason", "x"])?;
    assert!(code == 1 && refused.contains("nothing"), "{code} {refused}");
    let (code, _) = run(&tapline, &["replay", "plan", "--cause", &cause, "--rate", "x", "--reason", "x"])?;
    assert_eq!(code, 2);

    let change = ".payload.amount = 2";
    let planned = json(&["replay", "plan", "--cause", &cause, "--reason", "fixed", "--transform", change])?;
    let etag = planned["etag"].as_str().context("no etag")?;
    let (code, refused) = run(&tapline, &["replay", "start", "r-1", "--etag", "another"])?;
    assert!(code == 1 && refused.contains("plan"), "{code} {refused}");
    let (code, watched) = run(&tapline, &["replay", "start", "r-1", "--etag", etag, "--wait"])?;
    assert!(code == 0 && watched.contains("18 of 18 sent"), "{code} {watched}");
    assert_eq!(json(&["replay", "items", "r-1", "--delivery", "confirmed"])?["count"], 18);
    let audit = json(&["replay", "audit", "--subject", "r-1"])?;
    assert!(
        audit["entries"].as_array().is_some_and(|all| all.iter().any(|one| one["action"] == "replay.start")),
        "{audit}"
    );

    ask(&tapline, "/api/v1/replays", &json!({"select": {"sql": "SELECT address FROM dead_letters"}, "reason": "x"}))?;
    assert_eq!(run(&tapline, &["replay", "discard", "r-2"])?.0, 0);
    assert_eq!(json(&["replay", "list"])?["replays"].as_array().map(Vec::len), Some(1));
    wait_for("nothing to wait any more", SOON, || {
        Ok((json(&["dlq"])?["causes"][0]["waiting"].as_u64().unwrap_or(0) == 0).then_some(()))
    })?;
    Ok(())
}
