//! `GET /api/v1/sources`, `/destinations`, `/gaps`: what is read, and what never will be.

mod origins;

use axum::Json;
use axum::extract::State;
use tapline_api::{DestinationList, GapList, SourceList};

use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// What each source can do and how it stands.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources", responses((status = 200, body = SourceList)))]
pub(crate) async fn sources(State(app): State<App>, params: Params) -> Result<Json<SourceList>, Refusal> {
    params.only(&[])?;
    Ok(Json(SourceList { sources: app.sources() }))
}

/// Topics, streams and queues, with how far each partition was read, and which retries and dead letters are whose.
#[utoipa::path(get, path = "/api/v1/destinations", tag = "sources", params(
    ("source" = Option<Vec<String>>, Query, description = "only of these sources"),
), responses((status = 200, body = DestinationList)))]
pub(crate) async fn destinations(State(app): State<App>, params: Params) -> Result<Json<DestinationList>, Refusal> {
    params.only(&["source"])?;
    let destinations = app.search(|app, stop| {
        let mut destinations = app.standing.destinations();
        origins::fill(app, &mut destinations, stop)?;
        Ok(destinations)
    });
    let mut destinations = destinations.await?;
    destinations.retain(|destination| wanted(&params, &destination.source));
    Ok(Json(DestinationList { destinations }))
}

/// Offsets that are not in the archive, newest first.
#[utoipa::path(get, path = "/api/v1/gaps", tag = "sources", params(
    ("source" = Option<Vec<String>>, Query, description = "only of these sources"),
), responses((status = 200, body = GapList)))]
pub(crate) async fn gaps(State(app): State<App>, params: Params) -> Result<Json<GapList>, Refusal> {
    params.only(&["source"])?;
    let mut gaps = app.standing.gaps();
    gaps.retain(|gap| wanted(&params, &gap.source));
    Ok(Json(GapList { gaps }))
}

fn wanted(params: &Params, source: &str) -> bool {
    let mut sources = params.all("source").peekable();
    sources.peek().is_none() || sources.any(|wanted| wanted == source)
}
