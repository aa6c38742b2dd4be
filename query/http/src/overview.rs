//! `GET /api/v1/overview`: is everything all right?
//!
//! [`facts`] counts once what the range and the period before it hold; every rule is a function from facts to
//! sentences, with a test of its own: what needs a person ([`needs`]), what mends itself ([`recovering`]), numbers over
//! time ([`stats`]), turning points ([`changes`]), and the answer above them ([`headline`]). What the map
//! shows is `query/chains`'s.

mod changes;
mod facts;
mod headline;
mod maps;
mod needs;
mod recovering;
mod stats;

use axum::Json;
use axum::extract::State;
use tapline_api::{FlowMap, Overview};
use tapline_model::time;

use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::rollup::CELL;
use crate::state::App;
use facts::Facts;

pub(crate) use maps::Maps;

/// Range when none is asked for, microseconds.
const HOUR: i64 = 3_600_000_000;

/// Widest range, microseconds: a month, and the month before it.
const WIDEST: i64 = 31 * 24 * HOUR;

/// Is everything all right? Sentences made by rules from rows, worst first, and their evidence.
#[utoipa::path(get, path = "/api/v1/overview", tag = "overview", params(
    ("from" = Option<String>, Query, description = "RFC 3339 or `now-15m`; an hour ago if absent"),
    ("to" = Option<String>, Query, description = "RFC 3339 or `now`; now if absent"),
), responses((status = 200, body = Overview)))]
pub(crate) async fn overview(State(app): State<App>, params: Params) -> Result<Json<Overview>, Refusal> {
    params.only(&["from", "to"])?;
    let now = time::now();
    let to = params.time("to", now)?.unwrap_or(now);
    let from = params.time("from", now)?.unwrap_or_else(|| to.saturating_sub(HOUR));
    if from >= to.saturating_sub(CELL - 1) || to.saturating_sub(from) > WIDEST {
        return Err(Refusal::new(Code::BadTime, "the overview shows 10 seconds to 31 days, `from` before `to`"));
    }
    let overview = app.search(move |app, stop| {
        let flow = app.maps.get(&app.archive.view(), from, to);
        let facts = Facts::gather(app, from, to, now, stop)?;
        let map = flow.map(|id| facts.traffic.get(id).copied());
        Ok(make(&facts, map))
    });
    Ok(Json(overview.await?))
}

fn make(facts: &Facts, flow: FlowMap) -> Overview {
    let needs = needs::all(facts);
    let (headline, detail) = headline::of(facts, &needs);
    Overview {
        headline,
        detail,
        recovering: recovering::all(facts),
        stats: stats::all(facts),
        changes: changes::all(facts),
        flow,
        empty: facts.is_empty(),
        needs,
    }
}
