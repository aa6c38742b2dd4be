//! The Delta log: which files are the archive, and up to which positions their rows were read.
//!
//! Every commit of ours carries the whole ledger in its `commitInfo`, so the newest commit alone says where to go on;
//! and one application transaction for each source, whose version is the source's sequence number, so that a commit
//! whose outcome is unknown can be recognised.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{
    Action, Add, ArrayType, DataType, LogicalFileView, PrimitiveType, Remove, StructField, StructType, Transaction,
};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::TryStreamExt;
use tapline_model::schema;
use tracing::{Instrument, field};
use url::Url;

use crate::error::ArchiveError;
use crate::file::{DataFile, Stats};
use crate::ledger::Ledger;
use crate::log_file;
use crate::recovery;
use crate::store;
use crate::writer::STATISTICS;

/// Where the ledger stands in a commit's `commitInfo`.
const POSITIONS: &str = "taplinePositions";
/// Property of the table that an older binary looks at.
const FORMAT: &str = "tapline.format_version";
/// How many commits back the positions are looked for: another engine's commits (an OPTIMIZE by hand) carry none.
const LOOK_BACK: u64 = 10_000;

/// The table's log, opened for writing or reading.
pub struct DeltaLog {
    root: PathBuf,
    table: DeltaTable,
}

/// What a commit does.
pub struct Commit<'a> {
    /// Files that join.
    pub adds: &'a [Arc<DataFile>],
    /// Files that leave; only rewrites have them.
    pub removes: &'a [Arc<DataFile>],
    /// Positions after it.
    pub ledger: &'a Ledger,
    /// Sources whose rows are in `adds`, by a new sequence number; empty for rewrites.
    pub sources: &'a [String],
}

