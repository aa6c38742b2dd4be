//! Every surface answers, and OpenAPI describes all of them.

use std::collections::BTreeSet;

use crate::kit::{Running, Sample};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_archive_answers_everywhere() {
    let running = Running::start().await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/openapi.json",
        "/api/v1/status",
        "/api/v1/overview",
        "/api/v1/events",
        "/api/v1/events/histogram",
        "/api/v1/search?q=",
        "/api/v1/search?q=orders",
        "/api/v1/dead-letters",
        "/api/v1/sources",
        "/api/v1/destinations",
        "/api/v1/gaps",
        "/api/v1/groups",
        "/api/v1/system",
        "/api/v1/sql/schema",
        "/api/v1/session",
    ] {
        let answer = running.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    let status = running.get("/api/v1/status").await.json();
    assert_eq!((status["newest_age_seconds"].as_f64(), status["dead_letters"].as_u64()), (None, Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_and_routes_are_the_same() {
    let running = Running::start().await;
    let description = running.get("/api/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 45, "{:?}", paths.keys().collect::<Vec<_>>());
    for (path, methods) in paths {
        if path == "/api/v1/events/tail" {
            continue;
        }
        let concrete = path.replace("{partition}", "0").replace("{position}", "1").replace(['{', '}'], "");
        for method in ["GET", "POST", "DELETE", "PUT"] {
            let answer = running.send(method, &concrete, &[("content-type", "application/json")], b"{}").await;
            let described = methods.get(method.to_lowercase()).is_some();
            assert_eq!(answer.status != 405, described, "{method} {path}: {}", answer.text());
            assert!(answer.status != 404 || answer.problem() != "unknown_path", "{method} {path}");
        }
    }
    // axum does not tell its routes, so they are read where they are written.
    let written = include_str!("../../src/server.rs").split("#[cfg(test)]").next().unwrap();
    for route in written.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let described = paths.contains_key(route) || paths.contains_key(&format!("/api/v1{route}"));
        assert!(described, "OpenAPI lacks {route}");
    }
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for name in ["Status", "Overview", "EventPage", "EventDetail", "Chain", "SqlRequest", "SqlAnswer", "Problem"] {
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_counts_what_is_there() {
    let running = Running::start().await;
    running.append(&[
        Sample::new("orders", 0).ago(5),
        Sample { dead: Some(("f", "no")), ..Sample::new("orders-dlt", 0).ago(9) },
    ]);
    let status = running.get("/api/v1/status").await.json();
    assert_eq!(status["dead_letters"], 1);
    assert_eq!(status["archive"]["hot_rows"], 2);
    let age = status["newest_age_seconds"].as_f64().unwrap();
    assert!((5.0..60.0).contains(&age), "{age}");
    running.archive.flush().await.unwrap();
    let status = running.get("/api/v1/status").await.json();
    assert_eq!((status["archive"]["rows"].as_u64(), status["dead_letters"].as_u64()), (Some(2), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_told_by_any_form_of_its_id() {
    let running = Running::start().await;
    let order = |destination, offset| Sample {
        key: Some(b"ORD/1".to_vec()),
        correlation_id: Some("corr-1".to_owned()),
        ..Sample::new(destination, offset)
    };
    running.append(&[order("orders", 0).ago(20), order("payments", 3).ago(10)]);
    for id in ["ORD%2F1", "key=ORD%2F1", "correlation_id%3Dcorr-1", "shop%2Forders%2F0%2F0"] {
        let answer = running.get(&format!("/api/v1/chains/{id}")).await;
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
        assert_eq!(answer.json()["members"].as_array().unwrap().len(), 2, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_offers_ids_destinations_types_and_pages() {
    let running = Running::start().await;
    running.append(&[
        Sample {
            kind: Some("OrderPlaced"),
            producer: Some("storefront"),
            key: Some(b"ORD-7".to_vec()),
            ..Sample::new("orders", 0)
        },
        Sample { ids: vec![("orderId", "ORD-7".to_owned())], ..Sample::new("orders-dlt", 0) },
    ]);
    let hits = async |q: &str| -> Vec<(String, String)> {
        let answer = running.get(&format!("/api/v1/search?q={q}")).await.json();
        let hits = answer["hits"].as_array().unwrap().clone();
        hits.iter()
            .map(|hit| (hit["kind"].as_str().unwrap().to_owned(), hit["href"].as_str().unwrap().to_owned()))
            .collect()
    };
    let hit = |kind: &str, href: &str| (kind.to_owned(), href.to_owned());
    assert_eq!(hits("ORD-7").await, [hit("id", "/chain/key=ORD-7"), hit("id", "/chain/orderId=ORD-7")]);
    assert_eq!(
        hits("ord").await,
        [
            hit("destination", "/events?destination=orders"),
            hit("destination", "/events?destination=orders-dlt"),
            hit("type", "/events?type=OrderPlaced")
        ]
    );
    assert_eq!(hits("dlt").await, [hit("destination", "/events?destination=orders-dlt")]);
    assert_eq!(hits("storef").await, [hit("producer", "/events?producer=storefront")]);
    assert_eq!(hits("sys").await, [hit("page", "/system")]);
    assert_eq!(hits("shop/orders/0/0").await, [hit("event", "/chain/shop%2Forders%2F0%2F0")]);
    assert_eq!(hits("%3Cscript%3E").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_prometheus_text() {
    let running = Running::with(|options| options.kminion_metrics = true).await;
    running.append(&[Sample::new("orders", 0)]);
    running.archive.flush().await.unwrap();
    running.append(&[Sample::new("orders", 1)]);
    running.get("/api/v1/status").await;
    running.post("/api/v1/sql", "{\"sql\":\"SELECT nothing FROM events\"}").await;
    let answer = running.get("/metrics").await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    for line in [
        "tapline_hot_rows 1",
        "tapline_destination_events_total{source=\"shop\",destination=\"orders\",incarnation=\"1\"} 2",
        "tapline_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/status\",status=\"200\"} 1",
        "tapline_query_duration_seconds_count{outcome=\"sql_planning\"} 1",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    let written: BTreeSet<&str> = families(&text, "# TYPE ", ' ');
    let documented = families(include_str!("../../../../docs/metrics.md"), "| `", '`');
    assert_eq!(written, documented, "what is served, and docs/metrics.md");
}

/// The words behind `mark` at the beginning of lines, up to `end`.
fn families<'t>(text: &'t str, mark: &str, end: char) -> BTreeSet<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix(mark)?.split(end).next()).collect()
}
