//! `/api/v1/alerts`, `/alert-rules`, `/silences`, `/channels`: what fires, which rules there are, who wants quiet.
//!
//! When an alert fires and who is told is `agents/alert`'s; here is what rules look at, and how people reach them.

mod explain;
pub(crate) mod observer;
mod past;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tapline_alert::AlertError;
use tapline_api::{AlertList, AlertPreview, AlertRule, AlertRuleList, AlertRuleView, ChannelTest, NewSilence, Silence};
use tapline_state::StateError;

use crate::dead_letters::act::who;
use crate::json_body::JsonBody;
use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::state::App;

/// What fires, what is about to, what ended lately; silences and channels.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", responses((status = 200, body = AlertList)))]
pub(crate) async fn list(State(app): State<App>, params: Params) -> Result<Json<AlertList>, Refusal> {
    params.only(&[])?;
    app.search(|app, _| Ok(app.alerts.list()?)).await.map(Json)
}

/// All rules, with how they stand and when they fired in the last seven days.
#[utoipa::path(get, path = "/api/v1/alert-rules", tag = "alerts", responses((status = 200, body = AlertRuleList)))]
pub(crate) async fn rules(State(app): State<App>, params: Params) -> Result<Json<AlertRuleList>, Refusal> {
    params.only(&[])?;
    app.search(|app, _| Ok(app.alerts.rules()?)).await.map(Json)
}

/// One rule.
#[utoipa::path(get, path = "/api/v1/alert-rules/{name}", tag = "alerts", params(
    ("name" = String, Path, description = "its name, `alertname` of its alerts"),
), responses((status = 200, body = AlertRuleView), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn rule(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<AlertRuleView>, Refusal> {
    params.only(&[])?;
    app.search(move |app, _| Ok(app.alerts.rule(&name)?)).await.map(Json)
}

/// Writes a rule, in the grammar of the configuration file.
#[utoipa::path(put, path = "/api/v1/alert-rules/{name}", tag = "alerts", params(
    ("name" = String, Path, description = "its name, `alertname` of its alerts"),
    ("who" = Option<String>, Query, description = "who does so"),
), request_body = AlertRule, responses(
    (status = 200, body = AlertRuleView),
    (status = 409, body = tapline_api::Problem, description = "it stands in the configuration file"),
    (status = 422, body = tapline_api::Problem, description = "it cannot be read"),
))]
pub(crate) async fn put(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
    JsonBody(rule): JsonBody<AlertRule>,
) -> Result<Json<AlertRuleView>, Refusal> {
    params.only(&["who"])?;
    let who = who(params.one("who")?)?.to_owned();
    app.search(move |app, _| Ok(app.alerts.put_rule(&name, rule, &who)?)).await.map(Json)
}

/// Deletes a rule that was written here. One that came with Tapline under its name counts again.
#[utoipa::path(delete, path = "/api/v1/alert-rules/{name}", tag = "alerts", params(
    ("name" = String, Path, description = "its name"),
    ("who" = Option<String>, Query, description = "who does so"),
), responses((status = 204), (status = 404, body = tapline_api::Problem), (status = 409, body = tapline_api::Problem)))]
pub(crate) async fn delete(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    params.only(&["who"])?;
    let who = who(params.one("who")?)?.to_owned();
    app.search(move |app, _| Ok(app.alerts.delete_rule(&name, &who)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a rule would have done in the last seven days, and what it finds now. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/alert-preview", tag = "alerts", request_body = AlertRule, responses(
    (status = 200, body = AlertPreview),
    (status = 422, body = tapline_api::Problem, description = "it cannot be read"),
))]
pub(crate) async fn preview(
    State(app): State<App>,
    params: Params,
    JsonBody(rule): JsonBody<AlertRule>,
) -> Result<Json<AlertPreview>, Refusal> {
    params.only(&[])?;
    app.search(move |app, stop| Ok(app.alerts.preview(&rule, &|| stop.check().is_err())?)).await.map(Json)
}

/// Wants quiet about alerts that meet all matchers.
#[utoipa::path(post, path = "/api/v1/silences", tag = "alerts", request_body = NewSilence, responses(
    (status = 201, body = Silence),
    (status = 422, body = tapline_api::Problem, description = "a matcher or a time cannot be read"),
))]
pub(crate) async fn silence(
    State(app): State<App>,
    params: Params,
    JsonBody(new): JsonBody<NewSilence>,
) -> Result<(StatusCode, Json<Silence>), Refusal> {
    params.only(&[])?;
    let who = who(new.who.as_deref())?.to_owned();
    let silence = app.search(move |app, _| Ok(app.alerts.silence(&new, &who)?)).await?;
    Ok((StatusCode::CREATED, Json(silence)))
}

/// Ends a silence.
#[utoipa::path(delete, path = "/api/v1/silences/{id}", tag = "alerts", params(
    ("id" = String, Path, description = "such as `s-4`"),
    ("who" = Option<String>, Query, description = "who does so"),
), responses((status = 204), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn end_silence(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    params.only(&["who"])?;
    let who = who(params.one("who")?)?.to_owned();
    app.search(move |app, _| Ok(app.alerts.end_silence(&id, &who)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a channel something that is no alert, and tells what it answered.
#[utoipa::path(post, path = "/api/v1/channels/{name}/test", tag = "alerts", params(
    ("name" = String, Path, description = "as in the configuration"),
    ("who" = Option<String>, Query, description = "who does so"),
), responses((status = 200, body = ChannelTest), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Json<ChannelTest>, Refusal> {
    params.only(&["who"])?;
    let who = who(params.one("who")?)?.to_owned();
    app.search(move |app, _| Ok(app.alerts.test_channel(&name, &who)?)).await.map(Json)
}

impl From<AlertError> for Refusal {
    fn from(error: AlertError) -> Self {
        let code = match &error {
            AlertError::State(StateError::Database(_)) => Code::StateUnavailable,
            AlertError::State(_) => return Self::internal(&error),
            AlertError::TooSlow => Code::TooSlow,
            AlertError::NotFound { .. } => Code::AlertNotFound,
            AlertError::InFile(_) => Code::AlertRuleInFile,
            AlertError::Starting => Code::NotReady,
            AlertError::Threads(_) => return Self::internal(&error),
            AlertError::Silence(_) | AlertError::Matchers(_) => Code::BadSilence,
            AlertError::Rule(_) | AlertError::TooMany(_) | AlertError::Channel { .. } => Code::BadAlertRule,
        };
        Self::new(code, error.to_string())
    }
}
