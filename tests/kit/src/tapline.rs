//! The `tapline` binary, started as users start it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

use crate::children::start;
use crate::wait_for;

const START: Duration = Duration::from_secs(60);

/// A running server with an archive of its own; killed when dropped.
#[derive(Debug)]
pub struct Tapline {
    child: Child,
    /// `http://127.0.0.1:PORT`; another one after each start.
    address: String,
    folder: TempDir,
    arguments: Vec<String>,
    agent: Agent,
}

impl Tapline {
    /// Starts `tapline serve` and waits until it is ready. `sources` is the part of the configuration that begins with
    /// `[sources.…]`; archive and address are set here.
    pub fn start(sources: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-").tempdir()?;
        configure(folder.path(), sources)?;
        let arguments = ["serve", "--config", "tapline.toml"].map(str::to_owned).to_vec();
        Self::run(folder, arguments)
    }

    /// Has another configuration from the next start on.
    pub fn configure(&self, sources: &str) -> Result<()> {
        configure(self.folder.path(), sources)
    }

    /// Starts `tapline demo` with these further arguments and waits until it is ready.
    pub fn demo(arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-demo-").tempdir()?;
        let archive = folder.path().join("archive").display().to_string();
        let fixed = ["demo", "--listen", "127.0.0.1:0", "--archive", &archive];
        let arguments = fixed.into_iter().chain(arguments.iter().copied()).map(str::to_owned).collect();
        Self::run(folder, arguments)
    }

    fn run(folder: TempDir, arguments: Vec<String>) -> Result<Self> {
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(START)).build().new_agent();
        let (child, address) = launch(folder.path(), &arguments)?;
        let tapline = Self { child, address, folder, arguments, agent };
        tapline.wait_until_ready()?;
        Ok(tapline)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The archive's folder.
    pub fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    /// What it wrote to its standard error, over all starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("tapline.log")).unwrap_or_default()
    }

    /// Status and body of `GET path`.
    pub fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.get_with(path, &[])
    }

    /// The same with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Result<(u16, Value)> {
        let call = self.agent.get(format!("{}{path}", self.address));
        let call = headers.iter().fold(call, |call, (name, value)| call.header(*name, *value));
        let mut response = call.call().with_context(|| path.to_owned())?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(256 << 20).read_to_string()?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Status and body of `POST path` with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let url = format!("{}{path}", self.address);
        let mut response = self.agent.post(url).send_json(body).with_context(|| path.to_owned())?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(256 << 20).read_to_string()?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Status and body of `PUT path` with a JSON body.
    pub fn put(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let url = format!("{}{path}", self.address);
        let mut response = self.agent.put(url).send_json(body).with_context(|| path.to_owned())?;
        let text = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Status of `DELETE path`.
    pub fn delete(&self, path: &str) -> Result<u16> {
        let call = self.agent.delete(format!("{}{path}", self.address));
        let response = call.header("content-type", "application/json").call();
        Ok(response.with_context(|| path.to_owned())?.status().as_u16())
    }

    /// Rows of a query; an error names what the server said.
    pub fn sql(&self, sql: &str) -> Result<Vec<Vec<Value>>> {
        let body = serde_json::json!({ "sql": sql, "max_rows": 1_000_000 });
        let (status, mut answer) = self.post("/api/v1/sql", &body)?;
        if status != 200 {
            bail!("{sql}: {status} {answer}");
        }
        Ok(serde_json::from_value(answer["rows"].take())?)
    }

    /// Kills the process as a power failure would.
    pub fn kill9(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the process to end, as a service manager would, and waits until what was read is committed.
    pub fn stop(&mut self) -> Result<()> {
        self.stop_by("TERM")
    }

    /// As [`Self::stop`], by another signal.
    pub fn stop_by(&mut self, signal: &str) -> Result<()> {
        let asked = std::process::Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "tapline had ended before:\n{}", self.log());
        let status = wait_for("the end of tapline", START, || Ok(self.child.try_wait()?))?;
        anyhow::ensure!(status.success(), "tapline ended with {status}:\n{}", self.log());
        Ok(())
    }

    /// Starts it again on the same archive and waits until it is ready.
    pub fn restart(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.kill9()?;
        }
        (self.child, self.address) = launch(self.folder.path(), &self.arguments)?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&self) -> Result<()> {
        wait_for("readiness", START, || Ok(self.get("/readyz").is_ok_and(|(status, _)| status == 200).then_some(())))
            .with_context(|| format!("its log:\n{}", self.log()))
    }
}

impl Drop for Tapline {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.kill9();
    }
}

fn configure(folder: &Path, sources: &str) -> Result<()> {
    let archive = folder.join("archive");
    let config = format!("archive = {archive:?}\n[http]\nlisten = \"127.0.0.1:0\"\n{sources}");
    Ok(fs::write(folder.join("tapline.toml"), config)?)
}

/// `TAPLINE_BIN`, else the newest build for the demo or for development.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = env::var_os("TAPLINE_BIN") {
        return Ok(path.into());
    }
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(beside, PathBuf::from);
    let built = ["demo", "debug"].map(|profile| target.join(profile).join("tapline"));
    let newest = |path: &PathBuf| fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let found = built.iter().filter(|path| path.exists()).max_by_key(|path| newest(path)).cloned();
    found.with_context(|| format!("no tapline binary in {}: `cargo build --profile demo` makes one", target.display()))
}

/// Starts the process; it tells its address in the first line that says `listening on`.
fn launch(folder: &Path, arguments: &[String]) -> Result<(Child, String)> {
    let binary = binary()?;
    let log = File::options().create(true).append(true).open(folder.join("tapline.log"))?;
    // The tests themselves may run under `nohup`, which what they start would inherit.
    let mut child = start("env", |command| {
        command
            .arg("--default-signal=HUP")
            .arg(&binary)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
    })?;
    let output = child.stdout.take().context("standard output is piped")?;
    let said = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&said);
    // Reads on after the address, so that the process never blocks on a full pipe.
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once("listening on ") {
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.trim().to_owned());
            }
        }
    });
    let address = wait_for("tapline's address", START, || {
        if let Some(status) = child.try_wait()? {
            let log = fs::read_to_string(folder.join("tapline.log")).unwrap_or_default();
            bail!("tapline ended with {status}:\n{log}");
        }
        Ok(said.lock().unwrap_or_else(PoisonError::into_inner).clone())
    })?;
    Ok((child, address))
}
