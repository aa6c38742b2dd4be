//! Keeping the archive in shape: many small files become few sorted ones, the log stays short, leftovers go.
//!
//! Owns when and what; how files are replaced safely is [`tapline_archive::Archive::replace`]. Works alone: one task
//! in the one process that holds the archive's lock, one rewrite at a time.

mod compact;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use tapline_archive::Archive;
use tokio_util::sync::CancellationToken;

pub use compact::{CompactError, compact};
pub use plan::{Limits, plan};

/// Time between looks at the files.
const LOOK: Duration = Duration::from_secs(15);
/// Looks between two shortenings of the log: it is listed at every commit, but a checkpoint comes only each 100.
const LOG_LOOKS: u32 = 40;

/// Looks after the archive until cancelled.
pub async fn run(archive: Arc<Archive>, limits: Limits, cancel: CancellationToken) {
    let mut looks = 0u32;
    while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        looks = looks.wrapping_add(1);
        mend(&archive).await;
        while let Some(inputs) = plan(&archive.view().files, &limits, tapline_model::time::now()) {
            if cancel.is_cancelled() {
                return;
            }
            if let Err(error) = compact(&archive, inputs).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "compaction starts over later");
                break;
            }
        }
        if looks.is_multiple_of(LOG_LOOKS) {
            tidy(&archive).await;
        }
    }
}

/// Files that are missing may have been replaced by another engine, which is no damage.
async fn mend(archive: &Arc<Archive>) {
    if let Err(error) = archive.refresh().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the log cannot be read at the moment");
    }
    blocking(archive, Archive::mend).await;
}

async fn tidy(archive: &Arc<Archive>) {
    if let Err(error) = archive.clean_log().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the log is shortened later");
    }
    if let Err(error) = archive.refresh().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "leftovers are removed later");
        return;
    }
    blocking(archive, Archive::sweep).await;
}

async fn blocking(archive: &Arc<Archive>, work: fn(&Archive)) {
    let archive = Arc::clone(archive);
    // A panic would be reported by the runtime; the next look does the work again.
    let _ = tokio::task::spawn_blocking(move || work(&archive)).await;
}
