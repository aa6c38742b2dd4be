//! Where the system tables come from: a running server, or the archive's folder alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use tapline_api::{
    Alert, AuditView, Backfill, DestinationInfo, DestinationKind, Gap, GapReason, GroupDetail, GroupHistory, GroupList,
    LagState, PlaceView, Replay, SourceInfo, SourceState,
};
use tapline_archive::{Archive, DestinationLedger, GapKind, SourceLedger};
use tapline_history::History;
use tapline_model::{TopicRole, time};

/// What the tables beside `events` show at one moment.
pub trait SystemTables: Send + Sync {
    /// In the order of the configuration.
    fn sources(&self) -> Vec<SourceInfo>;
    /// By source and name.
    fn destinations(&self) -> Vec<DestinationInfo>;
    /// Newest first.
    fn gaps(&self) -> Vec<Gap>;
    /// Consumer groups of these sources in one of these states, worst first; without sources or states of all. None without
    /// a running server.
    fn groups(&self, sources: &[&str], states: &[LagState]) -> GroupList {
        let _ = (sources, states);
        GroupList::default()
    }
    /// How many of them fall behind.
    fn groups_behind(&self) -> usize {
        0
    }
    /// Sources whose groups cannot be told at the moment, each with why.
    fn groups_unknown(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    /// One group with its partitions and members.
    fn group(&self, source: &str, name: &str) -> Option<GroupDetail> {
        let _ = (source, name);
        None
    }
    /// All of them so, source by source.
    fn group_details(&self) -> Vec<GroupDetail> {
        Vec::new()
    }
    /// How groups were behind; `None` where that is not kept.
    fn lag_history(&self) -> Option<Arc<History>> {
        None
    }
    /// How one group went between two moments, microseconds; `None` where that is not kept. Blocks on the disk.
    fn group_history(&self, source: &str, name: &str, from: i64, to: i64) -> Option<GroupHistory> {
        let _ = (source, name, from, to);
        None
    }
    /// Alerts that fire or are about to, worst first. None without a running server.
    fn alerts(&self) -> Vec<Alert> {
        Vec::new()
    }
    /// Those that fired, the last to begin first.
    fn alert_history(&self) -> Vec<Alert> {
        Vec::new()
    }
    /// Newest first. None without a running server: what was put back stands in its state.
    fn replays(&self) -> Vec<Replay> {
        Vec::new()
    }
    /// Replay by replay, newest first, each in the order of sending.
    fn replay_items(&self) -> Vec<ReplayItemRow> {
        Vec::new()
    }
    /// Newest first.
    fn audit(&self) -> Vec<AuditView> {
        Vec::new()
    }
}

/// An item of a replay, as short as it can be: there may be millions.
#[derive(Debug, Clone)]
pub struct ReplayItemRow {
    /// 33 of `r-33`.
    pub replay: i64,
    /// In the order of sending, from 0.
    pub number: u32,
    /// Where the event stands that is put back.
    pub address: String,
    /// Where it goes.
    pub destination: Arc<str>,
    /// Its partition there.
    pub partition: i32,
    /// How far it is.
    pub delivery: &'static str,
    /// What became of it, once it was confirmed.
    pub outcome: Option<&'static str>,
    /// Its offset there.
    pub written_offset: Option<i64>,
    /// When that was confirmed, microseconds.
    pub confirmed_at: Option<i64>,
    /// The event that shows the outcome.
    pub evidence: Option<String>,
    /// Why it is rejected, uncertain or unknown.
    pub why: Option<String>,
}

/// What an archive's folder tells without a running server: what was read, not how it stands.
pub struct ArchiveFacts(pub Arc<Archive>);

impl SystemTables for ArchiveFacts {
    fn sources(&self) -> Vec<SourceInfo> {
        self.0.ledger().sources.iter().map(|(name, source)| source_info(name, source)).collect()
    }

