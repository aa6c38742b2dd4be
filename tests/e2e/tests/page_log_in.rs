//! The log in of a server with a token: the page shows nothing before, says why it says no, and keeps the token nowhere.

use std::path::Path;

use anyhow::{Result, ensure};
use tapline_kit::{Browser, Tapline};

const TOKEN: &str = "4f1c9a7e2b6d8035";
const ENTER: &str = "\u{E007}";

/// A server that asks for [`TOKEN`].
fn guarded(folder: &Path) -> Result<Tapline> {
    let file = folder.join("token");
    std::fs::write(&file, format!("{TOKEN}\n"))?;
    Tapline::start(&format!("token_file = {file:?}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_right_token_opens_the_page_and_it_is_kept_nowhere() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tapline = guarded(folder.path())?;
    let system = format!("{}/system", tapline.address());
    ensure!(tapline.get("/api/v1/system")?.0 == 401, "the data asks for the token");
    let browser = Browser::open(1280, 1000).await?;

    browser.go(&system).await?;
    browser.until_text("This Tapline asks for its token.").await?;
    ensure!(!browser.text().await?.contains("limits.memory"), "nothing is shown before");

    browser.click("input[name=token]").await?;
    browser.press("not-the-token").await?;
    browser.press(ENTER).await?;
    browser.until_text("This is not the token.").await?;
    ensure!(browser.count(".log-in").await? == 1, "a wrong token opens nothing");

    // What was refused is selected: typing replaces it.
    browser.press(TOKEN).await?;
    browser.press(ENTER).await?;
    browser.until_text("limits.memory").await?;
    ensure!(browser.url().await? == system, "the page that was asked for stands there");

    browser.go(&system).await?;
    browser.until_text("limits.memory").await?;
    ensure!(browser.count(".log-in").await? == 0, "a reload stays in");

    let kept = "return [location.href, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), \
                performance.getEntriesByType('resource').map(entry => entry.name)].join(' ')";
    let kept = browser.script(kept).await?.to_string();
    ensure!(kept.contains("/api/v1/system") && !kept.contains(TOKEN), "{kept}");
    Ok(())
}
