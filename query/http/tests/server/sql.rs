//! SQL over HTTP: formats, errors at their place, and queries that end with their caller.

use std::io::Read;
use std::time::Duration;

use arrow::ipc::reader::StreamReader;
use flate2::read::GzDecoder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::head;
use crate::kit::{Running, Sample, eventually};

const HEAVY: &str = "{\"sql\":\"SELECT count(*) FROM events a, events b, events c, events d WHERE a.payload <> b.payload AND c.payload <> d.payload\"}";

async fn orders() -> Running {
    let running = Running::start().await;
    running.append(&[
        Sample::json("orders", 0, r#"{"note":"a,\"b\"\nc"}"#).ago(2),
        Sample { key: Some(vec![0xff]), ..Sample::json("orders", 1, "{}").ago(1) },
    ]);
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_format_asked_for() {
    let running = orders().await;
    let body = br#"{"sql":"SELECT destination, \"offset\", key, body FROM events ORDER BY \"offset\""}"#;
    let ask = async |accept: &str| {
        running.send("POST", "/api/v1/sql", &[("content-type", "application/json"), ("accept", accept)], body).await
    };
    let json = ask("application/json").await.json();
    assert_eq!(json["columns"][0]["name"], "destination");
    assert_eq!(json["rows"][0], serde_json::json!(["orders", 0, null, "{\"note\":\"a,\\\"b\\\"\\nc\"}"]));
    assert_eq!(json["rows"][1][2], serde_json::json!({ "base64": "/w==" }));
    assert_eq!(json["truncated"], false);

    let csv = ask("text/csv").await;
    assert_eq!(csv.header("content-type"), Some("text/csv"));
    assert!(csv.header("content-disposition").is_some_and(|it| it.starts_with("attachment")));
    assert!(csv.text().starts_with("destination,offset,key,body"), "{}", csv.text());

    let arrow = ask("application/vnd.apache.arrow.stream").await;
    let batches: Vec<_> = StreamReader::try_new(arrow.body.as_slice(), None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 2);
    let parquet = ask("application/vnd.apache.parquet").await;
    assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
    assert_eq!(ask("image/png").await.problem(), "not_acceptable");
}

/// Compression asks a body once more after its end, where a stream that cannot be asked panics.
#[tokio::test(flavor = "multi_thread")]
async fn compressed_answers_are_whole_in_every_format() {
    let running = orders().await;
    grow(&running);
    let body = br#"{"sql":"SELECT destination, \"offset\", body FROM events ORDER BY \"offset\""}"#;
    for accept in
        ["application/json", "text/csv", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"]
    {
        let ask = async |encoding: &str| {
            let headers = [("content-type", "application/json"), ("accept", accept), ("accept-encoding", encoding)];
            running.send("POST", "/api/v1/sql", &headers, body).await
        };
        let (plain, packed) = (ask("identity").await, ask("gzip").await);
        assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("gzip")), "{accept}");
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).expect(accept);
        if accept == "application/json" {
            let unpacked: serde_json::Value = serde_json::from_slice(&unpacked).unwrap();
            assert_eq!(unpacked["rows"], plain.json()["rows"]);
        } else {
            assert!(unpacked == plain.body, "{accept}: {} of {} bytes", unpacked.len(), plain.body.len());
        }
    }
}

