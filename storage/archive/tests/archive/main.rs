//! The archive's promises: every row once at every moment, positions with their rows, damage named, one writer.

#![expect(clippy::unwrap_used, reason = "a test's fault is told by its panic")]

mod damage;
mod foreign;
mod rewritten;
mod room;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{BinaryViewArray, RecordBatch};
use deltalake::DeltaTableBuilder;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use tapline_archive::delta::{Commit, DeltaLog};
use tapline_archive::writer::{FileWriter, day, sorted_by_chain};
use tapline_archive::{Archive, ArchiveError, ArchiveOptions, DataFile, Hit, Moved, Place, Progress, View};
use tapline_model::{EventBuilder, EventColumns, EventRow, IdPair, TimestampKind, address, id, time};

fn rows(from: i64, to: i64) -> RecordBatch {
    let mut builder = EventBuilder::new();
    for offset in from..to {
        let (key, order, payload) = (format!("ORD-{offset}"), format!("ORD-{offset}"), format!("{{\"n\":{offset}}}"));
        builder.append(&EventRow {
            source: "shop",
            system: "kafka",
            destination: "orders",
            partition: Some(0),
            offset: Some(offset),
            incarnation: 1,
            timestamp: Some(1_790_000_000_000_000 + offset),
            timestamp_kind: Some(TimestampKind::Created),
            archived_at: time::now(),
            key: Some(key.as_bytes()),
            payload: Some(payload.as_bytes()),
            format: "json",
            r#type: Some("OrderPlaced"),
            correlation_id: Some("same-for-all"),
            ids: &[IdPair { name: "orderId", value: &order }],
            size: 20,
            ..EventRow::default()
        });
    }
    builder.finish()
}

fn progress(next: i64) -> Progress {
    let moved = Moved {
        destination: "orders".into(),
        destination_id: None,
        incarnation: 1,
        partition: 0,
        next,
        backfill: None,
    };
    Progress { source: "shop".into(), system: "kafka".into(), moved: vec![moved], missing: vec![] }
}

async fn open(folder: &Path) -> Arc<Archive> {
    Archive::open(folder, ArchiveOptions::default()).await.unwrap()
}

fn offsets(view: &View) -> Vec<i64> {
    let mut all = Vec::new();
    for file in view.files.iter() {
        for batch in view.reader.scan(file, &["offset"], 1_000, None).unwrap() {
            all.extend(EventColumns::new(&batch.unwrap()).long("offset").unwrap().values());
        }
    }
    for chunk in &view.hot {
        all.extend(EventColumns::new(&chunk.batch).long("offset").unwrap().values());
    }
    all.sort_unstable();
    all
}

fn next(archive: &Archive) -> Option<i64> {
    Some(archive.ledger().sources.get("shop")?.destinations[0].partitions[&0].next)
}

#[tokio::test]
async fn rows_and_positions_survive_together() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    archive.append([rows(0, 100)], &progress(100)).unwrap();
    assert_eq!(offsets(&archive.view()), (0..100).collect::<Vec<_>>(), "searchable before any commit");
    archive.flush().await.unwrap();
    archive.append([rows(100, 130)], &progress(130)).unwrap();
    archive.stage().await.unwrap();
    assert_eq!(offsets(&archive.view()), (0..130).collect::<Vec<_>>(), "written files are searchable");
    drop(archive);

    let archive = open(folder.path()).await;
    assert_eq!(offsets(&archive.view()), (0..100).collect::<Vec<_>>(), "what was not committed is read again");
    assert_eq!(next(&archive), Some(100));
    archive.append([rows(100, 130)], &progress(130)).unwrap();
    archive.flush().await.unwrap();
    drop(archive);
    let archive = open(folder.path()).await;
    assert_eq!(offsets(&archive.view()), (0..130).collect::<Vec<_>>());
    assert_eq!((next(&archive), archive.ledger().sources["shop"].sequence), (Some(130), 2));
    assert_eq!(archive.ledger().sources["shop"].destinations[0].rows, 130);
}

