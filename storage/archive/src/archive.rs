//! The handle that everything shares: rows go in, views come out, files and positions are committed together.
//!
//! Life of a row: [`Archive::append`] makes it searchable; [`Archive::stage`] moves it from memory to a synced file,
//! in one swap; [`Archive::commit`] makes the file part of the Delta table together with the positions. A crash
//! before the commit loses nothing: the rows are read again, and files that no commit names are removed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use arrow::array::RecordBatch;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing::field;

use crate::chunk::Chunk;
use crate::delta::{Commit, DeltaLog};
use crate::error::ArchiveError;
use crate::file::DataFile;
use crate::ledger::{Ledger, Progress, Tallies};
use crate::lock::FolderLock;
use crate::reader::Reader;
use crate::recovery;
use crate::view::View;
use crate::writer::{self, FileWriter};

/// Bounds and intervals. Defaults are those of docs/configuration.md.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    /// Memory for hot rows, bytes; when it is full, taps wait.
    pub memory: usize,
    /// Hot rows of this many bytes are written to a file.
    pub file_bytes: usize,
    /// Time between commits when little arrives.
    pub commit_interval: Duration,
    /// Time between commits under load: each costs a sync and a log entry.
    pub commit_pause: Duration,
    /// Free bytes on the disk below which taps wait.
    pub disk_reserve: u64,
    /// How long files that were replaced stay on disk for readers of older snapshots.
    pub keep_replaced: Duration,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        Self {
            memory: 384 << 20,
            file_bytes: 64 << 20,
            commit_interval: Duration::from_secs(10),
            commit_pause: Duration::from_secs(2),
            disk_reserve: 1 << 30,
            keep_replaced: Duration::from_secs(3_600),
        }
    }
}

/// Chunks that a slow subscriber may fall behind before it misses some.
const TAIL_BACKLOG: usize = 256;

/// The archive of one folder.
pub struct Archive {
    folder: PathBuf,
    options: ArchiveOptions,
    view: ArcSwap<View>,
    /// Guards every change of `view`; never held while waiting for the disk.
    state: Mutex<State>,
    /// Signalled when memory was given back.
    room: Condvar,
    /// Held during a whole commit, so that commits come one after the other.
    log: tokio::sync::Mutex<DeltaLog>,
    /// Held while files are staged, so that a commit's files are a prefix of what arrived.
    staging: tokio::sync::Mutex<()>,
    appended: broadcast::Sender<Arc<Chunk>>,
    wake: Notify,
    lock: Option<FolderLock>,
}

pub(crate) struct State {
    /// Positions after the newest hot row.
    ledger: Ledger,
    /// Of the newest chunk.
    sequence: u64,
    /// Written and not committed, with the positions after their last row.
    staged: Vec<Arc<DataFile>>,
    staged_ledger: Ledger,
    staged_sources: BTreeSet<String>,
    /// Replaced by a rewrite, still on disk.
    retired: Vec<(Instant, Arc<DataFile>)>,
    pub(crate) committed_at: Option<i64>,
    pub(crate) compacted_at: Option<i64>,
    /// When hot rows were last written to files, and files last committed. Two clocks: many looks for something to
    /// commit must not put off the writing.
    last_stage: Instant,
    last_commit: Instant,
    /// Why the disk cannot take more, while it cannot.
    pub(crate) disk_full: Option<String>,
    /// Why rows could not be written, and files not be committed, the last time it was tried.
    faults: [Option<String>; 2],
}

impl Archive {
    /// Opens the folder for writing, creating it if needed, and recovers from a crash: the log decides what exists.
    pub async fn open(folder: &Path, options: ArchiveOptions) -> Result<Arc<Self>, ArchiveError> {
        let io = |source| ArchiveError::Io { action: "create", path: folder.to_owned(), source };
        crate::store::create_folder(folder).map_err(io)?;
        let lock = FolderLock::take(folder)?;
        let log = DeltaLog::open(folder, true).await?;
        let archive = Self::load(folder, options, log, Some(lock)).await?;
        archive.sweep();
        archive.mend();
        Ok(archive)
    }

    /// Opens the folder for reading beside a running writer; hot rows of that process are not seen.
    pub async fn open_read_only(folder: &Path) -> Result<Arc<Self>, ArchiveError> {
        let log = DeltaLog::open(folder, false).await?;
        Self::load(folder, ArchiveOptions::default(), log, None).await
    }

