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

use globset::{Glob, GlobSet, GlobSetBuilder};
use tapline_adapter::Source;
use tapline_archive::{Archive, ArchiveError, ArchiveOptions};
use tapline_decode::Rules;
use tapline_pipeline::{PayloadPolicy, Tapped};
use tapline_upkeep::Limits;
use tokio_util::sync::CancellationToken;

use looker::Looker;

/// Between two looks for new pointers.
const LOOK: Duration = Duration::from_secs(1);

/// Name of the folder beside the events.
const FOLDER: &str = "originals";

/// Whoever writes a dead letter says where its event stands: not in what brokers keep for themselves.
const INTERNAL: [&str; 2] = ["__*", "_schemas"];

/// Between commits: until then it is lost with the process, and its broker may remove it meanwhile.
const COMMIT: Duration = Duration::from_secs(1);

/// Memory for what is not written to files yet, bytes: little is looked up at once.
const MEMORY: usize = 64 << 20;

/// A broker that is asked for events.
struct Broker {
    source: Arc<dyn Source>,
    /// What is never read.
    exclude: GlobSet,
    rules: Rules,
    payloads: PayloadPolicy,
}

/// Keeps what pointers point to.
pub struct Originals {
    events: Arc<Archive>,
    kept: Arc<Archive>,
    brokers: BTreeMap<String, Broker>,
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
        let kept = Archive::open(&folder.join(FOLDER), options).await?;
        let broker = |tapped: &Tapped| Broker {
            source: Arc::clone(&tapped.source),
            exclude: globs(&tapped.options.exclude),
            rules: tapped.rules.clone(),
            payloads: tapped.payloads,
        };
        let brokers = taps.iter().map(|tapped| (tapped.source.name().to_owned(), broker(tapped))).collect();
        Ok(Self { events, kept, brokers })
    }

    /// What was kept beside the archive in a folder, if anything was; for reading.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(folder: &Path) -> Result<Option<Arc<Archive>>, ArchiveError> {
        let folder = folder.join(FOLDER);
        if !folder.exists() {
            return Ok(None);
        }
        Archive::open_read_only(&folder).await.map(Some)
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
        let written = kept.run(cancel).await;
        // Whatever became of them, nothing of theirs is lost.
        let _ = tokio::join!(looking, upkeep);
        kept.flush().await.and(written)
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

/// The patterns are those that the tap was given, which refused what is none.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    let all = patterns.iter().map(String::as_str).chain(INTERNAL);
    all.filter_map(|pattern| Glob::new(pattern).ok()).for_each(|glob| {
        set.add(glob);
    });
    set.build().unwrap_or_default()
}