#[tokio::test]
async fn ids_and_addresses_lead_to_rows_in_memory_and_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    archive.append([rows(0, 3_000)], &progress(3_000)).unwrap();
    archive.flush().await.unwrap();
    archive.append([rows(3_000, 3_500)], &progress(3_500)).unwrap();
    let view = archive.view();
    for offset in [0i64, 777, 2_999, 3_000, 3_499] {
        let by_id = view.lookup(id::hash_value(&format!("ORD-{offset}")), 10);
        assert_eq!(by_id.total, 1, "key and id are one row");
        let place = address::hash("shop", "orders", 1, Some(0), address::Position::Offset(offset));
        assert_eq!(view.lookup(place, 10).hits, by_id.hits);
        let (fetched, faults) = view.fetch(&by_id.hits, &["offset", "payload"]);
        assert!(faults.is_empty());
        let columns = EventColumns::new(&fetched[0].batch);
        assert_eq!(columns.long("offset").unwrap().value(0), offset);
        assert_eq!(columns.binary("payload").unwrap().value(0), format!("{{\"n\":{offset}}}").as_bytes());
    }
    let hub = view.lookup(id::hash_value("same-for-all"), 5);
    assert_eq!((hub.hits.len(), hub.total), (5, 3_500));
    assert_eq!(view.lookup(id::hash_value("ORD-9999999"), 5).total, 0);
    let scattered: Vec<Hit> = [5, 70, 71, 2_500].map(|row| Hit { place: Place::File(0), row }).to_vec();
    let (fetched, _) = view.fetch(&scattered, &["offset"]);
    assert_eq!(EventColumns::new(&fetched[0].batch).long("offset").unwrap().values(), &[5, 70, 71, 2_500]);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).await;
    let refused = Archive::open(folder.path(), ArchiveOptions::default()).await.err().unwrap();
    assert!(matches!(refused, ArchiveError::Locked { .. }), "{refused}");
    Archive::open_read_only(folder.path()).await.unwrap();
}

#[tokio::test]
async fn an_empty_folder_is_no_archive_to_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Archive::open_read_only(folder.path()).await.err().unwrap();
    assert!(matches!(refused, ArchiveError::NoArchive { .. }), "{refused}");
}

#[tokio::test]
async fn sidecars_can_be_deleted_and_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for start in [0, 50] {
        archive.append([rows(start, start + 50)], &progress(start + 50)).unwrap();
        archive.flush().await.unwrap();
    }
    let files = Arc::clone(&archive.view().files);
    let sidecars: Vec<_> = files.iter().map(|file| DataFile::sidecar_location(&archive.root(), &file.path)).collect();
    drop(archive);
    std::fs::remove_file(&sidecars[0]).unwrap();
    std::fs::write(&sidecars[1], b"garbage").unwrap();
    let archive = open(folder.path()).await;
    for offset in [7, 93] {
        assert_eq!(archive.view().lookup(id::hash_value(&format!("ORD-{offset}")), 9).total, 1);
    }
    assert!(archive.view().knows_name("orderid"));
}

#[tokio::test]
async fn a_damaged_file_is_named_and_the_others_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for start in [0, 50, 100] {
        archive.append([rows(start, start + 50)], &progress(start + 50)).unwrap();
        archive.flush().await.unwrap();
    }
    let files = Arc::clone(&archive.view().files);
    drop(archive);
    std::fs::remove_file(&files[0].location).unwrap();
    let mut bytes = std::fs::read(&files[1].location).unwrap();
    let end = bytes.len();
    bytes[end - 20..].fill(0xAA);
    std::fs::write(&files[1].location, bytes).unwrap();

    let archive = open(folder.path()).await;
    let view = archive.view();
    let hits = |offset: i64| view.lookup(id::hash_value(&format!("ORD-{offset}")), 9);
    assert_eq!(hits(7).unasked, vec![files[0].path.clone()], "a missing file is known at once");
    let (fetched, faults) = view.fetch(&hits(60).hits, &["offset"]);
    assert!(fetched.is_empty());
    assert!(matches!(&faults[0], ArchiveError::Damaged { path, .. } if *path == files[1].path), "{faults:?}");
    assert_eq!(view.fetch(&hits(120).hits, &["offset"]).0.len(), 1);
    let damaged = archive.figures().damaged;
    assert!(
        damaged.iter().any(|line| line.contains(&files[0].path))
            && damaged.iter().any(|line| line.contains(&files[1].path))
    );
}

fn compacted(archive: &Archive, files: &[Arc<DataFile>]) -> DataFile {
    let view = archive.view();
    let columns = tapline_model::schema::names();
    let batches: Vec<RecordBatch> = files
        .iter()
        .flat_map(|file| view.reader.scan(file, &columns, 8_192, None).unwrap())
        .map(Result::unwrap)
        .collect();
    let mut writer = FileWriter::create(&archive.root(), &files[0].day, true).unwrap();
    sorted_by_chain(&batches, 50).unwrap().for_each(|slice| writer.append(&slice.unwrap()).unwrap());
    writer.finish().unwrap()
}