    async fn load(
        folder: &Path,
        options: ArchiveOptions,
        log: DeltaLog,
        lock: Option<FolderLock>,
    ) -> Result<Arc<Self>, ArchiveError> {
        let (files, ledger, version) = (log.files().await?, log.ledger().await?, log.version());
        files.iter().for_each(recovery::check_and_attach);
        let reader = Reader::new(lock.is_some().then(|| log.root().to_owned()));
        let files = Arc::new(files.into_iter().map(Arc::new).collect());
        let state = State {
            staged_ledger: ledger.clone(),
            ledger,
            sequence: 0,
            staged: Vec::new(),
            staged_sources: BTreeSet::new(),
            retired: Vec::new(),
            committed_at: None,
            compacted_at: None,
            last_stage: Instant::now(),
            last_commit: Instant::now(),
            disk_full: None,
            faults: [None, None],
        };
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            options,
            view: ArcSwap::from_pointee(View { files, version, reader, hot: Vec::new(), beside: None }),
            state: Mutex::new(state),
            room: Condvar::new(),
            log: tokio::sync::Mutex::new(log),
            staging: tokio::sync::Mutex::new(()),
            appended: broadcast::channel(TAIL_BACKLOG).0,
            wake: Notify::new(),
            lock,
        }))
    }

    /// The archive's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The table's folder.
    pub fn root(&self) -> PathBuf {
        self.folder.join("events")
    }

    /// Bounds and intervals in force.
    pub fn options(&self) -> &ArchiveOptions {
        &self.options
    }

    /// One snapshot of hot and archived rows.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Positions and gaps after the newest searchable row.
    pub fn ledger(&self) -> Ledger {
        self.state.lock().ledger.clone()
    }

    /// Chunks appended from now on. A receiver that falls behind is told how many it missed.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Chunk>> {
        self.appended.subscribe()
    }

    pub(crate) fn state(&self) -> parking_lot::MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Makes rows searchable, all at once, and records how far their source was read. Also for progress without rows.
    pub fn append(
        &self,
        batches: impl IntoIterator<Item = RecordBatch>,
        progress: &Progress,
    ) -> Result<(), ArchiveError> {
        if self.lock.is_none() {
            return Err(ArchiveError::ReadOnly);
        }
        let filled = batches.into_iter().filter(|batch| batch.num_rows() > 0);
        let chunks: Vec<Chunk> = filled.map(Chunk::new).collect::<Result<_, _>>()?;
        let mut tallies = Tallies::new();
        chunks.iter().try_for_each(|chunk| chunk.tally(&mut tallies))?;
        let hot_bytes = self.push(chunks, progress, &tallies);
        if hot_bytes >= self.options.file_bytes {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Bytes of hot rows after it.
    fn push(&self, chunks: Vec<Chunk>, progress: &Progress, tallies: &Tallies) -> usize {
        let mut state = self.state.lock();
        state.ledger.advance(progress, tallies);
        // Numbered as they are pushed, whichever source began first: staging removes all up to the last it took.
        let first = state.sequence + 1;
        let chunks: Vec<_> =
            (first..).zip(chunks).map(|(sequence, chunk)| Arc::new(Chunk { sequence, ..chunk })).collect();
        state.sequence += chunks.len() as u64;
        let mut view = View::clone(&self.view.load());
        view.hot.extend(chunks.iter().map(Arc::clone));
        let hot_bytes = view.hot_bytes();
        self.view.store(Arc::new(view));
        // Nobody listening is no fault.
        chunks.into_iter().for_each(|chunk| drop(self.appended.send(chunk)));
        hot_bytes
    }

    /// Waits up to `limit` until memory and disk can take more; false when they still cannot.
    pub fn wait_for_room(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.state.lock();
        while state.disk_full.is_some() || self.view.load().hot_bytes() >= self.options.memory {
            if self.room.wait_until(&mut state, deadline).timed_out() {
                return false;
            }
        }
        true
    }

    /// Why taps wait, if they do.
    pub fn pause_reason(&self) -> Option<String> {
        let disk = self.state.lock().disk_full.clone();
        disk.or_else(|| {
            let full = self.view.load().hot_bytes() >= self.options.memory;
            full.then(|| "memory for hot rows is full; reading goes on when they are written".to_owned())
        })
    }

    /// Why rows stay in memory, if the last attempt to write them failed: a crash would lose them, to be read again
    /// from the broker as long as it keeps them.
    pub fn write_fault(&self) -> Option<String> {
        self.state.lock().faults.iter().flatten().next().cloned()
    }

    /// Looks at the free space and pauses or resumes taps; true when it pauses them.
    pub fn check_disk(&self) -> bool {
        let Some(free) = crate::figures::disk_free(&self.folder) else { return false };
        let mut state = self.state.lock();
        let full = free < self.options.disk_reserve;
        let changed = full != state.disk_full.is_some();
        if changed {
            tracing::warn!(free, reserve = self.options.disk_reserve, full, "disk guard");
        }
        state.disk_full = full.then(|| {
            let (free, reserve) = (free >> 20, self.options.disk_reserve >> 20);
            format!("the archive's disk has {free} MiB free, below the reserve of {reserve} MiB; free some space")
        });
        self.room.notify_all();
        changed && full
    }

    /// Writes and commits until cancelled, and everything that is left then.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), ArchiveError> {
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !cancel.is_cancelled() {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.wake.notified() => {}
                _ = tick.tick() => if self.check_disk() && let Err(error) = self.sweep_leftovers().await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "leftovers are removed later");
                },
            }
            if let Err(error) = self.step().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "rows stay in memory until they can be written"
                );
                // The disk or log is at fault: a tight loop would not mend it.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        self.flush().await
    }

    /// Writes and commits what is due.
    async fn step(&self) -> Result<(), ArchiveError> {
        let (since_stage, since_commit) = {
            let state = self.state.lock();
            (state.last_stage.elapsed(), state.last_commit.elapsed())
        };
        let due = since_stage >= self.options.commit_interval;
        let mut done = Ok(());
        if due || self.view.load().hot_bytes() >= self.options.file_bytes {
            done = self.stage().await;
            self.state.lock().faults[0] = done.as_ref().err().map(whole);
        }
        // Also when nothing more can be written: on a full disk, what is written already must become safe.
        if due || since_commit >= self.options.commit_pause {
            let committed = self.commit().await;
            self.state.lock().faults[1] = committed.as_ref().err().map(whole);
            done = done.and(committed);
        }
        done
    }

    /// Writes and commits everything now.
    pub async fn flush(&self) -> Result<(), ArchiveError> {
        self.stage().await?;
        self.commit().await
    }

    /// Moves all hot rows into synced files. They stay searchable at every moment, once.
    pub async fn stage(&self) -> Result<(), ArchiveError> {
        let _one_at_a_time = self.staging.lock().await;
        let (chunks, ledger) = {
            let state = self.state.lock();
            (self.view.load().hot.clone(), state.ledger.clone())
        };
        let Some(last) = chunks.last().map(|chunk| chunk.sequence) else {
            self.state.lock().last_stage = Instant::now();
            return Ok(());
        };
        self.in_place()?;
        let (files, sources) = self.write(chunks).await?;
        let mut state = self.state.lock();
        let mut view = View::clone(&self.view.load());
        view.hot.retain(|chunk| chunk.sequence > last);
        view.files = Arc::new(view.files.iter().chain(&files).map(Arc::clone).collect());
        self.view.store(Arc::new(view));
        state.last_stage = Instant::now();
        state.staged.extend(files);
        state.staged_ledger = ledger;
        state.staged_sources.extend(sources);
        self.room.notify_all();
        Ok(())
    }

    async fn write(&self, chunks: Vec<Arc<Chunk>>) -> Result<Staged, ArchiveError> {
        let span = tracing::info_span!(
            "archive.stage",
            tapline.rows = chunks.iter().map(|chunk| chunk.batch.num_rows()).sum::<usize>(),
            tapline.bytes = chunks.iter().map(|chunk| chunk.bytes).sum::<usize>(),
            otel.status_code = field::Empty,
        );
        let root = self.root();
        let written = tokio::task::spawn_blocking(move || write_chunks(&root, &chunks)).await;
        let stopped = |error: JoinError| Err(ArchiveError::Write { path: String::new(), what: error.to_string() });
        let written = written.unwrap_or_else(stopped);
        span.record("otel.status_code", written.is_err().then_some("error"));
        written
    }

    /// Commits staged files together with the positions after their last row.
    pub async fn commit(&self) -> Result<(), ArchiveError> {
        let mut log = self.log.lock().await;
        let (adds, sources, ledger) = {
            let mut state = self.state.lock();
            state.last_commit = Instant::now();
            let mut ledger = state.staged_ledger.clone();
            for name in &state.staged_sources {
                let sequence = state.ledger.sources.get(name).map_or(0, |source| source.sequence);
                ledger.sources.entry(name.clone()).or_default().sequence = sequence + 1;
            }
            (state.staged.clone(), state.staged_sources.iter().cloned().collect::<Vec<_>>(), ledger)
        };
        if adds.is_empty() {
            return Ok(());
        }
        self.in_place()?;
        if let Some(lost) = adds.iter().find(|add| !add.is_whole()) {
            let what = "it is gone before it was committed; start tapline again to read its rows once more".to_owned();
            return Err(ArchiveError::Damaged { path: lost.path.clone(), what });
        }
        let before = log.version();
        let version = log.commit(&Commit { adds: &adds, removes: &[], ledger: &ledger, sources: &sources }).await;
        let foreign = version.as_ref().map_or(log.version() != before, |version| *version != before + 1);
        if foreign {
            self.reload(&log).await?;
        }
        self.committed(version?, &adds, &ledger);
        Ok(())
    }

    /// Refuses to write into whatever stands where the archive stood.
    fn in_place(&self) -> Result<(), ArchiveError> {
        match &self.lock {
            Some(lock) if !lock.is_in_place() => Err(ArchiveError::Gone { folder: self.folder.clone() }),
            _ => Ok(()),
        }
    }

    fn committed(&self, version: u64, adds: &[Arc<DataFile>], ledger: &Ledger) {
        let mut state = self.state.lock();
        for (name, source) in &ledger.sources {
            let State { ledger, staged_ledger, .. } = &mut *state;
            for kept in [ledger, staged_ledger].into_iter().filter_map(|ledger| ledger.sources.get_mut(name)) {
                kept.sequence = source.sequence;
            }
        }
        state.staged.retain(|file| !adds.iter().any(|add| add.path == file.path));
        if state.staged.is_empty() {
            state.staged_sources.clear();
        }
        state.committed_at = Some(tapline_model::time::now());
        self.set_version(version);
    }

    /// Replaces files by others with the same rows: a compaction. `inputs` must still be active, else nothing is
    /// changed and [`ArchiveError::NotActive`] says so.
    pub async fn replace(&self, inputs: &[Arc<DataFile>], outputs: Vec<DataFile>) -> Result<(), ArchiveError> {
        self.in_place()?;
        let outputs: Vec<Arc<DataFile>> = outputs.into_iter().map(Arc::new).collect();
        let mut log = self.log.lock().await;
        // Positions of what is committed, not of what is hot: a rewrite must not move them.
        let ledger = log.ledger().await?;
        let version = log.commit(&Commit { adds: &outputs, removes: inputs, ledger: &ledger, sources: &[] }).await?;
        let mut state = self.state.lock();
        let mut view = View::clone(&self.view.load());
        let gone: BTreeSet<&str> = inputs.iter().map(|file| file.path.as_str()).collect();
        let kept = view.files.iter().filter(|file| !gone.contains(file.path.as_str()));
        let mut files: Vec<_> = kept.chain(&outputs).map(Arc::clone).collect();
        files.sort_by(|a, b| (a.archived, &a.path).cmp(&(b.archived, &b.path)));
        view.files = Arc::new(files);
        view.version = version;
        self.view.store(Arc::new(view));
        state.retired.extend(inputs.iter().map(|file| (Instant::now(), Arc::clone(file))));
        state.compacted_at = Some(tapline_model::time::now());
        Ok(())
    }

    /// Deletes files that nobody needs any more: replaced ones whose time is over, and what crashes left behind.
    /// Blocks on the disk. The view must be fresh ([`Self::refresh`]): another engine may have committed files.
    pub fn sweep(&self) {
        if self.in_place().is_err() {
            return;
        }
        let keep = self.options.keep_replaced;
        self.state.lock().retired.retain(|(since, _)| since.elapsed() < keep);
        let retired: Vec<PathBuf> = self.state.lock().retired.iter().map(|(_, file)| file.location.clone()).collect();
        let old = |modified: SystemTime| modified.elapsed().is_ok_and(|age| age >= keep);
        recovery::remove_orphans(&self.root(), &self.view(), &retired, old);
    }

    /// Deletes what crashes left behind, however young: the disk is full. Files older than the lock are written by
    /// nobody any more; those that the log says were replaced stay for engines that read an older snapshot.
    async fn sweep_leftovers(&self) -> Result<(), ArchiveError> {
        self.in_place()?;
        self.refresh().await?;
        let Some(taken) = self.lock.as_ref().and_then(FolderLock::taken_at) else { return Ok(()) };
        let (root, view) = (self.root(), self.view());
        let replaced = self.log.lock().await.replaced().await?;
        let kept: Vec<PathBuf> = replaced.iter().map(|path| root.join(path)).collect();
        let swept = move || recovery::remove_orphans(&root, &view, &kept, |modified| modified < taken);
        // A panic would be reported by the runtime; the next sweep goes on.
        let _ = tokio::task::spawn_blocking(swept).await;
        Ok(())
    }

    /// Asks damaged files again that may be whole by now, and builds ID indexes that are missing. Blocks on the disk.
    pub fn mend(&self) {
        let view = self.view();
        for file in view.files.iter() {
            view.reader.ask_again(file);
            match view.reader.index(file) {
                Ok(_) | Err(ArchiveError::Damaged { .. } | ArchiveError::NoIndex { .. }) => {}
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "id index cannot be built"),
            }
        }
    }

    /// Shortens the log; see [`DeltaLog::clean_log`].
    pub async fn clean_log(&self) -> Result<usize, ArchiveError> {
        self.log.lock().await.clean_log().await
    }

    /// Loads what the writer committed meanwhile; for handles opened for reading.
    pub async fn refresh(&self) -> Result<(), ArchiveError> {
        let mut log = self.log.lock().await;
        let before = log.version();
        log.refresh().await?;
        if log.version() != before { self.reload(&log).await } else { Ok(()) }
    }

    /// Takes over the log's list of files after somebody else's commit; a reader takes over the positions too.
    async fn reload(&self, log: &DeltaLog) -> Result<(), ArchiveError> {
        let active = log.files().await?;
        let ledger = if self.lock.is_none() { Some(log.ledger().await?) } else { None };
        let mut state = self.state.lock();
        let mut view = View::clone(&self.view.load());
        view.files = Arc::new(merged(&view.files, active, &state.staged));
        view.version = log.version();
        self.view.store(Arc::new(view));
        if let Some(ledger) = ledger {
            state.ledger = ledger;
        }
        Ok(())
    }

    fn set_version(&self, version: u64) {
        let mut view = View::clone(&self.view.load());
        view.version = version;
        self.view.store(Arc::new(view));
    }
}

