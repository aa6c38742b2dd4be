//! `GET /api/v1/events/{source}/{destination}/{partition}/{position}`: one event, everything about it; or the bytes
//! of its payload or key as they were.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tapline_api::event::DeadLetterView;
use tapline_api::{Bytes, EventDetail, IdView, Payload};
use tapline_archive::{Fetched, Place, View};
use tapline_chains::{Failure, closed};
use tapline_deadletter::origin_address;
use tapline_model::columns::{ColumnError, EventColumns, field, get};
use tapline_model::{Address, id, schema, time};

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};

use crate::events::columns::{binary, field_column, summary};
use crate::events::headers;
use crate::params::{Params, shorten};
use crate::problem::{Code, Refusal};
use crate::state::App;

/// Bytes of a payload in JSON; the whole is downloaded by `raw`.
const MOST_PAYLOAD: usize = 1 << 20;

/// Places that one address may be found under: one, unless a broker gave it twice.
const MOST_HITS: usize = 16;

/// One event in full. `raw=payload` or `raw=key` answers the bytes as they were.
#[utoipa::path(get, path = "/api/v1/events/{source}/{destination}/{partition}/{position}", tag = "events", params(
    ("source" = String, Path, description = "configured name"),
    ("destination" = String, Path, description = "percent-encoded; `~2` after it for its second incarnation"),
    ("partition" = String, Path, description = "`-` where there is none"),
    ("position" = String, Path, description = "the offset, or the system's own position"),
    ("raw" = Option<String>, Query, description = "`payload` or `key`: its bytes instead of JSON"),
), responses(
    (status = 200, body = EventDetail),
    (status = 400, body = tapline_api::Problem),
    (status = 404, body = tapline_api::Problem),
))]
pub(crate) async fn detail(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    params: Params,
) -> Result<Response, Refusal> {
    params.only(&["raw"])?;
    let raw = raw(&params)?;
    // The raw path: segments may hold encoded slashes.
    let path = uri.path().strip_prefix("/api/v1/events/").unwrap_or_default();
    let address = Address::parse(path)?;
    app.search(move |app, _| {
        let view = app.replays.with_originals();
        let (fetched, at) = find(&view, &address)?;
        match raw {
            Some(column) => download(&fetched, at, column, &address),
            None => {
                let edges = tapline_chains::edges_of(&view, &app.archive.ledger(), &address, &app.chain_options)?;
                Ok(Json(EventDetail { edges, ..read(&fetched, at)? }).into_response())
            }
        }
    })
    .await
}

fn raw(params: &Params) -> Result<Option<&'static str>, Refusal> {
    match params.one("raw")? {
        None => Ok(None),
        Some("payload") => Ok(Some("payload")),
        Some("key") => Ok(Some("key")),
        Some(text) => {
            let detail = format!("`raw` is `{}`; write payload or key", shorten(text));
            Err(Refusal::new(Code::BadParameter, detail))
        }
    }
}

/// The row at an address. Of a place that a broker gave twice the later epoch counts.
fn find(view: &View, address: &Address) -> Result<(Fetched, usize), Refusal> {
    let lookup = view.lookup(address.hash(), MOST_HITS);
    let columns = schema::names();
    let (fetched, faults) = view.fetch(&lookup.hits, &columns);
    let mut found = None;
    for fetched in fetched {
        let columns = EventColumns::new(&fetched.batch);
        for at in 0..fetched.rows.len() {
            // Another address may have the same hash.
            if columns.address(at)? == *address {
                let epochs = columns.int("leader_epoch")?;
                let epoch = epochs.is_valid(at).then(|| epochs.value(at));
                if found.as_ref().is_none_or(|(known, _, _)| epoch >= *known) {
                    found = Some((epoch, fetched.clone(), at));
                }
            }
        }
    }
    if let Some((_, fetched, at)) = found {
        return Ok((fetched, at));
    }
    match faults.into_iter().next() {
        Some(fault) => Err(fault.into()),
        None if address.partition.is_some() && address.position.parse::<i64>().is_err() => {
            let position = shorten(&address.position);
            let detail =
                format!("`{position}` is no offset; in a partition the last segment of an address is a number");
            Err(Refusal::new(Code::BadAddress, detail))
        }
        None => Err(Refusal::new(Code::EventNotFound, not_found(address, lookup.unasked.len()))),
    }
}

fn not_found(address: &Address, unasked: usize) -> String {
    let address = shorten(&address.to_string());
    match unasked {
        0 => format!("`{address}` is not archived: it was never read, has expired, or its offset holds no event"),
        _ => format!("`{address}` was not found; {unasked} files could not be asked, the System page names them"),
    }
}

