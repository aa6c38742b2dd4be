//! Tapline's own traces, as a collector receives them from the process; and a collector that is no help.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tapline_kit::collector::{Broken, Collector, Span, attribute};
use tapline_kit::{Kafka, Record, Tapline, wait_for};

const SOON: Duration = Duration::from_secs(60);
/// OTLP's number for the span of a call that was received.
const SERVER: i32 = 2;
const FAILED: i32 = 2;

/// With a log that says nothing but errors: it once decided what was traced.
fn traced(endpoint: &str, rest: &str) -> Result<Tapline> {
    Tapline::start(&format!("[log]\nlevel = \"error\"\n[telemetry]\notlp_endpoint = \"{endpoint}\"\n{rest}"))
}

fn one(collector: &Collector, name: &str) -> Result<Span> {
    let spans = collector.named(name);
    let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
    ensure!(spans.len() == 1, "{} spans are named {name}, of {names:?}", spans.len());
    spans.into_iter().next().context("there is one")
}

fn holds(span: &Span, wanted: &[(&str, &str)]) -> Result<()> {
    for (key, value) in wanted {
        let found = attribute(span, key);
        ensure!(found.as_deref() == Some(*value), "{key} of {} is {found:?}, not {value}", span.name);
    }
    Ok(())
}

#[test]
fn a_call_is_a_span_of_its_callers_trace_and_the_end_sends_what_is_left() -> Result<()> {
    let collector = Collector::start()?;
    let mut tapline = traced(&collector.endpoint(), "[environment]\nname = \"staging\"\n")?;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let (status, _) = tapline.get_with("/api/v1/chains/ORD-4711?", &[("traceparent", parent)])?;
    ensure!(status == 404, "{status}");
    let (status, _) = tapline.post("/api/v1/sql", &json!({ "sql": "SELECT 'secret' FROM nowhere" }))?;
    ensure!(status == 400, "{status}");
    ensure!(tapline.sql("SELECT 'secret' UNION ALL SELECT 'more'")?.len() == 2, "two rows");
    ensure!(tapline.get("/page/of/ORD-4711").is_ok());
    // Nothing is waited for: batches are sent each five seconds, and at the end.
    tapline.stop()?;

    let call = one(&collector, "GET /api/v1/chains/{id}")?;
    ensure!(call.kind == SERVER, "kind {}", call.kind);
    ensure!(call.trace_id == 0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes(), "the caller's trace");
    ensure!(call.parent_span_id == 0xb7ad6b7169203331_u64.to_be_bytes(), "its parent");
    holds(&call, &[("http.request.method", "GET"), ("http.route", "/api/v1/chains/{id}"), ("url.scheme", "http")])?;
    holds(&call, &[("http.response.status_code", "404"), ("url.path", "/api/v1/chains/{id}")])?;
    let status = call.status.as_ref().map_or(0, |status| status.code);
    ensure!(status != FAILED, "what the caller did wrong is no failure of the server");
    let look_up = one(&collector, "chain.lookup")?;
    ensure!(look_up.trace_id == call.trace_id && look_up.parent_span_id == call.span_id, "it is a part of the call");
    holds(&look_up, &[("tapline.members", "0")])?;
    the_queries(&collector)?;
    ensure!(collector.resource("service.name").as_deref() == Some("tapline"));
    ensure!(collector.resource("deployment.environment.name").as_deref() == Some("staging"));
    let all = format!("{:?}", collector.spans());
    ensure!(!all.contains("ORD-") && !all.contains("secret") && !all.contains("nowhere"), "{all}");
    ensure!(one(&collector, "GET").is_ok(), "a path of the page has no route: {all}");
    Ok(())
}

