//! What rots, is cut, goes away and comes back: named, left out, built anew, never believed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tapline_archive::{Archive, ArchiveError, ArchiveOptions, DataFile};
use tapline_model::id;
use tokio_util::sync::CancellationToken;

use crate::{compacted, offsets, open, progress, rows};

/// An archive of one file with rows 0 to 3,000.
async fn one_file(folder: &Path) -> (Arc<Archive>, Arc<DataFile>) {
    let archive = open(folder).await;
    archive.append([rows(0, 3_000)], &progress(3_000)).unwrap();
    archive.flush().await.unwrap();
    let file = Arc::clone(&archive.view().files[0]);
    (archive, file)
}

fn is_found(archive: &Archive, offset: i64) -> bool {
    let view = archive.view();
    let found = view.lookup(id::hash_value(&format!("ORD-{offset}")), 9);
    assert!(found.unasked.is_empty(), "{found:?}");
    let (fetched, faults) = view.fetch(&found.hits, &["offset"]);
    assert!(faults.is_empty(), "{faults:?}");
    found.total == 1 && fetched.len() == 1
}

/// The sidecar was read whole when it was opened, and believed from then on.
#[tokio::test]
async fn a_sidecar_that_rots_while_it_is_open_is_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, file) = one_file(folder.path()).await;
    let location = DataFile::sidecar_location(&archive.root(), &file.path);
    let length = std::fs::metadata(&location).unwrap().len();
    let handle = File::options().write(true).open(&location).unwrap();
    handle.write_all_at(&vec![0x55; length as usize / 2], length / 4).unwrap();
    assert!((0..3_000).step_by(37).all(|offset| is_found(&archive, offset)));
    drop(archive);
    tapline_index::Sidecar::open(&location).unwrap();
}

#[tokio::test]
async fn who_only_reads_builds_missing_indexes_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, _) = one_file(folder.path()).await;
    let index = archive.root().join("_index");
    drop(archive);
    std::fs::remove_dir_all(&index).unwrap();
    let reader = Archive::open_read_only(folder.path()).await.unwrap();
    assert!(reader.view().knows_name("orderid") && is_found(&reader, 1_234));
    assert!(!index.exists(), "a reader writes nothing into the archive");
}

/// A log was begun anew beside them, and later the files were swept away, for no commit named them.
#[tokio::test]
async fn data_files_without_a_log_are_no_new_archive() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, file) = one_file(folder.path()).await;
    let log = archive.root().join("_delta_log");
    drop(archive);
    let set_aside = folder.path().join("set aside");
    std::fs::rename(&log, &set_aside).unwrap();
    for emptied in [false, true] {
        if emptied {
            std::fs::create_dir(&log).unwrap();
        }
        let opened = Archive::open(folder.path(), ArchiveOptions::default()).await.map(drop);
        let examined = tapline_archive::examine(folder.path()).await.map(drop);
        let read = Archive::open_read_only(folder.path()).await.map(drop);
        for told in [opened, examined, read] {
            assert!(matches!(told, Err(ArchiveError::LostLog { .. })), "{told:?}");
        }
    }
    std::fs::remove_dir(&log).unwrap();
    std::fs::rename(&set_aside, &log).unwrap();
    assert!(file.location.exists() && is_found(&*open(folder.path()).await, 1_234));
}

#[tokio::test]
async fn a_commit_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, _) = one_file(folder.path()).await;
    archive.append([rows(3_000, 3_001)], &progress(3_001)).unwrap();
    archive.flush().await.unwrap();
    let commit = archive.root().join("_delta_log/00000000000000000001.json");
    drop(archive);
    std::fs::remove_file(&commit).unwrap();
    let told = Archive::open(folder.path(), ArchiveOptions::default()).await.map(drop).unwrap_err();
    assert!(told.to_string().contains("lacks") && told.to_string().contains("00000000000000000001.json"), "{told}");
}

/// A damaged file once stayed so until the process ended.
#[tokio::test]
async fn a_file_that_came_back_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, file) = one_file(folder.path()).await;
    let whole = std::fs::read(&file.location).unwrap();
    let mut rotten = whole.clone();
    rotten[4..2_000].fill(0xaa);
    let away = folder.path().join("away");
    let spoil: [&dyn Fn(); 2] = [&|| std::fs::rename(&file.location, &away).unwrap(), &|| {
        File::options().write(true).open(&file.location).unwrap().write_all_at(&rotten, 0).unwrap()
    }];
    for spoil in spoil {
        spoil();
        let columns = ["source", "payload", "offset"];
        let read = archive.view().reader.rows(&file, &[1], &columns);
        assert!(matches!(&read, Err(ArchiveError::Damaged { path, .. }) if *path == file.path), "{read:?}");
        archive.mend();
        assert_eq!(archive.figures().damaged.len(), 1, "it is still damaged");
        std::fs::write(&file.location, &rotten).unwrap();
        archive.mend();
        std::fs::write(&file.location, &whole).unwrap();
        archive.mend();
        assert_eq!(archive.figures().damaged, Vec::<String>::new());
        assert!(is_found(&archive, 17));
    }
}

