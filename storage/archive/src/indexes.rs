//! The ID index of each file: attached where its sidecar is intact, built anew from the file's rows where it is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_index::keys::columns_read;
use tapline_index::{Entry, Names, Sidecar, keys};

use crate::error::ArchiveError;
use crate::file::DataFile;
use crate::reader::Reader;
use crate::store::create_folder;
use crate::sums;

/// An index that could not be built is not tried again for so long: reading a whole file for nothing is expensive.
const PAUSE: Duration = Duration::from_secs(30);

impl Reader {
    /// The ID index of a file, built from its rows where there is none. Blocks on the disk.
    pub fn index(&self, file: &DataFile) -> Result<Arc<Sidecar>, ArchiveError> {
        if let Some(what) = file.damage() {
            return Err(ArchiveError::Damaged { path: file.path.clone(), what });
        }
        if let Some(known) = file.sidecar() {
            return Ok(known);
        }
        let mut failed = file.building.lock();
        if let Some(known) = file.sidecar() {
            return Ok(known);
        }
        if failed.is_some_and(|since| since.elapsed() < PAUSE) {
            return Err(ArchiveError::NoIndex { path: file.path.clone() });
        }
        let built = self.open_or_build(file);
        *failed = built.is_err().then(Instant::now);
        built.map(|sidecar| file.attach(sidecar))
    }

    /// The first `limit` rows of a file found under `hash`, ascending, and how many there are. An index that turns out
    /// damaged is built anew: what is in it is never believed. Blocks on the disk.
    pub fn find(&self, file: &DataFile, hash: u64, limit: usize) -> Result<(Vec<u32>, usize), ArchiveError> {
        let sidecar = self.index(file)?;
        match sidecar.rows(hash, limit) {
            Ok(found) => Ok(found),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "id index is built anew");
                file.detach(&sidecar);
                Ok(self.index(file)?.rows(hash, limit)?)
            }
        }
    }

    fn open_or_build(&self, file: &DataFile) -> Result<Sidecar, ArchiveError> {
        if let Ok(sidecar) = Sidecar::open(&file.index_location()) {
            return Ok(sidecar);
        }
        let (entries, names) = self.entries(file)?;
        let sums = sums::of_file(file);
        let sums = sums.map_err(|source| ArchiveError::Io { action: "read", path: file.location.clone(), source })?;
        if self.writable.is_some() {
            match write_sidecar(&file.index_location(), &entries, &names, &sums) {
                Ok(sidecar) => return Ok(sidecar),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "id index is kept elsewhere"),
            }
        }
        temporary(&entries, &names, &sums)
    }

    fn entries(&self, file: &DataFile) -> Result<(Vec<Entry>, Names), ArchiveError> {
        let (mut entries, mut names, mut first) = (Vec::<Entry>::new(), Names::default(), 0u32);
        for batch in self.scan(file, &columns_read(), 8_192, None)? {
            let batch = batch?;
            entries.extend(keys(&batch, first, &mut names)?);
            first += u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
        }
        entries.sort();
        Ok((entries, names))
    }
}

/// Writes the sidecar of a data file and opens it.
pub(crate) fn write_sidecar(
    location: &Path,
    entries: &[Entry],
    names: &Names,
    sums: &[u32],
) -> Result<Sidecar, ArchiveError> {
    let folder = location.parent().unwrap_or(location);
    create_folder(folder).map_err(|source| ArchiveError::Io { action: "create", path: folder.to_owned(), source })?;
    tapline_index::write(location, entries, names, sums)?;
    Ok(Sidecar::open(location)?)
}

/// An index without a name, gone with the process: for who only reads an archive, and when its disk is full.
fn temporary(entries: &[Entry], names: &Names, sums: &[u32]) -> Result<Sidecar, ArchiveError> {
    struct Unnamed(PathBuf);
    impl Drop for Unnamed {
        fn drop(&mut self) {
            // One that cannot be removed is the temporary folder's to clean.
            let _ = std::fs::remove_file(&self.0);
        }
    }
    let path = Unnamed(std::env::temp_dir().join(format!("tapline-{}.ids", uuid::Uuid::new_v4())));
    tapline_index::write(&path.0, entries, names, sums)?;
    Ok(Sidecar::open(&path.0)?)
}
