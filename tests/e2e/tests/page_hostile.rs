//! Payload text never becomes markup: what anybody can produce is shown, not run.

use std::time::Duration;

use anyhow::{Result, ensure};
use tapline_kit::{Browser, Kafka, Record, Tapline, wait_for};

const ATTACK: &str = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=2</script>";

#[test]
fn markup_in_keys_headers_types_and_payloads_is_only_text() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("hostile", 1, &[])?;
    let order = "ORD-66600066";
    let json = serde_json::json!({ "orderId": order, ATTACK: ATTACK, "note": ATTACK, "nested": [{ "id": ATTACK }] });
    let records = [
        Record::new("hostile", 0, json.to_string())
            .key(order)
            .cloud_event(ATTACK, ATTACK, ATTACK)
            .header(ATTACK, Some(ATTACK.as_bytes())),
        Record::new("hostile", 0, ATTACK).key(ATTACK),
        Record::new("hostile", 0, json.to_string())
            .key(order)
            .header("kafka_dlt-original-topic", Some(ATTACK.as_bytes()))
            .header("kafka_dlt-original-partition", Some(&0i32.to_be_bytes()))
            .header("kafka_dlt-original-offset", Some(&0i64.to_be_bytes()))
            .header("kafka_dlt-exception-fqcn", Some(ATTACK.as_bytes()))
            .header("kafka_dlt-exception-message", Some(ATTACK.as_bytes()))
            .header("kafka_dlt-exception-stacktrace", Some(ATTACK.as_bytes())),
    ];
    kafka.producer()?.send_all(&records)?;
    let tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))?;
    wait_for("three rows", Duration::from_secs(60), || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(3)).then_some(()))
    })?;
    // The kit's administration blocks, so only the browser's part runs in a runtime.
    tokio::runtime::Runtime::new()?.block_on(look(tapline.address()))
}

async fn look(base: &str) -> Result<()> {
    let browser = Browser::open(1280, 1000).await?;
    let query = |sql: &str| format!("/sql?sql={}", sql.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>());
    let (values, alias) =
        (query("SELECT * FROM events"), query(&format!("SELECT 1 AS \"{}\"", ATTACK.replace('"', "\"\""))));
    let pages = [
        "/",
        "/events",
        "/chain/ORD-66600066",
        "/events?event=shop%2Fhostile%2F0%2F0",
        "/events?event=shop%2Fhostile%2F0%2F2",
        &values,
        &alias,
    ];
    for page in pages {
        browser.go(&format!("{base}{page}")).await?;
        browser.find("h1").await?;
        if page.starts_with("/sql") {
            // The query itself holds the attack too.
            browser.find("table.res tbody tr").await?;
            let shown = browser.text_of("table.res").await?;
            ensure!(shown.contains("onerror"), "{page} shows:\n{shown}");
        }
        browser.until_text(if page == "/" { "hostile" } else { "onerror" }).await?;
        let marks = browser.script("return [window.pwned === undefined, document.querySelectorAll('img').length, document.querySelectorAll('script:not([src])').length]").await?;
        ensure!(marks == serde_json::json!([true, 0, 0]), "{page}: {marks}");
    }
    Ok(())
}
