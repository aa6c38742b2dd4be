//! Rules for what people read first: it is there, and short enough to be read.

use std::{fs, path::Path};

use super::Finding;

/// Documents and how many lines they may have.
const DOCUMENTS: [(&str, usize); 4] =
    [("README.md", 300), ("ARCHITECTURE.md", 300), ("CHANGELOG.md", 400), ("LICENSE", 202)];

pub(super) fn check(root: &Path) -> Vec<Finding> {
    DOCUMENTS.into_iter().filter_map(|(name, limit)| one(root, name, limit)).collect()
}

fn one(root: &Path, name: &str, limit: usize) -> Option<Finding> {
    let path = Path::new(name);
    let Ok(text) = fs::read_to_string(root.join(name)) else { return Some(Finding::new(path, 0, "is missing")) };
    let lines = text.lines().count();
    (lines > limit).then(|| Finding::new(path, 0, format!("{lines} lines; {limit} is the limit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_there_and_short() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(one(root.path(), "README.md", 2).unwrap().to_string(), "README.md: is missing");
        fs::write(root.path().join("README.md"), "a\nb\n").unwrap();
        assert_eq!(one(root.path(), "README.md", 2), None);
        assert_eq!(one(root.path(), "README.md", 1).unwrap().to_string(), "README.md: 2 lines; 1 is the limit");
    }
}
