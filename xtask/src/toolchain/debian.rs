//! Debian's compiler for WebAssembly, for machines whose rustup cannot reach its download server. The packages are
//! unpacked into a folder of ours and not installed: nothing on the machine changes.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::process;

/// A mark that is written last, so that a half unpacked folder is not taken for a whole one.
const COMPLETE: &str = "complete";

/// Downloads and unpacks the compiler, its sources and its linker, unless that was done before.
pub(super) fn unpack(prefix: &Path) -> Result<PathBuf> {
    if prefix.join(COMPLETE).is_file() {
        return Ok(prefix.to_owned());
    }
    ensure!(process::find("apt-get").is_some(), "this is not Debian: install the target with rustup");
    let downloads = prefix.join("downloads");
    fs::create_dir_all(&downloads).with_context(|| format!("cannot make {}", downloads.display()))?;
    process::run(Command::new("apt-get").arg("download").args(packages()?).current_dir(&downloads))?;
    for package in fs::read_dir(&downloads)? {
        process::run(Command::new("dpkg").arg("--extract").arg(package?.path()).arg(prefix))?;
    }
    fs::remove_dir_all(&downloads)?;
    fs::write(prefix.join(COMPLETE), "")?;
    Ok(prefix.to_owned())
}

/// The names of the packages. The library's carries the version of the compiler and leads to that of LLVM.
fn packages() -> Result<Vec<String>> {
    let library = dependency("libstd-rust-web-dev", "libstd-rust-web-1.")?;
    let llvm = dependency(&library, "libllvm")?;
    let linker = llvm.replace("libllvm", "lld-");
    let named = ["rustc-web", "libstd-rust-web-dev", "rust-web-src"].map(str::to_owned);
    Ok(named.into_iter().chain([library, llvm, linker]).collect())
}

fn dependency(package: &str, prefix: &str) -> Result<String> {
    let depends = process::output(Command::new("apt-cache").args(["depends", package]))?;
    let name = depended_on(&depends, prefix);
    name.with_context(|| format!("{package} depends on no {prefix}*; `apt-get update` may help")).map(str::to_owned)
}

/// The first dependency that starts with this prefix.
fn depended_on<'a>(depends: &'a str, prefix: &str) -> Option<&'a str> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.into_iter().find(|name| name.starts_with(prefix))
}

/// Debian ships no compiled standard library for the target, so cargo builds it from the unpacked sources.
pub(super) fn apply(prefix: &Path, cargo: &mut Command) {
    let libraries = prefix.join("usr/lib");
    let mut search = vec![libraries.join(format!("{}-linux-gnu", env::consts::ARCH))];
    search.extend(llvm_folders(&libraries).unwrap_or_default());
    let search = search.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(":");
    cargo.args(["-Z", "build-std=std,panic_abort"]);
    cargo.env("RUSTC", prefix.join("usr/bin/rustc")).env("RUSTC_BOOTSTRAP", "1").env("LD_LIBRARY_PATH", search);
    if let Ok(linker) = linker(prefix) {
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
}

fn llvm_folders(libraries: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(libraries)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("llvm-") {
            folders.push(entry.path().join("lib"));
        }
    }
    Ok(folders)
}

fn linker(prefix: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(prefix.join("usr/bin"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("wasm-ld") {
            return Ok(entry.path());
        }
    }
    bail!("no wasm-ld in {}", prefix.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_what_the_library_depends_on() {
        let depends = "libstd-rust-web-1.96\n  Depends: libc6\n  Depends: libllvm22\n  Conflicts: <rustup>\n";
        assert_eq!(depended_on(depends, "libllvm"), Some("libllvm22"));
        assert_eq!(depended_on(depends, "libstd-rust-web-1."), None);
    }

    #[test]
    fn cargo_is_pointed_at_what_was_unpacked() {
        let prefix = tempfile::tempdir().unwrap();
        for path in ["usr/bin/wasm-ld-22", "usr/lib/llvm-22/lib/libLLVM.so"] {
            let path = prefix.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut cargo = Command::new("cargo");
        apply(prefix.path(), &mut cargo);
        let value = |name: &str| {
            let found = cargo.get_envs().find(|(key, _)| *key == name).unwrap().1.unwrap();
            found.to_string_lossy().into_owned()
        };
        assert!(value("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER").ends_with("usr/bin/wasm-ld-22"));
        assert!(value("LD_LIBRARY_PATH").ends_with("usr/lib/llvm-22/lib"));
    }
}
