//! Shrinking the page's WebAssembly with `wasm-opt` of Binaryen, from npm. A machine without npm gets a page that is
//! larger and otherwise the same.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{process, workspace::Workspace};

const BINARYEN: &str = "132.0.0";

/// The features that rustc's `wasm32-unknown-unknown` uses by default; `wasm-opt` refuses what it was not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Rewrites the module in place.
pub(crate) fn shrink(workspace: &Workspace, wasm: &Path) -> Result<()> {
    if process::find("npm").is_none() || process::find("node").is_none() {
        eprintln!("note: without node and npm wasm-opt is left out and the page is larger");
        return Ok(());
    }
    let wasm_opt = installed(workspace)?;
    let smaller = wasm.with_extension("opt");
    let mut command = Command::new(wasm_opt);
    command.args(FEATURES).arg("-Oz").arg(wasm).arg("-o").arg(&smaller);
    process::run(&mut command)?;
    fs::rename(&smaller, wasm).with_context(|| format!("cannot replace {}", wasm.display()))
}

fn installed(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools").join(format!("binaryen-{BINARYEN}"));
    let program = folder.join("node_modules/.bin/wasm-opt");
    if !program.exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-fund", "--no-audit", "--loglevel=error", "--prefix"]);
        process::run(npm.arg(&folder).arg(format!("binaryen@{BINARYEN}")))?;
    }
    Ok(program)
}
