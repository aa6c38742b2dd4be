//! Killed at random while alerts begin, end, and are told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::Rng;
use tapline_kit::receiver::Receiver;
use tapline_kit::{Tapline, wait_for};

use super::{BEHIND, QUICK, alerts, commit, config, shop, webhook};

const GROUPS: usize = 12;

/// What a receiver that knows messages by their ids has heard: how often each group fired, and how often that ended.
fn heard(hook: &Receiver) -> Result<BTreeMap<String, (usize, usize)>> {
    let (mut seen, mut heard) = (BTreeSet::new(), BTreeMap::<String, (usize, usize)>::new());
    for call in hook.requests() {
        if !seen.insert(call.header("webhook-id").context("an id")?.to_owned()) {
            continue;
        }
        for alert in call.json()?["alerts"].as_array().into_iter().flatten() {
            let group = alert["labels"]["group"].as_str().context("a group")?.to_owned();
            let counts = heard.entry(group).or_default();
            if alert["status"] == "firing" { counts.0 += 1 } else { counts.1 += 1 }
        }
    }
    Ok(heard)
}

#[test]
fn killed_at_random_no_alert_is_told_twice_and_none_is_lost() -> Result<()> {
    let kafka = shop()?;
    commit(&kafka, "billing", 100)?;
    let hook = Receiver::start()?;
    let more = format!("{BEHIND}\n{}", webhook("hook", &hook.url("/")));
    let mut tapline = Tapline::start(&config(&kafka, QUICK, &more))?;
    let mut random = rand::rng();
    let group = |n: usize| format!("group-{n}");
    // Each begins to be late, and half of them are on time again before all have begun.
    for n in 0..GROUPS {
        commit(&kafka, &group(n), 5)?;
        if n >= GROUPS / 2 {
            commit(&kafka, &group(n - GROUPS / 2), 100)?;
        }
        std::thread::sleep(Duration::from_millis(random.random_range(300..2_500))); // tidy: wait
        tapline.kill9()?;
        tapline.restart()?;
    }
    // Who was on time again before anybody looked was never late.
    let late = GROUPS / 2;
    wait_for("those that are late are told", Duration::from_secs(90), || {
        let heard = heard(&hook)?;
        Ok((late..GROUPS).all(|n| heard.contains_key(&group(n))).then_some(()))
    })?;
    for n in late..GROUPS {
        commit(&kafka, &group(n), 100)?;
    }
    wait_for("all is over and told", Duration::from_secs(90), || {
        let all = alerts(&tapline)?;
        let is_over = all["alerts"].as_array().is_some_and(Vec::is_empty) && all["channels"][0]["waiting"] == 0;
        let heard = heard(&hook)?;
        Ok((is_over && heard.values().all(|(fired, ended)| fired == ended)).then_some(()))
    })
    .with_context(|| format!("{:?}\n{}", heard(&hook), tapline.log()))?;
    for (group, counts) in heard(&hook)? {
        ensure!(counts == (1, 1), "{group} was told {counts:?} times");
    }
    let kept = tapline.sql("SELECT labels->>'group', count(*) FROM alert_history GROUP BY 1 HAVING count(*) > 1")?;
    ensure!(kept.is_empty(), "{kept:?}");
    Ok(())
}
