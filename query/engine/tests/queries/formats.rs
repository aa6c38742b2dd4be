//! Answers as JSON, CSV, Arrow and Parquet hold the same values.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use serde_json::json;
use tapline_engine::export::{self, Format};
use tapline_engine::{Engine, Limits};

use crate::archive::{Shop, Standing};

async fn rows(engine: &Engine, sql: &str) -> Vec<Vec<serde_json::Value>> {
    engine.query(sql, Limits::default()).await.unwrap().json().await.unwrap().rows
}

async fn file(engine: &Engine, sql: &str, format: Format) -> Vec<u8> {
    let answer = engine.query(sql, Limits::default()).await.unwrap();
    let parts: Vec<_> = export::bytes(answer, format).unwrap().try_collect().await.unwrap();
    let streamed = parts.concat();
    let answer = engine.query(sql, Limits::default()).await.unwrap();
    let mut written = Vec::new();
    export::write(answer, format, &mut written).await.unwrap();
    if format != Format::Parquet {
        assert_eq!(written, streamed, "both ways write the same");
    }
    streamed
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_written_by_the_contract() {
    let shop = Shop::open(Standing::Hot).await;
    let sql = "SELECT 9007199254740992, 9007199254740993, -9007199254740993, 1.5::double, 'NaN'::double, \
               arrow_cast(12.50, 'Decimal128(10, 2)'), arrow_cast(1, 'Decimal128(38, 20)'), true, null, \
               DATE '2026-11-21', TIMESTAMP '2026-11-21T03:00:00.000001Z', arrow_cast('a', 'Binary'), \
               decode('ff', 'hex'), ARRAY[1, NULL], named_struct('a', 'x'), arrow_cast('d', 'Dictionary(Int32, Utf8)')";
    let expected = vec![
        json!(9_007_199_254_740_992_i64),
        json!("9007199254740993"),
        json!("-9007199254740993"),
        json!(1.5),
        json!("NaN"),
        json!(12.5),
        json!("1.00000000000000000000"),
        json!(true),
        json!(null),
        json!("2026-11-21"),
        json!("2026-11-21T03:00:00.000001Z"),
        json!("a"),
        json!({"base64": "/w=="}),
        json!([1, null]),
        json!({"a": "x"}),
        json!("d"),
    ];
    assert_eq!(rows(&shop.engine, sql).await, vec![expected]);
}

const ALL: &str = "SELECT * FROM events ORDER BY archived_at";

#[tokio::test(flavor = "multi_thread")]
async fn every_format_holds_every_row() {
    let shop = Shop::open(Standing::Half).await;
    let expected = rows(&shop.engine, ALL).await;
    let arrow = file(&shop.engine, ALL, Format::Arrow).await;
    let reader = arrow::ipc::reader::StreamReader::try_new(arrow.as_slice(), None).unwrap();
    assert_eq!(as_rows(reader.map(Result::unwrap)), expected);
    let parquet = file(&shop.engine, ALL, Format::Parquet).await;
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(parquet), 64).unwrap();
    assert_eq!(as_rows(reader.map(Result::unwrap)), expected);
}

fn as_rows(batches: impl Iterator<Item = RecordBatch>) -> Vec<Vec<serde_json::Value>> {
    let mut rows = Vec::new();
    batches.for_each(|batch| {
        rows.extend((0..batch.num_rows()).map(|row| tapline_engine::json::row(&batch, row).unwrap()));
    });
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_quotes_what_must_be_quoted() {
    let shop = Shop::open(Standing::Hot).await;
    let sql = "SELECT 'a,\"b\"' AS \"x,y\", '' AS empty, null AS nothing, headers(headers, 'attempt') AS list, \
               'l1\nl2' AS lines FROM events WHERE destination = 'inventory' AND \"offset\" = 4";
    let csv = String::from_utf8(file(&shop.engine, sql, Format::Csv).await).unwrap();
    let row = "\"a,\"\"b\"\"\",\"\",,\"[\"\"1\"\",\"\"2\"\"]\",\"l1\nl2\"";
    assert_eq!(csv, format!("\"x,y\",empty,nothing,list,lines\r\n{row}\r\n"));
    let none = file(&shop.engine, "SELECT type FROM events WHERE false", Format::Csv).await;
    assert_eq!(none, b"type\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_operators_can_be_exported() {
    let shop = Shop::open(Standing::Archived).await;
    let sql = "SELECT body -> 'customer' AS customer FROM events WHERE message_id = 'm-0010'";
    assert_eq!(rows(&shop.engine, sql).await, vec![vec![json!("{\"id\":\"C-3\",\"vip\":true}")]]);
    for format in [Format::Csv, Format::Arrow, Format::Parquet] {
        assert!(!file(&shop.engine, sql, format).await.is_empty());
    }
}