impl DeltaLog {
    /// Opens the table in `<folder>/events`, creating it when `create` is set.
    pub async fn open(folder: &Path, create: bool) -> Result<Self, ArchiveError> {
        let root = folder.join("events");
        if !has_log(&root) && recovery::has_data(&root) {
            return Err(ArchiveError::LostLog { folder: root });
        }
        if !create && !root.join("_delta_log").is_dir() {
            return Err(ArchiveError::NoArchive { folder: folder.to_owned() });
        }
        if create {
            let io = |source| ArchiveError::Io { action: "create", path: root.clone(), source };
            store::create_folder(&root).map_err(io)?;
        }
        let fault = log_fault("open");
        let location = std::path::absolute(&root).map_err(|source| ArchiveError::Io {
            action: "find",
            path: root.clone(),
            source,
        })?;
        let url =
            Url::from_directory_path(&location).map_err(|()| ArchiveError::NoArchive { folder: folder.to_owned() })?;
        let mut table = DeltaTableBuilder::from_url(url.clone())
            .map_err(fault)?
            .with_storage_backend(store::shared(), url)
            .build()
            .map_err(fault)?;
        // Asked first: loading what is not there logs an error, which a first start should not.
        if create && !has_log(&root) {
            table = new_table(table).await?;
        }
        match table.load().await {
            Ok(()) => {}
            Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidTableLocation(_)) => {
                return Err(ArchiveError::NoArchive { folder: folder.to_owned() });
            }
            Err(error) => {
                let told = log_file::damaged(&root, usize::MAX).or_else(|| log_file::missing(&root));
                return Err(told.unwrap_or_else(|| fault(error)));
            }
        }
        // An empty commit is read as one that did nothing: its rows would be missing, and its files swept away.
        if let Some(damaged) = log_file::damaged(&root, 1) {
            return Err(damaged);
        }
        let log = Self { root, table };
        log.check_format(folder)?;
        Ok(log)
    }

    /// Folder of the table.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Version last loaded or committed.
    pub fn version(&self) -> u64 {
        self.table.version().unwrap_or(0)
    }

    /// Loads what other writers committed meanwhile.
    pub async fn refresh(&mut self) -> Result<(), ArchiveError> {
        self.table.update_state().await.map_err(log_fault("read"))
    }

    /// Active files, oldest first.
    pub async fn files(&self) -> Result<Vec<DataFile>, ArchiveError> {
        let fault = log_fault("read");
        let snapshot = self.table.snapshot().map_err(fault)?.snapshot();
        let views = snapshot.file_views(self.table.log_store().as_ref(), None);
        let mut files: Vec<DataFile> = views.map_ok(|view| self.data_file(&view)).try_collect().await.map_err(fault)?;
        files.sort_by(|a, b| (a.archived, &a.path).cmp(&(b.archived, &b.path)));
        Ok(files)
    }

    /// The positions of the newest commit that carries them; empty for a new table.
    pub async fn ledger(&self) -> Result<Ledger, ArchiveError> {
        let (store, newest) = (self.table.log_store(), self.version());
        for version in (newest.saturating_sub(LOOK_BACK)..=newest).rev() {
            let Some(bytes) = store.read_commit_entry(version).await.map_err(log_fault("read"))? else { break };
            if let Some(text) = positions(&bytes) {
                return Ledger::decode(&text).map_err(|what| ArchiveError::Positions { version, what });
            }
        }
        if newest == 0 {
            return Ok(Ledger::default());
        }
        Err(ArchiveError::Positions { version: newest, what: "no commit that is kept carries them".to_owned() })
    }

    /// Commits, or finds that the commit had succeeded although its answer was lost. Never retried by the library:
    /// two rewrites of the same files would both succeed and double every row (delta-rs does not check removes
    /// without `dataChange`).
    pub async fn commit(&mut self, commit: &Commit<'_>) -> Result<u64, ArchiveError> {
        let span = tracing::info_span!(
            "archive.commit",
            tapline.files_added = commit.adds.len(),
            tapline.files_removed = commit.removes.len(),
            tapline.version = field::Empty,
            otel.status_code = field::Empty,
        );
        let done = self.commit_once(commit).instrument(span.clone()).await;
        span.record("tapline.version", done.as_ref().ok());
        span.record("otel.status_code", done.is_err().then_some("error"));
        done
    }

    async fn commit_once(&mut self, commit: &Commit<'_>) -> Result<u64, ArchiveError> {
        self.check_active(commit.removes)?;
        match self.try_commit(commit).await {
            Ok(version) => Ok(version),
            Err(error) => {
                self.refresh().await?;
                if self.has_committed(commit).await? { Ok(self.version()) } else { Err(log_fault("write")(error)) }
            }
        }
    }

    async fn try_commit(&mut self, commit: &Commit<'_>) -> Result<u64, DeltaTableError> {
        let rewrite = !commit.removes.is_empty();
        let removes = commit.removes.iter().map(|file| Action::Remove(remove_action(file)));
        let adds = commit.adds.iter().map(|file| Action::Add(add_action(file, !rewrite)));
        let ledger = commit.ledger.encode().map_err(|error| DeltaTableError::Generic(error.to_string()))?;
        let transactions = commit
            .sources
            .iter()
            .filter_map(|name| Some(Transaction::new(app_id(name), commit.ledger.sources.get(name)?.sequence)));
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_cleanup_expired_logs(Some(false))
            .with_metadata([(POSITIONS.to_owned(), ledger.into())])
            .with_application_transactions(transactions.collect());
        let partition_by = Some(vec![schema::DAY.to_owned()]);
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None };
        let done = CommitBuilder::from(properties)
            .with_actions(removes.chain(adds).collect())
            .build(Some(self.table.snapshot()?), self.table.log_store(), operation)
            .await?;
        let version = done.version();
        self.table.update_state().await?;
        Ok(version)
    }

    /// Whether a commit whose answer was an error is in the log all the same.
    async fn has_committed(&self, commit: &Commit<'_>) -> Result<bool, ArchiveError> {
        if let Some(name) = commit.sources.first() {
            let wanted = commit.ledger.sources.get(name).map(|source| source.sequence);
            let snapshot = self.table.snapshot().map_err(log_fault("read"))?.snapshot();
            let found = snapshot.transaction_version(self.table.log_store().as_ref(), app_id(name)).await;
            return Ok(found.map_err(log_fault("read"))? >= wanted);
        }
        let active = self.active()?;
        let (mut adds, mut removes) = (commit.adds.iter(), commit.removes.iter());
        Ok(adds.all(|file| active.contains(&file.path)) && !removes.any(|file| active.contains(&file.path)))
    }

    fn check_active(&self, removes: &[Arc<DataFile>]) -> Result<(), ArchiveError> {
        if removes.is_empty() {
            return Ok(());
        }
        let active = self.active()?;
        match removes.iter().find(|file| !active.contains(&file.path)) {
            Some(gone) => Err(ArchiveError::NotActive { path: gone.path.clone() }),
            None => Ok(()),
        }
    }

    /// Files that are not active any more and may still be read in an older snapshot, relative to the table.
    pub(crate) async fn replaced(&self) -> Result<Vec<String>, ArchiveError> {
        let fault = log_fault("read");
        let log_store = self.table.log_store();
        let removed = self.table.snapshot().map_err(fault)?.all_tombstones(log_store.as_ref());
        removed.map_ok(|removed| removed.path().into_owned()).try_collect().await.map_err(fault)
    }

    fn active(&self) -> Result<std::collections::HashSet<String>, ArchiveError> {
        let snapshot = self.table.snapshot().map_err(log_fault("read"))?;
        Ok(snapshot.log_data().into_iter().map(|view| view.path().into_owned()).collect())
    }

    /// Removes log entries that are older than the table's retention and covered by a checkpoint. The newest commit
    /// stays: it carries the positions.
    pub async fn clean_log(&self) -> Result<usize, ArchiveError> {
        deltalake::checkpoints::cleanup_metadata(&self.table, None).await.map_err(log_fault("clean"))
    }

    fn data_file(&self, view: &LogicalFileView) -> DataFile {
        let day = view.partition_values_map().remove(schema::DAY).flatten().unwrap_or_default();
        let stats: Stats = view.stats().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        DataFile::new(&self.root, view.path().into_owned(), day, u64::try_from(view.size()).unwrap_or(0), stats)
    }

    fn check_format(&self, folder: &Path) -> Result<(), ArchiveError> {
        let snapshot = self.table.snapshot().map_err(log_fault("read"))?;
        let found = snapshot.metadata().configuration().get(FORMAT).and_then(|text| text.parse().ok()).unwrap_or(0);
        if found > schema::FORMAT_VERSION {
            return Err(ArchiveError::NewerFormat { folder: folder.to_owned(), found, known: schema::FORMAT_VERSION });
        }
        Ok(())
    }
}