fn the_queries(collector: &Collector) -> Result<()> {
    let calls = collector.named("POST /api/v1/sql");
    let queries = collector.named("sql.query");
    ensure!(queries.len() == 2, "{queries:?}");
    for query in &queries {
        ensure!(calls.iter().any(|call| call.span_id == query.parent_span_id), "each is a part of its call");
    }
    let good = queries.iter().find(|query| attribute(query, "error.type").is_none()).context("one succeeded")?;
    holds(good, &[("db.response.returned_rows", "2")])?;
    let bad = queries.iter().find(|query| attribute(query, "error.type").is_some()).context("one failed")?;
    holds(bad, &[("error.type", "sql_planning")])?;
    ensure!(bad.status.as_ref().is_some_and(|status| status.code == FAILED), "{bad:?}");
    Ok(())
}

#[test]
fn what_the_archive_does_is_traced_and_no_message_is() -> Result<()> {
    const FILES: u64 = 8;
    let (kafka, collector) = (Kafka::start()?, Collector::start()?);
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let source = format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap());
    let mut tapline = traced(&collector.endpoint(), &format!("[limits]\ncommit_interval = \"100ms\"\n{source}"))?;
    let producer = kafka.producer()?;
    for file in 1..=FILES {
        let records: Vec<Record> = (0..50).map(|_| Record::new("orders", 0, "{\"card\":\"secret\"}")).collect();
        producer.send_all(&records)?;
        wait_for("its file", SOON, || {
            let (_, status) = tapline.get("/api/v1/status")?;
            let (hot, rows) = (&status["archive"]["hot_rows"], &status["archive"]["rows"]);
            Ok((hot == 0 && rows.as_u64() == Some(file * 50)).then_some(()))
        })?;
    }
    wait_for("the compaction", SOON, || Ok((!collector.named("archive.compact").is_empty()).then_some(())))?;
    tapline.stop()?;
    let compaction = one(&collector, "archive.compact")?;
    holds(&compaction, &[("tapline.files", &FILES.to_string()), ("tapline.rows", &(FILES * 50).to_string())])?;
    let commits = collector.named("archive.commit");
    let mut replaced = commits.iter().filter(|commit| commit.parent_span_id == compaction.span_id);
    replaced.try_for_each(|commit| holds(commit, &[("tapline.files_removed", &FILES.to_string())]))?;
    ensure!(commits.len() as u64 == FILES + 1, "{} commits", commits.len());
    ensure!(collector.named("archive.stage").len() as u64 == FILES, "one for each file");
    let spans = collector.spans();
    let others: Vec<&str> =
        spans.iter().map(|span| span.name.as_str()).filter(|name| !name.contains(['.', '/'])).collect();
    ensure!(others.is_empty(), "spans that nobody asked for: {others:?}");
    ensure!(!format!("{spans:?}").contains("secret"), "payloads stay where they are");
    Ok(())
}

#[test]
fn a_collector_that_is_away_costs_one_line() -> Result<()> {
    let collector = Broken::closing()?;
    let mut tapline = Tapline::start(&format!("[telemetry]\notlp_endpoint = \"{}\"\n", collector.endpoint()))?;
    let lines = |tapline: &Tapline| tapline.log().matches("traces are lost").count();
    wait_for("a first batch that is lost", SOON, || {
        tapline.get("/api/v1/status")?;
        Ok((lines(&tapline) > 0).then_some(collector.connections()))
    })?;
    let tried = collector.connections();
    wait_for("a second one", SOON, || {
        tapline.get("/api/v1/status")?;
        Ok((collector.connections() > tried).then_some(()))
    })?;
    tapline.stop()?;
    let log = tapline.log();
    ensure!(lines(&tapline) == 1 && log.contains(&collector.endpoint()), "{log}");
    ensure!(!log.contains("BatchSpanProcessor") && !log.contains("opentelemetry"), "{log}");
    Ok(())
}

#[test]
fn a_collector_that_never_answers_does_not_hold_up_the_end() -> Result<()> {
    let collector = Broken::silent()?;
    let mut tapline = traced(&collector.endpoint(), "")?;
    tapline.get("/api/v1/status")?;
    let begun = Instant::now();
    tapline.stop()?;
    // Three seconds for the last batch; an export may take ten.
    ensure!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    Ok(())
}
