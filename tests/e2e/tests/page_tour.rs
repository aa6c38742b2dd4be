//! The newcomer's tour, in a real browser on the demo: from the Overview's sentence to the story of an order.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tapline_kit::{Browser, Tapline, wait_for};

const ENTER: &str = "\u{E007}";

/// A shop fast enough that every kind of trouble has happened when the tour begins.
fn shop() -> Result<Tapline> {
    let tapline = Tapline::demo(&["--orders-per-minute", "240", "--history-minutes", "30"])?;
    wait_for("dead letters in the demo's past", Duration::from_secs(120), || {
        let dead = tapline.sql("SELECT count(*) FROM dead_letters WHERE destination = 'orders-dlt'")?;
        Ok((dead[0][0].as_u64() > Some(3)).then_some(()))
    })?;
    Ok(tapline)
}

/// README's five minutes, step by step.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_finds_out_why_an_order_failed() -> Result<()> {
    let tapline = shop()?;
    let browser = Browser::open(1280, 1000).await?;
    the_overview_leads_to_the_dead_letters(&tapline, &browser).await?;
    let order = a_dead_letter_says_why(&tapline, &browser).await?;
    its_order_leads_to_its_story(&browser, &order).await?;
    any_id_leads_anywhere(&tapline, &browser, &order).await?;

    browser.press("gs").await?;
    browser.find("textarea").await?;
    browser.find("table tbody tr").await?;
    browser.picture("sql").await?;

    browser.go(&format!("{}/system", tapline.address())).await?;
    browser.until_text("shop").await?;
    browser.until_text("limits.memory").await?;
    browser.picture("system").await
}

async fn the_overview_leads_to_the_dead_letters(tapline: &Tapline, browser: &Browser) -> Result<()> {
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find(".needs").await?;
    let headline = browser.text_of("h1").await?;
    ensure!(!headline.is_empty(), "the overview answers in a sentence");
    browser.picture("overview").await?;

    browser.click(".needs a[href^='/events'][href*='orders-dlt']").await?;
    browser.find("table.ev tbody tr[id]").await?;
    let listed = "return [...document.querySelectorAll('table.ev tbody tr[id]')].map(row => row.id)";
    let listed: Vec<String> = serde_json::from_value(browser.script(listed).await?)?;
    ensure!(listed.iter().all(|event| event.contains("/orders-dlt/")), "just the dead letters are listed: {listed:?}");
    browser.picture("events").await
}

/// Opens one of the list; the order that it is about.
async fn a_dead_letter_says_why(tapline: &Tapline, browser: &Browser) -> Result<String> {
    browser.press("jjk").await?;
    browser.press(ENTER).await?;
    browser.find(".drawer .why-dead").await?;
    browser.click_on("Show all").await?;
    let offset = browser.text_of(".drawer dt[title='kafka_original-offset'] + dd").await?;
    let offset: u64 = offset.split_whitespace().next().context("a value")?.replace(',', "").parse()?;
    let drawer = browser.text_of(".drawer").await?;
    for said in ["payments", "InvalidFormatException", "3 attempts", "CARTE_BANCAIRE"] {
        ensure!(drawer.contains(said), "the drawer says `{said}`:\n{drawer}");
    }
    let order = browser.text_of(".drawer .idlist a[title^='orderId=']").await?;
    let order = order.strip_prefix("orderId=").context("name and value")?.to_owned();
    let origin = format!(
        "SELECT count(*) FROM events WHERE destination = 'orders' AND \"offset\" = {offset} AND key_text = '{order}'"
    );
    ensure!(tapline.sql(&origin)?[0][0] == 1, "{order} was placed at offset {offset}");
    browser.picture("drawer-of-a-dead-letter").await?;
    Ok(order)
}

async fn its_order_leads_to_its_story(browser: &Browser, order: &str) -> Result<()> {
    browser.click(".drawer .idlist a[title^='orderId=']").await?;
    browser.until_text("InvalidFormatException").await?;
    let url = browser.url().await?;
    ensure!(url.contains("/chain/") && url.contains(order), "the order's ID leads to its chain, not to {url}");
    for hop in ["orders-retry-1000", "orders-retry-5000", "orders-dlt"] {
        browser.until_text(hop).await?;
    }
    browser.picture("chain").await
}

async fn any_id_leads_anywhere(tapline: &Tapline, browser: &Browser, order: &str) -> Result<()> {
    let one = |sql: String| -> Result<String> { Ok(tapline.sql(&sql)?[0][0].as_str().context("a text")?.to_owned()) };
    let customer =
        one(format!("SELECT id(ids, 'customerId') FROM events WHERE destination = 'orders' AND key_text = '{order}'"))?;
    find(browser, &customer).await?;
    let copied = browser.url().await?;
    browser.go(&copied).await?;
    browser.until_text_of("h1", &customer).await?;

    // Inventory answers what is paid, and never hands the trace on.
    let paid =
        one("SELECT key_text FROM events WHERE destination = 'inventory' ORDER BY timestamp LIMIT 1".to_owned())?;
    find(browser, &paid).await?;
    browser.until_text("inventory lost the trace").await?;
    browser.click(".answer .sub button").await?;
    browser.until("document.activeElement.querySelector('h2')?.innerText === 'Remarkable'").await
}

/// By the search box, from anywhere.
async fn find(browser: &Browser, id: &str) -> Result<()> {
    browser.press("/").await?;
    browser.press(id).await?;
    browser.find("#hits [role=option]").await?;
    browser.press(ENTER).await?;
    browser.until_text_of("h1", id).await?;
    let url = browser.url().await?;
    ensure!(url.contains("/chain/") && url.contains(id), "the search box leads to the chain of {id}, not to {url}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_saved_as_parquet_too() -> Result<()> {
    let tapline = shop()?;
    let browser = Browser::open(1280, 1000).await?;
    for (page, file) in [("/events", "events.parquet"), ("/sql?sql=SELECT%201%20AS%20one", "query.parquet")] {
        browser.go(&format!("{}{page}", tapline.address())).await?;
        browser.find("table.ev tbody tr[id], table.res tbody tr").await?;
        // Kept instead of saved: the test leaves no file behind.
        let keep = "const make = URL.createObjectURL; HTMLAnchorElement.prototype.click = () => {}; \
                    URL.createObjectURL = content => make.call(URL, window.content = content)";
        browser.script(keep).await?;
        browser.click_on("Export").await?;
        // They stood side by side, across the columns of the table.
        let beneath = "return new Set([...document.querySelectorAll('.menu .item')].map(item => item.offsetLeft)).size";
        ensure!(browser.script(beneath).await? == 1, "the choices stand beneath each other");
        browser.click_on("Parquet").await?;
        browser.until_text(&format!("Saved as {file}")).await?;
        let ends = "return Promise.all([content.slice(0, 4).text(), content.slice(-4).text()])";
        let ends = browser.script(ends).await?;
        ensure!(ends == serde_json::json!(["PAR1", "PAR1"]), "{file} is Parquet: {ends}");
    }
    Ok(())
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
    browser.picture("drawer").await
}

#[tokio::test(flavor = "multi_thread")]
async fn back_after_esc_does_not_open_the_drawer_again() -> Result<()> {
    const ESC: &str = "\u{E00C}";
    let tapline = shop()?;
    let browser = Browser::open(1280, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find("h1").await?;
    browser.press("ge").await?;
    browser.find("table.ev tbody tr[id]").await?;
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
