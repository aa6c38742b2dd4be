//! Taps wait while memory or disk can take no more, and go on when they can.

use std::time::Duration;

use super::*;

async fn limited(folder: &Path, options: ArchiveOptions) -> Arc<Archive> {
    let archive = Archive::open(folder, options).await.unwrap();
    archive.append([rows(0, 10)], &progress(10)).unwrap();
    archive
}

#[tokio::test]
async fn taps_wait_until_hot_rows_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let archive = limited(folder.path(), ArchiveOptions { memory: 1, ..ArchiveOptions::default() }).await;
    assert!(!archive.wait_for_room(Duration::ZERO));
    let reason = archive.pause_reason().unwrap();
    assert_eq!(reason, "memory for hot rows is full; reading goes on when they are written");
    let (tell, told) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn({
        let archive = Arc::clone(&archive);
        move || {
            tell.send(std::fs::read_link("/proc/thread-self").unwrap()).unwrap();
            archive.wait_for_room(Duration::from_secs(60))
        }
    });
    let thread = Path::new("/proc").join(told.recv().unwrap());
    while !std::fs::read_to_string(thread.join("status")).unwrap().contains("State:\tS") {
        std::thread::yield_now();
    }
    archive.flush().await.unwrap();
    assert!(waiting.join().unwrap(), "who waited goes on");
    assert_eq!(archive.pause_reason(), None);
}

#[tokio::test]
async fn taps_wait_while_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let archive = limited(folder.path(), ArchiveOptions { disk_reserve: u64::MAX, ..ArchiveOptions::default() }).await;
    assert!(archive.wait_for_room(Duration::ZERO), "nobody looked at the disk yet");
    assert!(archive.check_disk());
    assert!(!archive.wait_for_room(Duration::ZERO));
    let reason = archive.pause_reason().unwrap();
    assert!(reason.contains("MiB free, below the reserve of") && reason.ends_with("free some space"), "{reason}");
    assert!(!archive.check_disk(), "it is told once");
    // What is in memory is still written: it may be all that ends the pause for memory.
    archive.flush().await.unwrap();
    assert_eq!(archive.view().file_rows(), 10);
}

/// A chunk of one row once held half a megabyte of room for more: a few quiet sources filled the memory for hot rows in
/// seconds, and a file was written for hardly any rows.
#[tokio::test]
async fn a_row_that_comes_alone_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    archive.append([rows(0, 1)], &progress(1)).unwrap();
    let bytes = archive.view().hot_bytes();
    assert!(bytes < 32 << 10, "{bytes} bytes");
}