    fn destinations(&self) -> Vec<DestinationInfo> {
        let ledger = self.0.ledger();
        let all = ledger.sources.iter().flat_map(|(name, source)| source.destinations.iter().map(move |d| (name, d)));
        all.map(|(source, destination)| destination_info(source, destination)).collect()
    }

    fn gaps(&self) -> Vec<Gap> {
        let ledger = self.0.ledger();
        let all = ledger.sources.iter().flat_map(|(name, source)| source.destinations.iter().map(move |d| (name, d)));
        let mut gaps: Vec<(i64, Gap)> = all.flat_map(|(source, destination)| gaps_of(source, destination)).collect();
        gaps.sort_by_key(|(seen_at, _)| std::cmp::Reverse(*seen_at));
        gaps.into_iter().map(|(_, gap)| gap).collect()
    }

    fn lag_history(&self) -> Option<Arc<History>> {
        let folder = self.0.root();
        match History::open_to_read(&folder.parent()?.join(tapline_history::FOLDER)) {
            Ok(history) => Some(Arc::new(history)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "lag history is left out");
                None
            }
        }
    }
}

fn source_info(name: &str, source: &SourceLedger) -> SourceInfo {
    let partitions = source.destinations.iter().flat_map(|destination| destination.partitions.values());
    let left: i64 = partitions.clone().filter_map(|partition| partition.backfill).map(|(next, end)| end - next).sum();
    let left = u64::try_from(left).unwrap_or(0);
    SourceInfo {
        name: name.to_owned(),
        system: source.system.clone(),
        state: SourceState::Archived,
        problems: Vec::new(),
        capabilities: Vec::new(),
        cluster: None,
        destinations: source.destinations.len(),
        partitions: partitions.count(),
        lag: None,
        rate: 0.0,
        bytes_rate: 0.0,
        backfill: (left > 0).then_some(Backfill { left, rate: 0.0, seconds_left: None }),
        rows: source.destinations.iter().map(|destination| destination.rows).sum(),
        newest: source.destinations.iter().filter_map(|destination| destination.last).max().map(time::format),
        left_out: Vec::new(),
    }
}

fn destination_info(source: &str, destination: &DestinationLedger) -> DestinationInfo {
    let places = destination.partitions.iter().map(|(number, partition)| PlaceView {
        partition: *number,
        next: partition.next,
        end: None,
        rows: partition.rows,
        single_holes: partition.single_holes,
    });
    DestinationInfo {
        source: source.to_owned(),
        name: destination.name.clone(),
        incarnation: destination.incarnation,
        kind: kind(destination.role()),
        // Who asks by HTTP is told them: they stand in the rows, not in the ledger.
        origins: Vec::new(),
        rows: destination.rows,
        bytes: destination.bytes,
        first: destination.first.map(time::format),
        last: destination.last.map(time::format),
        places: places.collect(),
    }
}

fn kind(role: Option<TopicRole>) -> DestinationKind {
    match role {
        None => DestinationKind::Topic,
        Some(TopicRole::Retry) => DestinationKind::Retry,
        Some(TopicRole::DeadLetter) => DestinationKind::DeadLetter,
    }
}

fn gaps_of(source: &str, destination: &DestinationLedger) -> Vec<(i64, Gap)> {
    let ranges =
        destination.partitions.iter().flat_map(|(number, place)| place.gaps.iter().map(move |gap| (number, gap)));
    let gap = |(partition, range): (&i32, &tapline_archive::GapRange)| {
        let gap = Gap {
            source: source.to_owned(),
            destination: destination.name.clone(),
            incarnation: destination.incarnation,
            partition: *partition,
            from: range.from,
            to: range.to,
            reason: reason(range.kind),
            seen_at: time::format(range.seen_at),
        };
        (range.seen_at, gap)
    };
    ranges.map(gap).collect()
}

fn reason(kind: GapKind) -> GapReason {
    match kind {
        GapKind::Expired => GapReason::Expired,
        GapKind::Erased => GapReason::Erased,
        GapKind::Excluded => GapReason::Excluded,
        GapKind::NotDelivered => GapReason::NotDelivered,
    }
}
