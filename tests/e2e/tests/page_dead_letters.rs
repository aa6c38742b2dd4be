//! Dead letters in a real browser: on the demo from the Overview's sentence to what sets a cause apart, and what people
//! say about it, by keyboard alone; on a broker what comes late.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tapline_kit::{Browser, Kafka, Record, Tapline, wait_for};

const ENTER: &str = "\u{E007}";

#[tokio::test(flavor = "multi_thread")]
async fn why_events_died_is_found_without_knowing_where_to_look() -> Result<()> {
    let tapline = Tapline::demo(&["--orders-per-minute", "240", "--history-minutes", "30"])?;
    wait_for("dead letters in the demo's past", Duration::from_secs(120), || {
        let dead = tapline.sql("SELECT count(*) FROM dead_letters WHERE destination = 'orders-dlt'")?;
        Ok((dead[0][0].as_u64() > Some(20)).then_some(()))
    })?;
    let browser = Browser::open(1280, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.click(".needs a[href*='/dead-letters?cause=']").await?;
    browser.until_text_of("h1", "CARTE_BANCAIRE").await?;

    // Nobody told Tapline which field matters.
    browser.until_text_of(".apart li:nth-child(2)", "CARTE_BANCAIRE").await?;
    let first = browser.text_of(".apart li:nth-child(2)").await?;
    ensure!(first.contains("100 %") && first.contains("0 %"), "the field that decides comes first: {first}");

    // The dead letter beside its original: the same payload, headers added.
    browser.until_text_of(".compare .same", "payload the same").await?;
    browser.until_text_of(".compare .stack", "InvalidFormatException").await?;
    browser.picture("dead-letters").await?;
    browser.click_on("One that passed").await?;
    browser.until("document.querySelector('.cmp .hit') !== null").await?;

    // What the address says is shown to whoever opens it.
    let copied = browser.url().await?;
    browser.go(&copied).await?;
    browser.until("document.querySelector('.cmp .hit') !== null").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_stays_by_keyboard_alone() -> Result<()> {
    let tapline = Tapline::demo(&["--orders-per-minute", "240", "--history-minutes", "30"])?;
    wait_for("dead letters in the demo's past", Duration::from_secs(120), || {
        let dead = tapline.sql("SELECT count(DISTINCT fingerprint) FROM dead_letters")?;
        Ok((dead[0][0].as_u64() > Some(0)).then_some(()))
    })?;
    let browser = Browser::open(1280, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find("h1").await?;
    browser.press("gd").await?;
    browser.find(".cause .head.big button").await?;
    browser.script("[...document.querySelectorAll('.cause .head.big button')].find(it => it.textContent.includes('cknowledge')).focus()").await?;
    browser.press(ENTER).await?;
    browser.find("dialog[open] textarea").await?;
    browser.script("document.querySelector('dialog[open] textarea').focus()").await?;
    browser.press("the card team knows").await?;
    browser.press("\u{E004}").await?;
    browser.press("Mara").await?;
    browser.press(ENTER).await?;
    browser.until_text_of(".cause .pill", "Acknowledged").await?;
    browser.until_text_of(".done", "Mara said: acknowledged").await?;
    browser.until_text_of(".done", "the card team knows").await?;
    let complaints = browser.complaints().await?;
    ensure!(json!(complaints) == json!([]), "the browser complains: {complaints:?}");
    Ok(())
}

/// Taps read topics each at its own pace.
#[test]
fn the_event_that_failed_comes_after_its_dead_letter() -> Result<()> {
    const PAYLOAD: &str = "{\"orderId\":\"ORD-1\"}";
    let kafka = Kafka::start()?;
    for topic in ["orders", "orders-dlt"] {
        kafka.admin()?.create_topic(topic, 1, &[])?;
    }
    let producer = kafka.producer()?;
    let letter = Record::new("orders-dlt", 0, PAYLOAD)
        .key("ORD-1")
        .header("kafka_dlt-original-topic", Some(b"orders"))
        .header("kafka_dlt-original-partition", Some(&0_i32.to_be_bytes()))
        .header("kafka_dlt-original-offset", Some(&0_i64.to_be_bytes()))
        .header("kafka_dlt-exception-fqcn", Some(b"com.example.shop.LateException"));
    producer.send(&letter)?;
    producer.flush()?;
    let source = format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap());
    let tapline = Tapline::start(&source)?;
    wait_for("the dead letter", Duration::from_secs(60), || {
        Ok((tapline.sql("SELECT count(*) FROM dead_letters")?[0][0] == 1).then_some(()))
    })?;
    // The kit's administration blocks, so only the browser's part runs in a runtime.
    let runtime = tokio::runtime::Runtime::new()?;
    let browser = runtime.block_on(async {
        let browser = Browser::open(1280, 1000).await?;
        browser.go(&format!("{}/dead-letters", tapline.address())).await?;
        browser.until_text_of(".compare .side:nth-child(2)", "orders/0/0").await?;
        anyhow::Ok(browser)
    })?;
    producer.send(&Record::new("orders", 0, PAYLOAD).key("ORD-1"))?;
    producer.flush()?;
    runtime.block_on(browser.until_text_of(".compare .same", "payload the same"))
}
