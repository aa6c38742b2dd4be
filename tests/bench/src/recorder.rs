//! The whole path from a topic to the archive, inside this process, with a folder of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tapline_adapter::{Start, TapOptions};
use tapline_archive::{Archive, ArchiveError, ArchiveOptions};
use tapline_kafka::KafkaSource;
use tapline_kit::Kafka;
use tapline_pipeline::{FeedOptions, PayloadPolicy, Pipeline, Tapped};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Reads one topic from its beginning.
pub(crate) struct Recorder {
    recorded: Recorded,
    pipeline: Pipeline,
    cancel: CancellationToken,
    writer: JoinHandle<Result<(), ArchiveError>>,
}

/// What was archived; deleted when dropped.
pub(crate) struct Recorded {
    pub(crate) archive: Arc<Archive>,
    pub(crate) runtime: Runtime,
    pub(crate) folder: TempDir,
}

impl Recorder {
    pub(crate) fn start(kafka: &Kafka, topic: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let archive = runtime.block_on(Archive::open(folder.path(), ArchiveOptions::default()))?;
        let cancel = CancellationToken::new();
        let writer = {
            let (archive, cancel) = (Arc::clone(&archive), cancel.clone());
            runtime.spawn(async move { archive.run(cancel).await })
        };
        let pipeline = Pipeline::start(vec![tapped(kafka, topic)?], &archive, FeedOptions::default())?;
        Ok(Self { recorded: Recorded { archive, runtime, folder }, pipeline, cancel, writer })
    }

    pub(crate) fn archive(&self) -> &Archive {
        &self.recorded.archive
    }

    /// Until so many rows are searchable.
    pub(crate) fn wait_for(&self, rows: u64) -> Result<()> {
        let mut seen = (0, Instant::now());
        loop {
            let view = self.archive().view();
            let there = view.hot_rows() + view.file_rows();
            if there >= rows {
                return Ok(());
            }
            if there > seen.0 {
                seen = (there, Instant::now());
            }
            (seen.1.elapsed() < Duration::from_secs(60)).then_some(()).context("no row arrived for a minute")?;
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends reading; every row is committed then.
    pub(crate) fn stop(mut self) -> Result<Recorded> {
        self.pipeline.stop();
        self.cancel.cancel();
        self.recorded.runtime.block_on(self.writer)??;
        Ok(self.recorded)
    }
}

fn tapped(kafka: &Kafka, topic: &str) -> Result<Tapped> {
    let source = KafkaSource::new("bench", &kafka.bootstrap(), std::collections::BTreeMap::new())?;
    let options = TapOptions {
        include: vec![topic.to_owned()],
        exclude: vec![],
        start: Start::Earliest,
        queue_bytes: 128 << 20,
        backfill_rate: u64::MAX,
        discovery_interval: Duration::from_secs(5),
    };
    let (rules, payloads) = (tapline_decode::Rules::default(), PayloadPolicy::default());
    Ok(Tapped { source: Arc::new(source), options, rules, payloads })
}
