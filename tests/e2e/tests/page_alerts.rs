//! Alerts in a real browser, on a real Kafka with a real consumer: it is slowed, the sentence changes, a receiver is told,
//! and told that it is over; and a rule is written on the page.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tapline_e2e::shop::{READS, SLEEPS, Shop};
use tapline_kit::receiver::Receiver;
use tapline_kit::{Browser, Kafka, Tapline, wait_for};

#[test]
fn a_consumer_that_stands_still_is_told_to_a_receiver_and_on_the_page() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 3, &[])?;
    let hook = Receiver::start()?;
    let tapline = Tapline::start(&format!(
        "[lag]\ninterval = \"1s\"\n[alerts]\ninterval = \"1s\"\ngroup_wait = \"0s\"\ngroup_interval = \"1s\"\n\
         [alerts.rules.GroupStandsStill]\ncondition = \"group_stands_still\"\nlabels = {{ severity = \"critical\" }}\n\
         [alerts.channels.hook]\nkind = \"webhook\"\nurl = \"{}\"\nallow_private = true\n\
         [sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n",
        hook.url("/"),
        kafka.bootstrap()
    ))?;
    let shop = Shop::open(&kafka)?;
    wait_for("the group to be judged", Duration::from_secs(120), || {
        let rows = tapline.sql("SELECT count(*) FROM lag WHERE group_name = 'shipping' AND state = 'ok'")?;
        Ok((rows[0][0] == json!(3)).then_some(()))
    })?;
    tokio::runtime::Runtime::new()?.block_on(look(&tapline, &shop, &hook))
}

/// Waits for what a receiver is told; the page has to be seen in between.
fn told(hook: &Receiver, status: &str) -> Result<()> {
    wait_for(&format!("`{status}` at the receiver"), Duration::from_secs(120), || {
        let bodies = hook.requests().iter().map(|call| call.json()).collect::<Result<Vec<_>>>()?;
        let holds = |body: &serde_json::Value| {
            let alerts = body["alerts"].as_array().into_iter().flatten();
            alerts.clone().any(|it| it["labels"]["alertname"] == "GroupStandsStill" && it["status"] == status)
        };
        Ok(bodies.iter().any(holds).then_some(()))
    })
}

async fn look(tapline: &Tapline, shop: &Shop, hook: &Receiver) -> Result<()> {
    let browser = Browser::open(1440, 1000).await?;
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.find("h1").await?;
    browser.press("ga").await?;
    browser.until_text_of("h1", "No alert fires").await?;
    browser.until("document.querySelectorAll('.rules tbody tr').length === 13").await?;

    shop.now(SLEEPS);
    told(hook, "firing")?;
    browser.until_text_of("h1", "One alert fires: shipping has stopped on orders/").await?;
    browser.until_text_of(".firing li", "See on which event it stands").await?;
    browser.until_text_of(".firing li", "hook").await?;
    browser.until_text_of(".nav a[href^='/alerts'] .n", "1").await?;
    browser.picture("alerts-firing").await?;
    // It leads to the page that explains it.
    browser.click(".firing li a.btn").await?;
    browser.until_text_of("h1", "shipping has stopped on orders/").await?;
    browser.press("ga").await?;

    shop.now(READS);
    told(hook, "resolved")?;
    browser.until_text_of("h1", "No alert fires").await?;
    browser.until_text_of(".alerts-low", "GroupStandsStill").await?;
    let fired = tapline.sql("SELECT count(*) FROM alert_history WHERE rule = 'GroupStandsStill'")?;
    ensure!(fired == [vec![json!(1)]], "once: {fired:?}");

    write_a_rule(&browser, tapline).await?;
    let complaints = browser.complaints().await?;
    ensure!(json!(complaints) == json!([]), "the browser complains: {complaints:?}");
    Ok(())
}

async fn write_a_rule(browser: &Browser, tapline: &Tapline) -> Result<()> {
    browser.click_on("New rule").await?;
    browser.find(".rule-form").await?;
    // As a person types: the page hears of each field.
    let fill = |css: &str, text: &str| {
        format!(
            "{{ const it = document.querySelector({css:?}); \
             Object.getOwnPropertyDescriptor(Object.getPrototypeOf(it), 'value').set.call(it, {text:?}); \
             it.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }}"
        )
    };
    browser.script(&fill(".rule-form input", "MuchUnread")).await?;
    browser.click_on("Expression").await?;
    browser.find(".rule-form textarea[aria-label=Expression]").await?;
    browser
        .script(&fill(".rule-form textarea[aria-label=Expression]", "kafka_consumergroup_group_sum_lag > 1000000"))
        .await?;
    // It stands beneath the fields, which scroll.
    browser.script("document.querySelector('.rule-form .ask .btn').scrollIntoView({ block: 'center' })").await?;
    browser.click_on("Preview").await?;
    browser.until_text_of(".tried-rule", "would not have fired").await?;
    browser.picture("alerts-preview").await?;
    browser.click_on("Save").await?;
    wait_for("the rule is kept", Duration::from_secs(30), || {
        Ok((tapline.get("/api/v1/alert-rules/MuchUnread")?.0 == 200).then_some(()))
    })?;
    let kept = tapline.get("/api/v1/alert-rules/MuchUnread")?.1;
    ensure!(kept["rule"]["expr"] == "kafka_consumergroup_group_sum_lag > 1000000", "{kept}");
    kept["origin"].as_str().filter(|origin| *origin == "page").map(drop).context("it was written on the page")
}
