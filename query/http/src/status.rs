//! `GET /api/v1/status`: the line at the foot of every page, asked every few seconds.

use axum::Json;
use axum::extract::State;
use tapline_api::{GapReason, SourceInfo, SourceState, Status};
use tapline_model::time;

use crate::dead_letters::{Waiting, waiting};
use crate::events::histogram::seconds;
use crate::params::Params;
use crate::problem::Refusal;
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
        let dead = waiting(app, &view, (now - HOUR, i64::MAX), stop)?;
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
            gaps: app.standing.gaps().iter().filter(|gap| gap.reason != GapReason::NotDelivered).count(),
            dead_letters: dead.iter().map(Waiting::count).sum(),
            groups_behind: app.standing.groups_behind(),
            alerts_firing: app.alerts.firing(),
            problems: problems(app, &sources, &archive.damaged),
            archive,
            fix_deployed: app.options.fix.as_ref().map(|fix| fix.is_deployed()),
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
    let mut problems = Vec::from_iter(stalled(app.archive.pause_reason(), app.archive.write_fault()));
    problems.extend(damaged.iter().map(|file| format!("data file {file}")));
    problems.extend(of_sources(sources));
    problems
}

/// One line for what stops reading or writing: both have one cause.
fn stalled(paused: Option<String>, unwritten: Option<String>) -> Option<String> {
    let unwritten = unwritten.map(|fault| format!("rows stay in memory: {fault}"));
    let reasons: Vec<String> = paused.into_iter().chain(unwritten).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Of a source that waits for the archive only what else is wrong: why it waits has been said.
fn of_sources(sources: &[SourceInfo]) -> Vec<String> {
    let mut worst_first: Vec<&SourceInfo> = sources.iter().collect();
    worst_first.sort_by_key(|source| source.state != SourceState::Down);
    let lines = |source: &&SourceInfo| -> Vec<String> {
        source.faults().map(|fault| format!("`{}`: {fault}", source.name)).collect()
    };
    worst_first.iter().flat_map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troubled(name: &str, state: SourceState, problem: &str) -> SourceInfo {
        SourceInfo {
            name: name.to_owned(),
            system: "kafka".to_owned(),
            state,
            problems: vec![problem.to_owned()],
            capabilities: Vec::new(),
            cluster: None,
            destinations: 0,
            partitions: 0,
            lag: None,
            rate: 0.0,
            bytes_rate: 0.0,
            backfill: None,
            rows: 0,
            newest: None,
            left_out: Vec::new(),
        }
    }

    #[test]
    fn one_cause_is_one_line() {
        let (full, fault) = ("the disk is full; free some space", "cannot create a.parquet: No space left");
        assert_eq!(
            stalled(Some(full.into()), Some(fault.into())).as_deref(),
            Some("the disk is full; free some space; rows stay in memory: cannot create a.parquet: No space left")
        );
        assert_eq!(stalled(None, None), None);
        let sources = [
            troubled("a", SourceState::Paused, SourceInfo::WAITS),
            troubled("b", SourceState::Degraded, "no right"),
            troubled("c", SourceState::Down, "cannot reach c:9092"),
        ];
        assert_eq!(of_sources(&sources), ["`c`: cannot reach c:9092", "`b`: no right"]);
    }
}
