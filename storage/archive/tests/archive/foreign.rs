//! Files that another engine wrote into the table: read, found by ID, and compacted like ours.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use tapline_archive::{Archive, DataFile};
use tapline_model::{EventColumns, id, schema};

use crate::{compacted, offsets, open, progress, rows};

/// The type in which another engine writes a column.
fn other(ours: &DataType) -> DataType {
    let nullable = |field: &Field| Field::new(field.name(), other(field.data_type()), true);
    match ours {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::LargeList(Arc::new(nullable(item).with_name("element"))),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| nullable(field)).collect()),
        same => same.clone(),
    }
}

/// The same rows as another engine writes them, under a name that it gives.
fn rewritten(archive: &Archive, file: &DataFile) -> DataFile {
    let columns: Vec<&str> = schema::EVENTS.fields().iter().map(|field| field.name().as_str()).collect();
    let fields = schema::EVENTS.fields().iter().map(|field| Field::new(field.name(), other(field.data_type()), true));
    let types = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let path = format!("archived_day={}/part-{}", file.day, Path::new(&file.path).file_name().unwrap().display());
    let target = std::fs::File::create(archive.root().join(&path)).unwrap();
    let mut writer = ArrowWriter::try_new(target, Arc::clone(&types), None).unwrap();
    for batch in archive.view().reader.scan(file, &columns, 700, None).unwrap() {
        let batch = batch.unwrap();
        let cast = |(column, field): (&ArrayRef, &Arc<Field>)| cast(column, field.data_type()).unwrap();
        let columns = batch.columns().iter().zip(types.fields()).map(cast).collect();
        writer.write(&RecordBatch::try_new(Arc::clone(&types), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
    let size = std::fs::metadata(archive.root().join(&path)).unwrap().len();
    DataFile::new(&archive.root(), path, file.day.clone(), size, file.stats.clone())
}

/// They were once refused as damaged.
#[tokio::test]
async fn a_file_rewritten_by_another_engine_is_read_and_found_by_id() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for start in [0, 2_000] {
        archive.append(rows(start, start + 2_000), &progress(start + 2_000)).unwrap();
        archive.flush().await.unwrap();
    }
    for file in archive.view().files.to_vec() {
        archive.replace(&[Arc::clone(&file)], vec![rewritten(&archive, &file)]).await.unwrap();
    }
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
