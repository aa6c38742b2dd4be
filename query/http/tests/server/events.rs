//! Lists, histograms and single events.

use std::collections::BTreeSet;

use crate::kit::{Running, Sample, addresses};

/// Six events of two destinations, half of them committed to files, half in memory.
async fn shop() -> Running {
    let running = Running::start().await;
    let order = |offset, body: &str| Sample {
        kind: Some("OrderPlaced"),
        producer: Some("storefront"),
        key: Some(format!("ORD-{offset}").into_bytes()),
        ids: vec![("orderId", format!("ORD-{offset}"))],
        ..Sample::json("orders", offset, body)
    };
    running.append(&[
        order(0, r#"{"total":5.20,"card":{"type":"VISA"}}"#).ago(60),
        order(1, r#"{"total":120,"card":{"type":"CARTE_BANCAIRE"},"note":"it's 100% \\ odd_"}"#).ago(50),
        Sample {
            headers: vec![("tenant", Some(b"acme".to_vec())), ("n", Some(b"17".to_vec()))],
            ..order(2, "{}").ago(40)
        },
    ]);
    running.archive.flush().await.unwrap();
    running.append(&[
        Sample {
            dead: Some(("f1", "Cannot deserialize value of type `a.CardType` from String \"CARTE_BANCAIRE\": no")),
            ids: vec![("orderId", "ORD-1".to_owned())],
            ..Sample::json("orders-dlt", 0, r#"{"total":120}"#).ago(30)
        },
        Sample {
            kind: Some("PaymentDeclined"),
            ..Sample::json("payments", 7, r#"{"reason":"Card DECLINED"}"#).ago(20)
        },
        Sample { payload: Some(vec![0xff, 0xfe]), timestamp: None, ..Sample::new("payments", 8) },
    ]);
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_first_and_filters_find_what_their_sql_finds() {
    let shop = shop().await;
    let all = ["payments/0/7", "orders-dlt/0/0", "orders/0/2", "orders/0/1", "orders/0/0", "payments/0/8"];
    let all: Vec<String> = all.iter().map(|address| format!("shop/{address}")).collect();
    assert_eq!(shop.list("").await, all);
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let odd = format!("q={}", encoded(r"it's 100% \\ odd_"));
    let cases: &[(&str, &[&str])] = &[
        ("destination=orders", &["orders/0/2", "orders/0/1", "orders/0/0"]),
        (
            "destination=orders-dlt&destination=payments&source=shop",
            &["payments/0/7", "orders-dlt/0/0", "payments/0/8"],
        ),
        ("type=PaymentDeclined", &["payments/0/7"]),
        ("producer=storefront&key=ORD-2", &["orders/0/2"]),
        ("id=ORD-1", &["orders-dlt/0/0", "orders/0/1"]),
        ("id=order_id=ORD-1", &["orders-dlt/0/0", "orders/0/1"]),
        ("id=key=ORD-1", &["orders/0/1"]),
        ("dead_letter=true", &["orders-dlt/0/0"]),
        ("dead_letter=false&destination=orders-dlt", &[]),
        ("q=declined", &["payments/0/7"]),
        ("q=ord-2", &["orders/0/2"]),
        (&odd, &["orders/0/1"]),
        ("q=100%25x", &[]),
        ("field=total%3E100", &["orders-dlt/0/0", "orders/0/1"]),
        ("field=total%3C=5.2&field=card.type:VISA", &["orders/0/0"]),
        ("field=card.type!=VISA", &["orders/0/1"]),
        ("field=total:5.2", &["orders/0/0"]),
        ("field=total!=120&destination=orders", &["orders/0/0"]),
        ("field=header.tenant:acme", &["orders/0/2"]),
        ("field=header.n%3E16", &["orders/0/2"]),
        ("field=header.n%3E17", &[]),
        ("field=dead_letter.fingerprint:f1", &["orders-dlt/0/0"]),
        ("field=dead_letter.attempts%3E=3", &["orders-dlt/0/0"]),
        ("from=now-45s&to=now-25s", &["orders-dlt/0/0", "orders/0/2"]),
    ];
    for (query, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|address| format!("shop/{address}")).collect();
        assert_eq!(shop.list(query).await, expected, "{query}");
        assert_eq!(shop.listed_by_sql(query).await, expected, "the SQL of {query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_in_headers_are_found_and_the_sql_finds_them() {
    let shop = shop().await;
    assert_eq!(shop.list("q=ACME").await, ["shop/orders/0/2"]);
    assert_eq!(shop.list("q=tenant").await, ["shop/orders/0/2"]);
    assert_eq!(shop.listed_by_sql("q=ACME").await, ["shop/orders/0/2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_row_once_while_rows_move_and_come() {
    let running = Running::start().await;
    // Many rows share a time, so that addresses decide.
    let batch = |from: i64| -> Vec<Sample> {
        (from..from + 250)
            .map(|offset| Sample {
                timestamp: Some(1_795_000_000_000_000 + offset / 40),
                ..Sample::new("orders", offset)
            })
            .collect()
    };
    running.append(&batch(0));
    running.archive.flush().await.unwrap();
    running.append(&batch(250));
    running.append(&[Sample { timestamp: None, ..Sample::new("orders", 500) }]);
    let (mut seen, mut next) = (Vec::new(), None::<String>);
    for page in 0.. {
        let cursor = next.take().map(|next| format!("&cursor={next}")).unwrap_or_default();
        let answer = running.get(&format!("/api/v1/events?limit=37{cursor}")).await.json();
        seen.extend(addresses(&answer["events"]));
        if page == 3 {
            running.archive.flush().await.unwrap();
            running.append(&[Sample { timestamp: Some(1_796_000_000_000_000), ..Sample::new("orders", 999) }]);
        }
        match answer["next"].as_str() {
            Some(cursor) => next = Some(cursor.to_owned()),
            None => break,
        }
    }
    let expected: Vec<String> = (0..500).rev().chain([500]).map(|offset| format!("shop/orders/0/{offset}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 501);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_what_an_event_is() {
    let shop = shop().await;
    let events = shop.get("/api/v1/events?destination=orders-dlt").await.json()["events"].clone();
    let event = &events[0];
    assert_eq!(event["preview"], r#"{"total":120}"#);
    assert_eq!(event["root_cause"], "com.fasterxml.jackson.databind.exc.InvalidFormatException");
    assert_eq!(event["position"], "0");
    let binary = shop.get("/api/v1/events?destination=payments").await.json()["events"][1].clone();
    assert_eq!(
        (binary["preview"].clone(), binary["timestamp"].clone()),
        (serde_json::Value::Null, serde_json::Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn histograms_count_the_same_rows() {
    let shop = shop().await;
    for (query, total, first) in [
        ("from=now-10m&by=destination", 5, ("orders", 3)),
        ("from=now-10m&by=type", 5, ("OrderPlaced", 3)),
        ("from=now-10m&by=producer&destination=orders", 3, ("storefront", 3)),
        ("from=now-10m&field=total%3E100&by=destination", 2, ("orders", 1)),
        ("from=now-2m&buckets=500&by=destination", 5, ("orders", 3)),
    ] {
        let answer = shop.get(&format!("/api/v1/events/histogram?{query}")).await.json();
        assert_eq!(answer["total"], total, "{query}: {answer}");
        assert_eq!(
            (answer["series"][0]["name"].as_str(), answer["series"][0]["total"].as_u64()),
            (Some(first.0), Some(first.1)),
            "{query}"
        );
        let counts =
            answer["series"].as_array().unwrap().iter().flat_map(|series| series["counts"].as_array().unwrap().clone());
        assert_eq!(counts.map(|count| count.as_u64().unwrap()).sum::<u64>(), total, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_in_full() {
    let running = Running::start().await;
    let stack = Sample {
        key: Some(vec![0, 159, 146, 150]),
        headers: vec![
            ("kafka_dlt-original-offset", Some(vec![0, 0, 0, 0, 0, 0, 1, 2])),
            ("kafka_dlt-original-offset", Some(vec![0, 0, 0, 0, 0, 0, 1, 3])),
            ("empty", Some(Vec::new())),
            ("null", None),
        ],
        correlation_id: Some("c-1".to_owned()),
        ids: vec![("orderId", "ORD-1".to_owned())],
        dead: Some(("f1", "no")),
        ..Sample::json("shop.orders/eu-dlt", 42, r#"{"a":1}"#)
    };
    running.append(&[stack]);
    for stored in ["hot", "archived"] {
        let event = running.get("/api/v1/events/shop/shop.orders%2Feu-dlt/0/42").await.json();
        assert_eq!(event["stored"], stored);
        assert_eq!(event["address"], "shop/shop.orders%2Feu-dlt/0/42");
        assert_eq!(event["key"], serde_json::json!({ "base64": "AJ+Slg==" }));
        assert_eq!(event["payload"], serde_json::json!({ "size": 7, "content": "{\"a\":1}", "truncated": false }));
        let headers = event["headers"].as_array().unwrap();
        assert_eq!((headers[0]["decoded"].as_str(), headers[1]["decoded"].as_str()), (Some("258"), Some("259")));
        assert_eq!((headers[2]["value"].as_str(), headers[3]["value"].as_str()), (Some(""), None));
        assert_eq!(event["ids"][0], serde_json::json!({ "name": "correlation_id", "value": "c-1" }));
        assert_eq!(event["dead_letter"]["origin"], "shop/orders/0/42");
        assert_eq!(event["dead_letter"]["attempts"], 3);
        let read: tapline_api::EventDetail = serde_json::from_value(event).unwrap();
        assert!(read.dead_letter.is_some() && read.summary.dead_letter.is_some(), "two names for two things");
        running.archive.flush().await.unwrap();
    }
    let raw = running.get("/api/v1/events/shop/shop.orders%2Feu-dlt/0/42?raw=key").await;
    assert_eq!((raw.status, raw.body.as_slice()), (200, &[0, 159, 146, 150][..]));
    assert_eq!(raw.header("content-type"), Some("application/octet-stream"));
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(raw.header("content-disposition"), Some("attachment; filename=\"shop.orders_eu-dlt-0-42.key\""));
    assert_eq!(running.get("/api/v1/events/shop/orders/0/42").await.problem(), "event_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_payload_is_cut_in_json_and_whole_in_a_download() {
    let running = Running::start().await;
    let payload = vec![b'x'; 3 << 20];
    running.append(&[Sample { payload: Some(payload.clone()), ..Sample::new("big", 1) }]);
    let event = running.get("/api/v1/events/shop/big/0/1").await.json();
    assert_eq!(event["payload"]["size"], payload.len());
    assert_eq!(event["payload"]["truncated"], true);
    assert_eq!(event["payload"]["content"].as_str().unwrap().len(), 1 << 20);
    assert_eq!(event["preview"].as_str().unwrap().len(), 400);
    assert_eq!(running.get("/api/v1/events/shop/big/0/1?raw=payload").await.body, payload);
}
