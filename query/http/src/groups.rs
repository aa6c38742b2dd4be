//! `GET /api/v1/groups`, `/groups/{source}/{group}`: who is behind, and whether it will recover.

use axum::Json;
use axum::extract::{Path, State};
use tapline_api::{GroupDetail, GroupList, LagState};

use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;

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

/// One group: its partitions, members and what is wrong with it.
#[utoipa::path(get, path = "/api/v1/groups/{source}/{group}", tag = "groups", params(
    ("source" = String, Path, description = "name of the source"),
    ("group" = String, Path, description = "id of the group"),
), responses((status = 200, body = GroupDetail), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn detail(
    State(app): State<App>,
    Path((source, group)): Path<(String, String)>,
    params: Params,
) -> Result<Json<GroupDetail>, Refusal> {
    params.only(&[])?;
    app.standing.group(&source, &group).map(Json).ok_or_else(|| {
        let detail = format!("no group `{group}` was seen on `{source}`; `/api/v1/groups` lists those that were");
        Refusal::new(Code::GroupNotFound, detail)
    })
}
