//! How sources, destinations and gaps stand: the tap's view and the archive's ledger, joined for page, API and SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tapline_alert::Alerts;
use tapline_api::{
    Alert, AuditView, Backfill, CapabilityView, DestinationInfo, Gap, GroupDetail, GroupHistory, GroupList, LagState,
    Outcome, Replay, SourceInfo, SourceState,
};
use tapline_archive::{Archive, SourceLedger};
use tapline_engine::{ArchiveFacts, ReplayItemRow, SystemTables};
use tapline_history::History;
use tapline_lag::Lags;
use tapline_model::time;
use tapline_pipeline::{Pipeline, SourceStanding};
use tapline_replay::{ReplayError, Replays};

/// Joins what taps and archive know.
pub(crate) struct Standing {
    archive: Arc<Archive>,
    pipeline: Arc<Mutex<Pipeline>>,
    replays: Replays,
    lags: Lags,
    alerts: Alerts,
}

impl SystemTables for Standing {
    fn sources(&self) -> Vec<SourceInfo> {
        let (ledger, standings) = (self.archive.ledger(), self.standings());
        let tapped = standings.iter().map(|standing| source_info(standing, ledger.sources.get(&standing.name)));
        let configured: Vec<SourceInfo> = tapped.collect();
        let archived = ArchiveFacts(Arc::clone(&self.archive)).sources().into_iter();
        let gone: Vec<SourceInfo> =
            archived.filter(|info| configured.iter().all(|known| known.name != info.name)).collect();
        configured.into_iter().chain(gone).collect()
    }

    fn destinations(&self) -> Vec<DestinationInfo> {
        let standings = self.standings();
        let ends = ends(&standings);
        let mut destinations = ArchiveFacts(Arc::clone(&self.archive)).destinations();
        for entry in &mut destinations {
            for place in &mut entry.places {
                place.end = ends.get(&(entry.source.as_str(), entry.name.as_str(), place.partition)).copied().flatten();
            }
        }
        destinations
    }

    fn gaps(&self) -> Vec<Gap> {
        ArchiveFacts(Arc::clone(&self.archive)).gaps()
    }

    fn groups(&self, sources: &[&str], states: &[LagState]) -> GroupList {
        self.lags.list(sources, states)
    }

    fn groups_behind(&self) -> usize {
        self.lags.behind()
    }

    fn groups_unknown(&self) -> BTreeMap<String, String> {
        self.lags.unknown()
    }

    fn group(&self, source: &str, name: &str) -> Option<GroupDetail> {
        self.lags.detail(source, name)
    }

    fn lag_history(&self) -> Option<Arc<History>> {
        Some(Arc::clone(self.lags.history()))
    }

    fn group_history(&self, source: &str, name: &str, from: i64, to: i64) -> Option<GroupHistory> {
        self.lags.chart(source, name, from, to).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "lag history cannot be read");
            None
        })
    }

    fn group_details(&self) -> Vec<GroupDetail> {
        self.lags.details()
    }

    fn alerts(&self) -> Vec<Alert> {
        self.alerts.alive()
    }

    fn alert_history(&self) -> Vec<Alert> {
        self.alerts.history().unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "alerts cannot be read");
            Vec::new()
        })
    }

    // A query that asks for them is answered without them when the state cannot be read: the log says why.
    fn replays(&self) -> Vec<Replay> {
        self.replays.list(None, u32::MAX).map(|(replays, _)| replays).unwrap_or_else(unread)
    }

    fn replay_items(&self) -> Vec<ReplayItemRow> {
        let items = self.replays.every_item(|item| ReplayItemRow {
            replay: item.replay,
            number: item.number,
            address: item.address.to_string(),
            destination: item.destination,
            partition: item.partition,
            delivery: item.delivery.as_str(),
            outcome: item.outcome.map(Outcome::as_str),
            written_offset: item.written_offset,
            confirmed_at: item.confirmed_at,
            evidence: item.evidence,
            why: item.why,
        });
        items.unwrap_or_else(unread)
    }

    fn audit(&self) -> Vec<AuditView> {
        self.replays.audit().unwrap_or_else(unread)
    }
}

