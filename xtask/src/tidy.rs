//! `cargo xtask tidy`: the rules of the house that no compiler checks. This module collects files and findings; the
//! rules are in `layers` (which crate may know which), `source` (Rust files) and `documents`.

mod documents;
mod layers;
mod source;
mod syntax;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// A rule broken at a place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// From the root of the checkout.
    path: PathBuf,
    /// 0 when the file as a whole is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.line {
            0 => write!(f, "{path}: {}", self.message),
            line => write!(f, "{path}:{line}: {}", self.message),
        }
    }
}

/// Prints the findings. Fails if there are any.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let findings = findings(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All findings, by place.
pub(crate) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = layers::check(workspace)?;
    findings.extend(documents::check(&workspace.root));
    let mut files = Vec::new();
    rust_files(&workspace.root, &mut files)?;
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        findings.extend(source::check(workspace.relative(&path), &text));
    }
    findings.sort();
    Ok(findings)
}

/// All Rust files but those that a build made.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                rust_files(&path, found)?;
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(())
}
