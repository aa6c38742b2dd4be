//! `GET /metrics`: Tapline's own numbers as Prometheus text. Names are documented in docs/metrics.md.

mod groups;
mod kminion;
mod recorder;
mod text;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tapline_api::{DestinationInfo, SourceInfo, SourceState};
use tapline_model::time;

use crate::events::histogram::seconds;
use crate::problem::Refusal;
use crate::state::App;
use crate::system::{archive_figures, resident_memory};

pub(crate) use recorder::Metrics;
use text::{Kind, Text};

/// Destinations listed one by one; more are summed by source, so that a scrape stays small.
const MOST_DESTINATIONS: usize = 2_000;

/// Tapline's own metrics.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Refusal> {
    // A hundred thousand partitions of groups are megabytes of text.
    let text = app.search(|app, _| Ok(text(app))).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

fn text(app: &App) -> String {
    let mut text = Text::default();
    process(&mut text, app);
    archive(&mut text, app);
    sources(&mut text, &app.sources());
    destinations(&mut text, &app.standing.destinations());
    let groups = app.standing.group_details();
    groups::write(&mut text, &groups);
    if app.options.kminion_metrics {
        kminion::write(&mut text, &groups);
    }
    text.family("tapline_gaps", Kind::Gauge, "Ranges of offsets that are not archived and never will be.");
    text.sample("tapline_gaps", &[], count(app.standing.gaps().len()));
    text.family("tapline_queries_running", Kind::Gauge, "SQL queries that run.");
    text.sample("tapline_queries_running", &[], count(app.engine.running()));
    app.metrics.write(&mut text);
    text.finish()
}

fn process(text: &mut Text, app: &App) {
    text.family("tapline_build_info", Kind::Gauge, "1, with the version as a label.");
    text.sample("tapline_build_info", &[("version", &app.options.version)], 1.0);
    text.family("process_start_time_seconds", Kind::Gauge, "When the process began, seconds since 1970.");
    text.sample("process_start_time_seconds", &[], seconds(app.epoch));
    if let Some(memory) = resident_memory() {
        text.family("process_resident_memory_bytes", Kind::Gauge, "Resident memory.");
        text.sample("process_resident_memory_bytes", &[], bytes(memory));
    }
}

fn archive(text: &mut Text, app: &App) {
    let figures = archive_figures(app);
    let gauges = [
        ("tapline_hot_rows", "Rows in memory, not committed yet.", bytes(figures.hot_rows)),
        ("tapline_hot_bytes", "Memory of rows not committed yet.", bytes(figures.hot_bytes)),
        ("tapline_archive_rows", "Rows in data files.", bytes(figures.rows)),
        ("tapline_archive_files", "Data files.", count(figures.files)),
        ("tapline_archive_bytes", "Bytes of data files.", bytes(figures.bytes)),
        ("tapline_archive_index_bytes", "Bytes of ID sidecars.", bytes(figures.index_bytes)),
        ("tapline_archive_raw_bytes", "Bytes of keys, headers and payloads archived.", bytes(figures.raw_bytes)),
        ("tapline_archive_damaged_files", "Data files that cannot be read.", count(figures.damaged.len())),
        (
            "tapline_paused",
            "1 while taps wait for disk or memory.",
            if app.archive.pause_reason().is_some() { 1.0 } else { 0.0 },
        ),
    ];
    for (name, help, value) in gauges {
        text.family(name, Kind::Gauge, help);
        text.sample(name, &[], value);
    }
    if let Some(free) = figures.disk_free {
        text.family("tapline_disk_free_bytes", Kind::Gauge, "Free bytes on the archive's disk.");
        text.sample("tapline_disk_free_bytes", &[], bytes(free));
    }
    let now = time::now();
    if let Some(committed) = figures.committed_at.and_then(|at| time::parse(&at, now).ok()) {
        text.family("tapline_commit_age_seconds", Kind::Gauge, "Time since the last commit.");
        text.sample("tapline_commit_age_seconds", &[], seconds(now - committed));
    }
}

fn sources(text: &mut Text, sources: &[SourceInfo]) {
    type Value = fn(&SourceInfo) -> Option<f64>;
    let families: [(&str, Kind, &str, Value); 6] = [
        ("tapline_source_up", Kind::Gauge, "1 while a source is read without a fault.", |source| {
            Some(if source.state == SourceState::Up { 1.0 } else { 0.0 })
        }),
        ("tapline_source_events_total", Kind::Counter, "Events archived or hot.", |source| Some(bytes(source.rows))),
        ("tapline_source_rate", Kind::Gauge, "Events a second, over ten seconds.", |source| Some(source.rate)),
        ("tapline_source_byte_rate", Kind::Gauge, "Bytes a second, over ten seconds.", |source| {
            Some(source.bytes_rate)
        }),
        ("tapline_source_lag_events", Kind::Gauge, "The tap's own lag: events on the broker not read yet.", |source| {
            source.lag.map(bytes)
        }),
        ("tapline_source_backfill_left_events", Kind::Gauge, "Older events still to be read.", |source| {
            Some(source.backfill.as_ref().map_or(0.0, |backfill| bytes(backfill.left)))
        }),
    ];
    for (name, kind, help, value) in families {
        text.family(name, kind, help);
        for source in sources {
            if let Some(value) = value(source) {
                text.sample(name, &[("source", &source.name), ("system", &source.system)], value);
            }
        }
    }
}

fn destinations(text: &mut Text, destinations: &[DestinationInfo]) {
    type Value = fn(&DestinationInfo) -> u64;
    let families: [(&str, &str, Value); 2] = [
        ("tapline_destination_events_total", "Events archived or hot, by destination.", |destination| destination.rows),
        ("tapline_destination_bytes_total", "Bytes of keys, headers and payloads, by destination.", |it| it.bytes),
    ];
    let (listed, rest) = destinations.split_at(destinations.len().min(MOST_DESTINATIONS));
    for (name, help, value) in families {
        text.family(name, Kind::Counter, help);
        for destination in listed {
            let incarnation = destination.incarnation.to_string();
            let labels = [
                ("source", destination.source.as_str()),
                ("destination", &destination.name),
                ("incarnation", &incarnation),
            ];
            text.sample(name, &labels, bytes(value(destination)));
        }
        if !rest.is_empty() {
            let sum = rest.iter().map(value).sum();
            text.sample(name, &[("source", ""), ("destination", ""), ("incarnation", "")], bytes(sum));
        }
    }
}

/// Prometheus has floating point numbers only; above 2^53 the last digits are lost, which no graph shows.
#[expect(clippy::cast_precision_loss, reason = "the format has no integers")]
fn bytes(number: u64) -> f64 {
    number as f64
}

fn count(number: usize) -> f64 {
    bytes(number as u64)
}
