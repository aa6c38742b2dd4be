//! `GET /api/v1/dead-letters/{fingerprint}/members`: the dead letters of a cause, one by one.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use axum::Json;
use axum::extract::{Path, State};
use tapline_api::{Bytes, DeadLetterMember, MemberPage};
use tapline_archive::Hit;
use tapline_deadletter::origin_address;
use tapline_model::columns::{ColumnError, EventColumns, field, get};
use tapline_model::time;

use super::{Dead, unknown};
use crate::cursor;
use crate::events::columns::{binary, field_column};
use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

const LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Members of a cause, newest first.
#[utoipa::path(get, path = "/api/v1/dead-letters/{fingerprint}/members", tag = "dead letters", params(
    ("fingerprint" = String, Path, description = "of a cause"),
    ("limit" = Option<usize>, Query, description = "at most 1,000"),
    ("cursor" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = MemberPage), (status = 404, body = tapline_api::Problem)))]
pub(crate) async fn members(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<MemberPage>, Refusal> {
    params.only(&["limit", "cursor"])?;
    let limit = params.number("limit", 1, MOST)?.unwrap_or(LIMIT);
    let before = params.one("cursor")?.map(read_cursor).transpose()?;
    app.search(move |app, stop| answer(&Dead::read(app, stop)?, &id, before, limit)).await.map(Json)
}

fn answer(dead: &Dead, id: &str, before: Option<(i64, u64)>, limit: usize) -> Result<MemberPage, Refusal> {
    // One more, to know whether there are more.
    let mut found = tapline_deadletter::members(&dead.places, &dead.said.grouping, id, before, limit + 1);
    if found.is_empty() && before.is_none() {
        return Err(unknown(id));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next =
        found.last().filter(|_| more).map(|last| cursor::encode(&format!("{}/{}", last.timestamp, last.address)));
    let hits: Vec<Hit> = found.iter().map(|member| member.hit).collect();
    let mut read = HashMap::new();
    for fetched in dead.view.fetch(&hits, &COLUMNS).0 {
        for (at, row) in fetched.rows.iter().enumerate() {
            read.insert(Hit { place: fetched.place, row: *row }, member(&fetched.batch, at)?);
        }
    }
    // Rows of a file that was damaged since are left out: the System page names it.
    Ok(MemberPage { members: hits.iter().filter_map(|hit| read.remove(hit)).collect(), next })
}

const COLUMNS: [&str; 11] = [
    "source",
    "destination",
    "incarnation",
    "partition",
    "offset",
    "position",
    "timestamp",
    "key",
    "type",
    "dead_letter",
    "size",
];

fn member(batch: &RecordBatch, row: usize) -> Result<DeadLetterMember, ColumnError> {
    let columns = EventColumns::new(batch);
    let (times, dead, address) = (columns.micros("timestamp")?, columns.record("dead_letter")?, columns.address(row)?);
    let attempts = field_column(dead, "attempts").and_then(|column| column.as_primitive_opt::<Int32Type>());
    Ok(DeadLetterMember {
        timestamp: times.is_valid(row).then(|| time::format(times.value(row))),
        origin: origin_address(&address.source, dead, row).map(|address| address.to_string()),
        address: address.to_string(),
        event_type: get(columns.text("type")?, row).map(str::to_owned),
        key: binary(columns.binary("key")?, row).map(Bytes::from),
        attempts: attempts.filter(|column| column.is_valid(row)).map(|column| column.value(row)),
        message: field(dead, "message", row).map(str::to_owned),
        size: columns.int("size")?.value(row),
    })
}

/// The last member seen: its time and the hash of its address.
fn read_cursor(text: &str) -> Result<(i64, u64), Refusal> {
    let (timestamp, address) = cursor::decode(text)?;
    Ok((timestamp, address.parse().map_err(|_| cursor::refused())?))
}
