//! A damaged file is named and left out; everything else stays readable.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use tapline_engine::{EngineError, Limits};

use crate::archive::{Shop, Standing};

const ALL: &str = "SELECT sum(length(hex(payload))), count(*), sum(length(decoded)) FROM events";

async fn count(shop: &Shop, sql: &str) -> (i64, Vec<String>) {
    let answer = shop.engine.query(sql, Limits::default()).await.unwrap().json().await.unwrap();
    (answer.rows[0][0].as_i64().unwrap(), answer.warnings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_left_out_with_a_warning() {
    let shop = Shop::open(Standing::Archived).await;
    let file = Arc::clone(&shop.archive.view().files[1]);
    std::fs::remove_file(&file.location).unwrap();
    let whole: u64 = shop.archive.view().file_rows();
    let (rows, warnings) = count(&shop, "SELECT count(*) FROM events").await;
    assert_eq!(rows as u64, whole - file.rows);
    assert!(warnings.len() == 1 && warnings[0].contains(&file.path), "{warnings:?}");
    let elsewhere = "SELECT count(*) FROM destinations";
    assert_eq!(count(&shop, elsewhere).await.1, Vec::<String>::new(), "queries that do not need it do not warn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_footer_that_cannot_be_read_is_left_out_with_a_warning() {
    let shop = Shop::open(Standing::Archived).await;
    let file = Arc::clone(&shop.archive.view().files[0]);
    let handle = OpenOptions::new().write(true).open(&file.location).unwrap();
    handle.write_all_at(&[0; 64], file.size - 64).unwrap();
    let (rows, warnings) = count(&shop, "SELECT count(*) FROM events").await;
    assert_eq!(rows as u64, shop.archive.view().file_rows() - file.rows);
    assert!(warnings[0].contains(&file.path));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_fails_while_it_is_read_is_named_and_left_out_from_then_on() {
    let shop = Shop::open(Standing::Archived).await;
    let view = shop.archive.view();
    let file = Arc::clone(&view.files[2]);
    let footer = view.reader.footer(&file).unwrap();
    let payload =
        footer.metadata().row_group(0).columns().iter().find(|column| column.column_path().string() == "payload");
    let (start, length) = payload.unwrap().byte_range();
    let handle = OpenOptions::new().write(true).open(&file.location).unwrap();
    handle.write_all_at(&vec![0xaa; length as usize], start).unwrap();
    let failed = shop.engine.query(ALL, Limits::default()).await.unwrap().collect().await.unwrap_err();
    assert!(matches!(&failed, EngineError::Damaged { path, .. } if *path == file.path), "{failed:?}");
    assert!(failed.retryable() && failed.code() == "archive_damaged");
    let again = shop.engine.query(ALL, Limits::default()).await.unwrap().json().await.unwrap();
    assert_eq!(again.rows[0][1].as_u64(), Some(view.file_rows() - file.rows));
    assert!(again.warnings[0].contains(&file.path));
}

/// Rotten pages were once told as a bug of ours, or ended the query's thread.
#[tokio::test(flavor = "multi_thread")]
async fn rotten_bytes_anywhere_are_told_as_damage() {
    let shop = Shop::open(Standing::Archived).await;
    let file = Arc::clone(&shop.archive.view().files[2]);
    let whole = std::fs::read(&file.location).unwrap();
    let queries = [
        ALL,
        "SELECT * FROM events ORDER BY timestamp DESC LIMIT 20",
        "SELECT destination, type, count(*) FROM events GROUP BY 1, 2",
        "SELECT count(*) FROM events a JOIN events b ON a.correlation_id = b.correlation_id WHERE a.body LIKE '%PAID%'",
        "SELECT headers, dead_letter FROM events WHERE id(ids, 'orderId') = 'ORD-1040'",
    ];
    let mut damaged = 0;
    let rounds = std::env::var("TAPLINE_ROT_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(100usize);
    for round in 0..rounds {
        let mut rotten = whole.clone();
        let (at, length) = ((round * 7_919 + 4) % (whole.len() - 1_000), 1 + round * 37 % 999);
        rotten[at..at + length].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(31) ^ 0x5a);
        std::fs::write(&file.location, &rotten).unwrap();
        let answer = shop.engine.query(queries[round % queries.len()], Limits::default()).await;
        let end = match answer {
            Ok(answer) => answer.collect().await.map(drop),
            Err(error) => Err(error),
        };
        match end {
            Ok(()) => {}
            Err(EngineError::Damaged { path, .. }) if path == file.path => {}
            Err(other) => panic!("round {round}, {length} bytes at {at}: {other:?}"),
        }
        damaged += usize::from(file.damage().is_some());
        std::fs::write(&file.location, &whole).unwrap();
        shop.archive.mend();
        assert_eq!(file.damage(), None, "round {round}");
    }
    assert!(damaged > rounds / 5, "{damaged} were noticed");
}
