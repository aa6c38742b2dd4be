//! The files of one replay: its items, its targets, its journal. Written once each, but for the journal, which only grows.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::ReplayError;
use crate::item::Items;
use crate::plan::targets::Target;

mod columns;

/// Folder in that of the archive. Other engines leave names that begin with `_` alone.
const FOLDER: &str = "_replays";

/// Where the files of a replay stand.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// That of a replay of the archive in `root`.
    pub(crate) fn new(root: &Path, number: i64) -> Self {
        Self(root.join(FOLDER).join(format!("r-{number}")))
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
    }

    /// Writes a plan's items and targets; both survive a loss of power once this returns.
    pub(crate) fn write(&self, items: &Items, targets: &[Target]) -> Result<(), ReplayError> {
        fs::create_dir_all(&self.0).map_err(fault("write", &self.0))?;
        write_file(&self.items(), |file| columns::write(items, file))?;
        write_file(&self.targets(), |file| Ok(serde_json::to_writer(file, targets)?))?;
        let sync = |path: &Path| File::open(path).and_then(|folder| folder.sync_all()).map_err(fault("write", path));
        sync(&self.0)?;
        self.0.parent().map_or(Ok(()), sync)
    }

    pub(crate) fn read_items(&self) -> Result<Items, ReplayError> {
        let path = self.items();
        let file = File::open(&path).map_err(fault("read", &path))?;
        columns::read(file).map_err(|what| ReplayError::Damaged { path, what })
    }

    /// Of these items, which number their destinations otherwise than their plan did.
    pub(crate) fn read_targets(&self, items: &Items) -> Result<Vec<Target>, ReplayError> {
        let path = self.targets();
        let text = fs::read(&path).map_err(fault("read", &path))?;
        let damaged = |what| ReplayError::Damaged { path: path.clone(), what };
        let mut targets: Vec<Target> = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let goals: BTreeSet<u32> = items.items.iter().map(|item| item.to).collect();
        for target in &mut targets {
            let same = |goal: &&u32| {
                let stand = &items.stands[**goal as usize];
                (&stand.source, &stand.destination) == (&target.source, &target.destination)
            };
            let goal = goals.iter().find(same);
            target.stand = *goal.ok_or_else(|| damaged(format!("no item goes to `{}`", target.destination)))?;
        }
        Ok(targets)
    }

    /// Of a replay that was never started.
    pub(crate) fn remove(&self) -> Result<(), ReplayError> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fault("write", &self.0)(error)),
            _ => Ok(()),
        }
    }

    fn items(&self) -> PathBuf {
        self.0.join("items.arrow")
    }

    fn targets(&self) -> PathBuf {
        self.0.join("targets.json")
    }
}

pub(crate) fn fault(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReplayError {
    let path = path.to_owned();
    move |source| ReplayError::File { verb, path, source }
}

fn write_file(path: &Path, write: impl FnOnce(&mut io::BufWriter<File>) -> io::Result<()>) -> Result<(), ReplayError> {
    let written = File::create(path).and_then(|file| {
        let mut writer = io::BufWriter::new(file);
        write(&mut writer)?;
        writer.flush()?;
        writer.get_ref().sync_all()
    });
    written.map_err(fault("write", path))
}
