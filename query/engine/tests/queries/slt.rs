//! Runs every file of tests/slt four times: all rows hot, all archived, half and half, and in files that another engine
//! wrote. Answers must not differ.
//!
//! `SLT_COMPLETE=1` writes what is answered into the files instead; read the difference before committing it.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::DataType;
use async_trait::async_trait;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner, default_normalizer, default_validator};
use tapline_engine::{Engine, EngineError, Limits};

use crate::archive::{Shop, Standing};

/// A connection.
struct Db(Arc<Engine>);

/// Code, status and sentence, so that files hold all three.
#[derive(Debug, thiserror::Error)]
#[error("{} {}: {}", .0.code(), .0.status(), .0)]
struct Fault(EngineError);

#[async_trait]
impl AsyncDB for Db {
    type Error = Fault;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Fault> {
        let answer = self.0.query(sql, Limits::default()).await.map_err(Fault)?;
        let types = answer.schema.fields().iter().map(|field| column_type(field.data_type())).collect();
        let rows = answer.json().await.map_err(Fault)?.rows;
        let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &'static str {
        "tapline"
    }
}

fn column_type(kind: &DataType) -> DefaultColumnType {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DefaultColumnType::Text,
        kind if kind.is_integer() => DefaultColumnType::Integer,
        kind if kind.is_floating() => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Any,
    }
}

fn cell(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "NULL".to_owned(),
        serde_json::Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        serde_json::Value::String(text) => text.replace('\n', "\\n"),
        other => other.to_string(),
    }
}

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/slt");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "slt")).collect();
    files.sort();
    assert!(files.len() >= 8, "files are missing from {}", folder.display());
    files
}

async fn run(standing: Standing) {
    let shop = Shop::open(standing).await;
    for file in files() {
        // Plans tell how files are read.
        if standing == Standing::Foreign && file.ends_with("system.slt") {
            continue;
        }
        let engine = Arc::clone(&shop.engine);
        let mut runner = Runner::new(move || {
            let db = Db(Arc::clone(&engine));
            async move { Ok(db) }
        });
        runner.with_column_validator(sqllogictest::strict_column_validator);
        if std::env::var_os("SLT_COMPLETE").is_some() && standing == Standing::Archived {
            let strict = sqllogictest::strict_column_validator;
            runner.update_test_file(&file, "\t", default_validator, default_normalizer, strict).await.unwrap();
        }
        if let Err(error) = runner.run_file_async(&file).await {
            panic!("with rows {standing:?}: {}", error.display(false));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_rows_answer_as_the_files_say() {
    run(Standing::Archived).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_in_files_of_another_engine_answer_the_same() {
    run(Standing::Foreign).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_rows_answer_the_same() {
    run(Standing::Hot).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_half_hot_and_half_archived_answer_the_same() {
    run(Standing::Half).await;
}
