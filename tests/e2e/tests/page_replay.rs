//! Replays in a real browser on the demo, by keys alone: what died is put back and processed once its fault is fixed,
//! and comes back dead before.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tapline_kit::{Browser, Tapline, wait_for};

const ENTER: &str = "\u{E007}";
const ESC: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";
/// All dead letters of the demo's past, put back while its shop is busy.
const SOON: Duration = Duration::from_secs(180);
/// Steps that nobody would take by hand; more is a trap for the focus.
const STEPS: usize = 200;

/// A shop whose payments do not know a card type, with enough orders that died of it. Its services live: as long as the
/// past is written nobody reads what is put back.
fn shop() -> Result<Tapline> {
    let tapline = Tapline::demo(&["--orders-per-minute", "240", "--history-minutes", "30"])?;
    let begun = get(&tapline, "/api/v1/status")?["now"].as_str().context("a time")?.to_owned();
    let count = |of: &str| Ok::<_, anyhow::Error>(tapline.sql(&format!("SELECT count(*) FROM {of}"))?[0][0].as_u64());
    wait_for("the demo's present", SOON, || {
        let paid = count(&format!("events WHERE destination = 'payments' AND timestamp > '{begun}'"))?;
        let dead = count("dead_letters WHERE destination = 'orders-dlt'")?;
        Ok((paid > Some(0) && dead > Some(20)).then_some(()))
    })?;
    Ok(tapline)
}

/// Presses Tab until what has the focus is found by this selector and says these words.
async fn tab_to(browser: &Browser, css: &str, words: &str) -> Result<()> {
    let there = format!(
        "const it = document.activeElement; return it.matches({}) && it.innerText.includes({})",
        json!(css),
        json!(words)
    );
    for _ in 0..STEPS {
        if browser.script(&there).await? == true {
            return Ok(());
        }
        browser.press(TAB).await?;
    }
    browser.picture("no-way-by-tab").await?;
    bail!("Tab does not lead to `{css}` that says `{words}`")
}

/// The same, and presses Enter there.
async fn press_on(browser: &Browser, css: &str, words: &str) -> Result<()> {
    tab_to(browser, css, words).await?;
    browser.press(ENTER).await
}

/// From the Overview's sentence to the cause that the card type sets apart; says its fingerprint.
async fn open_the_cause(tapline: &Tapline, browser: &Browser) -> Result<String> {
    browser.go(&format!("{}/", tapline.address())).await?;
    browser.until_text_of(".needs li", "CARTE_BANCAIRE").await?;
    press_on(browser, ".needs a[href*='/dead-letters?cause=']", "See why").await?;
    browser.until_text_of("h1", "CARTE_BANCAIRE").await?;
    let url = browser.url().await?;
    let cause =
        url.split("cause=").nth(1).and_then(|rest| rest.split('&').next()).context("no cause in the address")?;
    Ok(cause.to_owned())
}

/// Reads a plan as the page wants it to be read, and starts it.
async fn read_and_start(browser: &Browser) -> Result<()> {
    browser.until_text_of(".plan", "Who reads them").await?;
    let unread = ".plan .warns input[type=checkbox]:not(:checked)";
    for left in (1..=browser.count(unread).await?).rev() {
        ensure!(
            browser.count(".go button[type=submit]:disabled").await? == 1,
            "it can start with {left} warnings unread"
        );
        tab_to(browser, unread, "").await?;
        browser.press(" ").await?;
        browser.until(&format!("document.querySelectorAll({}).length === {}", json!(unread), left - 1)).await?;
    }
    browser.until_text_of(".go", "Sends").await?;
    press_on(browser, ".go button[type=submit]", "Start replay").await?;
    browser.find(".runp").await?;
    Ok(())
}

fn get(tapline: &Tapline, path: &str) -> Result<Value> {
    let (status, answer) = tapline.get(path)?;
    ensure!(status == 200, "{path}: {status} {answer}");
    Ok(answer)
}

fn items(tapline: &Tapline, replay: &str) -> Result<Vec<Value>> {
    let page = get(tapline, &format!("/api/v1/replays/{replay}/items?limit=1000"))?;
    Ok(page["items"].as_array().context("a list of items")?.clone())
}

