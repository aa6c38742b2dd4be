//! `POST /api/v1/replays/preview`: what a change makes of some of the events that were chosen.

use axum::Json;
use axum::extract::State;
use tapline_api::{ChangePreview, TryChange};

use super::select;
use crate::json_body::JsonBody;
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// Events that are shown.
const SHOWN: usize = 10;

/// Tries a change on the first of the events. Nothing is planned.
#[utoipa::path(post, path = "/api/v1/replays/preview", tag = "replays", request_body = TryChange, responses(
    (status = 200, body = Vec<ChangePreview>),
    (status = 400, body = tapline_api::Problem),
))]
pub(crate) async fn preview(
    State(app): State<App>,
    params: Params,
    JsonBody(asked): JsonBody<TryChange>,
) -> Result<Json<Vec<ChangePreview>>, Refusal> {
    params.only(&[])?;
    let chosen = select::asked(&app, &asked.select).await?;
    app.search(move |app, stop| {
        let view = app.archive.view();
        let mut selected = select::find(app, &view, chosen, stop)?;
        selected.hits.sort_unstable();
        selected.hits.truncate(SHOWN);
        Ok(app.replays.preview(&view, &selected.hits, &asked.transform)?)
    })
    .await
    .map(Json)
}
