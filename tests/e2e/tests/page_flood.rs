//! Many causes: the page shows some at a time, and leads to the rest.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tapline_kit::{Browser, Kafka, Record, Tapline, wait_for};

const LETTERS: u64 = 40_000;
const CAUSES: u64 = 2_000;

/// Longest wait for what is read.
const SOON: Duration = Duration::from_secs(300);

/// As Spring's recoverer writes it; half of all are of the first cause.
fn letter(number: u64) -> Record {
    let cause = if number.is_multiple_of(2) { 0 } else { number / 2 % CAUSES };
    let (order, class) = (number / 4, format!("com.example.shop.Failure{cause}Exception"));
    let stack = format!("{class}: no\n\tat com.example.shop.Payments.charge(Payments.java:58)\n");
    Record::new("orders-dlt", 0, format!("{{\"orderId\":\"ORD-{order:08}\"}}"))
        .key(format!("ORD-{order:08}"))
        .header("kafka_dlt-original-topic", Some(b"orders"))
        .header("kafka_dlt-original-partition", Some(&0_i32.to_be_bytes()))
        .header("kafka_dlt-original-offset", Some(&number.to_be_bytes()))
        .header("kafka_dlt-original-consumer-group", Some(b"payments"))
        .header("kafka_dlt-exception-cause-fqcn", Some(class.as_bytes()))
        .header("kafka_dlt-exception-stacktrace", Some(stack.as_bytes()))
}

#[test]
fn a_flood_of_causes_stays_usable() -> Result<()> {
    let kafka = Kafka::start()?;
    for topic in ["orders", "orders-dlt"] {
        kafka.admin()?.create_topic(topic, 1, &[])?;
    }
    let producer = kafka.producer()?;
    (0..LETTERS).try_for_each(|number| producer.send(&letter(number)))?;
    producer.flush()?;
    let tapline = Tapline::start(&format!(
        "[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n",
        kafka.bootstrap()
    ))?;
    wait_for("every dead letter", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM dead_letters")?[0][0] == LETTERS).then_some(()))
    })?;
    // The kit's administration blocks, so only the browser's part runs in a runtime.
    tokio::runtime::Runtime::new()?.block_on(async {
        let browser = Browser::open(1280, 1000).await?;
        browser.go(&format!("{}/dead-letters", tapline.address())).await?;
        causes(&browser).await
    })
}

async fn causes(browser: &Browser) -> Result<()> {
    browser.until_text("Failure0Exception").await?;
    browser.picture("flood-causes").await?;
    is_bounded(browser).await?;
    browser.click_on("Further causes").await?;
    let others = "['Exception', 'Failure0Exception'].map(it => table.innerText.includes(it)).join() === 'true,false'";
    browser.until(&format!("(table => table !== null && {others})(document.querySelector('table.causes'))")).await?;
    is_bounded(browser).await
}

/// A page is slow by what it holds, not by what there is.
async fn is_bounded(browser: &Browser) -> Result<()> {
    let nodes = browser.script("return document.querySelectorAll('*').length").await?;
    let nodes = nodes.as_u64().context("a count")?;
    ensure!(nodes < 10_000, "{nodes} nodes");
    Ok(())
}
