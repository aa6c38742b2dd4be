//! Where things are: the checkout, its target folder (which CI keeps outside of it), the page.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The cargo profile of the binary that `demo` and the tests run.
pub(crate) const PROFILE: &str = "demo";

/// What is compiled together; another choice of packages has other features, and DataFusion would be compiled once more.
/// The page is compiled for the host only by its own tests.
pub(crate) const SCOPE: [&str; 3] = ["--workspace", "--exclude", "tapline-ui"];

/// The target of the page.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The checkout that this xtask was started in.
pub(crate) struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, by whatever setting it was chosen.
    pub(crate) target: PathBuf,
    /// What `cargo metadata` says about the members.
    pub(crate) metadata: Value,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let metadata = process::output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
        let folder = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata has no {key}"))
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")?, metadata })
    }

    /// Cargo, started at the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// The binary `tapline` as built with [`PROFILE`].
    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join(PROFILE).join("tapline")
    }

    /// The target folder of the page's crates: its own, so that building the page waits for no other build.
    pub(crate) fn page_target(&self) -> PathBuf {
        self.target.join("page")
    }

    /// A path as the reader of a message knows it: from the root of the checkout.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

/// Cargo as if it were called from a shell. What `cargo run` tells us about our own package is taken out: build scripts
/// that watch such variables (ring's) would compile half of the dependencies anew at each change between the two.
fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}
