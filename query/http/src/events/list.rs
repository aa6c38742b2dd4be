//! `GET /api/v1/events`: the newest events that match, page by page.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use tapline_api::{EventPage, EventSummary};
use tapline_archive::{Hit, View};

use crate::events::columns::{SUMMARY, summary};
use crate::events::cursor::OrderKey;
use crate::events::filter::{Filter, PARAMETERS};
use crate::events::search::{Found, Stop, newest};
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// Rows of a page when nothing else is asked for, and at most.
const LIMIT: usize = 200;
const MOST: usize = 1_000;

/// Bytes of keys, headers and payloads read at once for their previews.
const MOST_BYTES: i64 = 64 << 20;

/// Events, newest first, stable by (timestamp, address).
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(
    ("source" = Option<Vec<String>>, Query, description = "any of these sources"),
    ("destination" = Option<Vec<String>>, Query, description = "any of these destinations"),
    ("type" = Option<Vec<String>>, Query, description = "any of these event types"),
    ("producer" = Option<Vec<String>>, Query, description = "any of these services"),
    ("key" = Option<String>, Query, description = "the whole message key"),
    ("id" = Option<String>, Query, description = "an identifier, `name=value` or a bare value"),
    ("q" = Option<String>, Query, description = "text anywhere in body, key or headers"),
    ("from" = Option<String>, Query, description = "RFC 3339 or `now-15m`, inclusive"),
    ("to" = Option<String>, Query, description = "RFC 3339 or `now-15m`, exclusive"),
    ("dead_letter" = Option<bool>, Query, description = "only dead letters, or none"),
    ("field" = Option<Vec<String>>, Query, description = "all of these conditions, such as `amount>100`"),
    ("limit" = Option<u32>, Query, description = "1 to 1000, 200 if absent"),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = EventPage), (status = 400, body = tapline_api::Problem)))]
pub(crate) async fn list(State(app): State<App>, params: Params) -> Result<Json<EventPage>, Refusal> {
    let known: Vec<&str> = PARAMETERS.iter().copied().chain(["limit", "cursor"]).collect();
    params.only(&known)?;
    let limit = params.number("limit", 1, MOST)?.unwrap_or(LIMIT);
    let before = params.one("cursor")?.map(OrderKey::decode).transpose()?;
    let filter = app.filter(&params)?;
    let page = app.search(move |app, stop| page(&app.archive.view(), &filter, before.as_ref(), limit, stop));
    Ok(Json(page.await?))
}

fn page(
    view: &View,
    filter: &Filter,
    before: Option<&OrderKey>,
    limit: usize,
    stop: &Stop,
) -> Result<EventPage, Refusal> {
    // One more than asked for tells whether there is a next page.
    let mut found = newest(view, filter, before, limit + 1, stop)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.key.encode());
    Ok(EventPage { events: summaries(view, &found, stop)?, next, sql: filter.sql() })
}

/// Rows as lists show them, in the order given; those of files that became unreadable are left out.
pub(crate) fn summaries(view: &View, found: &[Found], stop: &Stop) -> Result<Vec<EventSummary>, Refusal> {
    let mut summaries = Vec::with_capacity(found.len());
    let mut rest = found;
    while !rest.is_empty() {
        stop.check()?;
        let mut bytes = 0i64;
        let fits = rest.iter().take_while(|found| {
            bytes += i64::from(found.size);
            bytes <= MOST_BYTES
        });
        let (some, later) = rest.split_at(fits.count().max(1));
        rest = later;
        summaries.extend(read(view, some)?);
    }
    Ok(summaries)
}

fn read(view: &View, found: &[Found]) -> Result<Vec<EventSummary>, Refusal> {
    let hits: Vec<Hit> = found.iter().map(|found| found.hit).collect();
    let mut rows = HashMap::with_capacity(found.len());
    let (fetched, _) = view.fetch(&hits, &SUMMARY);
    for fetched in fetched {
        for (at, row) in fetched.rows.iter().enumerate() {
            rows.insert(Hit { place: fetched.place, row: *row }, summary(&fetched.batch, at)?);
        }
    }
    Ok(hits.iter().filter_map(|hit| rows.remove(hit)).collect())
}
