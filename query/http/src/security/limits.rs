//! How much at once: length of an address, calls in flight, time until an answer begins.
//!
//! Bodies are bounded by the router, headers and connections by `server/connection`.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Refusal};
use crate::state::App;

/// Path and query, bytes. Filters and IDs are short; SQL stands in bodies.
pub(crate) const MOST_URI: usize = 8 << 10;

/// Bytes of a body.
pub(crate) const MOST_BODY: usize = 1 << 20;

/// Calls that are worked on at once; live tails, whose answer begins at once, are counted by themselves.
pub(crate) const MOST_CALLS: usize = 64;

/// Until an answer begins; the time that a query may ask for comes on top.
pub(crate) const LONGEST: Duration = Duration::from_secs(120);

/// The same for what is open to everybody: a log in, the page's files.
const BRIEF: Duration = Duration::from_secs(10);

/// Middleware: refuses addresses that are too long before anything looks at them.
pub(crate) async fn length(request: Request, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if length > MOST_URI {
        return Refusal::new(Code::UriTooLong, format!("an address may have {MOST_URI} bytes, this has {length}"))
            .into_response();
    }
    next.run(request).await
}

/// Middleware: bounds how many calls run.
pub(crate) async fn number(State(app): State<App>, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.calls.try_acquire() else {
        return Refusal::new(Code::Overloaded, format!("{MOST_CALLS} calls are in progress; try again in a second"))
            .into_response();
    };
    next.run(request).await
}

/// Middleware: bounds the time of a call.
pub(crate) async fn time(State(app): State<App>, request: Request, next: Next) -> Response {
    within(app.options.longest, request, next).await
}

/// Middleware: bounds the time of a query's call. The engine stops the query itself, at the time that it asks for; what
/// is left for this is a body that never ends.
pub(crate) async fn query_time(State(app): State<App>, request: Request, next: Next) -> Response {
    within(app.options.longest + app.engine.options().max_timeout, request, next).await
}

async fn within(longest: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::new(Code::Timeout, "no answer in time; narrow what is asked").into_response(),
    }
}

/// Middleware: bounds the time of calls that need no token, so that a body that never ends holds nothing.
pub(crate) async fn brief(request: Request, next: Next) -> Response {
    match tokio::time::timeout(BRIEF, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::new(Code::Timeout, "no whole call within ten seconds; send it again").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_call_that_is_never_answered_ends() {
        let bound = from_fn(|request, next| within(Duration::from_millis(1), request, next));
        let router: Router = Router::new().route("/", get(std::future::pending::<()>)).layer(bound);
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), Code::Timeout.status());
    }
}
