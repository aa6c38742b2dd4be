//! `GET /api/v1/audit`: who did what, when and why.

use axum::Json;
use axum::extract::State;
use tapline_api::AuditPage;

use super::{LIMIT, MOST, number_of};
use crate::cursor;
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// Everything that was done, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(
    ("subject" = Option<String>, Query, description = "a fingerprint, or the id of a replay"),
    ("limit" = Option<usize>, Query, description = "at most 1,000"),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = AuditPage)))]
pub(crate) async fn audit(State(app): State<App>, params: Params) -> Result<Json<AuditPage>, Refusal> {
    params.only(&["subject", "limit", "cursor"])?;
    let limit = params.number("limit", 1, MOST)?.unwrap_or(LIMIT);
    let subject = params.one("subject")?.map(str::to_owned);
    let below = params.one("cursor")?.map(number_of).transpose()?;
    app.search(move |app, _| {
        // One more, to know whether there are more.
        let more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
        let mut entries = app.state.audited(subject.as_deref(), below, more)?;
        let next = (entries.len() > limit).then(|| entries.truncate(limit));
        let next = next.and_then(|()| entries.last()).map(|last| cursor::encode(&format!("{}/", last.number)));
        Ok(AuditPage { entries: entries.into_iter().map(Into::into).collect(), next })
    })
    .await
    .map(Json)
}
