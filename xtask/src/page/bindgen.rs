//! The wasm-bindgen step: from the compiler's WebAssembly to a module that a browser loads and the JavaScript that
//! loads it. The library is pinned to the version of `wasm-bindgen` in Cargo.lock; `tidy` holds both together.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

const NAME: &str = "tapline";

/// What wasm-bindgen made, in the staging folder.
pub(crate) struct Generated {
    /// The WebAssembly module.
    pub(crate) wasm: PathBuf,
    /// The JavaScript module that exports `__wbg_init` and starts nothing by itself.
    pub(crate) script: PathBuf,
    /// JavaScript that crates brought along; absent when none did.
    pub(crate) snippets: PathBuf,
}

/// Generates into an empty `staging` folder.
pub(crate) fn generate(wasm: &Path, staging: &Path) -> Result<Generated> {
    if staging.exists() {
        fs::remove_dir_all(staging).with_context(|| format!("cannot empty {}", staging.display()))?;
    }
    Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(staging)
        .with_context(|| format!("wasm-bindgen refuses {}", wasm.display()))?;
    Ok(Generated {
        wasm: staging.join(format!("{NAME}_bg.wasm")),
        script: staging.join(format!("{NAME}.js")),
        snippets: staging.join("snippets"),
    })
}
