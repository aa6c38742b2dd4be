//! Headless Chromium, driven as a person would: Debian's packages `chromium` and `chromium-driver`.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::children::{free_port, start};

const PATIENCE: Duration = Duration::from_secs(30);

/// A browser window; closed when dropped.
pub struct Browser {
    client: Client,
    driver: Child,
    port: u16,
    /// Holds profile and cache of this window.
    _profile: TempDir,
}

impl Browser {
    /// Opens a window of this size.
    pub async fn open(width: u32, height: u32) -> Result<Self> {
        let (port, profile) = (free_port()?, tempfile::tempdir()?);
        let driver = start("chromedriver", |command| {
            command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        })
        .context("chromedriver does not start: `apt-get install chromium chromium-driver` brings it")?;
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|text| (*text).to_owned()).collect();
        arguments.push(format!("--window-size={width},{height}"));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted =
            json!({ "goog:chromeOptions": { "args": arguments }, "goog:loggingPrefs": { "browser": "WARNING" } });
        let Value::Object(wanted) = wanted else { bail!("an object was written above") };
        let client = until(async || {
            let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            let connected = builder.capabilities(wanted.clone()).connect(&format!("http://127.0.0.1:{port}")).await;
            Ok(connected.map_err(|error| format!("the browser does not start: {error}")))
        });
        Ok(Self { client: client.await?, driver, port, _profile: profile })
    }

    /// Loads an address.
    pub async fn go(&self, url: &str) -> Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// The address shown.
    pub async fn url(&self) -> Result<String> {
        Ok(self.client.current_url().await?.to_string())
    }

    /// The first element that a CSS selector finds, waited for.
    pub async fn find(&self, css: &str) -> Result<Element> {
        self.element(Locator::Css(css)).await
    }

    async fn element(&self, what: Locator<'_>) -> Result<Element> {
        let waited = self.client.wait().at_most(PATIENCE).for_element(what).await;
        waited.with_context(|| format!("no {what:?} on the page"))
    }

    /// How many elements a CSS selector finds now.
    pub async fn count(&self, css: &str) -> Result<usize> {
        Ok(self.client.find_all(Locator::Css(css)).await?.len())
    }

    /// Clicks what a CSS selector finds.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.click_at(Locator::Css(css)).await
    }

    /// Clicks the first link or button whose text begins with these words.
    pub async fn click_on(&self, words: &str) -> Result<()> {
        let path = format!("//*[self::a or self::button][starts-with(normalize-space(), '{words}')]");
        self.click_at(Locator::XPath(&path)).await
    }

    async fn click_at(&self, what: Locator<'_>) -> Result<()> {
        until(async || match self.element(what).await?.click().await {
            // The page made the element anew between the two calls.
            Err(error) if error.is_stale_element_reference() => Ok(Err(error.to_string())),
            done => Ok(Ok(done?)),
        })
        .await
    }

    /// Presses one key after the other; a text is typed.
    pub async fn press(&self, keys: &str) -> Result<()> {
        let actions = keys.chars().fold(KeyActions::new("keys".to_owned()), |actions, value| {
            actions.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        Ok(self.client.perform_actions(actions).await?)
    }

    /// The visible text of the page.
    pub async fn text(&self) -> Result<String> {
        self.text_of("body").await
    }

    /// The visible text of the first element that a CSS selector finds, waited for. Read in one call: the page may make
    /// the element anew at any time.
    pub async fn text_of(&self, css: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        until(async || match self.client.execute(script, vec![css.into()]).await? {
            Value::String(text) => Ok(Ok(text)),
            _ => Ok(Err(format!("no `{css}` on the page"))),
        })
        .await
    }

    /// Waits until the visible text holds `wanted`.
    pub async fn until_text(&self, wanted: &str) -> Result<()> {
        self.until_text_of("body", wanted).await
    }

    /// Waits until the visible text of the first element that a CSS selector finds holds `wanted`.
    pub async fn until_text_of(&self, css: &str, wanted: &str) -> Result<()> {
        let waited = until(async || {
            let text = self.text_of(css).await?;
            Ok(if text.contains(wanted) {
                Ok(())
            } else {
                Err(format!("`{css}` does not show `{wanted}` but:\n{text}"))
            })
        });
        match waited.await {
            Ok(()) => Ok(()),
            // What stands around it says why.
            Err(error) => Err(error.context(format!("the page shows:\n{}", self.text().await?))),
        }
    }

    /// Waits until the address is this path of the page, with nothing behind it.
    pub async fn until_path(&self, wanted: &str) -> Result<()> {
        until(async || {
            let url = self.url().await?;
            let there = wanted.strip_prefix('/') == Some(url.splitn(4, '/').nth(3).unwrap_or_default());
            Ok(if there { Ok(()) } else { Err(format!("the address is not {wanted} but {url}")) })
        })
        .await
    }

    /// The value of a script's `return`; of a promise, what it promised.
    pub async fn script(&self, code: &str) -> Result<Value> {
        Ok(self.client.execute(code, Vec::new()).await?)
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) -> Result<()> {
        let code = format!("return ({expression})");
        until(async || match self.script(&code).await? {
            Value::Bool(true) => Ok(Ok(())),
            other => Ok(Err(format!("`{expression}` is not true but {other}"))),
        })
        .await
    }

    /// Warnings and errors of the browser's console since the last call: what the page wrote there, and what the browser
    /// says about it, such as calls that failed.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let session = self.client.session_id().await?.context("the browser has a session")?;
        let url = format!("http://127.0.0.1:{}/session/{session}/se/log", self.port);
        let asked = move || -> Result<Value> {
            Ok(ureq::post(url).send_json(json!({ "type": "browser" }))?.body_mut().read_json()?)
        };
        let answer = tokio::task::spawn_blocking(asked).await??;
        let lines = answer["value"].as_array().context("the browser's log is a list")?;
        Ok(lines.iter().map(|line| format!("{}: {}", line["level"], line["message"])).collect())
    }

    /// Keeps what is seen as a PNG, to look at after a failure.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let folder = std::env::temp_dir().join("tapline-pictures");
        std::fs::create_dir_all(&folder)?;
        Ok(std::fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await?)?)
    }
}

/// Tries again until it has a value; then says why there is none. An error of `probe` itself ends the waiting.
async fn until<T>(mut probe: impl AsyncFnMut() -> Result<Result<T, String>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match probe().await? {
            Ok(value) => return Ok(value),
            Err(fault) if Instant::now() > deadline => bail!(fault),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the window with it; already gone is as good.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Without a display, and without the calls home that a closed network would answer slowly.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
    // The browser ends when its driver does, however that ends; by a port it would stay for ever.
    "--remote-debugging-pipe",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a process was started with these words.
    fn runs(words: &str) -> Result<bool> {
        let processes = std::fs::read_dir("/proc")?.flatten();
        let mut lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        Ok(lines.any(|line| String::from_utf8_lossy(&line).contains(words)))
    }

    /// Each test run left a dozen browsers behind.
    #[tokio::test]
    async fn no_browser_outlives_its_driver() -> Result<()> {
        let browser = Browser::open(800, 600).await?;
        let profile = browser._profile.path().display().to_string();
        anyhow::ensure!(runs(&profile)?, "no browser runs with its profile in {profile}");
        drop(browser);
        crate::wait_for("the end of the browser", PATIENCE, || Ok((!runs(&profile)?).then_some(())))
    }
}
