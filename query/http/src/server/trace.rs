//! A span and a count for each call. Fields have OpenTelemetry's names; no path with its IDs, query, body, key or token
//! stands in them.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry_http::HeaderExtractor;
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::state::App;

/// Middleware: follows a call from its first layer to the begin of its answer.
pub(crate) async fn trace(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = method(request.method());
    let span = span(&request, method, route.as_deref());
    let response = next.run(request).instrument(span.clone()).await;
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    span.record("http.response.status_code", status);
    span.record("duration_ms", elapsed.as_secs_f64() * 1e3);
    if response.status().is_server_error() {
        span.record("error.type", status.to_string());
        span.record("otel.status_code", "error");
    }
    span.in_scope(|| tracing::debug!("answered"));
    app.metrics.request(method, route.as_deref().unwrap_or("other"), status, elapsed);
    response
}

/// Of the caller's trace, if it sends one.
fn span(request: &Request, method: &str, route: Option<&str>) -> Span {
    let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
    let span = tracing::info_span!(
        "http",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        // The template, not the path: IDs stand in paths.
        url.path = route.unwrap_or("REDACTED"),
        url.scheme = "http",
        http.response.status_code = field::Empty,
        "error.type" = field::Empty,
        duration_ms = field::Empty,
    );
    let extractor = HeaderExtractor(request.headers());
    let caller = opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&extractor));
    // Nothing to continue where no traces are sent.
    let _ = span.set_parent(caller);
    span
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
