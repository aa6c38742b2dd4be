//! `GET /api/v1/chains/{id}`: the story of an ID.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use tapline_api::Chain;
use tapline_chains::ChainError;
use tapline_model::time;
use tracing::field;

use crate::params::{Params, decode, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;

/// Every event that belongs to an ID (`name=value`, a bare value, or an event's address), in causal order.
#[utoipa::path(get, path = "/api/v1/chains/{id}", tag = "chains", params(
    ("id" = String, Path, description = "percent-encoded, slashes too"),
), responses((status = 200, body = Chain), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn chain(State(app): State<App>, uri: Uri, params: Params) -> Result<Json<Chain>, Refusal> {
    params.only(&[])?;
    // The raw path: an ID may hold encoded slashes.
    let id = decode(uri.path().rsplit('/').next().unwrap_or_default())?;
    let chain = app.search(move |app, _| {
        let chain = look_up(app, &id)?;
        if chain.members.is_empty() && chain.missing.is_empty() {
            let detail =
                format!("no event holds `{}`; check the spelling, or how far back the archive goes", shorten(&id));
            return Err(Refusal::new(Code::IdNotFound, detail));
        }
        Ok(chain)
    });
    Ok(Json(chain.await?))
}

fn look_up(app: &App, id: &str) -> Result<Chain, ChainError> {
    let (view, ledger) = (app.replays.with_originals(), app.archive.ledger());
    let span = tracing::info_span!(
        "chain.lookup",
        tapline.files = view.files.len(),
        tapline.members = field::Empty,
        tapline.truncated = field::Empty,
    );
    let _inside = span.enter();
    let chain = tapline_chains::chain(&view, &ledger, id, time::now(), &app.chain_options)?;
    span.record("tapline.members", chain.members.len());
    span.record("tapline.truncated", chain.truncated);
    Ok(chain)
}

impl From<ChainError> for Refusal {
    fn from(error: ChainError) -> Self {
        match error.status() {
            400 => Self::new(Code::BadId, error.to_string()),
            _ => Self::internal(&error),
        }
    }
}
