//! All surfaces on one address: routes, the layers before them, and the loop that serves connections.

mod connection;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use tapline_alert::{AlertError, Alerts};
use tapline_archive::Archive;
use tapline_engine::{Engine, SystemTables};
use tapline_replay::Replays;
use tapline_state::State;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::alerts::observer::Watch;
use crate::problem::{Code, Refusal};
use crate::security::{headers, limits, origin, token};
use crate::state::{App, ServerOptions};
use crate::{
    alerts, assets, chains, dead_letters, demo, events, groups, health, metrics, openapi, overview, replays, search,
    session, sources, sql, status, system,
};

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The listening socket failed for good.
    #[error("cannot accept connections")]
    Accept(#[source] std::io::Error),
}

/// API and page of one archive.
pub struct Server {
    app: App,
}

impl Server {
    /// Over an archive, the engine that queries it, what is known of sources, what people decided, and its replays.
    pub fn new(
        archive: Arc<Archive>,
        engine: Arc<Engine>,
        standing: Arc<dyn SystemTables>,
        state: State,
        replays: Replays,
        alerts: Alerts,
        options: ServerOptions,
    ) -> Self {
        Self { app: App::new(archive, engine, standing, state, replays, alerts, options) }
    }

    /// Begins to look at the rules of alerts, and to tell. Called within a runtime.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn start_alerts(&self) -> Result<(), AlertError> {
        self.app.alerts.start(Arc::new(Watch::new(self.app.clone())))
    }

    /// The service, for tests and for those who bring their own listener. Limits of connections are [`Self::serve`]'s.
    pub fn router(&self) -> Router {
        router(&self.app)
    }

    /// Serves until `cancel`; then live tails end, answers in progress get a few seconds, and the rest is cut.
    pub async fn serve(self, listener: TcpListener, cancel: CancellationToken) -> Result<(), ServerError> {
        let router = self.router();
        connection::serve(listener, router, cancel, self.app.stopping.clone()).await
    }
}

fn router(app: &App) -> Router {
    let queries =
        Router::new().route("/api/v1/sql", post(sql::query)).layer(from_fn_with_state(app.clone(), limits::query_time));
    let data = Router::new()
        .nest("/api/v1", data())
        .route("/metrics", get(metrics::metrics))
        .route("/api/openapi.json", get(openapi::document))
        .layer(from_fn_with_state(app.clone(), limits::time))
        .merge(queries)
        .layer(from_fn_with_state(app.clone(), limits::number))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app.clone(), token::check));
    // The page has to be there for whoever logs in.
    let open = Router::new()
        .route("/api/v1/session", get(session::state).post(session::log_in).delete(session::log_out))
        .fallback(assets::page)
        .layer(from_fn(limits::brief));
    let checked = data.merge(open).layer(from_fn_with_state(app.clone(), origin::check));
    // Probes ask by whatever address a machine has, and are told nothing else.
    let probes = Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready));
    checked
        .merge(probes)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(limits::MOST_BODY))
        .layer(from_fn(limits::length))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(headers::set))
        .layer(from_fn_with_state(app.clone(), trace::trace))
        .with_state(app.clone())
}

/// Everything below `/api/v1` that shows data, without queries.
fn data() -> Router<App> {
    Router::new()
        .route("/status", get(status::status))
        .route("/overview", get(overview::overview))
        .route("/events", get(events::list::list))
        .route("/events/histogram", get(events::histogram::histogram))
        .route("/events/tail", get(events::tail::tail))
        .route("/events/{source}/{destination}/{partition}/{position}", get(events::detail::detail))
        .route("/chains/{id}", get(chains::chain))
        .route("/alerts", get(alerts::list))
        .route("/alert-rules", get(alerts::rules))
        .route("/alert-rules/{name}", get(alerts::rule).put(alerts::put).delete(alerts::delete))
        .route("/alert-preview", post(alerts::preview))
        .route("/silences", post(alerts::silence))
        .route("/silences/{id}", delete(alerts::end_silence))
        .route("/channels/{name}/test", post(alerts::test))
        .route("/dead-letters", get(dead_letters::list::list))
        .route("/dead-letters/{fingerprint}", get(dead_letters::detail::detail))
        .route("/dead-letters/{fingerprint}/members", get(dead_letters::members::members))
        .route("/dead-letters/{fingerprint}/apart", get(dead_letters::apart::apart))
        .route("/dead-letters/{fingerprint}/state", post(dead_letters::act::set_state))
        .route("/dead-letters/{fingerprint}/group", post(dead_letters::act::regroup))
        .route("/replays", get(replays::list).post(replays::plan))
        .route("/replays/preview", post(replays::preview::preview))
        .route("/replays/{id}", get(replays::detail).delete(replays::act::discard))
        .route("/replays/{id}/items", get(replays::items))
        .route("/replays/{id}/start", post(replays::act::start))
        .route("/replays/{id}/pause", post(replays::act::pause))
        .route("/replays/{id}/resume", post(replays::act::resume))
        .route("/replays/{id}/cancel", post(replays::act::cancel))
        .route("/replays/{id}/confirm", post(replays::act::confirm))
        .route("/audit", get(replays::audit::audit))
        .route("/demo/fix", post(demo::fix))
        .route("/groups", get(groups::list))
        .route("/groups/{source}/{group}", get(groups::detail))
        .route("/search", get(search::search))
        .route("/sources", get(sources::sources))
        .route("/destinations", get(sources::destinations))
        .route("/gaps", get(sources::gaps))
        .route("/system", get(system::system))
        .route("/sql/schema", get(sql::schema))
}

async fn method_not_allowed() -> Refusal {
    Refusal::new(Code::MethodNotAllowed, "the `allow` header of this answer names the methods that the path knows")
}

fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let what = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = what.unwrap_or("unknown"), "a call failed by a fault of the server");
    Refusal::new(Code::Internal, "This is a fault of Tapline, not of the call. The server's log says more.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn broken() {
        panic!("a secret detail");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let router: Router = Router::new().route("/", get(broken)).layer(CatchPanicLayer::custom(panicked));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let problem: tapline_api::Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.code, "internal");
        assert!(!problem.detail.contains("secret"));
    }
}
