//! The live tail of the page: events are counted while nobody wants to see them, and none is forgotten.

use anyhow::{Context, Result, ensure};
use tapline_kit::{Browser, Kafka, Producer, Record, Tapline};

/// More than the server hands over at once, and far more than the page holds.
const FLOOD: usize = 6_000;

fn orders(from: usize, count: usize) -> Vec<Record> {
    let order = |number: usize| Record::new("orders", 0, format!("{{\"n\":{number}}}")).key(format!("order-{number}"));
    (from..from + count).map(order).collect()
}

#[test]
fn what_comes_while_the_tail_is_paused_is_counted_and_then_shown() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let producer = kafka.producer()?;
    producer.send_all(&orders(0, 300))?;
    let tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))?;
    // The kit's administration blocks, so only the browser's part runs in a runtime.
    tokio::runtime::Runtime::new()?.block_on(async {
        let browser = Browser::open(1280, 1000).await?;
        browser.go(&format!("{}/events", tapline.address())).await?;
        paused(&browser, &producer).await?;
        further_down(&browser, &producer).await
    })
}

async fn paused(browser: &Browser, producer: &Producer) -> Result<()> {
    shows(browser, "order-299").await?;
    browser.until_text_of(".evp .head", "Live").await?;
    browser.click_on("Pause").await?;
    browser.until_text_of(".evp .head", "Paused").await?;
    producer.send_all(&orders(300, FLOOD))?;
    browser.until_text_of(".evp .head", "6,000 not drawn").await?;
    let list = browser.text_of("table.ev").await?;
    ensure!(list.contains("order-299") && !list.contains("order-6299"), "the list stands still:\n{list}");
    browser.picture("live-paused").await?;
    browser.click_on("Resume").await?;
    shows(browser, "order-6299").await?;
    browser.until_text_of(".evp .head", "0 not drawn").await?;
    producer.send_all(&orders(6_300, 1))?;
    shows(browser, "order-6300").await
}

/// Someone reads an old row: it stays where it is.
async fn further_down(browser: &Browser, producer: &Producer) -> Result<()> {
    browser.script("document.querySelector('.page').scrollTop = 3000").await?;
    browser.until("!document.querySelector('table.ev').innerText.includes('order-6300')").await?;
    producer.send_all(&orders(6_301, 900))?;
    browser.until(&format!("({COUNTS}).reduce((one, other) => one + other, 0) === 900")).await?;
    let counts = browser.script(&format!("return {COUNTS}")).await?;
    let held = counts[0].as_u64().context("a count")?;
    ensure!((1..=500).contains(&held), "{held} events are held");
    browser.picture("live-held").await?;
    browser.click_on(&held.to_string()).await?;
    shows(browser, "order-7200").await
}

/// Events that wait above, and events that are only counted.
const COUNTS: &str = r"[/(\d+) new event/, /(\d+) not drawn/]
    .map(count => Number(document.querySelector('.evp .head').innerText.match(count)?.[1] ?? 0))";

async fn shows(browser: &Browser, key: &str) -> Result<()> {
    browser.until_text_of("table.ev tbody", key).await
}
