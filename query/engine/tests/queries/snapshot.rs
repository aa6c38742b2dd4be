//! A row is seen once, whatever happens to it while a query runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tapline_archive::Progress;
use tapline_engine::{EngineOptions, Limits};

use crate::archive::{Event, Shop, Standing, batch};

fn event(offset: i64) -> Event {
    Event {
        source: "shop",
        system: "kafka",
        destination: "orders".into(),
        partition: Some(0),
        offset: Some(offset),
        incarnation: 1,
        timestamp: Some(offset),
        archived_at: crate::archive::START,
        format: "text",
        ..Event::default()
    }
}

fn append(shop: &Shop, from: i64, to: i64) {
    let events: Vec<Event> = (from..to).map(event).collect();
    shop.archive.append([batch(&events)], &Progress { source: "shop".into(), ..Progress::default() }).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_are_seen_once_while_they_arrive_and_move() {
    let shop = Arc::new(Shop::with(Standing::Hot, &[], EngineOptions::default()).await);
    let (written, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let writer = tokio::spawn({
        let (shop, written, stop) = (Arc::clone(&shop), Arc::clone(&written), Arc::clone(&stop));
        async move {
            let mut next = 0;
            while !stop.load(Ordering::Acquire) {
                append(&shop, next, next + 17);
                next += 17;
                written.store(next, Ordering::Release);
                match next % 5 {
                    0 => shop.archive.stage().await.unwrap(),
                    1 => shop.archive.commit().await.unwrap(),
                    2 => shop.archive.flush().await.unwrap(),
                    _ => tokio::task::yield_now().await,
                }
            }
        }
    });
    let sql = "SELECT count(*), count(DISTINCT a.\"offset\"), max(a.\"offset\"), count(b.\"offset\"), \
               (SELECT count(*) FROM events) AS again FROM events a FULL JOIN events b ON a.\"offset\" = b.\"offset\"";
    let mut last = 0;
    for _ in 0..60 {
        let before = written.load(Ordering::Acquire);
        let answer = shop.engine.query(sql, Limits::default()).await.unwrap().json().await.unwrap();
        let counts: Vec<i64> = answer.rows[0].iter().map(|value| value.as_i64().unwrap_or(-1)).collect();
        let rows = counts[0];
        assert!(rows >= before.max(last), "{rows} rows seen, {before} were there");
        assert_eq!(counts, [rows, rows, rows - 1, rows, rows], "each row once, in every table of the query");
        last = rows;
    }
    stop.store(true, Ordering::Release);
    writer.await.unwrap();
    assert!(last > 0 && !shop.archive.view().files.is_empty(), "rows arrived and moved while queries ran");
}
