//! The archive's files as another engine rewrites them: plain types, every field nullable, no ID index.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use tapline_archive::{Archive, DataFile};
use tapline_model::schema;

/// Replaces each file by another engine's with the same rows.
pub(crate) async fn rewrite(archive: &Archive) {
    for file in archive.view().files.iter() {
        let other = rewritten(archive, file);
        archive.replace(&[Arc::clone(file)], vec![other]).await.unwrap();
    }
}

fn other(ours: &DataType) -> DataType {
    let nullable = |field: &Field| Field::new(field.name(), other(field.data_type()), true);
    match ours {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::List(Arc::new(nullable(item).with_name("element"))),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| nullable(field)).collect()),
        same => same.clone(),
    }
}

fn rewritten(archive: &Archive, file: &DataFile) -> DataFile {
    let columns = schema::names();
    let fields = schema::EVENTS.fields().iter().map(|field| Field::new(field.name(), other(field.data_type()), true));
    let types = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let path = format!("archived_day={}/part-{}", file.day, Path::new(&file.path).file_name().unwrap().display());
    let target = std::fs::File::create(archive.root().join(&path)).unwrap();
    let mut writer = ArrowWriter::try_new(target, Arc::clone(&types), None).unwrap();
    for batch in archive.view().reader.scan(file, &columns, 8_192, None).unwrap() {
        let batch = batch.unwrap();
        let cast = |(column, field): (&ArrayRef, &Arc<Field>)| cast(column, field.data_type()).unwrap();
        let columns = batch.columns().iter().zip(types.fields()).map(cast).collect();
        writer.write(&RecordBatch::try_new(Arc::clone(&types), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
    let size = std::fs::metadata(archive.root().join(&path)).unwrap().len();
    DataFile::new(&archive.root(), path, file.day.clone(), size, file.stats.clone())
}
