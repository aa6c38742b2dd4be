//! One rewrite: read, sort by chain key and time, write, replace.

use std::sync::Arc;

use tapline_archive::writer::{FileWriter, sorted_by_chain};
use tapline_archive::{Archive, ArchiveError, DataFile};
use tapline_model::schema;
use tracing::{Instrument, field};

/// Rows written at a time.
const SLICE: usize = 8_192;

/// Why a rewrite did not happen; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The archive's fault, or a file that was replaced meanwhile.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The rewrite panicked; a bug of ours.
    #[error("the rewrite stopped unexpectedly: {0}; please report it")]
    Stopped(String),
}

/// Rewrites files of one day as one sorted file, and replaces them.
pub async fn compact(archive: &Arc<Archive>, inputs: Vec<Arc<DataFile>>) -> Result<(), CompactError> {
    let (files, rows): (usize, u64) = (inputs.len(), inputs.iter().map(|file| file.rows).sum());
    let span = tracing::info_span!(
        "archive.compact",
        tapline.files = files,
        tapline.rows = rows,
        otel.status_code = field::Empty
    );
    let done = replace(archive, inputs).instrument(span.clone()).await;
    span.record("otel.status_code", done.is_err().then_some("error"));
    if done.is_ok() {
        tracing::info!(files, rows, "compacted");
    }
    done
}

async fn replace(archive: &Arc<Archive>, inputs: Vec<Arc<DataFile>>) -> Result<(), CompactError> {
    let worker = (Arc::clone(archive), inputs.clone());
    let written = tokio::task::spawn_blocking(move || rewrite(&worker.0, &worker.1)).await;
    let output = written.map_err(|error| CompactError::Stopped(error.to_string()))??;
    Ok(archive.replace(&inputs, vec![output]).await?)
}

fn rewrite(archive: &Archive, inputs: &[Arc<DataFile>]) -> Result<DataFile, ArchiveError> {
    let view = archive.view();
    let columns = schema::names();
    let mut batches = Vec::new();
    for file in inputs {
        for batch in view.reader.scan(file, &columns, SLICE, None)? {
            batches.push(batch?);
        }
    }
    let day = inputs.first().map(|file| file.day.clone()).unwrap_or_default();
    let mut writer = FileWriter::create(&archive.root(), &day, true)?;
    for slice in sorted_by_chain(&batches, SLICE)? {
        writer.append(&slice?)?;
    }
    drop(batches);
    writer.finish()
}
