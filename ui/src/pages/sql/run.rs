//! One query at a time: started, watched, cancelled.

use std::sync::Arc;

use leptos::prelude::*;
use tapline_api::{SqlAnswer, SqlRequest};

use crate::api::{
    client::{self, Abort, Ended, Stop},
    failure::Failure,
};

/// How the newest query ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// None has.
    None,
    /// With rows.
    Answer(Arc<SqlAnswer>),
    /// With a reason.
    Failed(Failure),
    /// By hand.
    Cancelled,
}

/// The query that runs and the outcome of the one before.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// Of the newest that ended.
    pub(super) outcome: RwSignal<Outcome>,
    /// When the one that runs was started, milliseconds since 1970.
    pub(super) since: RwSignal<Option<i64>>,
    /// The query that was started last.
    pub(super) sql: RwSignal<String>,
    under_way: StoredValue<Option<Abort>, LocalStorage>,
}

impl Run {
    /// Nothing has run yet.
    pub(super) fn new() -> Self {
        let run = Self {
            outcome: RwSignal::new(Outcome::None),
            since: RwSignal::new(None),
            sql: RwSignal::new(String::new()),
            under_way: StoredValue::new_local(None),
        };
        on_cleanup(move || drop(run.under_way.try_update_value(Option::take)));
        run
    }

    /// Starts a query in place of the one that runs.
    pub(super) fn start(self, sql: String) {
        if sql.trim().is_empty() {
            return;
        }
        let abort = Abort::new();
        let stop = abort.stop();
        self.under_way.set_value(Some(abort));
        self.since.set(Some(crate::format::now()));
        self.sql.set(sql.clone());
        leptos::task::spawn_local(self.wait(sql, stop));
    }

    async fn wait(self, sql: String, stop: Stop) {
        let request = SqlRequest { sql, max_rows: None, timeout_ms: None };
        let outcome = match client::post::<SqlAnswer>("/api/v1/sql", &request, &stop).await {
            Ok(answer) => Outcome::Answer(Arc::new(answer)),
            Err(Ended::Failed(failure)) => Outcome::Failed(failure),
            Err(Ended::Aborted) => return,
        };
        self.outcome.try_set(outcome);
        self.since.try_set(None);
    }

    /// Stops the query that runs; the server stops with it.
    pub(super) fn cancel(self) {
        self.under_way.set_value(None);
        self.since.set(None);
        self.outcome.set(Outcome::Cancelled);
    }

    /// Line and column of the fault, if the newest query had one and is still what stands in the editor.
    pub(super) fn fault(self, text: &str) -> Option<(u32, u32)> {
        let same = self.sql.with(|sql| sql == text);
        self.outcome.with(|outcome| match outcome {
            Outcome::Failed(failure) if same => failure.place,
            _ => None,
        })
    }
}
