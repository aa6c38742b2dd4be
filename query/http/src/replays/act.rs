//! `POST /api/v1/replays/{id}/start` and what else is done with a replay.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tapline_api::{ReplayAct, ReplayDetail};
use tapline_replay::{ReplayError, Replays};

use crate::json_body::JsonBody;
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

pub(super) use crate::dead_letters::act::who;

type Answer = Result<Json<ReplayDetail>, Refusal>;

async fn act(
    app: App,
    id: String,
    params: Params,
    act: ReplayAct,
    work: impl FnOnce(&App, i64, &ReplayAct, &str) -> Result<ReplayDetail, ReplayError> + Send + 'static,
) -> Answer {
    params.only(&[])?;
    let number = Replays::number(&id)?;
    let who = who(act.who.as_deref())?.to_owned();
    app.search(move |app, _| Ok(work(app, number, &act, &who)?)).await.map(Json)
}

/// Starts a plan that was read: its etag is asked for, and it must hold still.
#[utoipa::path(post, path = "/api/v1/replays/{id}/start", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
), request_body = ReplayAct, responses(
    (status = 200, body = ReplayDetail),
    (status = 403, body = tapline_api::Problem, description = "the environment's name, or a second person, is missing"),
    (status = 409, body = tapline_api::Problem, description = "the plan no longer holds, or it was started already"),
    (status = 422, body = tapline_api::Problem, description = "the plan holds something that forbids it"),
))]
pub(crate) async fn start(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(body): JsonBody<ReplayAct>,
) -> Answer {
    act(app, id, params, body, |app, number, act, who| app.replays.start(number, act, who, &|| false)).await
}

/// Holds a replay that runs.
#[utoipa::path(post, path = "/api/v1/replays/{id}/pause", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
), request_body = ReplayAct, responses((status = 200, body = ReplayDetail), (status = 409, body = tapline_api::Problem)))]
pub(crate) async fn pause(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(body): JsonBody<ReplayAct>,
) -> Answer {
    act(app, id, params, body, |app, number, act, who| app.replays.pause(number, act, who)).await
}

/// Goes on with a replay that was paused or stopped by itself.
#[utoipa::path(post, path = "/api/v1/replays/{id}/resume", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
), request_body = ReplayAct, responses((status = 200, body = ReplayDetail), (status = 409, body = tapline_api::Problem)))]
pub(crate) async fn resume(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(body): JsonBody<ReplayAct>,
) -> Answer {
    act(app, id, params, body, |app, number, act, who| app.replays.resume(number, act, who)).await
}

/// Ends a replay for good; what was sent stays sent.
#[utoipa::path(post, path = "/api/v1/replays/{id}/cancel", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
), request_body = ReplayAct, responses((status = 200, body = ReplayDetail), (status = 409, body = tapline_api::Problem)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(body): JsonBody<ReplayAct>,
) -> Answer {
    act(app, id, params, body, |app, number, act, who| app.replays.cancel(number, act, who)).await
}

/// A second person has read the plan.
#[utoipa::path(post, path = "/api/v1/replays/{id}/confirm", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
), request_body = ReplayAct, responses((status = 200, body = ReplayDetail), (status = 403, body = tapline_api::Problem)))]
pub(crate) async fn confirm(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(body): JsonBody<ReplayAct>,
) -> Answer {
    act(app, id, params, body, |app, number, act, who| app.replays.confirm(number, act, who)).await
}

/// Throws away a plan that was never started.
#[utoipa::path(delete, path = "/api/v1/replays/{id}", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
    ("who" = Option<String>, Query, description = "who does so"),
), responses((status = 204), (status = 409, body = tapline_api::Problem)))]
pub(crate) async fn discard(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    params.only(&["who"])?;
    let number = Replays::number(&id)?;
    let who = who(params.one("who")?)?.to_owned();
    app.search(move |app, _| Ok(app.replays.discard(number, &who)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}
