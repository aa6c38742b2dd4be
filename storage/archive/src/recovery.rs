//! After a crash: the log decides what exists. Everything else is removed or rebuilt.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tapline_index::Sidecar;
use tapline_model::schema;

use crate::file::{COMPACTED, DataFile};
use crate::view::View;

/// Looks at a file on disk and opens its sidecar if there is a good one.
pub(crate) fn check_and_attach(file: &DataFile) {
    if let Err(what) = file.check() {
        file.mark_damaged(&what);
    }
    match Sidecar::open(&file.index_location()) {
        Ok(sidecar) => drop(file.attach(sidecar)),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "id index will be rebuilt"),
    }
}

/// Removes files that no commit names and `kept` does not hold: written before a crash, or replaced. Of these only
/// what is `old`: a young one may be about to be committed, and an engine beside us may still read an old snapshot.
pub(crate) fn remove_orphans(root: &Path, view: &View, kept: &[PathBuf], old: impl Fn(SystemTime) -> bool) {
    let active: HashSet<&PathBuf> = view.files.iter().map(|file| &file.location).chain(kept).collect();
    let orphans = data_files(root).into_iter().filter(|path| !active.contains(path) && is_ours(path));
    for path in orphans.filter(|path| modified(path).is_some_and(&old)) {
        if let Ok(relative) = path.strip_prefix(root) {
            tracing::info!(path = %relative.display(), "a file that no commit names is removed");
            remove_file(root, &relative.to_string_lossy());
        }
    }
}

/// Removes a data file and its sidecar.
pub(crate) fn remove_file(root: &Path, path: &str) {
    for location in [root.join(path), DataFile::sidecar_location(root, path)] {
        match std::fs::remove_file(&location) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(path = %location.display(), %error, "cannot remove a file that is no longer needed");
            }
            _ => {}
        }
    }
}

/// Whether files stand there that we wrote.
pub(crate) fn has_data(root: &Path) -> bool {
    data_files(root).iter().any(|path| is_ours(path))
}

fn data_files(root: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root).into_iter().flatten().flatten();
    let days = folders.filter(|entry| entry.file_name().to_string_lossy().starts_with(schema::DAY));
    let files = days.flat_map(|day| std::fs::read_dir(day.path()).into_iter().flatten().flatten());
    files.map(|entry| entry.path()).collect()
}

/// Whether a file has a name that we give: what others put beside ours is not ours to delete.
fn is_ours(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let stem = stem.strip_prefix(COMPACTED).unwrap_or(stem);
    path.extension().is_some_and(|extension| extension == "parquet") && uuid::Uuid::try_parse(stem).is_ok()
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()
}
