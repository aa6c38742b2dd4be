//! The newcomer's tour, in a real browser on the demo: from the Overview's sentence to the story of an order.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tapline_kit::{Browser, Tapline, wait_for};

/// A shop fast enough that every kind of trouble has happened when the tour begins.
fn shop() -> Result<Tapline> {
    let tapline = Tapline::demo(&["--orders-per-minute", "240", "--history-minutes", "30"])?;
    wait_for("dead letters in the demo's past", Duration::from_secs(120), || {
        let dead = tapline.sql("SELECT count(*) FROM dead_letters WHERE destination = 'orders-dlt'")?;
        Ok((dead[0][0].as_u64() > Some(3)).then_some(()))
    })?;
    Ok(tapline)
}

/// Pictures of a run, to look at after a failure.
fn picture(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join("tapline-pictures");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{name}.png")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_finds_out_why_an_order_failed() -> Result<()> {
    let tapline = shop()?;
    let dead = tapline.sql(
        "SELECT CAST(key AS VARCHAR) FROM dead_letters WHERE destination = 'orders-dlt' ORDER BY timestamp LIMIT 1",
    )?;
    let order = dead[0][0].as_str().context("dead letters of the shop have a key")?.to_owned();
    let browser = Browser::open(1280, 1000).await?;

    browser.go(&format!("{}/", tapline.address())).await?;
    // Before the answer another sentence stands in its place.
    browser.until_text("orders-dlt").await?;
    let headline = browser.text_of("h1").await?;
    ensure!(!headline.is_empty(), "the overview answers in a sentence");
    browser.screenshot(&picture("overview")?).await?;

    browser.press("ge").await?;
    browser.find("table.ev tbody tr").await?;
    ensure!(browser.url().await?.contains("/events"), "g e leads to the events");
    browser.screenshot(&picture("events")?).await?;

    browser.press("/").await?;
    browser.press(&order).await?;
    browser.find("#hits [role=option]").await?;
    browser.press("\u{E007}").await?;
    browser.until_text(&order).await?;
    let url = browser.url().await?;
    ensure!(url.contains("/chain/"), "the search box leads to the chain, not to {url}");
    browser.until_text("orders-dlt").await?;
    browser.until_text("InvalidFormatException").await?;
    browser.screenshot(&picture("chain")?).await?;

    browser.press("gs").await?;
    browser.find("textarea").await?;
    browser.find("table tbody tr").await?;
    browser.screenshot(&picture("sql")?).await?;

    browser.go(&format!("{}/system", tapline.address())).await?;
    browser.until_text("shop").await?;
    browser.until_text("limits.memory").await?;
    browser.screenshot(&picture("system")?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_link_shows_the_same_event() -> Result<()> {
    let tapline = shop()?;
    let rows =
        tapline.sql("SELECT address FROM events WHERE destination = 'orders' ORDER BY timestamp DESC LIMIT 1")?;
    let address = rows[0][0].as_str().context("an address is text")?.to_owned();
    let browser = Browser::open(1280, 1000).await?;
    let encoded: String = address.replace('%', "%25").replace('/', "%2F");
    browser.go(&format!("{}/events?event={encoded}", tapline.address())).await?;
    browser.find(".drawer").await?;
    browser.until_text("Headers").await?;
    let offset = address.rsplit('/').next().context("four segments")?;
    let shown = browser.text_of(".drawer").await?.replace(',', "");
    ensure!(shown.contains(offset), "the drawer shows offset {offset}:\n{shown}");
    browser.screenshot(&picture("drawer")?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn back_after_esc_does_not_open_the_drawer_again() -> Result<()> {
    const ESC: &str = "\u{E00C}";
    let tapline = shop()?;
    let browser = Browser::open(1280, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find("h1").await?;
    browser.press("ge").await?;
    browser.find("table.ev tbody tr").await?;
    browser.press("j\u{E007}").await?;
    browser.find(".drawer").await?;
    browser.press("j").await?;
    // Twice in one breath: the page before must not be left with the drawer.
    browser.press(&ESC.repeat(2)).await?;
    browser.until_path("/events").await?;
    ensure!(browser.count(".drawer").await? == 0, "Esc closes the drawer");
    browser.script("history.back()").await?;
    browser.until_path("/").await?;
    ensure!(browser.count(".drawer").await? == 0, "Back leaves the events");

    // A copied link has nothing behind it to return to: the page stays.
    let rows = tapline.sql("SELECT address FROM events WHERE destination = 'orders' LIMIT 1")?;
    let address = rows[0][0].as_str().context("an address is text")?.replace('%', "%25").replace('/', "%2F");
    browser.go(&format!("{}/events?event={address}", tapline.address())).await?;
    browser.find(".drawer").await?;
    browser.press(ESC).await?;
    browser.until_path("/events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_chains_share_is_listed_and_not_told_as_a_story() -> Result<()> {
    let tapline = shop()?;
    let rows = tapline.sql(
        "SELECT id(ids, 'customerId') AS customer FROM events WHERE destination = 'orders' GROUP BY 1 \
         ORDER BY count(*) DESC LIMIT 1",
    )?;
    let customer = rows[0][0].as_str().context("orders name their customer")?.to_owned();
    let browser = Browser::open(1280, 1000).await?;
    browser.go(&format!("{}/chain/customerId={customer}?view=timeline", tapline.address())).await?;
    browser.until_text("not one story").await?;
    browser.find(".table-view tbody tr").await?;
    ensure!(browser.count("[role=tab]").await? == 1, "there is no timeline of what was never handed on");
    let facts = browser.text_of(".facts").await?;
    ensure!(!facts.contains("State") && !facts.contains("Lasted"), "no state of a thing that has none:\n{facts}");
    Ok(())
}
