//! `POST /api/v1/sql`: a query, answered in the format that `Accept` names; and what an editor completes from.
//!
//! Answers stream: a query runs only as fast as its caller reads, and stops when the caller goes away, because the
//! answer that holds it is dropped.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt, stream};
use tapline_api::{SqlAnswer, SqlRequest, SqlSchema};
use tapline_engine::export::{self, Format};
use tapline_engine::{Answer, EngineError, Limits};

use crate::json_body::JsonBody;
use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::state::App;

/// Runs a query. Read only, PostgreSQL dialect; 10,000 rows if the request names no number.
#[utoipa::path(post, path = "/api/v1/sql", tag = "sql", request_body = SqlRequest, responses(
    (status = 200, description = "by `Accept`: JSON, CSV, an Arrow stream or Parquet", content(
        (SqlAnswer = "application/json"),
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"),
        (Vec<u8> = "application/vnd.apache.parquet"),
    )),
    (status = 400, body = tapline_api::Problem),
    (status = 406, body = tapline_api::Problem),
    (status = 408, body = tapline_api::Problem),
    (status = 422, body = tapline_api::Problem),
))]
pub(crate) async fn query(
    State(app): State<App>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<SqlRequest>,
) -> Result<Response, Refusal> {
    let accepted = accepted(&headers)?;
    let limits = Limits { max_rows: request.max_rows, timeout: request.timeout_ms.map(Duration::from_millis) };
    let timer = app.metrics.query_started();
    let answer = app.engine.query(&request.sql, limits).await.inspect_err(|error| timer.failed(error.code()))?;
    let response = match accepted {
        Accepted::Json => Json(answer.json().await.inspect_err(|error| timer.failed(error.code()))?).into_response(),
        Accepted::File(format) => file(answer, format).await.inspect_err(|error| timer.failed(error.code()))?,
    };
    timer.done();
    Ok(response)
}

/// Tables, columns and functions.
#[utoipa::path(get, path = "/api/v1/sql/schema", tag = "sql", responses((status = 200, body = SqlSchema)))]
pub(crate) async fn schema(State(app): State<App>, params: Params) -> Result<Json<SqlSchema>, Refusal> {
    params.only(&[])?;
    let schema = tokio::task::spawn_blocking(move || app.engine.schema()).await?;
    Ok(Json(schema))
}

async fn file(answer: Answer, format: Format) -> Result<Response, EngineError> {
    let mut bytes = export::bytes(answer, format)?.boxed();
    // What fails before its first byte is told as any other call. A query may take longer than a call may to begin.
    let first = match tokio::time::timeout(FIRST_BYTE, bytes.next()).await {
        Ok(Some(Err(error))) => return Err(error),
        Ok(first) => first,
        Err(_) => None,
    };
    let bytes = stream::iter(first).chain(bytes);
    // An error after the first byte can only break the transfer off: the reader sees an incomplete file, not a whole one.
    let bytes = bytes.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "an export broke off");
        std::io::Error::other(error)
    });
    let mut response = Body::from_stream(bytes).into_response();
    let extension = match format {
        Format::Csv => "csv",
        Format::Arrow => "arrows",
        Format::Parquet => "parquet",
    };
    let name = format!("attachment; filename=\"tapline.{extension}\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.extend(HeaderValue::from_str(&name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}

/// How long the first byte of a file is waited for.
const FIRST_BYTE: Duration = Duration::from_secs(30);

/// What the answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepted {
    Json,
    File(Format),
}

const FORMATS: [(&str, Accepted); 4] = [
    ("application/json", Accepted::Json),
    ("text/csv", Accepted::File(Format::Csv)),
    ("application/vnd.apache.arrow.stream", Accepted::File(Format::Arrow)),
    ("application/vnd.apache.parquet", Accepted::File(Format::Parquet)),
];

/// The known format with the greatest weight, the first of several; JSON for who does not care.
fn accepted(headers: &HeaderMap) -> Result<Accepted, Refusal> {
    let values: Vec<&str> =
        headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok()).collect();
    if values.is_empty() {
        return Ok(Accepted::Json);
    }
    let mut best: Option<(f32, Accepted)> = None;
    for range in values.iter().flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
        let named = FORMATS.iter().find(|(known, _)| {
            *known == name || name == "*/*" || name.strip_suffix("/*").is_some_and(|kind| known.starts_with(kind))
        });
        if let Some((_, format)) = named.filter(|_| weight > 0.0 && best.is_none_or(|(known, _)| weight > known)) {
            best = Some((weight, *format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let known: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
        Refusal::new(Code::NotAcceptable, format!("ask for one of {}", known.join(", ")))
    })
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let Some(code) = Code::of(error.code()).filter(|code| *code != Code::Internal) else {
            return Self::internal(&error);
        };
        Self { code, detail: error.to_string(), place: error.position() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(values: &[&str]) -> Option<Accepted> {
        let pairs = values.iter().map(|value| (header::ACCEPT, value.parse().unwrap()));
        accepted(&HeaderMap::from_iter(pairs)).ok()
    }

    #[test]
    fn the_answer_has_the_format_asked_for() {
        assert_eq!(accept(&[]), Some(Accepted::Json));
        assert_eq!(accept(&["*/*"]), Some(Accepted::Json));
        assert_eq!(accept(&["text/csv"]), Some(Accepted::File(Format::Csv)));
        assert_eq!(accept(&["text/html, text/csv;q=0.9, */*;q=0.1"]), Some(Accepted::File(Format::Csv)));
        assert_eq!(accept(&["application/json;q=0", "text/*"]), Some(Accepted::File(Format::Csv)));
        assert_eq!(accept(&["application/vnd.apache.parquet"]), Some(Accepted::File(Format::Parquet)));
        assert_eq!(accept(&["image/png"]), None);
        assert_eq!(accept(&["application/json;q=0"]), None);
    }
}
