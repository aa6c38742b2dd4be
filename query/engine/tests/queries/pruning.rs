//! Whatever is put aside before reading, no wanted row is lost: random filters against a plain scan.

use std::sync::OnceLock;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tapline_engine::Limits;
use tokio::runtime::Runtime;

use crate::archive::{Shop, Standing};

/// Filters as text. Each is asked twice: as it stands, and behind `random()`, which nothing can be derived from.
fn filter() -> impl Strategy<Value = String> {
    let number = || -3..125i64;
    let leaf = prop_oneof![
        (number(), comparison()).prop_map(|(n, op)| format!("\"offset\" {op} {n}")),
        (0..4i32, comparison()).prop_map(|(n, op)| format!("\"partition\" {op} {n}")),
        (-100..1_500i64, comparison())
            .prop_map(|(s, op)| format!("timestamp {op} TIMESTAMP '2026-11-21T02:00:00Z' + INTERVAL '{s} seconds'")),
        comparison().prop_map(|op| format!("timestamp {op} TIMESTAMP '1970-01-01T00:00:00Z'")),
        (word(&["orders", "payments", "clock", "nothing", "inventory"]), comparison())
            .prop_map(|(name, op)| format!("destination {op} '{name}'")),
        word(&["shop", "legacy", "x"]).prop_map(|name| format!("source = '{name}'")),
        number().prop_map(|n| format!("message_id = 'm-{n:04}'")),
        number().prop_map(|n| format!("correlation_id = 'ORD-{}'", 1000 + n)),
        number().prop_map(|n| format!("trace_id = '{:032x}'", 0xa000 + n)),
        number().prop_map(|n| format!("key_text = 'ORD-{}'", 1000 + n)),
        number().prop_map(|n| format!("key_text = '0b1e5c4a-0000-4000-8000-{:012x}'", n.max(0))),
        number().prop_map(|n| format!("key_text = upper('0b1e5c4a-0000-4000-8000-{:012x}')", n.max(0))),
        number().prop_map(|n| format!("id(ids, 'orderId') = 'ORD-{}'", 1000 + n)),
        number().prop_map(|n| format!("'payment_id=P-{n}' = ANY(ids)")),
        (0..7i64).prop_map(|n| format!("id(ids, 'customer_id') = 'C-{n}'")),
        (0..3i64, number()).prop_map(|(p, n)| format!("address = 'shop/orders/{p}/{n}'")),
        (0..9i64).prop_map(|n| format!("address = 'legacy/shop.orders%2Feu/-/55-{n}'")),
        (number(), number()).prop_map(|(a, b)| format!("message_id IN ('m-{a:04}', 'p-{b:04}')")),
        Just("dead_letter IS NOT NULL".to_owned()),
        Just("timestamp IS NULL".to_owned()),
        Just("key IS NULL".to_owned()),
        Just("key_text = ''".to_owned()),
        Just("body LIKE '%REFUSED%'".to_owned()),
        Just("body ->> 'status' = 'PAID'".to_owned()),
        Just("type = 'OrderPlaced'".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

fn comparison() -> impl Strategy<Value = String> {
    word(&["=", "<", ">=", ">", "<=", "<>"])
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words).prop_map(str::to_owned)
}

fn count(shop: &Shop, runtime: &Runtime, sql: &str) -> i64 {
    let answered = runtime.block_on(async { shop.engine.query(sql, Limits::default()).await?.collect().await });
    let (batches, _) = answered.unwrap_or_else(|error| panic!("{sql}: {error}"));
    batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0)).sum()
}

#[test]
fn no_filter_loses_a_row() {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    let shops = [Standing::Archived, Standing::Half, Standing::Hot].map(|at| runtime.block_on(Shop::open(at)));
    let mut runner = TestRunner::new(Config { cases: 150, ..Config::default() });
    let checked = runner.run(&filter(), |filter| {
        // `random()` is evaluated for each row, so that this filter narrows nothing.
        let plain =
            format!("SELECT sum(CASE WHEN ({filter}) THEN 1 ELSE 0 END)::bigint FROM events WHERE random() >= 0");
        let expected = count(&shops[2], runtime, &plain);
        for (shop, standing) in shops.iter().zip(["archived", "half", "hot"]) {
            let found = count(shop, runtime, &format!("SELECT count(*) FROM events WHERE {filter}"));
            prop_assert_eq!(found, expected, "{} rows, {}", standing, &filter);
            let wide = format!("SELECT count(payload) + count(*) - count(payload) FROM events WHERE {filter}");
            prop_assert_eq!(count(shop, runtime, &wide), expected, "{} rows, {}", standing, &filter);
        }
        Ok(())
    });
    checked.unwrap();
}
