//! The events that dead letters only point to, kept before their broker removes them.
//!
//! A share group's dead letter tells where the event that failed stands, and holds none of its bytes. Where the archive
//! has that event there is nothing to do. Where it has not, because it was written before the tap began or because its
//! topic is not read, its record is read from the broker as soon as the pointer is seen, and kept in an archive of its own
//! beside the events: those hold each record that a tap read once, and a tap that comes to this one later has to find its
//! place free. What `exclude` names, and internal topics, are never read.
//!
//! Owns when and what is looked up. What a pointer is belongs to `agents/deadletter`, reading records by their addresses
//! to the adapters, putting them back to `agents/replay`.

mod ask;
mod looker;
mod open;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tapline_archive::{Archive, ArchiveError, ArchiveOptions};
use tapline_model::time;
use tapline_pipeline::Tapped;
use tapline_upkeep::Limits;
use tokio_util::sync::CancellationToken;

use looker::Looker;

/// Between two looks for new pointers.
const LOOK: Duration = Duration::from_secs(1);

/// Name of the folder beside the events.
const FOLDER: &str = "originals";

/// Between commits: until then it is lost with the process, and its broker may remove it meanwhile.
const COMMIT: Duration = Duration::from_secs(1);

/// Memory for what is not written to files yet, bytes: little is looked up at once.
const MEMORY: usize = 64 << 20;

/// Keeps what pointers point to.
pub struct Originals {
    events: Arc<Archive>,
    kept: Arc<Archive>,
    /// By name.
    brokers: BTreeMap<String, Tapped>,
}

impl Originals {
    /// Beside the archive of all events, from the brokers that are tapped.
    ///
    /// # Errors
    /// When its folder cannot be opened.
    pub async fn open(events: Arc<Archive>, taps: &[Tapped]) -> Result<Self, ArchiveError> {
        let folder: &Path = events.folder();
        let options = ArchiveOptions {
            memory: MEMORY,
            file_bytes: MEMORY / 4,
            commit_interval: COMMIT,
            commit_pause: COMMIT,
            ..events.options().clone()
        };
        let kept = match Archive::open(&folder.join(FOLDER), options.clone()).await {
            Ok(kept) => kept,
            // What is kept beside the events must not keep anybody from them.
            Err(
                error @ (ArchiveError::DamagedLog { .. } | ArchiveError::Log { .. } | ArchiveError::Positions { .. }),
            ) => open_anew(folder, options, &error).await?,
            Err(error) => return Err(error),
        };
        let brokers = taps.iter().map(|tapped| (tapped.source.name().to_owned(), tapped.clone()));
        Ok(Self { events, kept, brokers: brokers.collect() })
    }

    /// What was kept beside the archive in a folder, for reading; `None` if nothing was, or it cannot be read.
    pub async fn read(folder: &Path) -> Option<Arc<Archive>> {
        let folder = folder.join(FOLDER);
        if !folder.exists() {
            return None;
        }
        let opened = Archive::open_read_only(&folder).await;
        let unread = |error: &ArchiveError| tracing::warn!(%error, "what dead letters only point to is left out");
        opened.inspect_err(unread).ok()
    }

    /// What was kept: rows as those of all events.
    pub fn kept(&self) -> &Arc<Archive> {
        &self.kept
    }

    /// Looks for new pointers until cancelled; what was kept is written then.
    ///
    /// # Errors
    /// When what was kept last cannot be written: it is read again by the next process.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), ArchiveError> {
        let kept = Arc::clone(&self.kept);
        let upkeep = tokio::spawn(tapline_upkeep::run(Arc::clone(&kept), Limits::default(), cancel.clone()));
        let looking = tokio::spawn(look(Looker::new(self), cancel.clone()));
        // What it could not write it keeps, and it is tried once more.
        let _ = kept.run(cancel).await;
        // Whatever became of them, nothing of theirs is lost.
        let _ = tokio::join!(looking, upkeep);
        kept.flush().await
    }
}

async fn look(mut looker: Looker, cancel: CancellationToken) {
    while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let stopped = cancel.clone();
        let looked = tokio::task::spawn_blocking(move || {
            if let Err(error) = looker.look(&|| stopped.is_cancelled()) {
                tracing::warn!(error = &error as &dyn std::error::Error, "dead letters are looked through again later");
            }
            looker
        });
        match looked.await {
            Ok(back) => looker = back,
            Err(error) => {
                tracing::error!(%error, "events that dead letters point to are not looked up any more");
                return;
            }
        }
    }
}

/// Moves what is damaged aside.
async fn open_anew(folder: &Path, options: ArchiveOptions, error: &ArchiveError) -> Result<Arc<Archive>, ArchiveError> {
    let (damaged, aside) = (folder.join(FOLDER), folder.join(format!("{FOLDER}-damaged-{}", time::now())));
    let (error, to) = (error as &dyn std::error::Error, aside.display());
    tracing::error!(error, %to, "what dead letters only point to cannot be opened and is moved aside");
    let io = |source| ArchiveError::Io { action: "move", path: damaged.clone(), source };
    std::fs::rename(&damaged, &aside).map_err(io)?;
    Archive::open(&damaged, options).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_opened_is_moved_aside_and_keeps_nobody_from_the_events() {
        let folder = tempfile::tempdir().unwrap();
        let events = Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap();
        let log = folder.path().join(FOLDER).join("events/_delta_log");
        std::fs::create_dir_all(&log).unwrap();
        std::fs::write(log.join("00000000000000000000.json"), "{no log").unwrap();
        let originals = Originals::open(events, &[]).await.unwrap();
        assert!(originals.kept().view().files.is_empty());
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().any(|name| name.to_string_lossy().starts_with("originals-damaged-")));
    }
}
