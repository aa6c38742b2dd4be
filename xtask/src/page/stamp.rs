//! Whether the page must be built again: a hash over everything it is made from and one over what was made, kept in the
//! target folder. Checkouts may share that folder: each has a page of its own, and no path of one is kept.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xxhash_rust::xxh3::Xxh3;

use crate::{page::bundle::walk, workspace::Workspace};

/// What the page is made from, as paths from the root.
const INPUTS: [&str; 6] = ["Cargo.lock", "Cargo.toml", "ui", "query/api", "xtask/src/page", "xtask/src/page.rs"];

/// The state of the inputs at the start of a build: what changes while it runs is built the next time.
pub(crate) struct Stamp {
    path: PathBuf,
    dist: PathBuf,
    inputs: u64,
}

impl Stamp {
    pub(crate) fn of(workspace: &Workspace, dev: bool) -> Result<Self> {
        let dist = workspace.root.join("ui/dist");
        let mut hash = Xxh3::new();
        hash.update(&[u8::from(dev)]);
        for input in INPUTS {
            let input = workspace.root.join(input);
            let paths = if input.is_dir() { walk(&input)? } else { vec![input] };
            let paths = paths.iter().filter(|path| !path.starts_with(&dist));
            paths.into_iter().try_for_each(|path| take_in(&mut hash, &workspace.root, path))?;
        }
        Ok(Self { path: workspace.page_target().join("stamp"), dist, inputs: hash.digest() })
    }

    /// Whether the last build had the same inputs and this checkout has what it made.
    pub(crate) fn is_current(&self) -> Result<bool> {
        if !self.dist.is_dir() {
            return Ok(false);
        }
        let made = self.line()?;
        Ok(fs::read_to_string(&self.path).is_ok_and(|kept| kept == made))
    }

    /// Remembers this state and what was made.
    pub(crate) fn keep(&self) -> Result<()> {
        fs::write(&self.path, self.line()?).with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn line(&self) -> Result<String> {
        let mut made = Xxh3::new();
        walk(&self.dist)?.iter().try_for_each(|path| take_in(&mut made, &self.dist, path))?;
        Ok(format!("{:016x} {:016x}\n", self.inputs, made.digest()))
    }
}

fn take_in(hash: &mut Xxh3, root: &Path, path: &Path) -> Result<()> {
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    hash.update(path.strip_prefix(root).unwrap_or(path).to_string_lossy().as_bytes());
    hash.update(&content.len().to_le_bytes());
    hash.update(&content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        for input in INPUTS {
            let path =
                if Path::new(input).extension().is_some() { root.join(input) } else { root.join(input).join("a.rs") };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "before").unwrap();
        }
        fs::create_dir_all(root.join("target/page")).unwrap();
        fs::create_dir_all(root.join("ui/dist")).unwrap();
        fs::write(root.join("ui/dist/index.html"), "made").unwrap();
        let target = root.join("target");
        (folder, Workspace { root, target, metadata: serde_json::Value::Null })
    }

    #[test]
    fn a_page_is_current_until_a_source_changes() {
        let (_folder, workspace) = checkout();
        let stamp = Stamp::of(&workspace, false).unwrap();
        assert!(!stamp.is_current().unwrap());
        stamp.keep().unwrap();
        assert!(Stamp::of(&workspace, false).unwrap().is_current().unwrap());
        assert!(!Stamp::of(&workspace, true).unwrap().is_current().unwrap());
        fs::write(workspace.root.join("query/api/a.rs"), "after").unwrap();
        assert!(!Stamp::of(&workspace, false).unwrap().is_current().unwrap());
    }

    /// CI once served no page: the stamp named the files of the checkout that had filled the target folder before.
    #[test]
    fn a_page_of_another_checkout_is_not_this_ones() {
        let (_folder, workspace) = checkout();
        Stamp::of(&workspace, false).unwrap().keep().unwrap();
        let (_folder, mut other) = checkout();
        other.target.clone_from(&workspace.target);
        assert!(Stamp::of(&other, false).unwrap().is_current().unwrap());
        fs::write(other.root.join("ui/dist/index.html"), "made before").unwrap();
        assert!(!Stamp::of(&other, false).unwrap().is_current().unwrap());
        fs::remove_dir_all(other.root.join("ui/dist")).unwrap();
        assert!(!Stamp::of(&other, false).unwrap().is_current().unwrap());
    }

    #[test]
    fn a_page_whose_files_are_gone_is_not_current() {
        let (_folder, workspace) = checkout();
        let stamp = Stamp::of(&workspace, false).unwrap();
        stamp.keep().unwrap();
        fs::remove_file(workspace.root.join("ui/dist/index.html")).unwrap();
        assert!(!stamp.is_current().unwrap());
    }
}