async fn nobody_complains(browser: &Browser) -> Result<()> {
    let complaints = browser.complaints().await?;
    ensure!(complaints.is_empty(), "the browser complains: {complaints:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_overviews_sentence_to_a_verified_replay_by_keyboard_alone() -> Result<()> {
    let tapline = shop()?;
    let browser = Browser::open(1280, 1000).await?;
    let cause = open_the_cause(&tapline, &browser).await?;

    // From the Overview the status line is near.
    browser.press("go").await?;
    browser.until_path("/").await?;
    press_on(&browser, ".status .fix", "Deploy the fix of payments").await?;
    browser.until_text_of(".status", "payments is fixed").await?;

    browser.press("gd").await?;
    browser.until_text_of(".cause .head.big h2", "CARTE_BANCAIRE").await?;
    press_on(&browser, ".cause .head.big button", "Plan replay of").await?;
    tab_to(&browser, "dialog[open] textarea", "").await?;
    browser.press("payments know the card type now").await?;
    tab_to(&browser, "dialog[open] input[aria-label=Who]", "").await?;
    browser.press("Mara").await?;
    press_on(&browser, "dialog[open] button[type=submit]", "Plan").await?;
    browser.until("location.pathname === '/replays/r-1'").await?;
    browser.until_text_of(".plan", "Mara: payments know the card type now").await?;
    browser.picture("replay-plan").await?;
    read_and_start(&browser).await?;

    let done = wait_for("the end of the replay", SOON, || {
        let replay = get(&tapline, "/api/v1/replays/r-1")?;
        let progress = &replay["progress"];
        Ok((replay["state"] == "done" && progress["pending"] == 0).then_some(replay))
    })
    .with_context(|| format!("{}", get(&tapline, "/api/v1/replays/r-1").unwrap_or_default()))?;
    let items = items(&tapline, "r-1")?;
    let open: Vec<_> = items.iter().filter(|item| item["outcome"] != "reprocessed").collect();
    ensure!(open.is_empty(), "{} of {} items are not reprocessed: {:?}", open.len(), items.len(), open.first());
    ensure!(items.len() > 20 && done["progress"]["reprocessed"] == items.len(), "{done}");
    let state = get(&tapline, &format!("/api/v1/dead-letters/{cause}"))?["cause"]["state"].clone();
    ensure!(state == "resolved" || state == "replayed", "the cause is {state}");

    browser.until_text_of("h1", &format!("All {} events of r-1 were reprocessed", items.len())).await?;
    browser.until_text_of(".runp .head", "Done").await?;
    browser.until_text_of(".outs", &format!("reprocessed\n{}", items.len())).await?;
    browser.picture("replay-done").await?;

    // What shows it: an event that followed, and the story with it.
    press_on(&browser, ".items button", "reprocessed").await?;
    browser.until_text_of(".drawer .body", "ORD-").await?;
    browser.press(ESC).await?;
    browser.until("!document.querySelector('.drawer')").await?;
    tab_to(&browser, ".items a", "ORD-").await?;
    let order = browser.script("return document.activeElement.innerText").await?;
    let order = order.as_str().context("a text")?;
    browser.press(ENTER).await?;
    browser.until_text_of("h1", order).await?;
    browser.until("[...document.querySelectorAll('.wr')].some(row => row.innerText.includes('replayed'))").await?;
    browser.picture("replay-story").await?;
    let story = get(&tapline, &format!("/api/v1/chains/{order}"))?.to_string();
    let item = items.iter().find(|item| item["key"] == order).context("an item of this order")?;
    for part in ["address", "written", "evidence"] {
        ensure!(story.contains(&item[part].to_string()), "the story of {order} lacks the {part} of {item}");
    }
    nobody_complains(&browser).await
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_fix_the_same_replay_visibly_fails_again() -> Result<()> {
    let tapline = shop()?;
    let browser = Browser::open(1280, 1000).await?;
    let cause = open_the_cause(&tapline, &browser).await?;
    // So slowly that the first come back dead before the last are sent.
    let asked = json!({
        "select": {"fingerprint": cause}, "rate": 1.0, "reason": "perhaps it mended itself", "who": "Mara",
    });
    let (status, planned) = tapline.post("/api/v1/replays", &asked)?;
    ensure!(status == 200, "{planned}");
    browser.press("gr").await?;
    browser.until_text_of("h1", "r-1 can start once its plan is read").await?;
    read_and_start(&browser).await?;

    browser.until_text_of("h1", "r-1 stopped by itself").await?;
    browser.until_text_of(".runp .head", "Stopped by itself").await?;
    browser.until("document.querySelector('.outs').innerText.match(/failed again\\s*[1-9]/) !== null").await?;
    browser.picture("replay-stopped").await?;
    let stopped = get(&tapline, "/api/v1/replays/r-1")?;
    let count = |name: &str| stopped["progress"][name].as_u64();
    ensure!(stopped["state"] == "stopped" && count("failed_again") > Some(0), "{stopped}");
    ensure!(count("planned") > Some(0) && count("reprocessed") == Some(0), "the rest stays where it is: {stopped}");
    wait_for("the cause to say so", SOON, || {
        let state = get(&tapline, &format!("/api/v1/dead-letters/{cause}"))?["cause"]["state"].clone();
        Ok((state == "failed_again").then_some(()))
    })?;

    browser.press("gd").await?;
    browser.until_text_of(".cause .pill", "Failed again").await?;
    nobody_complains(&browser).await
}
