//! `GET /api/v1/status`: the line at the foot of every page, asked every few seconds.

use axum::Json;
use axum::extract::State;
use tapline_api::{SourceInfo, SourceState, Status};
use tapline_model::time;

use crate::events::histogram::seconds;
use crate::params::Params;
use crate::problem::Refusal;
use crate::rollup::CELL;
use crate::state::App;
use crate::system::archive_figures;

/// The time over which dead letters are counted, microseconds.
const HOUR: i64 = 3_600_000_000;

/// How everything stands, in one line.
#[utoipa::path(get, path = "/api/v1/status", tag = "operation", responses((status = 200, body = Status)))]
pub(crate) async fn status(State(app): State<App>, params: Params) -> Result<Json<Status>, Refusal> {
    params.only(&[])?;
    let status = app.search(|app, stop| {
        let now = time::now();
        let view = app.archive.view();
        let recent = app.rollups.between(&view, now - HOUR, i64::MAX, stop)?;
        let cells = recent.iter().flat_map(|rollup| rollup.cells((now - HOUR).div_euclid(CELL), i64::MAX));
        let dead = cells.filter(|(lane, _, _)| lane.cause.is_some()).map(|(_, _, cell)| u64::from(cell.events)).sum();
        let sources = app.sources();
        let archive = archive_figures(app);
        Ok(Status {
            environment: app.options.environment.clone(),
            version: app.options.version.clone(),
            now: time::format(now),
            sources_up: sources.iter().filter(|source| source.state == SourceState::Up).count(),
            sources: sources.iter().filter(|source| source.state != SourceState::Archived).count(),
            rate: sources.iter().map(|source| source.rate).sum(),
            newest_age_seconds: newest(&sources, now).map(|newest| seconds(now - newest)),
            gaps: app.standing.gaps().len(),
            dead_letters: dead,
            problems: problems(app, &sources, &archive.damaged),
            archive,
        })
    });
    Ok(Json(status.await?))
}

/// Broker time of the newest row; a clock that runs ahead must not hide that nothing comes any more.
fn newest(sources: &[SourceInfo], now: i64) -> Option<i64> {
    let times = sources.iter().filter_map(|source| time::parse(source.newest.as_deref()?, now).ok());
    times.max().map(|newest| newest.min(now))
}

/// What is wrong, worst first.
fn problems(app: &App, sources: &[SourceInfo], damaged: &[String]) -> Vec<String> {
    let mut problems: Vec<String> = app.archive.pause_reason().into_iter().collect();
    problems.extend(app.archive.write_fault().map(|fault| format!("rows stay in memory: {fault}")));
    problems.extend(damaged.iter().map(|file| format!("data file {file}")));
    let mut sources: Vec<&SourceInfo> = sources.iter().filter(|source| !source.problems.is_empty()).collect();
    sources.sort_by_key(|source| source.state != SourceState::Down);
    problems.extend(
        sources.iter().flat_map(|source| source.problems.iter().map(|problem| format!("`{}`: {problem}", source.name))),
    );
    problems
}
