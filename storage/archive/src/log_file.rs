//! Which file of the Delta log is damaged: the library says that it cannot read, not always what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::error::ArchiveError;

/// Rows of a checkpoint that are looked at at once.
const STEP: usize = 1_024;

/// The first of the newest commits, at most `limit`, or of the checkpoints, that is not what was written.
pub(crate) fn damaged(root: &Path, limit: usize) -> Option<ArchiveError> {
    let mut files: Vec<PathBuf> =
        root.join("_delta_log").read_dir().ok()?.flatten().map(|entry| entry.path()).collect();
    files.sort_unstable_by(|a, b| b.cmp(a));
    let named = |path: &&PathBuf, end: &str| path.to_str().is_some_and(|path| path.ends_with(end));
    let commits = files.iter().filter(|path| commit_version(path).is_some()).take(limit);
    let checkpoints = files.iter().filter(|path| limit == usize::MAX && named(path, ".checkpoint.parquet"));
    let mut faults = commits.map(|path| (path, commit(path))).chain(checkpoints.map(|path| (path, checkpoint(path))));
    faults.find_map(|(path, read)| Some(ArchiveError::DamagedLog { path: path.clone(), what: read.err()? }))
}

/// The first commit that is not there although later ones are. Those before the oldest checkpoint are removed in time.
pub(crate) fn missing(root: &Path) -> Option<ArchiveError> {
    let log = root.join("_delta_log");
    let files: Vec<PathBuf> = log.read_dir().ok()?.flatten().map(|entry| entry.path()).collect();
    let commits: BTreeSet<u64> = files.iter().filter_map(|path| commit_version(path)).collect();
    let checkpoints = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    let first = checkpoints.filter_map(|path| path.file_name()?.to_str()?.get(..20)?.parse::<u64>().ok()).max();
    let wanted = first.map_or(0, |checkpoint| checkpoint + 1)..=*commits.last()?;
    let absent = wanted.into_iter().find(|version| !commits.contains(version))?;
    Some(ArchiveError::MissingLog { path: log.join(format!("{absent:020}.json")) })
}

fn commit_version(path: &Path) -> Option<u64> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    path.extension().filter(|extension| *extension == "json").and_then(|_| stem.parse().ok())
}

fn commit(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).enumerate().peekable();
    lines.peek().ok_or("it is empty")?;
    lines.try_for_each(|(at, line)| match serde_json::from_str::<serde::de::IgnoredAny>(line) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("line {} ends or goes on where it should not: {error}", at + 1)),
    })
}

fn checkpoint(path: &Path) -> Result<(), String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let read = move || -> Result<(), String> {
        let mut batches = ParquetRecordBatchReader::try_new(file, STEP).map_err(|error| error.to_string())?;
        batches.try_for_each(|batch| batch.map(drop).map_err(|error| error.to_string()))
    };
    crate::reader::guarded(read).unwrap_or_else(|_| Err("its bytes cannot be decoded".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_commit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("_delta_log");
        std::fs::create_dir(&log).unwrap();
        let name = |version: u64| log.join(format!("{version:020}.json"));
        std::fs::write(name(0), "{\"protocol\":{}}\n{\"metaData\":{}}\n").unwrap();
        std::fs::write(name(1), "{\"add\":{}}").unwrap();
        assert!(damaged(folder.path(), usize::MAX).is_none());
        for cut in ["", "{\"commitInfo\":{}}\n{\"add\":{\"pa"] {
            std::fs::write(name(1), cut).unwrap();
            let told = damaged(folder.path(), 1).unwrap().to_string();
            assert!(told.contains("00000000000000000001.json"), "{told}");
        }
        std::fs::write(name(2), "{\"add\":{}}").unwrap();
        assert!(damaged(folder.path(), 1).is_none(), "only the newest was asked for");
        assert!(damaged(folder.path(), usize::MAX).is_some());
        std::fs::remove_file(name(1)).unwrap();
        std::fs::write(log.join("00000000000000000002.checkpoint.parquet"), "PAR1 no PAR1").unwrap();
        let told = damaged(folder.path(), usize::MAX).unwrap().to_string();
        assert!(told.contains("checkpoint.parquet"), "{told}");
    }
}