/// In each format, and not as a file that breaks off.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_no_format_can_hold_is_refused_before_the_first_byte() {
    let running = orders().await;
    running.append(&[Sample::json("orders", 2, &"x".repeat(1_000_000))]);
    let body = br#"{"sql":"SELECT array_agg(body) AS all FROM events, generate_series(1, 100)"}"#;
    for accept in
        ["application/json", "text/csv", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"]
    {
        let headers = [("content-type", "application/json"), ("accept", accept)];
        let refused = running.send("POST", "/api/v1/sql", &headers, body).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "sql_memory"), "{accept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_their_place() {
    let running = orders().await;
    let problem = async |sql: &str| {
        let answer = running.post("/api/v1/sql", &serde_json::json!({ "sql": sql }).to_string()).await;
        (answer.problem(), answer.status, answer.json())
    };
    let (code, status, body) = problem("SELECT *\nFORM events").await;
    assert_eq!((code.as_str(), status), ("sql_syntax", 400));
    assert_eq!(body["line"], 2);
    for (sql, expected) in [
        ("SELECT nothing FROM events", "sql_planning"),
        ("SELECT * FROM orders", "sql_planning"),
        ("DROP TABLE events", "sql_refused"),
        ("SELECT 1; SELECT 2", "sql_refused"),
        ("SELECT * FROM '/etc/passwd'", "sql_refused"),
        ("SELECT 1/0", "sql_value"),
    ] {
        assert_eq!(problem(sql).await.0, expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_time_are_bounded() {
    let running = orders().await;
    let answer =
        running.post("/api/v1/sql", "{\"sql\":\"SELECT * FROM generate_series(1, 100)\",\"max_rows\":3}").await;
    if answer.status == 200 {
        assert_eq!(
            (answer.json()["rows"].as_array().unwrap().len(), answer.json()["truncated"].as_bool()),
            (3, Some(true))
        );
    }
    let answer = running.post("/api/v1/sql", "{\"sql\":\"SELECT * FROM events\",\"max_rows\":1}").await.json();
    assert_eq!((answer["rows"].as_array().unwrap().len(), answer["truncated"].as_bool()), (1, Some(true)));
    grow(&running);
    // Long before the product of four fills the memory of queries.
    let slow = HEAVY.replace('}', ",\"timeout_ms\":10}");
    assert_eq!(running.post("/api/v1/sql", &slow).await.problem(), "sql_timeout");
}

/// Every JSON answer was cut after two minutes, whatever time the query had asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_may_take_longer_than_other_calls() {
    let running = Running::with(|options| options.longest = Duration::from_millis(1)).await;
    grow(&running);
    let slow = HEAVY.replace('}', ",\"timeout_ms\":50}");
    assert_eq!(running.post("/api/v1/sql", &slow).await.problem(), "sql_timeout");
}

/// So many rows that a product of four does not end while a test waits.
fn grow(running: &Running) {
    let rows: Vec<Sample> = (10..2_010).map(|n| Sample::json("orders", n, &format!("{{\"n\":{n}}}"))).collect();
    running.append(&rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_when_its_caller_goes_away() {
    let running = orders().await;
    grow(&running);
    let length = HEAVY.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
    let request = head(running.address, "POST", "/api/v1/sql", &headers) + HEAVY;
    let mut caller = TcpStream::connect(running.address).await.unwrap();
    caller.write_all(request.as_bytes()).await.unwrap();
    eventually("the query runs", || running.engine.running() == 1).await;
    drop(caller);
    eventually("the query ends", || running.engine.running() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_ends_when_its_caller_goes_away() {
    let running = orders().await;
    grow(&running);
    let body = "{\"sql\":\"SELECT a.payload FROM events a, events b\",\"max_rows\":1000000}";
    let length = body.len().to_string();
    let headers = [("content-type", "application/json"), ("accept", "text/csv"), ("content-length", length.as_str())];
    let request = head(running.address, "POST", "/api/v1/sql", &headers) + body;
    let mut caller = TcpStream::connect(running.address).await.unwrap();
    caller.write_all(request.as_bytes()).await.unwrap();
    // The answer has begun, and nobody reads it: the query waits for its caller.
    caller.readable().await.unwrap();
    eventually("the query waits", || running.engine.running() == 1).await;
    drop(caller);
    eventually("the query ends", || running.engine.running() == 0).await;
    assert!(tokio::time::timeout(Duration::from_secs(5), running.get("/healthz")).await.is_ok());
}
