//! A real Prometheus Alertmanager, alone, that keeps alerts and notifies nobody.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

use crate::cache::{cache, once};
use crate::children::start;
use crate::jars::succeeded;
use crate::{debian, wait_for};

const PACKAGE: &str = "prometheus-alertmanager";

/// Where Debian's build of it looks for its templates.
const INSTALLED: &str = "/usr/share/prometheus/alertmanager";

const START: Duration = Duration::from_secs(60);

const CONFIG: &str = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";

/// A running Alertmanager; killed when dropped.
#[derive(Debug)]
pub struct Alertmanager {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    address: String,
    agent: Agent,
    /// Holds its configuration, its data and its log.
    folder: TempDir,
}

impl Alertmanager {
    /// Starts one without alerts and waits until it is ready. The first call on a machine downloads it (25 MB).
    pub fn start() -> Result<Self> {
        let program = program()?;
        let folder = tempfile::Builder::new().prefix("tapline-alertmanager-").tempdir()?;
        let agent = Agent::config_builder().timeout_global(Some(START)).build().new_agent();
        let child = launch(&program, folder.path())?;
        let mut alertmanager = Self { child, address: String::new(), agent, folder };
        alertmanager.address = alertmanager.wait_until_it_listens()?;
        wait_for("Alertmanager's readiness", START, || Ok(alertmanager.get("/-/ready").ok()))?;
        Ok(alertmanager)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Alerts that have not ended, as `GET /api/v2/alerts` lists them.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        Ok(serde_json::from_str(&self.get("/api/v2/alerts")?)?)
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("alertmanager.log")).unwrap_or_default()
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut response = self.agent.get(format!("{}{path}", self.address)).call().with_context(|| path.to_owned())?;
        Ok(response.body_mut().read_to_string()?)
    }

    fn wait_until_it_listens(&mut self) -> Result<String> {
        wait_for("Alertmanager's address", START, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("Alertmanager ended with {status}:\n{}", self.log());
            }
            Ok(listening_on(&self.log()).map(|address| format!("http://{address}")))
        })
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(program: &Path, folder: &Path) -> Result<Child> {
    fs::write(folder.join("alertmanager.yml"), CONFIG)?;
    let log = File::create(folder.join("alertmanager.log"))?;
    let errors = log.try_clone()?;
    start(&program.to_string_lossy(), |command| {
        command
            .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            // Without an address it looks for no others of its kind.
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .current_dir(program.parent().unwrap_or(folder))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
    })
}

/// The address in the first whole line of a log that tells it.
fn listening_on(log: &str) -> Option<&str> {
    let lines = log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    lines.into_iter().find_map(|line| Some(line.split_once("\"Listening on\" address=")?.1))
}

/// Debian's, or the one that `TAPLINE_ALERTMANAGER` names.
fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("TAPLINE_ALERTMANAGER") {
        return fs::canonicalize(path).context("TAPLINE_ALERTMANAGER names no program");
    }
    let folder = once(&cache(), PACKAGE, unpack).context(
        "without Debian's packages (`apt-get`, `dpkg`), set TAPLINE_ALERTMANAGER to the path of the program \
         `alertmanager`, which its makers offer for every system",
    )?;
    Ok(templates(&folder).join(PACKAGE))
}

/// The program is put beside its templates and looks for them in its working directory: the other path is of the same
/// length, so that nothing else in the file moves.
fn unpack(folder: &Path) -> Result<()> {
    debian::unpack(PACKAGE, folder)?;
    let program = templates(folder).join(PACKAGE);
    fs::rename(folder.join("usr/bin").join(PACKAGE), &program)?;
    let here = format!("{:/<1$}", "/proc/self/cwd", INSTALLED.len());
    let sed = ["--in-place", &format!("s|{INSTALLED}|{here}|g")];
    succeeded(&Command::new("sed").env("LC_ALL", "C").args(sed).arg(program).output()?)
}

fn templates(folder: &Path) -> PathBuf {
    folder.join(INSTALLED.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn post(alertmanager: &Alertmanager, alert: &Value) -> Result<()> {
        ureq::post(format!("{}/api/v2/alerts", alertmanager.address())).send_json(json!([alert]))?;
        Ok(())
    }

    #[test]
    fn an_alert_is_listed_until_it_ends() -> Result<()> {
        let alertmanager = Alertmanager::start()?;
        assert_eq!(alertmanager.alerts()?, Vec::<Value>::new());
        let labels = json!({ "alertname": "lag", "group": "billing" });
        post(&alertmanager, &json!({ "labels": labels, "annotations": { "summary": "far behind" } }))?;
        let alerts = alertmanager.alerts()?;
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0]["labels"], labels);
        assert_eq!(alerts[0]["annotations"]["summary"], "far behind");
        assert_eq!(alerts[0]["status"]["state"], "active");
        post(&alertmanager, &json!({ "labels": labels, "endsAt": "2001-01-01T00:00:00Z" }))?;
        assert_eq!(alertmanager.alerts()?, Vec::<Value>::new());
        Ok(())
    }

    #[test]
    fn each_is_alone_and_ends_with_its_test() -> Result<()> {
        let (one, other) = (Alertmanager::start()?, Alertmanager::start()?);
        post(&one, &json!({ "labels": { "alertname": "lag" } }))?;
        assert_eq!((one.alerts()?.len(), other.alerts()?.len()), (1, 0));
        let address = one.address().to_owned();
        drop(one);
        assert!(ureq::get(format!("{address}/-/ready")).call().is_err());
        Ok(())
    }

    #[test]
    fn its_address_is_told_in_its_log() {
        let older = "ts=2026 caller=tls_config.go:232 level=info msg=\"Listening on\" address=127.0.0.1:1\nts=2026\n";
        assert_eq!(listening_on(older), Some("127.0.0.1:1"));
        let newer = "time=2026 level=INFO source=tls_config.go:347 msg=\"Listening on\" address=127.0.0.1:2\n";
        assert_eq!(listening_on(newer), Some("127.0.0.1:2"));
        assert_eq!(listening_on("ts=2026 msg=\"Listening on\" address=127.0.0."), None);
    }
}
