//! `GET /metrics`: Tapline's own numbers as Prometheus text. Names are documented in docs/metrics.md.

mod dead_letters;
mod groups;
mod kminion;
mod recorder;
pub(crate) mod selected;
pub(crate) mod silence;
mod text;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tapline_api::{DestinationInfo, Gap, GapReason, SourceInfo, SourceState};
use tapline_model::time;

use crate::events::histogram::seconds;
use crate::events::search::Stop;
use crate::problem::Refusal;
use crate::state::App;
use crate::system::{archive_figures, resident_memory};

pub(crate) use dead_letters::ALWAYS;
pub(crate) use recorder::Metrics;
pub(crate) use text::{Kind, Sink, Text};

/// Destinations listed one by one; more are summed by source, so that a scrape stays small.
const MOST_DESTINATIONS: usize = 2_000;

/// Tapline's own metrics.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Refusal> {
    // A hundred thousand partitions of groups are megabytes of text.
    let text = app.search(|app, stop| {
        let mut text = Text::default();
        process(&mut text, app);
        for (names, refusal) in standing(&mut text, app, stop) {
            tracing::warn!(why = refusal.detail, first = names[0], "metrics are left out of a scrape");
        }
        if app.options.kminion_metrics {
            kminion::write(&mut text, &app.standing.group_details());
        }
        text.family("tapline_queries_running", Kind::Gauge, "SQL queries that run.");
        text.sample("tapline_queries_running", &[], count(app.engine.running()));
        alerts(&mut text, app);
        app.metrics.write(&mut text);
        Ok(text.finish())
    });
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.await?).into_response())
}

/// Names of metrics that rules of alerts may ask for: those that say how things stand, in the order in which they are written.
pub fn rule_metrics() -> Vec<&'static str> {
    let names: [&[&str]; 6] =
        [&ARCHIVE, &SOURCES, &DESTINATIONS, &silence::NAMES, &groups::NAMES, &dead_letters::NAMES];
    names.concat()
}

/// How everything stands: what rules of alerts may ask for too. Families that cannot be read, each with why: others are
/// written all the same.
pub(crate) fn standing(sink: &mut dyn Sink, app: &App, stop: &Stop) -> Vec<(&'static [&'static str], Refusal)> {
    type Write = fn(&mut dyn Sink, &App, &Stop) -> Result<(), Refusal>;
    let families: [(&'static [&'static str], Write); 6] = [
        (&ARCHIVE, |sink, app, _| {
            archive(sink, app);
            Ok(())
        }),
        (&SOURCES, |sink, app, _| {
            sources(sink, &app.sources());
            Ok(())
        }),
        (&DESTINATIONS, |sink, app, _| {
            destinations(sink, app);
            Ok(())
        }),
        (&silence::NAMES, silence::write),
        (&groups::NAMES, |sink, app, _| {
            groups::write(sink, &app.standing.group_details());
            Ok(())
        }),
        (&dead_letters::NAMES, dead_letters::write),
    ];
    let wanted = families.into_iter().filter(|(names, _)| sink.wants(names)).collect::<Vec<_>>();
    let written = wanted.into_iter().map(|(names, write)| (names, write(sink, app, stop)));
    written.filter_map(|(names, written)| Some((names, written.err()?))).collect()
}

fn process(text: &mut Text, app: &App) {
    text.family("tapline_build_info", Kind::Gauge, "1, with the version as a label.");
    text.sample("tapline_build_info", &[("version", &app.options.version)], 1.0);
    text.family("process_start_time_seconds", Kind::Gauge, "When the process began, seconds since 1970.");
    text.sample("process_start_time_seconds", &[], seconds(app.epoch));
    text.family("process_resident_memory_bytes", Kind::Gauge, "Resident memory.");
    if let Some(memory) = resident_memory() {
        text.sample("process_resident_memory_bytes", &[], bytes(memory));
    }
}

/// What fires, as Prometheus itself tells it: whoever collects metrics sees it without a channel.
fn alerts(text: &mut Text, app: &App) {
    text.family("tapline_alerts", Kind::Gauge, "1, with the rule, how bad it is and how it stands as labels.");
    for alert in app.alerts.alive() {
        let labels = [
            ("alertname", alert.rule.as_str()),
            ("severity", &alert.severity),
            ("alertstate", alert.state.as_str()),
            ("fingerprint", &alert.fingerprint),
        ];
        text.sample("tapline_alerts", &labels, 1.0);
    }
}

const ARCHIVE: [&str; 13] = [
    "tapline_hot_rows",
    "tapline_hot_bytes",
    "tapline_archive_rows",
    "tapline_archive_files",
    "tapline_archive_bytes",
    "tapline_archive_index_bytes",
    "tapline_archive_raw_bytes",
    "tapline_archive_damaged_files",
    "tapline_paused",
    "tapline_write_fault",
    "tapline_disk_free_bytes",
    "tapline_commit_age_seconds",
    "tapline_gaps",
];