/// The application id whose version is the source's sequence number. `0` is the shard.
fn app_id(source: &str) -> String {
    format!("tapline/{source}/0")
}

fn log_fault(action: &'static str) -> impl Fn(DeltaTableError) -> ArchiveError + Copy {
    move |error| {
        // Some of the library's errors end with a backtrace, from the second line on.
        let what = error.to_string().lines().next().unwrap_or_default().to_owned();
        ArchiveError::Log { action, what }
    }
}

/// Whether a commit stands there; a crash at creation may leave the folder, and files by other names.
fn has_log(root: &Path) -> bool {
    let Ok(entries) = root.join("_delta_log").read_dir() else { return false };
    entries.flatten().any(|entry| Path::new(&entry.file_name()).extension().is_some_and(|it| it == "json"))
}

async fn new_table(table: DeltaTable) -> Result<DeltaTable, ArchiveError> {
    let properties = [
        (FORMAT, schema::FORMAT_VERSION.to_string()),
        // Minima and maxima of other columns would carry personal data into a log that outlives erasures.
        ("delta.dataSkippingStatsColumns", STATISTICS.join(",")),
        // Every commit lists the log: hours, not the default of 30 days.
        ("delta.logRetentionDuration", "interval 2 hours".to_owned()),
        ("delta.checkpointInterval", "100".to_owned()),
    ];
    deltalake::operations::create::CreateBuilder::new()
        .with_log_store(table.log_store())
        .with_table_name("events")
        .with_comment("events archived by Tapline")
        .with_columns(columns())
        .with_partition_columns([schema::DAY])
        .with_configuration(properties.map(|(key, value)| (key, Some(value))))
        .with_raise_if_key_not_exists(false)
        .await
        .map_err(log_fault("create"))
}

fn columns() -> Vec<StructField> {
    let stored =
        schema::EVENTS.fields().iter().map(|field| StructField::new(field.name(), delta_type(field.data_type()), true));
    stored.chain([StructField::nullable(schema::DAY, DataType::DATE)]).collect()
}

/// Arrow's views are plain strings and binaries to Delta.
fn delta_type(arrow: &arrow::datatypes::DataType) -> DataType {
    use arrow::datatypes::DataType as Arrow;
    match arrow {
        Arrow::Int32 => DataType::INTEGER,
        Arrow::Int64 => DataType::LONG,
        Arrow::Timestamp(..) => DataType::TIMESTAMP,
        Arrow::BinaryView => DataType::BINARY,
        Arrow::List(item) => ArrayType::new(delta_type(item.data_type()), item.is_nullable()).into(),
        Arrow::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| StructField::new(field.name(), delta_type(field.data_type()), field.is_nullable()));
            StructType::try_new(fields).map_or(DataType::Primitive(PrimitiveType::String), Into::into)
        }
        _ => DataType::STRING,
    }
}

fn add_action(file: &DataFile, data_change: bool) -> Add {
    Add {
        path: file.path.clone(),
        partition_values: HashMap::from([(schema::DAY.to_owned(), Some(file.day.clone()))]),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        modification_time: chrono::Utc::now().timestamp_millis(),
        data_change,
        stats: serde_json::to_string(&file.stats).ok(),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

fn remove_action(file: &DataFile) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change: false,
        deletion_timestamp: Some(chrono::Utc::now().timestamp_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(HashMap::from([(schema::DAY.to_owned(), Some(file.day.clone()))])),
        size: i64::try_from(file.size).ok(),
        ..Remove::default()
    }
}

/// The positions in a commit's JSON lines.
fn positions(commit: &[u8]) -> Option<String> {
    commit.split(|byte| *byte == b'\n').find_map(|line| {
        let action: serde_json::Value = serde_json::from_slice(line).ok()?;
        Some(action.get("commitInfo")?.get(POSITIONS)?.as_str()?.to_owned())
    })
}
