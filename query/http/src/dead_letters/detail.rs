//! `GET /api/v1/dead-letters/{fingerprint}`: one cause.

use axum::Json;
use axum::extract::{Path, State};
use tapline_api::CauseDetail;
use tapline_deadletter::{Cause, members};
use tapline_model::time;
use tapline_state::AuditEntry;

use super::{Dead, unknown, view};
use crate::events::histogram::{Axis, seconds};
use crate::events::search::Stop;
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// Points of the chart.
const POINTS: usize = 60;
/// Entries of the audit that are shown.
const HISTORY: u32 = 50;
/// A chart of less time tells nothing, microseconds.
const LEAST: i64 = 600_000_000;

/// A cause with its course and what was done about it.
#[utoipa::path(get, path = "/api/v1/dead-letters/{fingerprint}", tag = "dead letters", params(
    ("fingerprint" = String, Path, description = "of a cause"),
), responses((status = 200, body = CauseDetail), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn detail(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<CauseDetail>, Refusal> {
    params.only(&[])?;
    app.search(move |app, stop| detail_of(app, stop, &id)).await.map(Json)
}

/// A cause as it stands now.
pub(super) fn detail_of(app: &App, stop: &Stop, id: &str) -> Result<CauseDetail, Refusal> {
    answer(&Dead::read(app, stop)?, id, app.state.audited(Some(id), None, HISTORY)?)
}

fn answer(dead: &Dead, id: &str, history: Vec<AuditEntry>) -> Result<CauseDetail, Refusal> {
    let cause = dead.cause(id)?;
    let (first, _) = cause.times.unwrap_or((dead.now, dead.now));
    let from = first.min(dead.now - LEAST);
    let axis = Axis::over(from, dead.now, POINTS);
    let shown = view::views(dead, &[&cause])?.pop().ok_or_else(|| unknown(id))?;
    Ok(CauseDetail {
        cause: shown,
        from: time::format(axis.from),
        to: time::format(axis.to()),
        step_seconds: seconds(axis.step),
        counts: counts(dead, id, &axis),
        history: history.into_iter().map(Into::into).collect(),
        sql: sql(&cause),
    })
}

fn counts(dead: &Dead, id: &str, axis: &Axis) -> Vec<u64> {
    let mut counts = vec![0; axis.buckets];
    for member in members(&dead.places, &dead.said.grouping, id, None, usize::MAX) {
        if let Some(count) = axis.bucket(member.timestamp).and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    counts
}

/// The members as a query. A cause that people took apart or joined has no query of its own.
fn sql(cause: &Cause) -> String {
    format!("SELECT * FROM dead_letters WHERE fingerprint = '{}' ORDER BY timestamp DESC", cause.sample.fingerprint)
}
