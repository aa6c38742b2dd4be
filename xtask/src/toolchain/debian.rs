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

/// The names of the packages, two of which carry the version of the compiler.
fn packages() -> Result<Vec<String>> {
    let depends =
        process::output(Command::new("apt-cache").args(["depends", "--recurse", "--no-recommends", "rustc-web"]))?;
    let needed = |prefix: &str| {
        newest(&depends, prefix)
            .with_context(|| format!("apt-cache names no {prefix}* for rustc-web; try apt-get update"))
    };
    let llvm = needed("libllvm")?;
    let version = llvm.trim_start_matches("libllvm");
    let mut packages: Vec<String> =
        ["rustc-web", "libstd-rust-web-dev", "rust-web-src"].into_iter().map(str::to_owned).collect();
    packages.push(format!("lld-{version}"));
    packages.push(needed("libstd-rust-web-1.")?);
    packages.push(llvm);
    Ok(packages)
}

/// The last package, by name, that starts with this prefix.
fn newest(depends: &str, prefix: &str) -> Option<String> {
    let names = depends.lines().filter_map(|line| line.split_whitespace().last());
    names.filter(|name| name.starts_with(prefix)).max().map(str::to_owned)
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

    const DEPENDS: &str = "rustc-web\n  Depends: libc6\n  Depends: libllvm22\n  Depends: libstd-rust-web-1.96\n";

    #[test]
    fn versions_come_from_what_the_compiler_depends_on() {
        assert_eq!(newest(DEPENDS, "libllvm").as_deref(), Some("libllvm22"));
        assert_eq!(newest(DEPENDS, "libstd-rust-web-1.").as_deref(), Some("libstd-rust-web-1.96"));
        assert_eq!(newest(DEPENDS, "lld-"), None);
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
