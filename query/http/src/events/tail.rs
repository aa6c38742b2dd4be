//! `GET /api/v1/events/tail`: events as they come, as server-sent events.
//!
//! Every reader has its own place in the archive's broadcast and is asked for the next message only when the one
//! before was taken: a slow reader holds up nobody, what it missed is counted and said. [`catch_up`] finds what came
//! while a reader was away.

mod catch_up;
mod cursor;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use tapline_api::{Dropped, EventSummary};
use tapline_archive::Chunk;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use crate::events::columns::summary;
use crate::events::filter::{Filter, PARAMETERS};
use crate::events::search::Stop;
use crate::params::Params;
use crate::problem::{Code, Refusal};
use crate::state::App;
use catch_up::catch_up;
use cursor::TailCursor;

/// Tails open at once.
pub(crate) const MOST_TAILS: usize = 64;

/// Events of one message, about two megabytes: five thousand a second fit even where a broker hands them over in lumps
/// of half a second, as the embedded one does.
const MOST_EVENTS: usize = 4_000;

/// Events that come within this time go into one message.
const GATHER: Duration = Duration::from_millis(100);

/// Chunks gathered into one message.
const MOST_CHUNKS: usize = 64;

/// How often a silent tail says that it is alive, so that nobody between closes it.
const ALIVE: Duration = Duration::from_secs(15);

/// Events as they come: `events` (an array) and `dropped`. A tail has no range: `from` and `to` are not looked at.
/// After a break `Last-Event-ID` (or `cursor`) continues it; events of the last second may then come again.
#[utoipa::path(get, path = "/api/v1/events/tail", tag = "events", params(
    ("cursor" = Option<String>, Query, description = "the last `id:` seen; and every filter of the list"),
    ("Last-Event-ID" = Option<String>, Header, description = "the last `id:` seen"),
), responses(
    (status = 200, content_type = "text/event-stream", body = Vec<EventSummary>),
    (status = 429, body = tapline_api::Problem),
))]
pub(crate) async fn tail(State(app): State<App>, headers: HeaderMap, params: Params) -> Result<Response, Refusal> {
    let known: Vec<&str> = PARAMETERS.iter().copied().chain(["cursor"]).collect();
    params.only(&known)?;
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let after = header.or(params.one("cursor")?).map(TailCursor::decode).transpose()?;
    let filter = Filter { from: None, to: None, ..app.filter(&params)? };
    let permit = Arc::clone(&app.tails).try_acquire_owned().map_err(|_| {
        Refusal::new(Code::TooManyTails, format!("{MOST_TAILS} live tails are open; close one or try again later"))
    })?;
    let tail = Tail::new(app, filter, after, permit);
    let messages = stream::unfold(tail, |mut tail| async move { Some((tail.next().await?, tail)) });
    // Compression asks once more after the end.
    let events = messages.flat_map(stream::iter).map(Ok::<_, Infallible>).fuse();
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}

struct Tail {
    app: App,
    filter: Arc<Filter>,
    chunks: Receiver<Arc<Chunk>>,
    /// Where the reader stands.
    at: TailCursor,
    /// Set until what came while the reader was away was sent.
    away: bool,
    /// Stops work in progress when the reader goes.
    gone: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// Events for one message, and how many more there were.
#[derive(Debug, Default)]
struct Gathered {
    events: Vec<EventSummary>,
    dropped: u64,
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.gone.cancel();
    }
}

impl Tail {
    fn new(app: App, filter: Filter, after: Option<TailCursor>, permit: OwnedSemaphorePermit) -> Self {
        // Subscribed before the snapshot of `catch_up` is taken: a chunk is in one of them, or in both and told by
        // its number.
        let chunks = app.archive.subscribe();
        let away = after.is_some();
        let at = after.unwrap_or_else(|| TailCursor::now(app.epoch, &app.archive.view()));
        Self { app, filter: Arc::new(filter), chunks, at, away, gone: CancellationToken::new(), _permit: permit }
    }

