//! Probes: whether the process lives, and whether it can answer.

use axum::extract::State;

use crate::problem::{Code, Refusal};
use crate::state::App;

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Calls can be answered. Sources that are down do not matter: what is archived can be read.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, body = String),
    (status = 503, body = tapline_api::Problem),
))]
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Refusal> {
    if app.stopping.is_cancelled() {
        return Err(Refusal::new(Code::NotReady, "the server stops"));
    }
    if !app.archive.root().is_dir() {
        return Err(Refusal::new(Code::NotReady, "the archive's folder is gone; restore it and start again"));
    }
    Ok("ok\n")
}
