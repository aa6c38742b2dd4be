//! What rules of alerts look at: the metrics that `/metrics` writes, the archive's past, SQL, and words for what they find.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tapline_alert::{Explained, Observer, Series, Take};
use tapline_api::{Labels, SourceState, SqlAnswer};
use tapline_engine::Limits;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{explain, past};
use crate::events::search::Stop;
use crate::metrics::selected::Selected;
use crate::metrics::standing;
use crate::state::App;

/// For one query of a rule.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks for the rules of one server. Called from a thread of its own: it blocks.
pub(crate) struct Watch {
    app: App,
    runtime: Handle,
}

impl Watch {
    /// On the runtime of whoever calls.
    pub(crate) fn new(app: App) -> Self {
        Self { app, runtime: Handle::current() }
    }

    fn stop(&self) -> Stop {
        Stop::new(CancellationToken::clone(&self.app.stopping))
    }
}

impl Observer for Watch {
    fn samples(&self, names: &BTreeSet<&str>, take: Take<'_>) {
        if let Err(refusal) = standing(&mut Selected { names, take }, &self.app, &self.stop()) {
            tracing::warn!(why = refusal.detail, "not all metrics can be told to the rules of alerts");
        }
    }

    fn blind(&self, metric: Option<&str>) -> BTreeMap<String, String> {
        match metric {
            // How a source or the archive stands is always known.
            Some(name) if name.starts_with("tapline_source_") => BTreeMap::new(),
            Some(name) if is_of_groups(name) => self.app.standing.groups_unknown(),
            Some(name) if is_of_events(name) => self.unread(),
            Some(_) => BTreeMap::new(),
            None => self.unread(),
        }
    }

    fn is_archived(&self, metric: &str) -> bool {
        past::is_archived(metric)
    }

    fn past(&self, metric: &str, from: i64, to: i64, step: i64) -> Option<Vec<Series>> {
        past::past(&self.app, metric, from, to, step.max(1), &self.stop())
    }

    fn sql(&self, sql: &str, most: usize) -> Result<SqlAnswer, String> {
        let limits = Limits { max_rows: Some(most), timeout: Some(PATIENCE) };
        let answer = self.runtime.block_on(async { self.app.engine.query(sql, limits).await?.json().await });
        answer.map_err(|error| error.to_string())
    }

    fn explain(&self, labels: &Labels) -> Explained {
        explain::explain(&self.app, labels, &self.stop())
    }
}

impl Watch {
    /// Sources that are not read: what would have come of them nobody knows.
    fn unread(&self) -> BTreeMap<String, String> {
        let unread =
            |state: SourceState| !matches!(state, SourceState::Up | SourceState::Degraded | SourceState::Archived);
        let sources = self.app.sources().into_iter().filter(|source| unread(source.state));
        sources.map(|source| (source.name.clone(), format!("`{}` is not read at the moment", source.name))).collect()
    }
}

fn is_of_groups(name: &str) -> bool {
    name.starts_with("kafka_") || name.starts_with("tapline_group_")
}

fn is_of_events(name: &str) -> bool {
    name.starts_with("tapline_dead_letter") || name.starts_with("tapline_destination_")
}