/// The active files, as known ones where they are, and those that wait for their commit.
fn merged(known: &[Arc<DataFile>], active: Vec<DataFile>, staged: &[Arc<DataFile>]) -> Vec<Arc<DataFile>> {
    let known: BTreeMap<&str, &Arc<DataFile>> = known.iter().map(|file| (file.path.as_str(), file)).collect();
    let names: BTreeSet<String> = active.iter().map(|file| file.path.clone()).collect();
    let adopt = |file: DataFile| match known.get(file.path.as_str()) {
        Some(known) => Arc::clone(known),
        None => {
            recovery::check_and_attach(&file);
            Arc::new(file)
        }
    };
    let waiting = staged.iter().filter(|file| !names.contains(&file.path)).map(Arc::clone);
    active.into_iter().map(adopt).chain(waiting).collect()
}

type Staged = (Vec<Arc<DataFile>>, BTreeSet<String>);

/// One file for each day among the chunks; normally one.
fn write_chunks(root: &Path, chunks: &[Arc<Chunk>]) -> Result<Staged, ArchiveError> {
    let (mut files, mut sources) = (Vec::new(), BTreeSet::new());
    for run in chunks.chunk_by(|a, b| writer::day(a.archived_at) == writer::day(b.archived_at)) {
        let mut file = FileWriter::create(root, &writer::day(run[0].archived_at), false)?;
        for chunk in run {
            file.append_chunk(chunk)?;
            let column = tapline_model::EventColumns::new(&chunk.batch).text("source")?;
            // A chunk holds rows of one source.
            if let Some(source) = column.iter().flatten().next() {
                sources.insert(source.to_owned());
            }
        }
        files.push(Arc::new(file.finish()?));
    }
    Ok((files, sources))
}

/// An error with its causes, in one line.
fn whole(error: &ArchiveError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