    /// The next messages; `None` when the server stops.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            let gathered = if std::mem::take(&mut self.away) { self.catch_up().await } else { self.live().await? };
            let messages = self.messages(gathered);
            if !messages.is_empty() {
                return Some(messages);
            }
        }
    }

    fn messages(&self, gathered: Gathered) -> Vec<Event> {
        let id = self.at.encode();
        let mut messages = Vec::new();
        if gathered.dropped > 0 {
            let dropped = Event::default().event("dropped").id(&id).json_data(Dropped { count: gathered.dropped });
            messages.extend(dropped);
        }
        if !gathered.events.is_empty() {
            messages.extend(Event::default().event("events").id(&id).json_data(&gathered.events));
        }
        self.app.metrics.tail_sent(gathered.events.len() as u64, gathered.dropped);
        messages
    }

    async fn catch_up(&mut self) -> Gathered {
        let (app, filter, at) = (self.app.clone(), Arc::clone(&self.filter), self.at);
        let stop = Stop::new(self.gone.clone());
        let work = move || catch_up(&app.archive.view(), app.epoch, &filter, at, MOST_EVENTS, &stop);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok((gathered, at))) => {
                self.at = at;
                gathered
            }
            // The reader gets what comes from now on; that it missed something is in the log.
            Ok(Err(refusal)) => {
                tracing::warn!(error = %refusal, "a tail could not catch up");
                Gathered::default()
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a tail could not catch up");
                Gathered::default()
            }
        }
    }

    /// Waits for chunks and gathers those that follow closely.
    async fn live(&mut self) -> Option<Gathered> {
        let stopping = self.app.stopping.clone();
        let first = tokio::select! {
            () = stopping.cancelled() => return None,
            first = self.chunks.recv() => first,
        };
        let mut chunks = match first {
            Ok(chunk) => vec![chunk],
            Err(RecvError::Closed) => return None,
            Err(RecvError::Lagged(_)) => Vec::new(),
        };
        let mut lagged = chunks.is_empty();
        tokio::time::sleep(GATHER).await;
        while chunks.len() < MOST_CHUNKS {
            match self.chunks.try_recv() {
                Ok(chunk) => chunks.push(chunk),
                Err(TryRecvError::Lagged(_)) => lagged = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some(self.gather(chunks, lagged).await)
    }

    async fn gather(&mut self, chunks: Vec<Arc<Chunk>>, lagged: bool) -> Gathered {
        let (app, filter, at) = (self.app.clone(), Arc::clone(&self.filter), self.at);
        let stop = Stop::new(self.gone.clone());
        let last = chunks.last().map_or(at, |chunk| at.after(app.epoch, chunk));
        let work = move || -> Result<Gathered, Refusal> {
            let mut gathered = Gathered::default();
            if lagged {
                gathered.dropped += catch_up::missed(&app.archive.view(), app.epoch, &filter, at, &chunks, &stop)?;
            }
            for chunk in chunks.iter().filter(|chunk| at.is_before(app.epoch, chunk)) {
                gathered.add(chunk, &filter)?;
            }
            Ok(gathered)
        };
        self.at = last;
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(gathered)) => gathered,
            Ok(Err(refusal)) => {
                tracing::warn!(error = %refusal, "a tail missed events");
                Gathered::default()
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a tail missed events");
                Gathered::default()
            }
        }
    }
}

impl Gathered {
    /// Adds the matching rows of a chunk in order of arrival; of too many the newest are kept.
    fn add(&mut self, chunk: &Chunk, filter: &Filter) -> Result<(), Refusal> {
        let rows = u32::try_from(chunk.batch.num_rows()).unwrap_or(u32::MAX);
        let mut rows: Vec<u32> = (0..rows).collect();
        filter.retain(&chunk.batch, &mut rows)?;
        let over = rows.len().saturating_sub(MOST_EVENTS);
        self.dropped += over as u64;
        for row in rows.into_iter().skip(over) {
            self.events.push(summary(&chunk.batch, row as usize)?);
        }
        let over = self.events.len().saturating_sub(MOST_EVENTS);
        self.dropped += over as u64;
        self.events.drain(..over);
        Ok(())
    }
}