fn archive(sink: &mut dyn Sink, app: &App) {
    let figures = archive_figures(app);
    let now = time::now();
    let committed = figures.committed_at.and_then(|at| time::parse(&at, now).ok());
    let flag = |holds: bool| Some(if holds { 1.0 } else { 0.0 });
    let gauges = [
        ("tapline_hot_rows", "Rows in memory, not committed yet.", Some(bytes(figures.hot_rows))),
        ("tapline_hot_bytes", "Memory of rows not committed yet.", Some(bytes(figures.hot_bytes))),
        ("tapline_archive_rows", "Rows in data files.", Some(bytes(figures.rows))),
        ("tapline_archive_files", "Data files.", Some(count(figures.files))),
        ("tapline_archive_bytes", "Bytes of data files.", Some(bytes(figures.bytes))),
        ("tapline_archive_index_bytes", "Bytes of ID sidecars.", Some(bytes(figures.index_bytes))),
        ("tapline_archive_raw_bytes", "Bytes of keys, headers and payloads archived.", Some(bytes(figures.raw_bytes))),
        ("tapline_archive_damaged_files", "Data files that cannot be read.", Some(count(figures.damaged.len()))),
        ("tapline_paused", "1 while taps wait for disk or memory.", flag(app.archive.pause_reason().is_some())),
        ("tapline_write_fault", "1 while rows cannot be written.", flag(app.archive.write_fault().is_some())),
        ("tapline_disk_free_bytes", "Free bytes on the archive's disk.", figures.disk_free.map(bytes)),
        ("tapline_commit_age_seconds", "Time since the last commit.", committed.map(|at| seconds(now - at))),
        (
            "tapline_gaps",
            "Ranges of offsets that are not archived and never will be.",
            Some(count(app.standing.gaps().len())),
        ),
    ];
    for (name, help, value) in gauges {
        sink.family(name, Kind::Gauge, help);
        value.into_iter().for_each(|value| sink.sample(name, &[], value));
    }
}

const SOURCES: [&str; 6] = [
    "tapline_source_up",
    "tapline_source_events_total",
    "tapline_source_rate",
    "tapline_source_byte_rate",
    "tapline_source_lag_events",
    "tapline_source_backfill_left_events",
];

fn sources(sink: &mut dyn Sink, sources: &[SourceInfo]) {
    type Value = fn(&SourceInfo) -> Option<f64>;
    let families: [(&str, Kind, &str, Value); 6] = [
        // One that is not configured any more is not down.
        ("tapline_source_up", Kind::Gauge, "1 while a source is read without a fault.", |source| match source.state {
            SourceState::Archived => None,
            SourceState::Up => Some(1.0),
            _ => Some(0.0),
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
        sink.family(name, kind, help);
        for source in sources {
            if let Some(value) = value(source) {
                sink.sample(name, &[("source", &source.name), ("system", &source.system)], value);
            }
        }
    }
}

const DESTINATIONS: [&str; 3] =
    ["tapline_destination_events_total", "tapline_destination_bytes_total", "tapline_expired_offsets_total"];

fn destinations(sink: &mut dyn Sink, app: &App) {
    type Value = fn(&DestinationInfo) -> u64;
    let families: [(&str, &str, Value); 2] = [
        ("tapline_destination_events_total", "Events archived or hot, by destination.", |destination| destination.rows),
        ("tapline_destination_bytes_total", "Bytes of keys, headers and payloads, by destination.", |it| it.bytes),
    ];
    let destinations = app.standing.destinations();
    let (listed, rest) = destinations.split_at(destinations.len().min(MOST_DESTINATIONS));
    for (name, help, value) in families {
        sink.family(name, Kind::Counter, help);
        for destination in listed {
            let incarnation = destination.incarnation.to_string();
            let labels = [
                ("source", destination.source.as_str()),
                ("destination", &destination.name),
                ("incarnation", &incarnation),
            ];
            sink.sample(name, &labels, bytes(value(destination)));
        }
        if !rest.is_empty() {
            let sum = rest.iter().map(value).sum();
            sink.sample(name, &[("source", ""), ("destination", ""), ("incarnation", "")], bytes(sum));
        }
    }
    expired(sink, &app.standing.gaps());
}

fn expired(sink: &mut dyn Sink, gaps: &[Gap]) {
    let name = "tapline_expired_offsets_total";
    sink.family(name, Kind::Counter, "Offsets that retention deleted before they were read.");
    let mut sums = BTreeMap::<(&str, &str), u64>::new();
    for gap in gaps.iter().filter(|gap| gap.reason == GapReason::Expired) {
        *sums.entry((&gap.source, &gap.destination)).or_default() += gap.to.abs_diff(gap.from);
    }
    for ((source, destination), offsets) in sums {
        sink.sample(name, &[("source", source), ("destination", destination)], bytes(offsets));
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
