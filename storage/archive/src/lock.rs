//! One writer at a time: an advisory lock on `tapline.lock`, given back by the kernel when the process ends.

use std::fs::{File, Metadata, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::ArchiveError;

/// Holds the folder until dropped.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
    path: PathBuf,
}

impl FolderLock {
    /// Takes the lock or says who holds it.
    pub fn take(folder: &Path) -> Result<Self, ArchiveError> {
        let path = folder.join("tapline.lock");
        let io = |source| ArchiveError::Io { action: "lock", path: path.clone(), source };
        let no_file = |source| ArchiveError::NotWritable { folder: folder.to_owned(), source };
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(no_file)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ArchiveError::Locked { folder: folder.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let note = std::process::id().to_string();
        file.set_len(0).and_then(|()| file.write_all(note.as_bytes())).map_err(io)?;
        Ok(Self { file, path })
    }

    /// When the lock was taken, by the clock of the file system that the archive's files are on.
    pub(crate) fn taken_at(&self) -> Option<SystemTime> {
        self.file.metadata().and_then(|found| found.modified()).ok()
    }

    /// Who holds the folder, ` (pid 4711)` where that is known; `None` when nobody does. Takes nothing, creates nothing.
    pub(crate) fn held(folder: &Path) -> Option<String> {
        let mut file = File::open(folder.join("tapline.lock")).ok()?;
        // Shared, so that two who ask do not meet each other, and given back at once.
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| holder(&mut file))
    }

    /// Whether the folder's name still leads to the folder that was locked. A volume that is unmounted or a folder that
    /// is moved away leaves another one, or none, under the same name: what is written there is lost.
    pub fn is_in_place(&self) -> bool {
        let same = |held: Metadata, found: Metadata| (held.dev(), held.ino()) == (found.dev(), found.ino());
        self.file.metadata().and_then(|held| Ok(same(held, std::fs::metadata(&self.path)?))).unwrap_or(false)
    }
}

fn holder(file: &mut File) -> String {
    let mut note = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut note));
    match (read, note.trim().parse::<u32>()) {
        (Ok(_), Ok(pid)) => format!(" (pid {pid})"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let refused = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("pid {}", std::process::id())), "{refused}");
        drop(first);
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_under_the_same_name_is_another_folder() {
        let above = tempfile::tempdir().unwrap();
        let (folder, aside) = (above.path().join("archive"), above.path().join("aside"));
        std::fs::create_dir(&folder).unwrap();
        let lock = FolderLock::take(&folder).unwrap();
        assert!(lock.is_in_place());
        std::fs::rename(&folder, &aside).unwrap();
        assert!(!lock.is_in_place());
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("tapline.lock"), "").unwrap();
        assert!(!lock.is_in_place());
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::rename(&aside, &folder).unwrap();
        assert!(lock.is_in_place());
    }
}
