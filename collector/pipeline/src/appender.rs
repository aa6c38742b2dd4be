//! Appends chunks to the archive on a thread of its own, so that reading goes on while the one before is indexed.
//!
//! Chunks are taken in their order and none after one that failed: positions of a later chunk would cover its rows.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow::array::RecordBatch;
use tapline_archive::{Archive, ArchiveError, Progress};

type Append = (Vec<RecordBatch>, Progress);

/// The thread; ends, with everything taken over, when this is closed or dropped.
pub(crate) struct Appender {
    chunks: Option<SyncSender<Append>>,
    thread: Option<JoinHandle<Result<(), ArchiveError>>>,
}

impl Appender {
    /// Starts the thread of a source.
    pub(crate) fn start(archive: Arc<Archive>, source: &str) -> std::io::Result<Self> {
        // One chunk waits at most: more would only be memory that no limit counts.
        let (chunks, taken) = sync_channel(1);
        let thread = std::thread::Builder::new().name(format!("append {source}"));
        let thread = thread.spawn(move || run(&archive, &taken))?;
        Ok(Self { chunks: Some(chunks), thread: Some(thread) })
    }

    /// Hands a chunk over; waits while another one waits. Says what an earlier one failed of.
    pub(crate) fn append(&mut self, batches: Vec<RecordBatch>, progress: Progress) -> Result<(), ArchiveError> {
        let taken = self.chunks.as_ref().is_some_and(|chunks| chunks.send((batches, progress)).is_ok());
        if taken { Ok(()) } else { self.close() }
    }

    /// Whether a chunk failed, even if none comes after it.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until all is taken over; the first fault.
    pub(crate) fn close(&mut self) -> Result<(), ArchiveError> {
        self.chunks = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.chunks = None;
        // Whoever wants to know of a fault closes; here only the order counts: nothing is appended after the drop.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(archive: &Archive, chunks: &Receiver<Append>) -> Result<(), ArchiveError> {
    chunks.iter().try_for_each(|(batches, progress)| archive.append(batches, &progress))
}

#[cfg(test)]
mod tests {
    use tapline_adapter::{RawRecord, RecordSink};
    use tapline_archive::ArchiveOptions;
    use tapline_decode::Rules;

    use super::*;
    use crate::sink::{ChunkSink, PayloadPolicy};

    fn chunk(offset: i64) -> Vec<RecordBatch> {
        let mut sink = ChunkSink::new("kafka", "kafka", Rules::default(), PayloadPolicy::default());
        sink.record(&RawRecord {
            destination: "orders",
            partition: Some(0),
            offset: Some(offset),
            position: None,
            incarnation: 1,
            leader_epoch: None,
            timestamp: None,
            timestamp_outside: None,
            timestamp_kind: None,
            key: None,
            payload: None,
            headers: &[],
            repaired_names: 0,
        });
        vec![sink.finish()]
    }

    #[tokio::test]
    async fn closing_waits_for_every_chunk() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap();
        let mut appender = Appender::start(Arc::clone(&archive), "kafka").unwrap();
        for offset in 0..20 {
            appender.append(chunk(offset), Progress::default()).unwrap();
        }
        appender.close().unwrap();
        assert_eq!(archive.view().hot.len(), 20);
    }

    #[tokio::test]
    async fn a_chunk_that_failed_is_told_and_none_is_taken_after_it() {
        let folder = tempfile::tempdir().unwrap();
        drop(Archive::open(folder.path(), ArchiveOptions::default()).await.unwrap());
        let archive = Archive::open_read_only(folder.path()).await.unwrap();
        let mut appender = Appender::start(archive, "kafka").unwrap();
        let told = (0..).find_map(|offset| appender.append(chunk(offset), Progress::default()).err());
        assert!(matches!(told, Some(ArchiveError::ReadOnly)));
        assert!(appender.has_ended());
    }
}