/// delta-rs lets two rewrites of the same files both commit, which doubles every row.
#[tokio::test]
async fn of_two_compactions_of_the_same_files_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for start in [0, 50, 100] {
        archive.append([rows(start, start + 50)], &progress(start + 50)).unwrap();
        archive.flush().await.unwrap();
    }
    let inputs = archive.view().files.to_vec();
    let outputs = [compacted(&archive, &inputs), compacted(&archive, &inputs)];
    // The other process: a log of its own that has loaded the same version.
    let mut other = DeltaLog::open(folder.path(), false).await.unwrap();
    let ledger = other.ledger().await.unwrap();
    let [first, second] = outputs;
    archive.replace(&inputs, vec![first]).await.unwrap();
    let adds = [Arc::new(second)];
    let lost = other.commit(&Commit { adds: &adds, removes: &inputs, ledger: &ledger, sources: &[] }).await;
    assert!(lost.is_err(), "the second rewrite must not commit");
    let again = other.commit(&Commit { adds: &adds, removes: &inputs, ledger: &ledger, sources: &[] }).await;
    assert!(matches!(again, Err(ArchiveError::NotActive { .. })), "{again:?}");
    drop(archive);
    let archive = open(folder.path()).await;
    assert_eq!(offsets(&archive.view()), (0..150).collect::<Vec<_>>());
    assert_eq!(next(&archive), Some(150), "a rewrite carries the positions on");
}

#[tokio::test]
async fn compaction_and_appends_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut end = 0;
    for round in 0..6 {
        for _ in 0..3 {
            archive.append([rows(end, end + 40)], &progress(end + 40)).unwrap();
            archive.flush().await.unwrap();
            end += 40;
        }
        let inputs = archive.view().files.to_vec();
        let output = compacted(&archive, &inputs);
        archive.append([rows(end, end + 5)], &progress(end + 5)).unwrap();
        let (rewritten, flushed) = tokio::join!(archive.replace(&inputs, vec![output]), archive.flush());
        rewritten.unwrap();
        flushed.unwrap();
        end += 5;
        assert_eq!(offsets(&archive.view()), (0..end).collect::<Vec<_>>(), "round {round}");
    }
    drop(archive);
    let archive = open(folder.path()).await;
    assert_eq!(offsets(&archive.view()), (0..end).collect::<Vec<_>>());
    assert_eq!(next(&archive), Some(end));
}

#[tokio::test]
async fn positions_survive_a_shortened_log_and_commits_of_other_engines() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for start in 0..230 {
        archive.append([rows(start, start + 1)], &progress(start + 1)).unwrap();
        archive.flush().await.unwrap();
    }
    drop(archive);
    // Everything is older than the retention: what remains is what a cleaner may never take.
    let log = folder.path().join("events/_delta_log");
    for entry in std::fs::read_dir(&log).unwrap() {
        let file = std::fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(86_400)).unwrap();
    }
    let archive = open(folder.path()).await;
    assert!(archive.clean_log().await.unwrap() > 100);
    archive.append([rows(230, 231)], &progress(231)).unwrap();
    archive.flush().await.unwrap();
    drop(archive);
    let url = url::Url::from_directory_path(folder.path().join("events")).unwrap();
    let table = DeltaTableBuilder::from_url(url).unwrap().load().await.unwrap();
    let (snapshot, store) = (table.snapshot().unwrap(), table.log_store());
    use deltalake::kernel::transaction::CommitBuilder;
    use deltalake::protocol::{DeltaOperation, SaveMode};
    let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
    CommitBuilder::default().build(Some(snapshot), store, operation).await.unwrap();
    let archive = open(folder.path()).await;
    assert_eq!(offsets(&archive.view()), (0..231).collect::<Vec<_>>());
    assert_eq!(next(&archive), Some(231));
    archive.append([rows(231, 232)], &progress(232)).unwrap();
    archive.flush().await.unwrap();
    assert_eq!(offsets(&archive.view()).len(), 232);
}

#[tokio::test]
async fn a_reader_follows_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    archive.append([rows(0, 10)], &progress(10)).unwrap();
    archive.flush().await.unwrap();
    let reader = Archive::open_read_only(folder.path()).await.unwrap();
    archive.append([rows(10, 20)], &progress(20)).unwrap();
    archive.flush().await.unwrap();
    assert_eq!(offsets(&reader.view()).len(), 10);
    reader.refresh().await.unwrap();
    assert_eq!((offsets(&reader.view()).len(), next(&reader)), (20, Some(20)));
    assert!(matches!(reader.append([rows(20, 21)], &progress(21)), Err(ArchiveError::ReadOnly)));
}

