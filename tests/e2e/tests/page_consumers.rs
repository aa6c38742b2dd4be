//! Consumers in a real browser, on a real Kafka with a real consumer: who is behind, on which event it stands, and that it
//! recovers.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tapline_e2e::shop::{READS, SLEEPS, Shop};
use tapline_kit::{Browser, Kafka, Tapline, wait_for};

#[test]
fn who_stands_still_is_told_with_its_event_and_recovers() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 3, &[("retention.ms", "3600000")])?;
    let tapline = Tapline::start(&format!(
        "[lag]\ninterval = \"1s\"\n[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n",
        kafka.bootstrap()
    ))?;
    let shop = Shop::open(&kafka)?;
    wait_for("the group to be judged", Duration::from_secs(120), || {
        let rows =
            tapline.sql("SELECT count(*) FROM lag WHERE group_name = 'shipping' AND state = 'ok' AND read_rate > 0")?;
        Ok((rows[0][0] == json!(3)).then_some(()))
    })?;
    tokio::runtime::Runtime::new()?.block_on(look(&tapline, &shop))
}

async fn look(tapline: &Tapline, shop: &Shop) -> Result<()> {
    let browser = Browser::open(1440, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find("h1").await?;
    browser.press("gc").await?;
    browser.until_text_of("h1", "The one group keeps up").await?;
    browser.until_text_of(".opened .pill", "Keeps up").await?;

    shop.now(SLEEPS);
    stands(tapline, "stop")?;
    browser.until_text_of("h1", "shipping has stopped on orders/").await?;
    browser.until_text_of(".opened .pill", "Standing still").await?;
    browser.until_text_of(".found li.bad", "stands at offset").await?;
    browser.until_text_of(".mem-t", "shipping-1").await?;
    browser.until_text_of(".nav a[href^='/consumers'] .n", "1").await?;
    browser.until("document.querySelectorAll('.hr svg path').length >= 3").await?;
    browser.picture("consumers-standing").await?;

    // The event that it would read next.
    browser.click(".found li.bad a").await?;
    browser.until_text_of("h1", "The chain of orders").await?;
    browser.press("gc").await?;
    browser.until_text_of(".opened .pill", "Standing still").await?;

    shop.now(READS);
    stands(tapline, "ok")?;
    browser.until_text_of("h1", "The one group keeps up").await?;
    browser.until_text_of(".opened .pill", "Keeps up").await?;
    let kept = tapline.sql("SELECT count(DISTINCT partition) FROM lag_history WHERE group_name = 'shipping'")?;
    ensure!(kept[0][0] == json!(3), "how it went is kept: {kept:?}");
    let complaints = browser.complaints().await?;
    ensure!(json!(complaints) == json!([]), "the browser complains: {complaints:?}");
    Ok(())
}

/// The page asks each ten seconds; waiting for it begins when there is something to be seen.
fn stands(tapline: &Tapline, state: &str) -> Result<()> {
    wait_for(&format!("the group to be `{state}`"), Duration::from_secs(120), || {
        let rows = tapline.sql("SELECT state FROM groups WHERE name = 'shipping'")?;
        Ok((rows == [vec![json!(state)]]).then_some(()))
    })
}
