//! Everything that is refused, and how.

use crate::client::{head, raw};
use crate::kit::{Running, Sample, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_problem() {
    let running = Running::start().await;
    let long = "x".repeat(9_000);
    for (path, status, code) in [
        ("/api/v1/nothing", 404, "unknown_path"),
        ("/api/v2/status", 404, "unknown_path"),
        ("/api/v1/events?destnation=x", 400, "unknown_parameter"),
        ("/api/v1/status?x=1", 400, "unknown_parameter"),
        ("/api/v1/events?limit=0", 400, "bad_parameter"),
        ("/api/v1/events?limit=99999999999999999999", 400, "bad_parameter"),
        ("/api/v1/events?limit=1&limit=2", 400, "bad_parameter"),
        ("/api/v1/events?dead_letter=maybe", 400, "bad_parameter"),
        ("/api/v1/events?from=yesterday", 400, "bad_time"),
        ("/api/v1/events?from=now&to=now-1h", 400, "bad_time"),
        ("/api/v1/events?from=now-99999999999999999999w", 400, "bad_time"),
        ("/api/v1/events?cursor=AAAA", 400, "bad_cursor"),
        ("/api/v1/events?cursor=%F0%9F%92%A9", 400, "bad_cursor"),
        ("/api/v1/events?q=%FF", 400, "bad_encoding"),
        ("/api/v1/events?q=%zz", 400, "bad_encoding"),
        ("/api/v1/events?q=%", 400, "bad_encoding"),
        ("/api/v1/events?field=total", 400, "bad_filter"),
        ("/api/v1/events?field=dead_letter.nothing:1", 400, "bad_filter"),
        ("/api/v1/events/histogram?by=colour", 400, "bad_parameter"),
        ("/api/v1/events/histogram?buckets=501", 400, "bad_parameter"),
        ("/api/v1/events/tail?cursor=x", 400, "bad_cursor"),
        ("/api/v1/events/shop/orders/x/1", 400, "bad_address"),
        ("/api/v1/events/shop/orders~x/0/1", 400, "bad_address"),
        ("/api/v1/events/shop/%FF/0/1", 400, "bad_address"),
        ("/api/v1/events/shop/orders/0/x", 400, "bad_address"),
        ("/api/v1/events/shop/orders/0/1", 404, "event_not_found"),
        ("/api/v1/events/shop/orders/0/1?raw=header", 400, "bad_parameter"),
        ("/api/v1/chains/ORD-404", 404, "id_not_found"),
        ("/api/v1/chains/%FF", 400, "bad_encoding"),
        ("/api/v1/overview?from=now-90d", 400, "bad_time"),
        (&format!("/api/v1/events?q={long}"), 414, "uri_too_long"),
        (&format!("/api/v1/chains/{}", "x".repeat(300)), 400, "bad_id"),
        ("/assets/none.js", 404, "unknown_path"),
        ("/assets/..%2f..%2fCargo.toml", 404, "unknown_path"),
    ] {
        let answer = running.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{path}");
        assert!(answer.body.len() < 2_000, "an error is no amplifier: {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_json_small_and_known() {
    let running = Running::start().await;
    let json = ("content-type", "application/json");
    for (method, path, headers, body, code) in [
        ("POST", "/api/v1/sql", vec![], "{}", "json_required"),
        ("POST", "/api/v1/sql", vec![("content-type", "text/plain")], "{\"sql\":\"SELECT 1\"}", "json_required"),
        ("POST", "/api/v1/sql", vec![json], "{", "bad_json"),
        ("POST", "/api/v1/sql", vec![json], "{\"sql\":1}", "bad_json"),
        ("POST", "/api/v1/sql", vec![json], "{\"sql\":\"SELECT 1\",\"rows\":1}", "bad_json"),
        ("POST", "/api/v1/sql", vec![json], "\u{0}", "bad_json"),
        ("DELETE", "/api/v1/status", vec![json], "{}", "method_not_allowed"),
        ("GET", "/api/v1/sql", vec![], "", "method_not_allowed"),
        ("POST", "/", vec![json], "{}", "method_not_allowed"),
    ] {
        let answer = running.send(method, path, &headers, body.as_bytes()).await;
        assert_eq!(answer.problem(), code, "{method} {path} {body}");
    }
    let large = format!("{{\"sql\":\"{}\"}}", "x".repeat(2 << 20));
    assert_eq!(running.post("/api/v1/sql", &large).await.status, 413);
    let deep = format!("{{\"sql\":{}", "[".repeat(200_000));
    assert_eq!(running.post("/api/v1/sql", &deep).await.problem(), "bad_json");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_and_pages_are_refused() {
    let running = Running::start().await;
    let own = format!("http://{}", running.address);
    for (headers, expected) in [
        (vec![("host", "evil.example")], Some("bad_host")),
        (vec![("host", "evil.example:8270")], Some("bad_host")),
        (vec![("host", "")], Some("bad_host")),
        (vec![("host", "localhost")], None),
        (vec![("host", "[::1]:8270")], None),
        (vec![("origin", "https://evil.example")], Some("foreign_origin")),
        (vec![("origin", "null")], Some("foreign_origin")),
        (vec![("origin", own.as_str())], None),
        (vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], Some("foreign_origin")),
    ] {
        for path in ["/api/v1/status", "/", "/metrics", "/api/v1/session"] {
            let answer = running.send("GET", path, &headers, b"").await;
            match expected {
                Some(code) => assert_eq!(answer.problem(), code, "{path} {headers:?}"),
                None => assert_eq!(answer.status, 200, "{path} {headers:?}"),
            }
        }
    }
    // The target's host counts as well as the header's.
    let target = head(running.address, "GET", "http://evil.example/api/v1/status", &[]);
    assert_eq!(raw(running.address, target.as_bytes()).await.problem(), "bad_host");
    assert_eq!(running.send("GET", "/healthz", &[("host", "10.1.2.3")], b"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_nothing_is_told_without_it() {
    let running = Running::with_token().await;
    running.append(&[Sample::new("secret-topic", 1)]);
    let bearer = format!("Bearer {TOKEN}");
    for path in [
        "/api/v1/status",
        "/api/v1/overview",
        "/api/v1/events",
        "/api/v1/events/histogram",
        "/api/v1/events/tail",
        "/api/v1/events/shop/secret-topic/0/1",
        "/api/v1/chains/x",
        "/api/v1/search?q=x",
        "/api/v1/sources",
        "/api/v1/destinations",
        "/api/v1/gaps",
        "/api/v1/groups",
        "/api/v1/system",
        "/api/v1/sql/schema",
        "/metrics",
        "/api/openapi.json",
    ] {
        let answer = running.get(path).await;
        assert_eq!(answer.problem(), "token_required", "{path}");
        assert!(answer.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")));
        let wrong = running.send("GET", path, &[("authorization", "Bearer wrong")], b"").await;
        assert!(matches!(wrong.problem().as_str(), "wrong_token" | "too_many_attempts"), "{path}");
        assert!(!wrong.text().contains(TOKEN) && !wrong.text().contains("wrong\""));
    }
    for path in ["/", "/events", "/healthz", "/readyz", "/api/v1/session"] {
        let answer = running.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("secret-topic"));
    }
    let fresh = Running::with_token().await;
    assert_eq!(fresh.send("GET", "/api/v1/status", &[("authorization", &bearer)], b"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_logs_in_by_a_cookie() {
    let running = Running::with_token().await;
    assert_eq!(running.get("/api/v1/session").await.json(), serde_json::json!({ "required": true, "open": false }));
    assert_eq!(running.post("/api/v1/session", "{\"token\":\"wrong\"}").await.problem(), "wrong_token");
    let body = format!("{{\"token\":\"{TOKEN}\"}}");
    let answer = running.post("/api/v1/session", &body).await;
    assert_eq!(answer.json(), serde_json::json!({ "required": true, "open": true }));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(running.send("GET", "/api/v1/status", &[("cookie", cookie)], b"").await.status, 200);
    let json = ("content-type", "application/json");
    assert_eq!(running.send("DELETE", "/api/v1/session", &[("cookie", cookie), json], b"").await.status, 200);
    assert_eq!(running.send("GET", "/api/v1/status", &[("cookie", cookie)], b"").await.problem(), "token_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_browsers_what_the_page_may_do() {
    let running = Running::start().await;
    for path in ["/", "/api/v1/status", "/api/v1/nothing", "/healthz", "/metrics"] {
        let answer = running.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe-inline"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert!(answer.header("cache-control").is_some_and(|it| it == "no-store" || it == "no-cache"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_large_or_broken_end_the_connection() {
    let running = Running::start().await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let request = format!("GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    assert_eq!(raw(running.address, request.as_bytes()).await.status, 431);
    let huge = format!("GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(raw(running.address, huge.as_bytes()).await.status, 431);
    for nonsense in [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let answer = raw(running.address, nonsense).await;
        assert!(matches!(answer.status, 0 | 400 | 505), "{}", answer.status);
    }
    assert_eq!(running.get("/healthz").await.status, 200, "the server lives on");
}