/// Pages are decoded by code that trusts its input here and there.
#[tokio::test]
async fn rotten_bytes_are_damage_wherever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, file) = one_file(folder.path()).await;
    let whole = std::fs::read(&file.location).unwrap();
    let columns = tapline_model::schema::names();
    let reader = &archive.view().reader;
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    let (mut damaged, rounds) = (0, 300);
    for round in 0..rounds {
        let mut rotten = whole.clone();
        for _ in 0..=round % 16 {
            let at = next(rotten.len());
            rotten[at] = next(256) as u8;
        }
        // Another name each time: footers are kept by name.
        let path = format!("{}-{round}", file.path);
        let copy = DataFile::new(&archive.root(), path, file.day.clone(), file.size, file.stats.clone());
        std::fs::write(&copy.location, &rotten).unwrap();
        let scanned = reader.scan(&copy, &columns, 500, None).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let picked = reader.rows(&copy, &[3, 700, 701, 2_999], &columns);
        for error in [scanned.err(), picked.err()].into_iter().flatten() {
            assert!(matches!(&error, ArchiveError::Damaged { path, .. } if *path == copy.path), "{error:?}");
            assert!(copy.damage().is_some());
        }
        damaged += usize::from(copy.damage().is_some());
        std::fs::remove_file(&copy.location).unwrap();
    }
    assert!(damaged > rounds / 3, "{damaged} of {rounds} were noticed");
}

/// Most flipped bits decode to other values, which were once taken for what had been written.
#[tokio::test]
async fn every_flipped_bit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, file) = one_file(folder.path()).await;
    drop(archive);
    let columns = tapline_model::schema::names();
    let handle = File::options().read(true).write(true).open(&file.location).unwrap();
    let rounds = 60;
    for round in 0..rounds {
        let at = file.size * round / rounds + round % 7;
        let mut byte = [0];
        handle.read_exact_at(&mut byte, at).unwrap();
        handle.write_all_at(&[byte[0] ^ (1 << (round % 8))], at).unwrap();
        let reader = Archive::open_read_only(folder.path()).await.unwrap();
        let view = reader.view();
        let read =
            view.reader.scan(&view.files[0], &columns, 500, None).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        assert!(matches!(&read, Err(ArchiveError::Damaged { path, .. }) if *path == file.path), "byte {at}: {read:?}");
        handle.write_all_at(&byte, at).unwrap();
    }
    let reader = Archive::open_read_only(folder.path()).await.unwrap();
    assert!(is_found(&reader, 1_234), "with its bits put back the file is whole");
}

fn put(archive: &Archive, name: &str, age: Duration) -> PathBuf {
    let path = archive.root().join("archived_day=2026-11-21").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "PAR1").unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    path
}

/// What a crash left behind once kept a full disk full for an hour.
#[tokio::test]
async fn leftovers_of_a_crash_go_at_once_when_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let options = ArchiveOptions { disk_reserve: u64::MAX, ..ArchiveOptions::default() };
    let archive = Archive::open(folder.path(), options).await.unwrap();
    for start in [0, 50] {
        archive.append([rows(start, start + 50)], &progress(start + 50)).unwrap();
        archive.flush().await.unwrap();
    }
    let replaced = archive.view().files.to_vec();
    archive.replace(&replaced, vec![compacted(&archive, &replaced)]).await.unwrap();
    let minute = Duration::from_secs(60);
    let leftover = put(&archive, "01a1fd9e-2613-74c2-a537-3f5d04745da9.parquet", minute);
    let others = put(&archive, "part-0-01a1fd9e-2613-74c2-a537-3f5d04745da9.parquet", minute);
    let being_written = put(&archive, "01a1fd9e-2613-74c2-a537-3f5d04745daa.parquet", Duration::ZERO);
    for file in &replaced {
        // As after a restart, when nobody remembers that they were replaced but the log.
        File::options().write(true).open(&file.location).unwrap().set_modified(SystemTime::now() - minute).unwrap();
    }
    let cancel = CancellationToken::new();
    let run = tokio::spawn({
        let (archive, cancel) = (Arc::clone(&archive), cancel.clone());
        async move { archive.run(cancel).await }
    });
    let swept = async {
        while leftover.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await; // tidy: wait
        }
    };
    tokio::time::timeout(Duration::from_secs(30), swept).await.expect("the leftover is removed");
    cancel.cancel();
    run.await.unwrap().unwrap();
    assert!(others.exists() && being_written.exists());
    assert!(replaced.iter().all(|file| file.location.exists()), "an engine beside us may read an older snapshot");
    assert_eq!(offsets(&archive.view()), (0..100).collect::<Vec<_>>());
}
