//! Programs in Python, each with packages of its own beside it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cache::{cache, once};
use crate::jars::succeeded;

/// A Python environment, made once.
pub(crate) struct Environment {
    /// Its place in the cache: other packages need another one.
    pub(crate) name: &'static str,
    pub(crate) packages: &'static [&'static str],
}

impl Environment {
    /// Runs a script to its end; its standard output is JSON.
    pub(crate) fn run(&self, script: &str, arguments: &[impl AsRef<OsStr>]) -> Result<Value> {
        let output = Command::new(self.interpreter()?).arg("-c").arg(script).args(arguments).output()?;
        succeeded(&output).with_context(|| format!("a script with {}", self.name))?;
        let errors = || String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("a script with {} wrote no JSON:\n{}", self.name, errors()))
    }

    /// The program `python`.
    pub(crate) fn interpreter(&self) -> Result<PathBuf> {
        Ok(once(&cache(), self.name, |folder| self.install(folder))?.join("bin/python"))
    }

    fn install(&self, folder: &Path) -> Result<()> {
        let base = env::var_os("TAPLINE_PYTHON").unwrap_or_else(|| "python3".into());
        run(Command::new(base).args(["-m", "venv"]).arg(folder))?;
        run(Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(self.packages))
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    succeeded(&output).with_context(|| format!("{command:?}"))
}
