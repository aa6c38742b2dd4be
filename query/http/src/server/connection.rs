//! Connections: how many, how long they may take to say what they want, and how they end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::ServerError;
use crate::security::token::Peer;

/// Connections at once; further ones wait in the system's queue.
const MOST_CONNECTIONS: usize = 512;

/// Time to send a request's head. Also how long an idle connection is kept.
const HEAD: Duration = Duration::from_secs(15);

/// Bytes of a request's head. The query string's own, smaller bound is `security/limits`'.
const MOST_HEAD: usize = 32 << 10;

/// Header lines of a request.
const MOST_HEADERS: usize = 64;

/// Time that answers in progress get when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// Accepts until cancelled, then lets answers end. `stopping` tells those that never end by themselves.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    cancel: CancellationToken,
    stopping: CancellationToken,
) -> Result<(), ServerError> {
    let protocol = protocol();
    let (open, room) = (TaskTracker::new(), Arc::new(Semaphore::new(MOST_CONNECTIONS)));
    // Connections that outlive their grace are cut with this.
    let cut = CancellationToken::new();
    let _guard = cut.clone().drop_guard();
    let mut cancelled = pin!(cancel.cancelled());
    let result = loop {
        let permit = tokio::select! {
            () = &mut cancelled => break Ok(()),
            permit = Arc::clone(&room).acquire_owned() => permit,
        };
        let accepted = tokio::select! {
            () = &mut cancelled => break Ok(()),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                // Small answers and events of a tail must not wait for more.
                let _ = stream.set_nodelay(true);
                let (router, peer) = (router.clone(), Peer::new(address.ip()));
                let service = service_fn(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(peer);
                    router.clone().oneshot(request.map(Body::new))
                });
                let connection = protocol.serve_connection(TokioIo::new(stream), service);
                let (stopping, cut) = (stopping.clone(), cut.clone());
                open.spawn(async move {
                    let _permit = permit;
                    let mut connection = pin!(connection);
                    // A client that breaks off or talks nonsense is no fault of ours.
                    tokio::select! {
                        ended = &mut connection => return drop(ended),
                        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
                    }
                    tokio::select! {
                        ended = &mut connection => drop(ended),
                        () = cut.cancelled() => {}
                    }
                });
            }
            Err(error) if is_of_connection(&error) => {}
            Err(error) if is_exhausted(&error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no connection can be accepted at the moment");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(error) => break Err(ServerError::Accept(error)),
        }
    };
    drop(listener);
    stopping.cancel();
    open.close();
    if tokio::time::timeout(GRACE, open.wait()).await.is_err() {
        tracing::warn!("some answers did not end in time and are cut");
    }
    result
}

/// Bounds of one connection. Without a timer hyper waits for a request's head for ever.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(MOST_HEADERS).max_buf_size(MOST_HEAD);
    protocol
}

/// Faults of one client.
fn is_of_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Too many open files, or too little memory: passes when others end.
fn is_exhausted(error: &std::io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&errno))
}
