//! Whether the page must be built again: a hash over everything it is made from, kept in the target folder with the
//! list of the files that were made.

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
    inputs: String,
}

impl Stamp {
    pub(crate) fn of(workspace: &Workspace, dev: bool) -> Result<Self> {
        let mut hash = Xxh3::new();
        hash.update(&[u8::from(dev)]);
        for input in INPUTS {
            take_in(&mut hash, &workspace.root, &workspace.root.join(input))?;
        }
        Ok(Self { path: workspace.page_target().join("stamp"), inputs: format!("{:016x}", hash.digest()) })
    }

    /// Whether the last build had the same inputs and everything it wrote is still there.
    pub(crate) fn is_current(&self) -> Result<bool> {
        let Ok(kept) = fs::read_to_string(&self.path) else { return Ok(false) };
        let mut lines = kept.lines();
        Ok(lines.next() == Some(&self.inputs) && lines.all(|file| Path::new(file).is_file()))
    }

    /// Remembers this state and the files of `dist`.
    pub(crate) fn keep(&self, dist: &Path) -> Result<()> {
        let mut lines = vec![self.inputs.clone()];
        lines.extend(walk(dist)?.iter().map(|path| path.display().to_string()));
        fs::write(&self.path, lines.join("\n")).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

fn take_in(hash: &mut Xxh3, root: &Path, input: &Path) -> Result<()> {
    let paths = if input.is_dir() { walk(input)? } else { vec![input.to_owned()] };
    let made = root.join("ui/dist");
    for path in paths.iter().filter(|path| !path.starts_with(&made)) {
        let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(path.strip_prefix(root).unwrap_or(path).to_string_lossy().as_bytes());
        hash.update(&content.len().to_le_bytes());
        hash.update(&content);
    }
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
        stamp.keep(&workspace.root.join("ui/dist")).unwrap();
        assert!(Stamp::of(&workspace, false).unwrap().is_current().unwrap());
        assert!(!Stamp::of(&workspace, true).unwrap().is_current().unwrap());
        fs::write(workspace.root.join("query/api/a.rs"), "after").unwrap();
        assert!(!Stamp::of(&workspace, false).unwrap().is_current().unwrap());
    }

    #[test]
    fn a_page_whose_files_are_gone_is_not_current() {
        let (_folder, workspace) = checkout();
        let stamp = Stamp::of(&workspace, false).unwrap();
        stamp.keep(&workspace.root.join("ui/dist")).unwrap();
        fs::remove_file(workspace.root.join("ui/dist/index.html")).unwrap();
        assert!(!stamp.is_current().unwrap());
    }
}
