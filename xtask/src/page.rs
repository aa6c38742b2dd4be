//! `cargo xtask ui`: the page, from Rust to the files in ui/dist that the server embeds. This module owns the order of
//! the steps; `bindgen` makes WebAssembly and JavaScript, `bundle` names, writes and compresses files, `stamp` knows
//! whether anything changed.

mod bindgen;
mod bundle;
mod optimise;
mod stamp;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use bundle::Bundle;
use clap::Args;

use crate::{
    process, toolchain,
    workspace::{WASM, Workspace},
};

/// Settings of `cargo xtask ui`.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Build quickly: hardly optimised, not compressed, larger
    #[arg(long)]
    pub(crate) dev: bool,
    /// Build even if nothing changed
    #[arg(long)]
    pub(crate) force: bool,
}

/// Builds the page into ui/dist, unless the same was built from the same files before.
pub(crate) fn build(workspace: &Workspace, options: &Options) -> Result<()> {
    let stamp = stamp::Stamp::of(workspace, options.dev)?;
    if !options.force && stamp.is_current()? {
        eprintln!("the page is up to date: {}", workspace.root.join("ui/dist").display());
        return Ok(());
    }
    let wasm = compile(workspace, options)?;
    let staging = workspace.page_target().join("staging");
    let generated = bindgen::generate(&wasm, &staging)?;
    if !options.dev {
        optimise::shrink(workspace, &generated.wasm)?;
    }
    let bundle = Bundle::assemble(&workspace.root.join("ui"), &generated)?;
    let dist = workspace.root.join("ui/dist");
    if options.dev {
        bundle.write(&dist)?;
    } else {
        let sizes = bundle.write_compressed(&dist)?;
        print!("{sizes}");
        sizes.check()?;
    }
    stamp.keep()
}

fn compile(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let route = toolchain::wasm(workspace)?;
    let profile = if options.dev { "page-dev" } else { "page" };
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--package", "tapline-ui", "--bin", "tapline-ui", "--target", WASM, "--profile", profile])
        .env("CARGO_TARGET_DIR", workspace.page_target())
        // Views are compiled once a type of what they show instead of once a place: a quarter of the page.
        .env("RUSTFLAGS", "--cfg erase_components");
    if options.dev {
        quick(&mut cargo);
    }
    route.apply(&mut cargo);
    process::run(&mut cargo)?;
    Ok(workspace.page_target().join(WASM).join(profile).join("tapline-ui.wasm"))
}

/// A profile that only page developers need is defined here rather than in Cargo.toml.
fn quick(cargo: &mut Command) {
    for setting in ["inherits='dev'", "opt-level=1", "debug=false", "panic='abort'"] {
        cargo.args(["--config", &format!("profile.page-dev.{setting}")]);
    }
}

/// The files of a folder in the order of their names, without those of its subfolders.
fn files(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
