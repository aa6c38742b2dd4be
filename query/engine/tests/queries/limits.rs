//! Queries are bounded in memory, time, rows and number, and end when nobody listens.

use std::time::Duration;

use futures::StreamExt;
use tapline_engine::{EngineError, EngineOptions, Limits};

use crate::archive::{Shop, Standing, events};

/// Far more work than any test waits for.
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 1000000) a(x) \
                       JOIN generate_series(1, 1000000) b(x) ON a.x + b.x < a.x * b.x";

fn rows(max_rows: usize) -> Limits {
    Limits { max_rows: Some(max_rows), ..Limits::default() }
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await; // tidy: wait, between two looks
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_beyond_the_limit_are_cut_off_and_said_so() {
    let shop = Shop::open(Standing::Half).await;
    let cut = shop.engine.query("SELECT * FROM events", rows(7)).await.unwrap().json().await.unwrap();
    assert_eq!((cut.rows.len(), cut.truncated), (7, true));
    let all = events().len();
    let whole = shop.engine.query("SELECT * FROM events", rows(all)).await.unwrap().json().await.unwrap();
    assert_eq!((whole.rows.len(), whole.truncated), (all, false));
    let explained = shop.engine.query("EXPLAIN SELECT * FROM events", rows(1)).await.unwrap().json().await.unwrap();
    assert!(explained.truncated && explained.rows.len() == 1);
    let none = shop.engine.query("SELECT * FROM events", rows(0)).await.unwrap().json().await.unwrap();
    assert_eq!((none.rows.len(), none.truncated), (0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_takes_too_long_is_stopped() {
    let shop = Shop::open(Standing::Hot).await;
    let limits = Limits { timeout: Some(Duration::from_millis(200)), ..Limits::default() };
    let fault = shop.engine.query(ENDLESS, limits).await.unwrap().collect().await.unwrap_err();
    assert_eq!(fault, EngineError::Timeout(200));
    assert!(fault.retryable() && fault.status() == 408);
    wait_until("the stopped query ends", || shop.engine.running() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_when_its_answer_is_dropped() {
    let shop = Shop::open(Standing::Hot).await;
    let answer = shop.engine.query(ENDLESS, Limits::default()).await.unwrap();
    assert_eq!(shop.engine.running(), 1);
    drop(answer);
    wait_until("the dropped query ends", || shop.engine.running() == 0).await;
    let mut crossed =
        shop.engine.query("SELECT a.payload FROM events a, events b, events c", rows(900_000)).await.unwrap();
    assert!(crossed.next().await.unwrap().is_ok());
    drop(crossed);
    wait_until("the dropped cross join ends", || shop.engine.running() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_not_awaited_to_its_plan_ends_too() {
    let shop = Shop::open(Standing::Hot).await;
    let started = tokio::time::timeout(Duration::ZERO, shop.engine.query(ENDLESS, Limits::default())).await;
    drop(started);
    wait_until("the abandoned query ends", || shop.engine.running() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_and_given_back() {
    let options = EngineOptions { memory_bytes: 1 << 20, ..EngineOptions::default() };
    let shop = Shop::with(Standing::Archived, &events(), options).await;
    let hungry =
        "SELECT a.x, array_agg(b.x) FROM generate_series(1, 2000) a(x), generate_series(1, 2000) b(x) GROUP BY a.x";
    for _ in 0..3 {
        let answer = shop.engine.query(hungry, Limits::default()).await.unwrap();
        assert_eq!(answer.collect().await.unwrap_err(), EngineError::Memory(1));
    }
    let modest = shop.engine.query("SELECT destination, count(*) FROM events GROUP BY 1", Limits::default()).await;
    assert!(!modest.unwrap().json().await.unwrap().rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_queries_wait_for_their_turn() {
    let options = EngineOptions { concurrent: 1, ..EngineOptions::default() };
    let shop = Shop::with(Standing::Hot, &events(), options).await;
    let first = shop.engine.query(ENDLESS, Limits::default()).await.unwrap();
    let brief = Limits { timeout: Some(Duration::from_millis(50)), ..Limits::default() };
    let second = shop.engine.query("SELECT 1", brief).await;
    assert_eq!(second.err(), Some(EngineError::Busy(1)));
    drop(first);
    assert!(shop.engine.query("SELECT 1", Limits::default()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_and_long_texts_are_refused_or_answered_never_fatal() {
    let shop = Shop::open(Standing::Hot).await;
    let ask = async |sql: String| shop.engine.query(&sql, Limits::default()).await.map(drop);
    let refused = |result: Result<(), EngineError>| matches!(result, Err(EngineError::Refused(_)));
    assert!(refused(ask(format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000))).await));
    assert!(refused(ask(format!("SELECT {}true", "NOT ".repeat(5_000))).await));
    let nested = ask(format!("SELECT {}true", "NOT ".repeat(3_000))).await;
    assert_eq!(nested.map_err(|error| error.status()), Err(400));
    assert!(refused(ask(format!("SELECT 1{}", " + 1".repeat(60_000))).await));
    assert!(refused(ask(format!("SELECT '{}'", "x".repeat(300_000))).await));
    assert!(refused(ask(format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(5_000))).await));
    assert!(refused(ask(format!("SELECT * FROM events{}", ", events".repeat(100))).await));
    let columns: Vec<String> = (0..1_700).map(|n| format!("{n} AS c{n}")).collect();
    assert!(refused(ask(format!("SELECT {}", columns.join(","))).await));
    let chain: String = (0..900).map(|n| format!(" OR \"offset\" = {n}")).collect();
    ask(format!("SELECT count(*) FROM events WHERE false{chain}")).await.unwrap();
    let list: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
    ask(format!("SELECT count(*) FROM events WHERE \"offset\" IN ({})", list.join(","))).await.unwrap();
    ask(format!("SELECT 1{}", " + 1".repeat(1_900))).await.unwrap();
}
