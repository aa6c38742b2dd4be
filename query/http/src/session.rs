//! The page's log in: a token once, then a cookie that scripts cannot read.

use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::json_body::JsonBody;
use crate::problem::Refusal;
use crate::security::token::Peer;
use crate::state::App;

/// `POST /api/v1/session`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    /// What `http.token_file` holds.
    token: String,
}

/// Whether a caller has to log in, and has.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Session {
    /// Whether this server asks for a token.
    required: bool,
    /// Whether this caller's calls are answered.
    open: bool,
}

/// Whether this caller has to log in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = Session)))]
pub(crate) async fn state(State(app): State<App>, extensions: Extensions, headers: HeaderMap) -> Json<Session> {
    let open = app.gate.check(Peer::of(&extensions), &headers).is_ok();
    Json(Session { required: app.gate.is_closed(), open })
}

/// Exchanges the token for a cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = LogIn, responses(
    (status = 200, body = Session),
    (status = 401, body = tapline_api::Problem),
    (status = 429, body = tapline_api::Problem),
))]
pub(crate) async fn log_in(
    State(app): State<App>,
    extensions: Extensions,
    JsonBody(body): JsonBody<LogIn>,
) -> Result<Response, Refusal> {
    let cookie = app.gate.log_in(Peer::of(&extensions), &body.token)?;
    let session = Session { required: app.gate.is_closed(), open: true };
    Ok(([(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 200, body = Session)))]
pub(crate) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Response {
    let cookie = app.gate.log_out(&headers);
    let required = app.gate.is_closed();
    ([(header::SET_COOKIE, cookie)], Json(Session { required, open: !required })).into_response()
}