impl Standing {
    pub(crate) fn new(
        archive: Arc<Archive>,
        pipeline: Arc<Mutex<Pipeline>>,
        replays: Replays,
        lags: Lags,
        alerts: Alerts,
    ) -> Self {
        Self { archive, pipeline, replays, lags, alerts }
    }

    fn standings(&self) -> Vec<SourceStanding> {
        self.pipeline.lock().standings()
    }
}

fn unread<T>(error: ReplayError) -> Vec<T> {
    tracing::error!(error = &error as &dyn std::error::Error, "replays cannot be read");
    Vec::new()
}

fn source_info(standing: &SourceStanding, ledger: Option<&SourceLedger>) -> SourceInfo {
    let facts = &standing.facts;
    let destinations: std::collections::BTreeSet<&str> =
        facts.places.iter().map(|place| place.destination.as_str()).collect();
    let left: i64 = facts.places.iter().map(|place| place.backfill_left).sum();
    SourceInfo {
        name: standing.name.clone(),
        system: standing.system.to_owned(),
        state: state(standing),
        problems: problems(standing),
        capabilities: standing.capabilities.iter().map(capability).collect(),
        cluster: facts.cluster.clone(),
        destinations: destinations.len(),
        partitions: facts.places.len(),
        lag: lag(standing),
        rate: standing.rate.0,
        bytes_rate: standing.rate.1,
        backfill: u64::try_from(left).ok().filter(|left| *left > 0).map(|left| backfill(left, standing.backfill_rate)),
        rows: ledger.map_or(0, |ledger| ledger.destinations.iter().map(|entry| entry.rows).sum()),
        newest: ledger
            .and_then(|ledger| ledger.destinations.iter().filter_map(|entry| entry.last).max())
            .map(time::format),
        left_out: facts.left_out.iter().map(|(name, why)| (name.clone(), (*why).to_owned())).collect(),
    }
}

/// Why reading waits is told by the archive, for all sources at once.
fn problems(standing: &SourceStanding) -> Vec<String> {
    let waits = standing.paused.as_ref().map(|_| SourceInfo::WAITS.to_owned());
    standing.fault.iter().cloned().chain(waits).chain(standing.facts.problems.iter().cloned()).collect()
}

fn state(standing: &SourceStanding) -> SourceState {
    let (facts, troubled) = (&standing.facts, standing.fault.is_some());
    match (standing.paused.is_some(), facts.connected) {
        (true, _) => SourceState::Paused,
        (false, true) if troubled || !facts.problems.is_empty() => SourceState::Degraded,
        (false, true) => SourceState::Up,
        (false, false) if troubled || !facts.problems.is_empty() => SourceState::Down,
        (false, false) => SourceState::Starting,
    }
}

/// Records between what was read and the ends last heard of; unknown while no end is known or the source is away.
fn lag(standing: &SourceStanding) -> Option<u64> {
    if !standing.facts.connected {
        return None;
    }
    let places = standing.facts.places.iter().filter_map(|place| Some((place.end? - place.next).max(0)));
    let known: Vec<i64> = places.collect();
    (!known.is_empty()).then(|| u64::try_from(known.iter().sum::<i64>()).unwrap_or(0))
}

#[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
fn backfill(left: u64, rate: f64) -> Backfill {
    Backfill { left, rate, seconds_left: (rate > 0.0).then(|| left as f64 / rate) }
}

fn capability(capability: &tapline_adapter::Capability) -> CapabilityView {
    CapabilityView {
        name: capability.name.to_owned(),
        available: capability.missing.is_none(),
        reason: capability.missing.clone(),
    }
}

/// End offsets as the taps heard of them, by source, destination and partition.
fn ends(standings: &[SourceStanding]) -> BTreeMap<(&str, &str, i32), Option<i64>> {
    let places = standings.iter().flat_map(|standing| standing.facts.places.iter().map(move |place| (standing, place)));
    places
        .map(|(standing, place)| ((standing.name.as_str(), place.destination.as_str(), place.partition), place.end))
        .collect()
}
