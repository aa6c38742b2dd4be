//! `GET /api/openapi.json`: the whole interface, made from the handlers and types themselves.

use axum::Json;
use utoipa::OpenApi;

use crate::{
    alerts, chains, dead_letters, demo, events, groups, health, metrics, overview, replays, search, session, sources,
    sql, status, system,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Tapline", description = "The flight recorder of event-driven systems."),
    paths(
        status::status,
        overview::overview,
        events::list::list,
        events::histogram::histogram,
        events::tail::tail,
        events::detail::detail,
        chains::chain,
        alerts::list,
        alerts::rules,
        alerts::rule,
        alerts::put,
        alerts::delete,
        alerts::preview,
        alerts::silence,
        alerts::end_silence,
        alerts::test,
        dead_letters::list::list,
        dead_letters::detail::detail,
        dead_letters::members::members,
        dead_letters::apart::apart,
        dead_letters::act::set_state,
        dead_letters::act::regroup,
        replays::plan,
        replays::list,
        replays::preview::preview,
        replays::detail,
        replays::items,
        replays::act::start,
        replays::act::pause,
        replays::act::resume,
        replays::act::cancel,
        replays::act::confirm,
        replays::act::discard,
        replays::audit::audit,
        demo::fix,
        groups::list,
        groups::detail,
        search::search,
        sources::sources,
        sources::destinations,
        sources::gaps,
        system::system,
        sql::query,
        sql::schema,
        session::state,
        session::log_in,
        session::log_out,
        health::alive,
        health::ready,
        metrics::metrics,
        document,
    ),
    components(schemas(tapline_api::Problem, tapline_api::Dropped))
)]
struct Description;

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "operation", responses((status = 200, body = Object)))]
pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}
