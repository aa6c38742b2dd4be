//! One build for all tests. Tests and binary are compiled in the same call of cargo, with the same features, so that
//! no heavy dependency is compiled twice; cargo says which files it made, and they are run from here.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tally::{self, Tally};
use crate::{
    process,
    workspace::{PROFILE, SCOPE, Workspace},
};

/// What one build made.
pub(super) struct Built {
    /// The binary `tapline`.
    pub(super) binary: PathBuf,
    pub(super) tests: Vec<Test>,
}

/// A program full of tests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) package: String,
    folder: PathBuf,
    program: PathBuf,
}

impl Test {
    /// Runs it as `cargo test` would: in the folder of its package.
    pub(super) fn run(&self, workspace: &Workspace, binary: &Path) -> Result<Tally> {
        println!("\n   {} ({})", self.package, workspace.relative(&self.program).display());
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).env("TAPLINE_BIN", binary);
        tally::of(command.env("CARGO_TARGET_DIR", &workspace.target))
    }
}

/// Builds the binary and all tests.
pub(super) fn all(workspace: &Workspace) -> Result<Built> {
    let mut cargo = workspace.cargo();
    cargo.arg("build").args(SCOPE).args(["--bins", "--tests", "--profile", PROFILE]);
    cargo.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    println!("$ {}", process::line(&cargo));
    let mut child = cargo.spawn().context("cannot start cargo")?;
    let stdout = child.stdout.take().context("standard output is piped")?;
    let mut made = Made::default();
    for line in BufReader::new(stdout).lines() {
        made.take(&serde_json::from_str(&line?).context("cargo wrote something that is not JSON")?);
    }
    let status = child.wait()?;
    ensure!(status.success(), "the build ended with {status}");
    made.tests.sort_by(|one, other| (&one.package, &one.program).cmp(&(&other.package, &other.program)));
    Ok(Built { binary: made.binary.context("the build made no binary named tapline")?, tests: made.tests })
}

#[derive(Default)]
struct Made {
    binary: Option<PathBuf>,
    tests: Vec<Test>,
}

impl Made {
    /// Takes note of an executable; cargo tells of much else.
    fn take(&mut self, message: &Value) {
        let Some(program) = message["executable"].as_str().map(PathBuf::from) else { return };
        let Some(manifest) = message["manifest_path"].as_str().map(Path::new) else { return };
        if message["profile"]["test"] == Value::Bool(true) {
            let folder = manifest.parent().unwrap_or(manifest).to_owned();
            self.tests.push(Test { package: package(message).unwrap_or_default(), folder, program });
        } else if message["target"]["name"] == "tapline" {
            self.binary = Some(program);
        }
    }
}

/// The name in `path+file:///checkout/tests/e2e#tapline-e2e@0.1.0`, which is left out where the folder has it.
fn package(message: &Value) -> Option<String> {
    let id = message["package_id"].as_str()?;
    let (url, fragment) = id.rsplit_once('#')?;
    let name = fragment.split_once('@').map(|(name, _)| name).or_else(|| url.rsplit('/').next());
    name.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn artifact(id: &str, name: &str, test: bool, executable: Value) -> Value {
        json!({
            "reason": "compiler-artifact",
            "package_id": id,
            "manifest_path": "/checkout/tests/e2e/Cargo.toml",
            "target": { "name": name },
            "profile": { "test": test },
            "executable": executable,
        })
    }

    #[test]
    fn tests_and_binary_are_told_apart() {
        let mut made = Made::default();
        let id = "path+file:///checkout/tests/e2e#tapline-e2e@0.1.0";
        made.take(&artifact(id, "tour", true, json!("/t/tour-1")));
        made.take(&artifact("path+file:///checkout#tapline@0.1.0", "tapline", false, json!("/t/tapline")));
        made.take(&artifact("path+file:///checkout/xtask#0.1.0", "xtask", false, json!("/t/xtask")));
        made.take(&artifact(id, "tapline_e2e", false, Value::Null));
        made.take(&json!({ "reason": "build-finished", "success": true }));
        assert_eq!(made.binary, Some(PathBuf::from("/t/tapline")));
        let test = Test {
            package: "tapline-e2e".to_owned(),
            folder: "/checkout/tests/e2e".into(),
            program: "/t/tour-1".into(),
        };
        assert_eq!(made.tests, [test]);
    }

    #[test]
    fn a_package_named_like_its_folder_is_recognised() {
        let message = json!({ "package_id": "path+file:///checkout/xtask#0.1.0" });
        assert_eq!(package(&message).as_deref(), Some("xtask"));
    }
}
