//! The folder: which files there are, and those that a crash left behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::error::HistoryError;
use crate::file::{Opened, Wanted};
use crate::merge::Run;
use crate::segment::Segment;

/// A file by what its name says. It stays open once it was read, so that it may be deleted under a reader.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) segment: Segment,
    path: PathBuf,
    opened: OnceLock<Arc<Opened>>,
}

impl Stored {
    pub(crate) fn new(segment: Segment, path: PathBuf) -> Arc<Self> {
        Arc::new(Self { segment, path, opened: OnceLock::new() })
    }

    pub(crate) fn open(&self) -> Result<Arc<Opened>, HistoryError> {
        if let Some(opened) = self.opened.get() {
            return Ok(Arc::clone(opened));
        }
        let opened = Arc::new(Opened::open(self.path.clone())?);
        Ok(Arc::clone(self.opened.get_or_init(|| opened)))
    }

    /// All its rows.
    pub(crate) fn run(&self) -> Result<Run, HistoryError> {
        Ok(Box::new(self.open()?.read(&Wanted::default())?))
    }

    pub(crate) fn is_at(&self, path: &Path) -> bool {
        self.path == path
    }

    pub(crate) fn delete(&self) -> Result<(), HistoryError> {
        remove(&self.path)
    }
}

/// What there is.
pub(crate) struct Listed {
    /// Each with rows that no other has.
    pub(crate) kept: Vec<Arc<Stored>>,
    /// Replaced by others, or not finished.
    pub(crate) left_over: Vec<PathBuf>,
}

/// Makes the folder if it is not there.
pub(crate) fn make(folder: &Path) -> Result<(), HistoryError> {
    let disk = |source| HistoryError::Disk { verb: "written", path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(disk)
}

pub(crate) fn list(folder: &Path) -> Result<Listed, HistoryError> {
    let disk = |source| HistoryError::Disk { verb: "read", path: folder.to_owned(), source };
    let (mut found, mut left_over) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(disk)? {
        let path = entry.map_err(disk)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match Segment::parse(name) {
            Some(segment) => found.push(Stored::new(segment, path)),
            None if is_draft(name) => left_over.push(path),
            None => {}
        }
    }
    let is_replaced = |file: &Arc<Stored>| found.iter().any(|other| other.segment.replaces(file.segment));
    let (replaced, mut kept): (Vec<_>, Vec<_>) = found.iter().cloned().partition(is_replaced);
    left_over.extend(replaced.iter().map(|file| file.path.clone()));
    kept.sort_by_key(|file| file.segment);
    Ok(Listed { kept, left_over })
}

fn is_draft(name: &str) -> bool {
    name.strip_suffix(".tmp").is_some_and(|name| Segment::parse(&format!("{name}.parquet")).is_some())
}

/// Gives a damaged file a name under which it is not read any more.
pub(crate) fn set_aside(path: &Path) -> Result<(), HistoryError> {
    let disk = |source| HistoryError::Disk { verb: "renamed", path: path.to_owned(), source };
    fs::rename(path, path.with_extension("damaged")).map_err(disk)
}

pub(crate) fn remove(path: &Path) -> Result<(), HistoryError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(HistoryError::Disk { verb: "deleted", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
