//! A chain of as many members as there can be: shown at once, walked to its end, with no more on the page than is seen.

use std::time::Duration;

use anyhow::{Result, ensure};
use tapline_kit::{Browser, Kafka, Record, Tapline, wait_for};

const MEMBERS: usize = 5_000;
const RUN: &str = "import-2026-11-22";

/// A run of 4,999 lines that one event began.
fn import() -> Vec<Record> {
    let begin = 1_795_300_000_000;
    let record = |number: usize| {
        let (topic, kind) = if number == 0 { ("imports", "ImportStarted") } else { ("lines", "LineImported") };
        let mut record = Record::new(topic, 0, format!("{{\"line\":{number}}}"))
            .cloud_event(kind, &format!("line-{number}"), "importer")
            .header("correlation-id", Some(RUN.as_bytes()));
        record.timestamp = Some(begin + 20 * number as i64);
        record
    };
    (0..MEMBERS).map(record).collect()
}

#[test]
fn a_chain_of_five_thousand_members_is_walked_to_its_end() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("imports", 1, &[])?;
    kafka.admin()?.create_topic("lines", 1, &[])?;
    kafka.producer()?.send_all(&import())?;
    let tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))?;
    wait_for("all rows", Duration::from_secs(60), || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(MEMBERS as u64)).then_some(()))
    })?;
    // The kit's administration blocks, so only the browser's part runs in a runtime.
    tokio::runtime::Runtime::new()?.block_on(async {
        let browser = Browser::open(1280, 1000).await?;
        for (view, row) in [("types=0", ".wr"), ("view=table", ".table-view tbody tr"), ("view=sequence", ".sr")] {
            browser.go(&format!("{}/chain/{RUN}?{view}", tapline.address())).await?;
            walk(&browser, view, row).await?;
        }
        gathered(&browser, tapline.address()).await
    })
}

/// From the first member to the last, into the drawer, and back by key.
async fn walk(browser: &Browser, view: &str, row: &str) -> Result<()> {
    browser.until_text_of(".facts", "5,000").await?;
    browser.find(row).await?;
    is_bounded(browser, view).await?;
    browser.script("const page = document.querySelector('.page'); page.scrollTop = page.scrollHeight").await?;
    let last = format!("[...document.querySelectorAll('{row}')].find(row => row.innerText.includes(LAST))");
    // The sequence tells times, not offsets: its last arrow is the last of all.
    let last = match view {
        "view=sequence" => format!("[...document.querySelectorAll('{row}')].at(-1)"),
        _ => last.replace("LAST", "'4,998'"),
    };
    browser.until(&format!("{last} !== undefined")).await?;
    is_bounded(browser, view).await?;
    browser.script(&format!("{last}.click()")).await?;
    browser.until_text_of(".drawer", "5,000 of 5,000").await?;
    browser.until_text_of(".drawer", "line-4999").await?;
    browser.press("kkk").await?;
    browser.until_text_of(".drawer", "4,997 of 5,000").await?;
    browser.press("j").await?;
    browser.until_text_of(".drawer", "4,998 of 5,000").await?;
    follows_the_keys(browser, row).await?;
    let wide = "document.querySelector('.page').scrollWidth > document.querySelector('.page').clientWidth";
    ensure!(
        browser.script(&format!("return {wide}")).await? == false,
        "{view}: wider than its place beside the drawer"
    );
    browser.picture(&format!("large-{}", view.replace('=', "-"))).await
}

/// Scrolled away, the next key brings the member that it chose into view.
async fn follows_the_keys(browser: &Browser, row: &str) -> Result<()> {
    browser.script("document.querySelector('.page').scrollTop = 0").await?;
    browser.until(&format!("!document.querySelector('{row}[aria-selected=true]')")).await?;
    browser.press("j").await?;
    let bottom = format!("document.querySelector('{row}[aria-selected=true]')?.getBoundingClientRect().bottom");
    browser.until(&format!("{bottom} > 0 && {bottom} < innerHeight")).await
}

/// A page of everything would hold each member a dozen times.
async fn is_bounded(browser: &Browser, view: &str) -> Result<()> {
    let elements = browser.count(".page *").await?;
    ensure!(elements < 4_000, "{view}: {elements} elements are on the page");
    Ok(())
}

/// As it opens: a row for each type, not for each member.
async fn gathered(browser: &Browser, base: &str) -> Result<()> {
    browser.go(&format!("{base}/chain/{RUN}")).await?;
    browser.until_text("×4,999").await?;
    ensure!(browser.count(".wr").await? < 10, "members of one type share a row");
    browser.picture("large").await
}
