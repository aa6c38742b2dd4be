//! Queries that once took the memory of the whole machine: what is large is cut off, done in steps or refused.

use std::time::{Duration, Instant};

use futures::StreamExt;
use tapline_api::SqlAnswer;
use tapline_engine::export::{self, Format};
use tapline_engine::{EngineError, EngineOptions, Limits};

use crate::archive::{Event, START, Shop, Standing};

const LONG: usize = 10_000_000;

/// Two events of ten megabytes and three hundred of fifty kilobytes.
async fn fat(memory: usize) -> Shop {
    let event = |offset: i64, payload: Vec<u8>| Event {
        source: "shop",
        system: "kafka",
        destination: "fat".into(),
        partition: Some(0),
        offset: Some(offset),
        incarnation: 1,
        timestamp: Some(START + offset),
        format: "text",
        payload: Some(payload),
        ..Event::default()
    };
    let mut events: Vec<Event> = (0..300).map(|n| event(n, format!("{n:05}-{}", "m".repeat(50_000)).into())).collect();
    events.extend((300..302).map(|n| event(n, b"q".repeat(LONG))));
    Shop::with(Standing::Half, &events, EngineOptions { memory_bytes: memory << 20, ..EngineOptions::default() }).await
}

async fn ask(shop: &Shop, sql: &str) -> Result<SqlAnswer, EngineError> {
    let limits = Limits { timeout: Some(Duration::from_secs(60)), ..Limits::default() };
    shop.engine.query(sql, limits).await?.json().await
}

