//! `/api/v1/replays`: events put back, from the plan to what became of each.
//!
//! Planning, sending and watching is `agents/replay`'s; here is how a request becomes a choice of events, and how what
//! goes wrong becomes an answer.

pub(crate) mod act;
pub(crate) mod audit;
pub(crate) mod preview;
mod select;

use axum::Json;
use axum::extract::{Path, State};
use tapline_api::{Delivery, Outcome, ReplayDetail, ReplayItemPage, ReplayList, ReplayRequest};
use tapline_replay::{ItemFilter, ReplayError, Replays, headline};
use tapline_state::StateError;

use crate::cursor;
use crate::json_body::JsonBody;
use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;

/// Rows of a page.
const LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Plans a replay. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/replays", tag = "replays", request_body = ReplayRequest, responses(
    (status = 200, body = ReplayDetail),
    (status = 400, body = tapline_api::Problem),
    (status = 404, body = tapline_api::Problem),
    (status = 503, body = tapline_api::Problem),
))]
pub(crate) async fn plan(
    State(app): State<App>,
    params: Params,
    JsonBody(request): JsonBody<ReplayRequest>,
) -> Result<Json<ReplayDetail>, Refusal> {
    params.only(&[])?;
    let who = act::who(request.who.as_deref())?.to_owned();
    let asked = select::asked(&app, &request.select).await?;
    app.search(move |app, stop| {
        let view = app.archive.view();
        let selected = select::find(app, &view, asked, stop)?;
        Ok(app.replays.plan(&request, &view, &selected, &who, &|| stop.check().is_err())?)
    })
    .await
    .map(Json)
}

/// All replays, newest first, and what is to be known of them.
#[utoipa::path(get, path = "/api/v1/replays", tag = "replays", params(
    ("limit" = Option<usize>, Query, description = "at most 1,000"),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = ReplayList)))]
pub(crate) async fn list(State(app): State<App>, params: Params) -> Result<Json<ReplayList>, Refusal> {
    params.only(&["limit", "cursor"])?;
    let limit = params.number("limit", 1, MOST)?.unwrap_or(LIMIT);
    let below = params.one("cursor")?.map(number_of).transpose()?;
    app.search(move |app, _| {
        let (replays, last) = app.replays.list(below, u32::try_from(limit).unwrap_or(u32::MAX))?;
        let (sentence, detail) = headline(&replays);
        Ok(ReplayList { sentence, detail, replays, next: last.map(|last| cursor::encode(&format!("{last}/"))) })
    })
    .await
    .map(Json)
}

/// One replay with its plan.
#[utoipa::path(get, path = "/api/v1/replays/{id}", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
), responses((status = 200, body = ReplayDetail), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn detail(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<ReplayDetail>, Refusal> {
    params.only(&[])?;
    let number = Replays::number(&id)?;
    app.search(move |app, _| Ok(app.replays.detail(number)?)).await.map(Json)
}

/// The events of a replay, in the order of sending.
#[utoipa::path(get, path = "/api/v1/replays/{id}/items", tag = "replays", params(
    ("id" = String, Path, description = "such as `r-33`"),
    ("delivery" = Option<String>, Query, description = "planned, sending, confirmed, uncertain or rejected"),
    ("outcome" = Option<String>, Query, description = "pending, reprocessed, failed_again or unknown"),
    ("limit" = Option<usize>, Query, description = "at most 1,000"),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = ReplayItemPage), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn items(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<ReplayItemPage>, Refusal> {
    params.only(&["delivery", "outcome", "limit", "cursor"])?;
    let number = Replays::number(&id)?;
    let limit = params.number("limit", 1, MOST)?.unwrap_or(LIMIT);
    let delivery = word(&params, "delivery", Delivery::parse, &Delivery::ALL.map(Delivery::as_str))?;
    let outcome = word(&params, "outcome", Outcome::parse, &Outcome::ALL.map(Outcome::as_str))?;
    let from = params.one("cursor")?.map(number_of).transpose()?;
    let from = u32::try_from(from.unwrap_or(0)).map_err(|_| cursor::refused())?;
    app.search(move |app, _| {
        let (items, count, next) = app.replays.items(number, ItemFilter { delivery, outcome }, from, limit)?;
        Ok(ReplayItemPage { items, count, next: next.map(|next| cursor::encode(&format!("{next}/"))) })
    })
    .await
    .map(Json)
}

fn number_of(text: &str) -> Result<i64, Refusal> {
    Ok(cursor::decode(text)?.0)
}

fn word<T>(
    params: &Params,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Option<T>, Refusal> {
    let Some(text) = params.one(name)? else { return Ok(None) };
    let fault = || format!("`{name}` is `{}`; write one of {}", shorten(text), known.join(", "));
    parse(text).map(Some).ok_or_else(|| Refusal::new(Code::BadParameter, fault()))
}

impl From<ReplayError> for Refusal {
    fn from(error: ReplayError) -> Self {
        let code = match error {
            ReplayError::BadRequest(_) | ReplayError::Nothing(_) | ReplayError::TooMany { .. } => Code::BadReplay,
            ReplayError::NotFound(_) | ReplayError::State(StateError::NoReplay(_)) => Code::ReplayNotFound,
            ReplayError::Standing { .. } => Code::ReplayState,
            ReplayError::Stale { .. } => Code::PlanStale,
            ReplayError::Refused { .. } => Code::ReplayRefused,
            ReplayError::Environment(_) => Code::EnvironmentRequired,
            ReplayError::Unconfirmed(_) | ReplayError::SamePerson(_) => Code::SecondPerson,
            ReplayError::Source(error) if error.is_retryable() => {
                return Self::new(Code::SourceUnreachable, error.to_string());
            }
            ReplayError::Source(_) => Code::ReplayRefused,
            ReplayError::Archive(error) => return error.into(),
            ReplayError::State(error) => return error.into(),
            ReplayError::DeadLetters(error) => return error.into(),
            ReplayError::Column(error) => return error.into(),
            ReplayError::File { .. } | ReplayError::Damaged { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "a replay's files cannot be used");
                Code::StateUnavailable
            }
            ReplayError::Stopped => Code::TooSlow,
        };
        Self::new(code, error.to_string())
    }
}