fn read(fetched: &Fetched, at: usize) -> Result<EventDetail, Refusal> {
    let columns = EventColumns::new(&fetched.batch);
    let text = |name| columns.text(name).map(|column| get(column, at).map(str::to_owned));
    let headers = columns.headers(at)?;
    let address = columns.address(at)?;
    Ok(EventDetail {
        summary: summary(&fetched.batch, at)?,
        system: text("system")?.unwrap_or_default(),
        incarnation: address.incarnation,
        timestamp_kind: text("timestamp_kind")?,
        headers: headers.into_iter().map(|(name, value)| headers::view(name, value)).collect(),
        payload: payload(binary(columns.binary("payload")?, at)),
        decoded: text("decoded")?,
        decode_error: text("decode_error")?,
        ids: ids(&columns, at)?,
        ids_dropped: columns.int("ids_dropped")?.value(at),
        dead_letter: dead_letter(columns.record("dead_letter")?, at, &address.source),
        edges: Vec::new(),
        stored: match fetched.place {
            Place::Hot(_) => "hot".to_owned(),
            Place::File(_) => "archived".to_owned(),
        },
    })
}

fn payload(payload: Option<&[u8]>) -> Payload {
    let Some(whole) = payload else { return Payload { size: 0, content: None, truncated: false } };
    let truncated = whole.len() > MOST_PAYLOAD;
    let part = whole.get(..MOST_PAYLOAD).unwrap_or(whole);
    // A text that is cut inside of a character stays text.
    let part = match std::str::from_utf8(part) {
        Err(error) if truncated && error.error_len().is_none() => &part[..error.valid_up_to()],
        _ => part,
    };
    Payload { size: whole.len(), content: Some(Bytes::from(part)), truncated }
}

/// The columns' first; none twice.
fn ids(columns: &EventColumns<'_>, at: usize) -> Result<Vec<IdView>, ColumnError> {
    let mut ids = Vec::new();
    for name in id::COLUMN_NAMES.iter().filter(|name| **name != "key") {
        let value = get(columns.text(name)?, at);
        ids.extend(value.map(|value| IdView { name: (*name).to_owned(), value: value.to_owned() }));
    }
    let key = binary(columns.binary("key")?, at).and_then(id::key_text);
    ids.extend(key.map(|value| IdView { name: "key".to_owned(), value: value.into_owned() }));
    for (name, value) in columns.ids(at)? {
        let found = IdView { name: name.to_owned(), value: value.to_owned() };
        if !ids.contains(&found) {
            ids.push(found);
        }
    }
    Ok(ids)
}

fn dead_letter(record: &StructArray, at: usize, source: &str) -> Option<DeadLetterView> {
    if record.is_null(at) {
        return None;
    }
    let text = |name| field(record, name, at).map(str::to_owned);
    let attempts = field_column(record, "attempts").and_then(|column| column.as_primitive_opt::<Int32Type>());
    let timestamps = field_column(record, "origin_timestamp");
    let timestamps = timestamps.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let failure = Failure {
        group: field(record, "consumer_group", at),
        class: field(record, "root_cause", at).or_else(|| field(record, "exception", at)),
        message: field(record, "message", at),
    };
    Some(DeadLetterView {
        sentence: closed(&failure.sentence()),
        framework: text("framework").unwrap_or_default(),
        origin: origin_address(source, record, at).map(|address| address.to_string()),
        origin_timestamp: timestamps.filter(|column| column.is_valid(at)).map(|column| time::format(column.value(at))),
        consumer_group: text("consumer_group"),
        exception: text("exception"),
        root_cause: text("root_cause"),
        message: text("message"),
        stack: text("stack"),
        attempts: attempts.filter(|column| column.is_valid(at)).map(|column| column.value(at)),
        stage: text("stage"),
        fingerprint: text("fingerprint"),
    })
}

/// Bytes as they were. Never shown inside of a browser: a payload may be a page with scripts.
fn download(fetched: &Fetched, at: usize, column: &'static str, address: &Address) -> Result<Response, Refusal> {
    let columns = EventColumns::new(&fetched.batch);
    let Some(content) = binary(columns.binary(column)?, at) else {
        return Err(Refusal::new(Code::EventNotFound, format!("the event has no {column}: it is null")));
    };
    let name =
        [&address.destination, &address.partition.map_or_else(|| "-".to_owned(), |p| p.to_string()), &address.position];
    let name: String = name.map(String::as_str).join("-").chars().map(file_name_char).take(120).collect();
    let disposition = format!("attachment; filename=\"{name}.{column}\"");
    let mut response = content.to_vec().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.extend(HeaderValue::from_str(&disposition).ok().map(|value| (header::CONTENT_DISPOSITION, value)));
    Ok(response)
}

fn file_name_char(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }
}

#[cfg(test)]
mod tests {
    use tapline_api::Bytes;

    use super::*;

    #[test]
    fn payloads_are_cut_between_characters() {
        let long = "x".to_owned() + &"é".repeat(MOST_PAYLOAD);
        let cut = payload(Some(long.as_bytes()));
        assert!(cut.truncated && cut.size == long.len());
        let Some(Bytes::Text(text)) = cut.content else { panic!("text stays text") };
        assert_eq!(text.len(), MOST_PAYLOAD - 1);
        let exact = vec![0xff; MOST_PAYLOAD];
        assert!(!payload(Some(&exact)).truncated);
        assert_eq!(payload(None), Payload { size: 0, content: None, truncated: false });
        assert_eq!(payload(Some(b"")).content, Some(Bytes::Text(String::new())));
    }
}