#[tokio::test]
async fn a_snapshot_never_sees_a_row_twice_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = {
        let (archive, done) = (Arc::clone(&archive), Arc::clone(&done));
        tokio::spawn(async move {
            for start in (0..2_000).step_by(20) {
                archive.append([rows(start, start + 20)], &progress(start + 20)).unwrap();
                if start % 100 == 0 {
                    archive.flush().await.unwrap();
                }
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        })
    };
    let mut seen = BTreeSet::new();
    while !done.load(std::sync::atomic::Ordering::SeqCst) {
        let found = offsets(&archive.view());
        assert_eq!(found, (0..i64::try_from(found.len()).unwrap()).collect::<Vec<_>>());
        seen.insert(found.len());
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert!(seen.len() > 2, "the reader ran beside the writer");
    assert_eq!(day(1_790_000_000_000_000), "2026-09-21");
}

/// Chunks were numbered before they were indexed: one that took long came behind the number up to which staging had
/// taken all, and was removed without having been written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_was_long_in_the_making_is_not_lost_by_staging() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let big: Vec<_> = (0..8).map(|at| rows(at * 5_000, (at + 1) * 5_000)).collect();
    let slow = {
        let archive = Arc::clone(&archive);
        std::thread::spawn(move || big.into_iter().for_each(|batch| archive.append([batch], &progress(1)).unwrap()))
    };
    let mut small = 40_000;
    while !slow.is_finished() {
        archive.append([rows(small, small + 1)], &progress(1)).unwrap();
        small += 1;
        archive.stage().await.unwrap();
    }
    slow.join().unwrap();
    let found = offsets(&archive.view());
    assert!(found == (0..small).collect::<Vec<_>>(), "{} rows of {small}", found.len());
}

/// The pause between commits is shorter than the interval, as it is by default: once, each look for something to commit
/// began the interval anew, and nothing was ever committed by time.
#[tokio::test]
async fn few_rows_are_committed_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let interval = std::time::Duration::from_millis(600);
    let options = ArchiveOptions { commit_interval: interval, commit_pause: interval / 6, ..ArchiveOptions::default() };
    let archive = Archive::open(folder.path(), options).await.unwrap();
    let cancel = tokio_util::sync::CancellationToken::new();
    let run = tokio::spawn({
        let (archive, cancel) = (Arc::clone(&archive), cancel.clone());
        async move { archive.run(cancel).await }
    });
    archive.append([rows(0, 10)], &progress(10)).unwrap();
    let committed = async {
        while archive.figures().committed_at.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await; // tidy: wait
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), committed).await.expect("rows are committed by time");
    assert_eq!(Archive::open_read_only(folder.path()).await.unwrap().view().file_rows(), 10);
    cancel.cancel();
    run.await.unwrap().unwrap();
}

#[test]
fn reading_one_row_reads_one_small_page() {
    let folder = tempfile::tempdir().unwrap();
    let batch = rows(0, 4_000);
    let mut columns = batch.columns().to_vec();
    let payloads = (0..4_000).map(|at| [at.to_string().as_bytes(), &[b'x'; 1_000]].concat());
    columns[batch.schema().index_of("payload").unwrap()] = Arc::new(BinaryViewArray::from_iter_values(payloads));
    let batch = RecordBatch::try_new(batch.schema(), columns).unwrap();
    for (compacted, most) in [(true, 20), (false, 80)] {
        let rows = rows_of_pages(folder.path(), &batch, compacted);
        assert!(rows.iter().all(|rows| *rows <= most), "{:?}", rows.iter().max());
    }
}

/// Rows of each page of payloads but the last.
fn rows_of_pages(folder: &Path, batch: &RecordBatch, compacted: bool) -> Vec<i64> {
    let mut writer = FileWriter::create(folder, "2026-01-01", compacted).unwrap();
    writer.append(batch).unwrap();
    let file = File::open(folder.join(writer.finish().unwrap().path)).unwrap();
    let options = ReadOptionsBuilder::new().with_page_index().build();
    let reader = SerializedFileReader::new_with_options(file, options).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let payload = (0..schema.num_columns()).find(|at| schema.column(*at).name() == "payload").unwrap();
    let pages = reader.metadata().offset_index().unwrap()[0][payload].page_locations();
    pages.windows(2).map(|pair| pair[1].first_row_index - pair[0].first_row_index).collect()
}
