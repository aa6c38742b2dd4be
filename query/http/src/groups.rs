//! `GET /api/v1/groups`, `/groups/{source}/{group}`: who is behind, and whether it will recover.

use axum::Json;
use axum::extract::{Path, State};
use tapline_api::{GroupDetail, GroupList, LagState};

use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;
use tapline_model::time;

/// Consumer groups of all sources, worst first.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", params(
    ("source" = Option<Vec<String>>, Query, description = "only of these sources"),
    ("state" = Option<Vec<String>>, Query, description = "only in these states"),
), responses((status = 200, body = GroupList)))]
pub(crate) async fn list(State(app): State<App>, params: Params) -> Result<Json<GroupList>, Refusal> {
    params.only(&["source", "state"])?;
    let sources: Vec<&str> = params.all("source").collect();
    let states: Vec<LagState> = params.all("state").map(state).collect::<Result<_, Refusal>>()?;
    Ok(Json(app.standing.groups(&sources, &states)))
}

fn state(word: &str) -> Result<LagState, Refusal> {
    LagState::parse(word).ok_or_else(|| {
        let known = LagState::ALL.map(LagState::as_str).join(", ");
        Refusal::new(Code::BadParameter, format!("`state` is `{}`; write one of {known}", shorten(word)))
    })
}

/// How long lag is drawn back, microseconds.
const DRAWN: i64 = 6 * 3_600 * 1_000_000;

/// One group: its partitions, members, what is wrong with it, and how its lag went: of the last six hours, or from `from`.
#[utoipa::path(get, path = "/api/v1/groups/{source}/{group}", tag = "groups", params(
    ("source" = String, Path, description = "name of the source"),
    ("group" = String, Path, description = "id of the group"),
    ("from" = Option<String>, Query, description = "where its history begins; six hours before `to` without"),
    ("to" = Option<String>, Query, description = "where its history ends; now without"),
), responses((status = 200, body = GroupDetail), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn detail(
    State(app): State<App>,
    Path((source, group)): Path<(String, String)>,
    params: Params,
) -> Result<Json<GroupDetail>, Refusal> {
    params.only(&["from", "to"])?;
    let now = time::now();
    let to = params.time("to", now)?.unwrap_or(now);
    let from = params.time("from", now)?.unwrap_or(to.saturating_sub(DRAWN));
    if from >= to {
        return Err(Refusal::new(Code::BadTime, "`from` is not before `to`; turn them round"));
    }
    app.search(move |app, _| {
        let mut detail = app.standing.group(&source, &group).ok_or_else(|| {
            let detail = format!("no group `{group}` was seen on `{source}`; `/api/v1/groups` lists those that were");
            Refusal::new(Code::GroupNotFound, detail)
        })?;
        detail.history = app.standing.group_history(&source, &group, from, to);
        if let Some(history) = &mut detail.history {
            history.alerts = app.alerts.fired(&[("source", &source), ("group", &group)], from, to)?;
        }
        Ok(Json(detail))
    })
    .await
}
