//! Killed at random moments.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::world::{ask, broker, dead_letter, everything, header, plan, replay, start, tapline, until};

/// CI's share; `cargo xtask crash replay --kills 100` is the long form.
const KILLS: u64 = 20;
/// Items for each kill: at the rate of [`RATE`] as long as the longest time before one.
const ITEMS_A_KILL: u64 = 3_000;
const RATE: u64 = 5_000;

#[test]
fn killed_at_random_a_replay_sends_nothing_twice_and_forgets_nothing() -> Result<()> {
    let kills = std::env::var("TAPLINE_CRASH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let items = kills * ITEMS_A_KILL;
    let kafka = broker(items)?;
    let mut tapline = tapline(&kafka, items, "[replays]\nsettle = \"1s\"\n")?;
    let id = start(&tapline, &plan(&tapline, &json!({"rate": RATE}))?)?;
    let (mut random, mut killed) = (StdRng::from_os_rng(), 0);
    while killed < kills && replay(&tapline, &id)?["state"] == "running" {
        // The moment is what is random here: before a write, between a write and its sending, before an answer.
        std::thread::sleep(Duration::from_millis(random.random_range(10..600))); // tidy: wait
        tapline.kill9()?;
        killed += 1;
        tapline.restart()?;
        let now = replay(&tapline, &id)?;
        if now["state"] == "paused" {
            ask(&tapline, &format!("/api/v1/replays/{id}/resume"), &json!({"who": "mara"}))?;
        }
    }
    let done = until(&tapline, &id, "done")?;
    ensure!(killed * 2 >= kills, "it was over after {killed} kills");
    assert_eq!(done["progress"]["confirmed"], items, "{done}");

    let mut seen = HashMap::<String, u64>::new();
    let mut last = HashMap::<Option<Vec<u8>>, u64>::new();
    for (partition, records) in everything(&kafka, "orders")? {
        for record in records {
            *seen.entry(header(&record, "tapline-replay-item").context("not one of ours")?).or_default() += 1;
            let payload: Value = serde_json::from_slice(record.payload.as_deref().context("no payload")?)?;
            let number = payload["part"].as_u64().context("no part")?;
            assert_eq!(record.payload, dead_letter(number).payload);
            let before = last.insert(record.key, number);
            assert!(before.is_none_or(|before| before < number), "{number} of partition {partition}: order");
        }
    }
    let twice: Vec<&String> = seen.iter().filter(|(_, times)| **times > 1).map(|(item, _)| item).collect();
    assert!(twice.is_empty(), "{} of {items} stand there twice, after {killed} kills", twice.len());
    assert_eq!(seen.len() as u64, items, "some are missing, after {killed} kills");
    Ok(())
}
