//! One source's loop: read both lanes, cut chunks, hand them on.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use tapline_adapter::{AdapterError, Lane, Polled, RecordSink, ResumePoint, Tap, Undelivered};
use tapline_archive::{ArchiveError, Progress};

use crate::appender::Appender;
use crate::resume;
use crate::sink::ChunkSink;

/// How chunks are cut.
#[derive(Debug, Clone, Copy)]
pub struct FeedOptions {
    /// Rows that end a chunk.
    pub chunk_rows: usize,
    /// Bytes of keys, headers and payloads that end a chunk.
    pub chunk_bytes: usize,
    /// Age that ends a chunk: bounds how long a row waits before it can be found.
    pub chunk_age: Duration,
    /// Threads that a source's records are decoded by when many arrive at once.
    pub decoders: NonZeroUsize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self { chunk_rows: 8_192, chunk_bytes: 8 << 20, chunk_age: Duration::from_millis(50), decoders: decoders() }
    }
}

/// What a round of reading did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Round {
    /// Records read by the live and the backfill lane.
    pub(crate) records: [u64; 2],
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// More would wait for librdkafka, which reads a broker by one thread.
const MOST_DECODERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

fn decoders() -> NonZeroUsize {
    std::thread::available_parallelism().map_or(NonZeroUsize::MIN, |cores| cores.min(MOST_DECODERS))
}

/// The state between two chunks.
pub(crate) struct Feed {
    appender: Appender,
    sinks: Vec<ChunkSink>,
    options: FeedOptions,
    source: String,
    system: String,
    /// By destination, partition and incarnation: a chunk may hold the end of one life and the beginning of the next.
    moved: BTreeMap<(String, i32, i32), ResumePoint>,
    missing: Vec<Undelivered>,
    since: Option<Instant>,
    /// When the backfill lane last had something.
    backfilled: Option<Instant>,
}

impl Feed {
    pub(crate) fn new(
        appender: Appender,
        sinks: Vec<ChunkSink>,
        source: &str,
        system: &str,
        options: FeedOptions,
    ) -> Self {
        Self {
            appender,
            sinks,
            options,
            source: source.to_owned(),
            system: system.to_owned(),
            moved: BTreeMap::new(),
            missing: Vec::new(),
            since: None,
            backfilled: None,
        }
    }

    /// Reads what has arrived. The live lane always comes first; the other one never waits.
    pub(crate) fn round(&mut self, tap: &mut dyn Tap) -> Result<Round, FeedError> {
        if self.appender.has_ended() {
            self.appender.close()?;
        }
        let mut round = Round::default();
        // A chunk that is still open must not get older than its age while nothing arrives.
        let left =
            self.since.map_or(self.options.chunk_age, |since| self.options.chunk_age.saturating_sub(since.elapsed()));
        let wait = self.patience().min(left);
        for (at, lane, wait) in [(0, Lane::Live, wait), (1, Lane::Backfill, Duration::ZERO)] {
            let room = self.options.chunk_rows.saturating_sub(self.rows()).max(1);
            let mut sinks: Vec<&mut dyn RecordSink> = self.sinks.iter_mut().map(|sink| sink as _).collect();
            let polled = tap.poll(lane, wait, room, &mut sinks)?;
            round.records[at] = polled.records as u64;
            round.bytes += polled.bytes as u64;
            self.take_over(polled);
            if self.is_due() {
                self.hand_over()?;
            }
        }
        if round.records[1] > 0 {
            self.backfilled = Some(Instant::now());
        }
        Ok(round)
    }

    /// How long the live lane is waited for. While a backlog is read it is only looked at: waiting for a quiet lane
    /// would bound the other one to a chunk each [`FeedOptions::chunk_age`].
    fn patience(&self) -> Duration {
        match self.backfilled.map(|at| at.elapsed()) {
            Some(since) if since < Duration::from_millis(1) => Duration::ZERO,
            Some(since) if since < Duration::from_secs(1) => Duration::from_millis(5),
            _ => self.options.chunk_age,
        }
    }

    /// Hands over what is left and waits until the archive has it.
    pub(crate) fn close(mut self) -> Result<(), FeedError> {
        self.hand_over()?;
        Ok(self.appender.close()?)
    }

    fn hand_over(&mut self) -> Result<(), FeedError> {
        self.since = None;
        if self.rows() == 0 && self.moved.is_empty() && self.missing.is_empty() {
            return Ok(());
        }
        let progress = Progress {
            source: self.source.clone(),
            system: self.system.clone(),
            moved: std::mem::take(&mut self.moved).into_iter().map(resume::moved).collect(),
            missing: std::mem::take(&mut self.missing).into_iter().map(resume::missing).collect(),
        };
        let filled = self.sinks.iter_mut().filter(|sink| sink.rows() > 0);
        Ok(self.appender.append(filled.map(ChunkSink::finish).collect(), progress)?)
    }

    fn rows(&self) -> usize {
        self.sinks.iter().map(ChunkSink::rows).sum()
    }

    fn take_over(&mut self, polled: Polled) {
        let something = polled.records > 0 || !polled.moved.is_empty() || !polled.undelivered.is_empty();
        if something && self.since.is_none() {
            self.since = Some(Instant::now());
        }
        for ((destination, partition), point) in polled.moved {
            self.moved.insert((destination, partition, point.incarnation), point);
        }
        self.missing.extend(polled.undelivered);
    }

    fn is_due(&self) -> bool {
        self.rows() >= self.options.chunk_rows
            || self.sinks.iter().map(ChunkSink::bytes).sum::<usize>() >= self.options.chunk_bytes
            || self.since.is_some_and(|since| since.elapsed() >= self.options.chunk_age)
    }
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    /// The broker's fault; the next round may go on.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// Rows could not be taken over; the tap is opened anew at the archive's positions.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The operating system's; tried again like a broker that is away.
    #[error("cannot start a thread to append with")]
    Thread(#[source] std::io::Error),
}
