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
use crate::metrics::silence::is_read;
use crate::metrics::standing;
use crate::problem::Refusal;
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
    fn samples(&self, names: &BTreeSet<&str>, take: Take<'_>) -> BTreeMap<String, String> {
        let unread = standing(&mut Selected { names, take }, &self.app, &self.stop());
        let told = |(families, refusal): (&[&str], Refusal)| {
            tracing::warn!(why = refusal.detail, "not all metrics can be told to the rules of alerts");
            let why = format!("it cannot be read at the moment: {}", refusal.detail);
            families.iter().map(|name| ((*name).to_owned(), why.clone())).collect::<Vec<_>>()
        };
        unread.into_iter().flat_map(told).collect()
    }

    fn blind(&self, metric: Option<&str>) -> BTreeMap<String, String> {
        match metric {
            // Whether a source is up is always known.
            Some("tapline_source_up") => BTreeMap::new(),
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
        let is_read = |state| is_read(state) || state == SourceState::Archived;
        let sources = self.app.sources().into_iter().filter(|source| !is_read(source.state));
        sources.map(|source| (source.name.clone(), format!("`{}` is not read at the moment", source.name))).collect()
    }
}

fn is_of_groups(name: &str) -> bool {
    name.starts_with("kafka_") || name.starts_with("tapline_group_")
}

fn is_of_events(name: &str) -> bool {
    ["tapline_dead_letter", "tapline_destination_", "tapline_source_"].iter().any(|begin| name.starts_with(begin))
}
