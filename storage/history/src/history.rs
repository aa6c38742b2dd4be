//! The history: what is not written yet, what is, and how files become fewer and thinner with age.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use parking_lot::Mutex;

use crate::error::HistoryError;
use crate::file::{self, Opened, Wanted};
use crate::folder::{Listed, Stored, list, make, remove, set_aside};
use crate::merge::{Run, merge};
use crate::sample::{Sample, batch};
use crate::segment::{Segment, Span, Step};

/// Rows that cannot be written are kept up to so many; the oldest go first.
const UNWRITTEN: usize = 1_000_000;

/// So often files may be replaced while they are opened.
const REPLACED: usize = 5;

/// Once it is over, an hour may wait for its last rows so long, microseconds.
const LATE: i64 = 5 * 60 * 1_000_000;

/// How far groups were behind. One process writes to a folder.
#[derive(Debug)]
pub struct History {
    folder: PathBuf,
    /// Microseconds.
    keep: i64,
    inner: Mutex<Inner>,
    /// Files are written by one at a time.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Rows that are not written yet, by the slot that they belong to.
    open: BTreeMap<Segment, Vec<Sample>>,
    /// No two of them hold the same stretch.
    files: Vec<Arc<Stored>>,
}

impl Inner {
    /// Takes a file in for those that it replaces.
    fn put(&mut self, written: Arc<Stored>, replaced: impl Fn(&Arc<Stored>) -> bool) {
        self.files.retain(|file| !replaced(file));
        self.files.push(written);
        self.files.sort_by_key(|file| file.segment);
    }
}

/// A file or what is in memory, as it was when it was asked for.
#[derive(Debug, Clone)]
pub struct Part(Source);

#[derive(Debug, Clone)]
enum Source {
    Memory(RecordBatch),
    File(Arc<Opened>),
}

impl Part {
    /// Its rows that are wanted, which must be those it was made for, sorted by source, group, destination, partition and
    /// time. Blocks on the disk.
    ///
    /// # Errors
    /// When the file cannot be read, at once or later.
    pub fn read(&self, wanted: &Wanted) -> Result<Run, HistoryError> {
        match &self.0 {
            Source::Memory(rows) => Ok(Box::new(std::iter::once(Ok(rows.clone())))),
            Source::File(file) => Ok(Box::new(file.read(wanted)?)),
        }
    }
}

