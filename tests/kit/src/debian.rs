//! Debian's packages unpacked into a folder of ours and not installed: nothing on the machine changes, no service
//! starts, and no rights are needed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::jars::succeeded;

/// Downloads a package, without those that it depends on, and unpacks it into `folder` as into `/`.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    let downloads = folder.join("downloads");
    // Lists of our own: those of the machine may be missing or old, and only root could renew them.
    fs::create_dir_all(downloads.join("lists/partial"))?;
    apt_get(&downloads, &["update"])?;
    apt_get(&downloads, &["download", package])?;
    for entry in fs::read_dir(&downloads)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            succeeded(&Command::new("dpkg").arg("--extract").arg(file).arg(folder).output()?)?;
        }
    }
    Ok(fs::remove_dir_all(downloads)?)
}

fn apt_get(downloads: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("apt-get")
        .arg("--option")
        .arg(format!("Dir::State::lists={}", downloads.join("lists").display()))
        // The machine's caches are made of the machine's lists.
        .args(["--option", "Dir::Cache::pkgcache=", "--option", "Dir::Cache::srcpkgcache="])
        // Root would download as a user who may not write into our folder.
        .args(["--option", "APT::Sandbox::User=root"])
        .args(arguments)
        .current_dir(downloads)
        .output()
        .context("running apt-get: this is not Debian")?;
    succeeded(&output).with_context(|| format!("apt-get {}", arguments.join(" ")))
}
