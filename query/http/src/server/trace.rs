//! A span and a count for each call. Fields have OpenTelemetry's names; no query, body, key or token stands in them.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::state::App;

/// Middleware: follows a call from its first layer to the begin of its answer.
pub(crate) async fn trace(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    // The template, not the path: IDs stand in paths.
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let span = tracing::info_span!(
        "http",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = %route,
        http.response.status_code = tracing::field::Empty,
        duration_ms = tracing::field::Empty,
    );
    let response = next.run(request).instrument(span.clone()).await;
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    span.record("http.response.status_code", status);
    span.record("duration_ms", elapsed.as_secs_f64() * 1e3);
    span.in_scope(|| tracing::debug!("answered"));
    app.metrics.request(method, &route, status, elapsed);
    response
}

/// Methods that a server may be asked for; anything else is one word, as the conventions want it.
fn method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "_OTHER",
    }
}