impl History {
    /// Opens the folder, or makes it. Rows older than `keep`, microseconds, are deleted.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(folder: &Path, keep: i64) -> Result<Self, HistoryError> {
        make(folder)?;
        let Listed { kept, left_over } = list(folder)?;
        left_over.iter().try_for_each(|path| remove(path))?;
        Ok(Self::of(folder, keep, kept))
    }

    /// Opens a folder that another process may write to. An absent one is empty.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open_to_read(folder: &Path) -> Result<Self, HistoryError> {
        let files = if folder.is_dir() { list(folder)?.kept } else { Vec::new() };
        Ok(Self::of(folder, i64::MAX, files))
    }

    fn of(folder: &Path, keep: i64, files: Vec<Arc<Stored>>) -> Self {
        let inner = Mutex::new(Inner { open: BTreeMap::new(), files });
        Self { folder: folder.to_owned(), keep, inner, writing: Mutex::new(()) }
    }

    /// Takes rows in. They are on the disk after [`Self::upkeep`].
    pub fn add(&self, samples: Vec<Sample>) {
        let mut inner = self.inner.lock();
        for sample in samples {
            inner.open.entry(Segment::of(sample.at, Span::Slot)).or_default().push(sample);
        }
        while inner.open.len() > 1 && inner.open.values().map(Vec::len).sum::<usize>() > UNWRITTEN {
            if let Some((slot, lost)) = inner.open.pop_first() {
                tracing::warn!(
                    rows = lost.len(),
                    slot = slot.file_name(),
                    "lag history is lost: it could not be written"
                );
            }
        }
    }

    /// What may hold wanted rows. Files that cannot be read are left out, and said to the log.
    ///
    /// # Errors
    /// When rows in memory do not fit together, a bug.
    pub fn parts(&self, wanted: &Wanted) -> Result<Vec<Part>, HistoryError> {
        let is_gone = |opened: &Result<Arc<Opened>, HistoryError>| opened.as_ref().is_err_and(HistoryError::is_gone);
        let mut left = REPLACED;
        // A file may be replaced before it is opened: what replaces it is listed then. One that stays away was deleted.
        let (opened, open) = loop {
            let (files, open) = self.list(wanted)?;
            let opened: Vec<_> = files.iter().map(|file| file.open()).collect();
            left -= 1;
            if left == 0 || !opened.iter().any(is_gone) {
                break (opened, open);
            }
        };
        let told = |error: &HistoryError| {
            tracing::warn!(error = error as &dyn std::error::Error, "lag history is left out");
        };
        let files = opened.into_iter().filter_map(|opened| opened.inspect_err(told).ok());
        Ok(files.map(Source::File).chain(open.map(Source::Memory)).map(Part).collect())
    }

    /// Files and rows in memory of one moment.
    fn list(&self, wanted: &Wanted) -> Result<(Vec<Arc<Stored>>, Option<RecordBatch>), HistoryError> {
        let is_wanted = |segment: &Segment| wanted.may_be_between(segment.from, segment.to());
        let inner = self.inner.lock();
        let files = inner.files.iter().filter(|file| is_wanted(&file.segment)).cloned().collect();
        let open = inner.open.iter().filter(|(slot, _)| is_wanted(slot)).flat_map(|(_, it)| it);
        let open: Vec<&Sample> = open.filter(|sample| wanted.wants(sample.key(), sample.at)).collect();
        let open = (!open.is_empty()).then(|| batch(open)).transpose()?;
        Ok((files, open))
    }

    /// Writes what is over at this time, microseconds, and makes files fewer and thinner. Blocks on the disk.
    ///
    /// # Errors
    /// The first fault; everything else is done all the same.
    pub fn upkeep(&self, now: i64) -> Result<(), HistoryError> {
        let _alone = self.writing.lock();
        let written = self.write(now - LATE / 5);
        let merged = self.merge(now);
        let deleted = self.expire(now);
        written.and(merged).and(deleted)
    }

    /// Writes everything, for the end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn close(&self) -> Result<(), HistoryError> {
        let _alone = self.writing.lock();
        self.write(i64::MAX)
    }

    /// Writes slots that were over at a time.
    fn write(&self, until: i64) -> Result<(), HistoryError> {
        let slots: Vec<Segment> = self.inner.lock().open.keys().filter(|slot| slot.to() <= until).copied().collect();
        let written: Vec<Result<(), HistoryError>> = slots.into_iter().map(|slot| self.write_slot(slot)).collect();
        written.into_iter().collect()
    }

    fn write_slot(&self, slot: Segment) -> Result<(), HistoryError> {
        // They stay until they are written, or they would be missing from charts meanwhile.
        let (rows, count) = {
            let inner = self.inner.lock();
            let open = inner.open.get(&slot).map(Vec::as_slice).unwrap_or_default();
            (batch(open.iter().collect())?, open.len())
        };
        // What comes late belongs to the file that has its stretch.
        let holds = |file: &&Arc<Stored>| file.segment == slot || file.segment.replaces(slot);
        let before = self.inner.lock().files.iter().find(holds).cloned();
        let segment = before.as_ref().map_or(slot, |file| file.segment);
        let mut runs: Vec<Run> = vec![Box::new(std::iter::once(Ok(rows)))];
        let joined = before.map(|before| before.run()).transpose().and_then(|before| {
            runs.extend(before);
            self.rewrite(segment, runs)
        });
        let written = self.or_set_aside(joined)?;
        let mut inner = self.inner.lock();
        inner.put(written, |file| file.segment == segment);
        if let Some(open) = inner.open.get_mut(&slot) {
            // Rows may have been given up meanwhile.
            open.drain(..count.min(open.len()));
        }
        inner.open.retain(|_, open| !open.is_empty());
        Ok(())
    }

    /// A damaged file is set aside, or it would keep others from being written for ever.
    fn or_set_aside(&self, written: Result<Arc<Stored>, HistoryError>) -> Result<Arc<Stored>, HistoryError> {
        if let Err(HistoryError::Damaged { path, .. }) = &written {
            self.inner.lock().files.retain(|file| !file.is_at(path));
            set_aside(path)?;
        }
        written
    }

    fn rewrite(&self, segment: Segment, runs: Vec<Run>) -> Result<Arc<Stored>, HistoryError> {
        let path = file::write(&self.folder, segment, |take| merge(runs, segment.step.length(), take))?;
        Ok(Stored::new(segment, path))
    }

    /// Slots become hours, hours become days, days become thinner.
    fn merge(&self, now: i64) -> Result<(), HistoryError> {
        let merged: Vec<Result<(), HistoryError>> =
            self.due(now).into_iter().map(|segment| self.merge_into(segment)).collect();
        merged.into_iter().collect()
    }

    fn merge_into(&self, segment: Segment) -> Result<(), HistoryError> {
        let replaced = |file: &Arc<Stored>| segment.replaces(file.segment);
        let inputs: Vec<Arc<Stored>> = self.inner.lock().files.iter().filter(|it| replaced(it)).cloned().collect();
        let runs = inputs.iter().map(|input| input.run()).collect::<Result<_, HistoryError>>();
        let written = self.or_set_aside(runs.and_then(|runs| self.rewrite(segment, runs)))?;
        self.inner.lock().put(written, replaced);
        inputs.iter().try_for_each(|file| file.delete())
    }

    /// Files to be made of those there are.
    fn due(&self, now: i64) -> Vec<Segment> {
        let inner = self.inner.lock();
        let target = |file: &Arc<Stored>| {
            let at = file.segment.from;
            let (hour, day) = (Segment::of(at, Span::Hour), Segment::of(at, Span::Day));
            // A day once all its hours are.
            let target = if day.to() + 2 * LATE <= now {
                Segment { step: Step::of_age(now - day.to()), ..day }
            } else if hour.to() + LATE <= now {
                hour
            } else {
                return None;
            };
            target.replaces(file.segment).then_some(target)
        };
        let mut due: Vec<Segment> = inner.files.iter().filter_map(target).collect();
        due.sort_unstable();
        due.dedup();
        due
    }

    fn expire(&self, now: i64) -> Result<(), HistoryError> {
        let mut inner = self.inner.lock();
        let is_old = |file: &Arc<Stored>| file.segment.to() < now.saturating_sub(self.keep);
        let (old, kept): (Vec<_>, Vec<_>) = inner.files.drain(..).partition(is_old);
        inner.files = kept;
        drop(inner);
        old.iter().try_for_each(|file| file.delete())
    }
}

#[cfg(test)]
mod tests;
