//! How a folder would serve as an archive, found out without changing it.

use std::path::Path;

use rustix::fs::{Access, access};

use crate::delta::DeltaLog;
use crate::error::ArchiveError;
use crate::lock::FolderLock;

/// What stands in a folder that can be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Examined {
    /// Nothing yet: it is made by the first start.
    New,
    /// An archive.
    Archive {
        /// Data files.
        files: usize,
        /// Those that are missing or of another size, with what is wrong.
        damaged: Vec<String>,
        /// ` (pid 4711)` where known, when a process writes to it.
        held: Option<String>,
    },
}

/// Looks at the folder, its log, and whether its files are there. A fault says what keeps a server from starting.
pub async fn examine(folder: &Path) -> Result<Examined, ArchiveError> {
    // A relative name without a folder stands in the working folder.
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    writable(existing)?;
    if existing != folder {
        return Ok(Examined::New);
    }
    let held = FolderLock::held(folder);
    let log = match DeltaLog::open(folder, false).await {
        Err(ArchiveError::NoArchive { .. }) => return Ok(Examined::New),
        log => log?,
    };
    log.ledger().await?;
    let files = log.files().await?;
    let damaged = files.iter().filter_map(|file| Some(format!("{}: {}", file.path, file.check().err()?)));
    Ok(Examined::Archive { files: files.len(), damaged: damaged.collect(), held })
}

fn writable(folder: &Path) -> Result<(), ArchiveError> {
    let fault = |source: std::io::Error| ArchiveError::NotWritable { folder: folder.to_owned(), source };
    if !folder.is_dir() {
        return Err(fault(std::io::ErrorKind::NotADirectory.into()));
    }
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|errno| fault(errno.into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{Archive, ArchiveOptions};

    #[tokio::test]
    async fn a_folder_is_told_as_it_is_and_left_as_it_is() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("new").join("archive");
        assert_eq!(examine(&folder).await.unwrap(), Examined::New);
        assert!(!above.path().join("new").exists());
        let archive = Archive::open(&folder, ArchiveOptions::default()).await.unwrap();
        let Examined::Archive { files: 0, held: Some(held), .. } = examine(&folder).await.unwrap() else {
            panic!("a running archive is told");
        };
        assert_eq!(held, format!(" (pid {})", std::process::id()));
        drop(archive);
        assert!(matches!(examine(&folder).await.unwrap(), Examined::Archive { held: None, .. }));
        let file = above.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(examine(&file.join("archive")).await.unwrap_err().to_string().contains("cannot be written to"));
    }

    #[tokio::test]
    async fn a_folder_without_the_right_to_write_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
        // Whoever runs the tests may be allowed everything.
        let allowed = std::fs::write(folder.path().join("probe"), "").is_ok();
        assert_eq!(examine(folder.path()).await.is_ok(), allowed);
    }

    #[tokio::test]
    async fn a_cut_commit_is_told_without_addresses_of_code() {
        let folder = tempfile::tempdir().unwrap();
        drop(Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap());
        let commit = folder.path().join("events/_delta_log/00000000000000000000.json");
        let whole = std::fs::read(&commit).unwrap();
        for cut in [0, whole.len() / 2] {
            std::fs::write(&commit, &whole[..cut]).unwrap();
            let told = examine(folder.path()).await.unwrap_err().to_string();
            assert!(told.contains("00000000000000000000.json") && told.contains("copy"), "{told}");
            assert!(told.lines().count() == 1 && !told.contains("backtrace"), "{told}");
        }
    }
}
