//! The broker goes away, or what is written to, while a replay runs.

use anyhow::{Context, Result};
use serde_json::json;
use tapline_kit::wait_for;

use crate::world::{SOON, broker, everything, header, plan, replay, start, tapline, until};

const DEAD: u64 = 3_000;

#[test]
fn a_broker_that_is_killed_is_waited_for_and_gets_each_once() -> Result<()> {
    let mut kafka = broker(DEAD)?;
    let tapline = tapline(&kafka, DEAD, "[replays]\nsettle = \"1s\"\n")?;
    let id = start(&tapline, &plan(&tapline, &json!({"rate": 1_000}))?)?;
    wait_for("some to be sent", SOON, || {
        Ok((replay(&tapline, &id)?["progress"]["confirmed"].as_u64() > Some(300)).then_some(()))
    })?;
    kafka.kill9()?;
    let waiting = wait_for("what it waits for", SOON, || {
        let now = replay(&tapline, &id)?;
        Ok(now["why"].is_string().then_some(now))
    })?;
    assert_eq!(waiting["state"], "running", "{waiting}");
    kafka.restart()?;
    let done = until(&tapline, &id, "done")?;
    assert_eq!(done["progress"]["confirmed"], DEAD, "{done}");
    let mut items: Vec<String> = everything(&kafka, "orders")?
        .into_values()
        .flatten()
        .map(|record| header(&record, "tapline-replay-item").context("not one of ours"))
        .collect::<Result<_>>()?;
    items.sort();
    items.dedup();
    assert_eq!(items.len() as u64, DEAD, "each is there");
    assert_eq!(everything(&kafka, "orders")?.values().map(Vec::len).sum::<usize>() as u64, DEAD, "and none is twice");
    Ok(())
}

#[test]
fn a_target_that_is_deleted_stops_it_and_is_not_made_again() -> Result<()> {
    let kafka = broker(DEAD)?;
    let tapline = tapline(&kafka, DEAD, "[replays]\nsettle = \"1s\"\n")?;
    let id = start(&tapline, &plan(&tapline, &json!({"rate": 500}))?)?;
    wait_for("some to be sent", SOON, || {
        Ok((replay(&tapline, &id)?["progress"]["confirmed"].as_u64() > Some(100)).then_some(()))
    })?;
    kafka.admin()?.delete_topic("orders")?;
    let stopped = until(&tapline, &id, "stopped")?;
    assert!(stopped["why"].as_str().is_some_and(|why| why.contains("orders")), "{stopped}");
    let topics = kafka.admin()?.snapshot()?.topics;
    assert!(!topics.contains_key("orders"), "{topics:?}");
    let (status, refused) = tapline.post(&format!("/api/v1/replays/{id}/resume"), &json!({"who": "mara"}))?;
    assert_eq!((status, refused["code"].as_str()), (422, Some("replay_refused")), "{refused}");
    Ok(())
}