async fn first(shop: &Shop, sql: &str) -> serde_json::Value {
    ask(shop, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).rows[0][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_value_beside_many_rows_is_cut_off() {
    let shop = fat(256).await;
    let answer =
        ask(&shop, "SELECT payload FROM events a, generate_series(1, 3000) WHERE size > 9000000").await.unwrap();
    assert!(answer.truncated && answer.rows.len() <= 6, "{}", answer.rows.len());
    // Nothing is read of it: only its length is.
    let sum = "SELECT sum(octet_length(body)) FROM events a, generate_series(1, 3000) WHERE size > 9000000";
    assert_eq!(first(&shop, sum).await, serde_json::json!(2 * 3_000 * LONG));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_too_long_for_an_answer_is_refused_in_every_format() {
    let shop = fat(256).await;
    let sql = "SELECT array_agg(payload) FROM events a, generate_series(1, 100) WHERE size > 9000000";
    let fault = ask(&shop, sql).await.unwrap_err();
    assert_eq!((fault.code(), fault.status()), ("sql_memory", 422), "{fault}");
    for format in [Format::Csv, Format::Arrow, Format::Parquet] {
        let answer = shop.engine.query(sql, Limits::default()).await.unwrap();
        let parts: Vec<_> = export::bytes(answer, format).unwrap().collect().await;
        assert!(matches!(parts.last(), Some(Err(EngineError::TooLarge(_)))), "{format:?}");
        assert!(parts.iter().flatten().map(bytes::Bytes::len).sum::<usize>() < 1 << 20, "{format:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_functions_are_bounded() {
    let shop = fat(256).await;
    let bodies = |count: usize| vec!["body"; count].join(",");
    let long = "z".repeat(1_000);
    for sql in [
        format!("SELECT concat({}) AS x FROM events WHERE size > 9000000", bodies(200)),
        format!("SELECT concat_ws(',', {}) AS x FROM events WHERE size > 9000000", bodies(400)),
        format!(
            "SELECT count(*) FROM (SELECT concat({}) AS x FROM events WHERE size > 9000000) WHERE x > ''",
            bodies(30)
        ),
        "SELECT body || body || body || body || body || body || body AS x FROM events WHERE size > 9000000".to_owned(),
        format!("SELECT replace(body, 'q', '{long}') AS x FROM events WHERE size > 9000000"),
        format!("SELECT regexp_replace(body, 'q', '{long}', 'g') AS x FROM events WHERE size > 9000000"),
        "SELECT repeat(body, 1000) AS x FROM events WHERE size > 9000000".to_owned(),
        format!(
            "SELECT array_to_string(string_to_array(substr(body, 1, 1000000), NULL), '{long}') AS x FROM events WHERE size > 9000000"
        ),
        "SELECT string_to_array(body, NULL) AS x FROM events WHERE size > 9000000".to_owned(),
        "SELECT levenshtein(body, body) AS x FROM events WHERE size > 9000000".to_owned(),
        format!("SELECT replace(replace(repeat('a', 1000), 'a', '{long}'), 'z', '{long}') AS x"),
        "SELECT string_agg(body, '') AS x FROM events a, generate_series(1, 1000) WHERE size > 9000000".to_owned(),
        format!("SELECT make_array({}) AS x FROM events WHERE size > 9000000", bodies(40)),
        "SELECT array_distinct(array_agg(body)) AS x FROM events a, generate_series(1, 1000) WHERE size > 9000000"
            .to_owned(),
    ] {
        let started = Instant::now();
        let fault = ask(&shop, &sql).await.expect_err(&sql[..60]);
        assert_eq!(fault.code(), "sql_memory", "{sql:.60}: {fault}");
        assert!(started.elapsed() < Duration::from_secs(20), "{sql:.60} took {:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_large_together_and_small_in_each_row_is_computed_in_steps() {
    let shop = fat(256).await;
    let fat = "SELECT sum(octet_length(x)) FROM (SELECT replace(body, 'm', 'mmmmmmmmmm') AS x FROM events WHERE size < 100000)";
    assert_eq!(first(&shop, fat).await, serde_json::json!(300 * 500_006));
    let constant = "SELECT sum(octet_length(x)) FROM (SELECT repeat(repeat('x', 1000), 100) || value::text AS x \
                    FROM generate_series(10001, 19000))";
    assert_eq!(first(&shop, constant).await, serde_json::json!(9_000 * 100_005_i64));
    let literal =
        ask(&shop, "SELECT repeat(repeat('x', 1000), 1000) AS x FROM generate_series(1, 9000)").await.unwrap();
    assert!(literal.truncated && literal.rows.len() > 60);
    let subquery =
        "SELECT sum(octet_length((SELECT max(body) FROM events WHERE size < 100000))) FROM generate_series(1, 9000)";
    assert_eq!(first(&shop, subquery).await, serde_json::json!(9_000 * 50_006));
    let joined = "SELECT sum(octet_length(concat(a.body, b.body))) FROM events a JOIN events b ON a.\"offset\" = b.\"offset\" + 1 \
                  WHERE a.size < 100000";
    assert_eq!(first(&shop, joined).await, serde_json::json!(299 * 100_012));
    let sorted = ask(&shop, "SELECT body FROM events WHERE size < 100000 ORDER BY body DESC LIMIT 2").await.unwrap();
    assert!(sorted.rows[0][0].as_str().unwrap().starts_with("00299-"));
    assert_eq!(
        first(&shop, "SELECT octet_length(concat(body, body, body)) FROM events WHERE size > 9000000 LIMIT 1").await,
        3 * LONG
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_views_count_what_they_keep() {
    let shop = fat(8).await;
    for sql in [
        "SELECT cardinality(array_agg(body)) FROM events WHERE size < 100000",
        "SELECT max(cardinality(list)) FROM (SELECT \"offset\" % 2, array_agg(body) AS list FROM events WHERE size < 100000 GROUP BY 1)",
        "SELECT octet_length(string_agg(body, '')) FROM events WHERE size < 100000",
    ] {
        assert_eq!(ask(&shop, sql).await.unwrap_err(), EngineError::Memory(8), "{sql}");
    }
    assert_eq!(first(&shop, "SELECT cardinality(array_agg(\"offset\")) FROM events").await, 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_count_what_they_keep() {
    let shop = fat(8).await;
    for sql in [
        "sum(value) OVER () AS x FROM generate_series(1, 10000000)",
        "sum(value) OVER (ROWS BETWEEN 1000000000 PRECEDING AND CURRENT ROW) AS x FROM generate_series(1, 10000000)",
        "first_value(body) OVER (ORDER BY \"offset\") AS x FROM events WHERE size < 100000",
        "array_agg(value) OVER (ORDER BY value) AS x FROM generate_series(1, 100000)",
        "string_agg('x', ',') OVER (ORDER BY value) AS x FROM generate_series(1, 100000)",
    ] {
        let fault = ask(&shop, &format!("SELECT count(x) FROM (SELECT {sql})")).await.map(|answer| answer.rows);
        let fault = fault.expect_err(sql);
        assert_eq!(fault.code(), "sql_memory", "{sql}: {fault}");
    }
    let numbered = "SELECT max(n) FROM (SELECT row_number() OVER () AS n FROM generate_series(1, 1000000))";
    assert_eq!(first(&shop, numbered).await, 1_000_000);
    let before = "SELECT count(b) FROM (SELECT lag(destination) OVER (ORDER BY \"offset\") AS b FROM events)";
    assert_eq!(first(&shop, before).await, 301);
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_and_unnest_do_not_multiply_what_is_computed() {
    let shop = fat(256).await;
    for sql in [
        "SELECT x, value FROM (SELECT string_agg(body, '') AS x FROM events WHERE size < 100000), generate_series(1, 100000)",
        "SELECT a.l, b.value FROM (SELECT array_agg(value) AS l FROM generate_series(1, 100000)) a, generate_series(1, 100000) b",
        "SELECT unnest(l) AS u, x FROM (SELECT array_agg(value) AS l, string_agg(value::text, '') AS x FROM generate_series(1, 100000))",
    ] {
        let fault = ask(&shop, sql).await.expect_err(sql);
        assert_eq!(fault.code(), "sql_memory", "{sql}: {fault}");
    }
    let items = "SELECT sum(u) FROM (SELECT unnest(l) AS u FROM (SELECT array_agg(value) AS l FROM generate_series(1, 100000)))";
    assert_eq!(first(&shop, items).await, 5_000_050_000_i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_without_a_bound_are_refused_before_they_are_computed() {
    let shop = fat(256).await;
    for sql in [
        "SELECT lpad('a', 2000000000)",
        "SELECT rpad('a', 2000000000, 'b')",
        "SELECT array_resize([1], 1000000000, 1)",
        "SELECT list_resize([1], 1000000000, 1)",
        "SELECT list_repeat(1, 1000000000)",
        "SELECT range(1, 10000000000)",
        "SELECT arrow_cast('a', 'FixedSizeBinary(1000000000)')",
        "SELECT arrow_cast([1], 'FixedSizeList(1000000000, Int64)')",
    ] {
        let fault = ask(&shop, sql).await.expect_err(sql);
        assert_eq!(fault.status(), 400, "{sql}: {fault}");
    }
}
