//! After a crash: the log decides what exists. Everything else is removed or rebuilt.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tapline_index::{Entry, Names, Sidecar, keys};
use tapline_model::schema;

use crate::error::ArchiveError;
use crate::file::{COMPACTED, DataFile};
use crate::view::View;
use crate::writer;

/// Columns that the ID index is made from.
pub const INDEXED: [&str; 17] = [
    "source",
    "destination",
    "partition",
    "offset",
    "incarnation",
    "position",
    "key",
    "message_id",
    "causation_id",
    "correlation_id",
    "conversation_id",
    "trace_id",
    "origin_trace_id",
    "ids",
    "dead_letter",
    "retry",
    "replay_id",
];

/// Looks at a file on disk and opens its sidecar if there is a good one.
pub(crate) fn check_and_attach(root: &Path, file: &DataFile) {
    file.check();
    let location = DataFile::sidecar_location(root, &file.path);
    match Sidecar::open(&location) {
        Ok(sidecar) => file.attach(sidecar),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "id index will be rebuilt"),
    }
}

/// Rebuilds missing and damaged sidecars from their data files.
pub(crate) fn rebuild_sidecars(view: &View, root: &Path) {
    for file in view.files.iter().filter(|file| file.sidecar().is_none() && file.damage().is_none()) {
        match rebuild(view, root, file) {
            Ok(sidecar) => file.attach(sidecar),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "id index cannot be rebuilt"),
        }
    }
}

fn rebuild(view: &View, root: &Path, file: &DataFile) -> Result<Sidecar, ArchiveError> {
    let (mut entries, mut names, mut first) = (Vec::<Entry>::new(), Names::default(), 0u32);
    for batch in view.reader.scan(file, &INDEXED, 8_192)? {
        let damaged = |error: arrow::error::ArrowError| ArchiveError::Damaged {
            path: file.path.clone(),
            what: error.to_string(),
        };
        let batch = batch.map_err(damaged)?;
        entries.extend(keys(&batch, first, &mut names)?);
        first += u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
    }
    entries.sort();
    writer::write_sidecar(root, &file.path, &entries, &names)
}

/// Removes files that no commit names and `retired` does not hold: written before a crash, or replaced. Young ones
/// stay: one may be about to be committed, and an engine beside us may still read an old snapshot.
pub(crate) fn remove_orphans(root: &Path, view: &View, retired: &[PathBuf], keep: Duration) {
    let active: HashSet<&PathBuf> = view.files.iter().map(|file| &file.location).chain(retired).collect();
    let orphans = data_files(root).into_iter().filter(|path| !active.contains(path) && is_ours(path));
    for path in orphans.filter(|path| older_than(path, keep)) {
        if let Ok(relative) = path.strip_prefix(root) {
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

fn older_than(path: &Path, age: Duration) -> bool {
    let modified = std::fs::metadata(path).and_then(|found| found.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|elapsed| elapsed >= age))
}
