//! Files that another engine wrote into the table: read, found by ID, and compacted like ours.

use std::sync::Arc;

use tapline_archive::Archive;
use tapline_model::{EventColumns, id};

use crate::rewritten::rewrite;
use crate::{compacted, offsets, open, progress, rows};

/// They were once refused as damaged.
#[tokio::test]
async fn a_file_rewritten_by_another_engine_is_read_and_found_by_id() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for start in [0, 2_000] {
        archive.append([rows(start, start + 2_000)], &progress(start + 2_000)).unwrap();
        archive.flush().await.unwrap();
    }
    rewrite(&archive).await;
    for folder in [None, Some(folder.path())] {
        let reader = match folder {
            Some(folder) => Archive::open_read_only(folder).await.unwrap(),
            None => Arc::clone(&archive),
        };
        let view = reader.view();
        assert_eq!(offsets(&view), (0..4_000).collect::<Vec<_>>());
        for offset in [0i64, 1_999, 2_000, 3_456] {
            let found = view.lookup(id::hash_value(&format!("ORD-{offset}")), 9);
            assert_eq!((found.total, found.unasked.len()), (1, 0));
            let (fetched, faults) = view.fetch(&found.hits, &["offset", "payload", "ids", "headers"]);
            assert!(faults.is_empty(), "{faults:?}");
            let columns = EventColumns::new(&fetched[0].batch);
            assert_eq!(columns.long("offset").unwrap().value(0), offset);
            assert_eq!(columns.ids(0).unwrap(), [("orderId", format!("ORD-{offset}").as_str())]);
        }
        assert!(view.files.iter().all(|file| file.damage().is_none()));
    }
    let inputs = archive.view().files.to_vec();
    archive.replace(&inputs, vec![compacted(&archive, &inputs)]).await.unwrap();
    assert_eq!(offsets(&archive.view()), (0..4_000).collect::<Vec<_>>());
}
