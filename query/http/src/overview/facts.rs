//! What the rules of the overview look at: one count over the range and the period before it, and how sources and
//! archive stand.

use std::collections::BTreeMap;

use tapline_api::{Alert, AlertState, DestinationInfo, Gap, Group, Replay, ReplayState, SourceInfo, SourceState};
use tapline_chains::{Failure, Traffic, destination_id};
use tapline_deadletter::Sample;

use crate::dead_letters::{Waiting, waiting};
use crate::events::histogram::Axis;
use crate::events::search::Stop;
use crate::problem::Refusal;
use crate::rollup::{CELL, Cell, Lane};
use crate::state::App;
use crate::system::archive_figures;

/// Replays that are looked at for those that run.
const REPLAYS: u32 = 20;

/// Points of a chart.
const POINTS: usize = 60;

/// Everything the rules look at.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Microseconds; `to` is not after `now`.
    pub(super) now: i64,
    pub(super) from: i64,
    pub(super) to: i64,
    /// Points of the range; the period before has as many.
    pub(super) axis: Axis,
    pub(super) events: Series,
    pub(super) bytes: Series,
    pub(super) dead: Series,
    pub(super) retries: Series,
    /// By source and destination.
    pub(super) destinations: BTreeMap<(String, String), Activity>,
    /// In the range, by the id of a destination's node on the map.
    pub(super) traffic: BTreeMap<String, Traffic>,
    pub(super) types: BTreeMap<String, Activity>,
    pub(super) producers: BTreeMap<String, Activity>,
    /// Those that most events wait for first.
    pub(super) causes: Vec<Dead>,
    pub(super) sources: Vec<SourceInfo>,
    /// Consumer groups, worst first.
    pub(super) groups: Vec<Group>,
    /// Those that fire and that nobody silenced, worst first.
    pub(super) alerts: Vec<Alert>,
    /// Those that run.
    pub(super) replays: Vec<Replay>,
    pub(super) known: Vec<DestinationInfo>,
    pub(super) gaps: Vec<Gap>,
    /// Damaged files, with what is wrong.
    pub(super) damaged: Vec<String>,
    /// Why taps wait, if they do.
    pub(super) paused: Option<String>,
    /// Why rows cannot be written, if they cannot.
    pub(super) unwritten: Option<String>,
    /// Free bytes and those that are kept free.
    pub(super) disk: Option<(u64, u64)>,
    /// Rows in the whole archive.
    pub(super) rows: u64,
}

/// Counts by point, of the range and of the period before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) points: Vec<u64>,
    pub(super) before: Vec<u64>,
}

/// How often something was seen, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) series: Series,
    /// When it was first and last seen, in the range or before it, microseconds: no finer than counts are kept.
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// When one was last archived, microseconds: later than `last` while the past is still being read or written.
    pub(super) archived: Option<i64>,
}

/// Dead letters of one cause on one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dead {
    /// Its id, as in `GET /api/v1/dead-letters`.
    pub(super) cause: String,
    /// True when a part of a cause that was split, or others were joined to it.
    pub(super) regrouped: bool,
    pub(super) sample: Sample,
    /// All of them; `archived` is not counted.
    pub(super) activity: Activity,
    /// Those in the range that were not put back and whose cause still needs somebody.
    pub(super) waiting: u64,
}

impl Dead {
    /// What can be said about why they died.
    pub(super) fn failure(&self) -> Failure<'_> {
        let Sample { group, root_cause, message, .. } = &self.sample;
        Failure { group: group.as_deref(), class: root_cause.as_deref(), message: message.as_deref() }
    }
}

impl Series {
    pub(super) fn new(points: usize) -> Self {
        Self { points: vec![0; points], before: vec![0; points] }
    }

    pub(super) fn total(&self) -> u64 {
        self.points.iter().sum()
    }

    pub(super) fn total_before(&self) -> u64 {
        self.before.iter().sum()
    }
}

impl Activity {
    fn new(points: usize) -> Self {
        Self { series: Series::new(points), first: None, last: None, archived: None }
    }

    fn see(&mut self, slot: Slot, events: u64, time: i64) {
        add(&mut self.series, slot, events);
        self.first = self.first.into_iter().chain([time]).min();
        self.last = self.last.into_iter().chain([time]).max();
    }

    /// In the range.
    pub(super) fn total(&self) -> u64 {
        self.series.total()
    }

    /// Whether it was first seen within the range, though there was something to be seen before.
    pub(super) fn is_new(&self) -> bool {
        self.series.total_before() == 0 && self.series.total() > 0
    }
}

/// Where a cell counts.
#[derive(Clone, Copy)]
enum Slot {
    Point(usize),
    Before(usize),
}

impl Facts {
    /// Counts and asks.
    pub(super) fn gather(app: &App, from: i64, to: i64, now: i64, stop: &Stop) -> Result<Self, Refusal> {
        let view = app.archive.view();
        let figures = archive_figures(app);
        // Points are no closer than counts are kept.
        let finest = usize::try_from((to - from) / CELL).unwrap_or(POINTS);
        let axis = Axis::over(from, to, POINTS.min(finest.max(1)));
        let mut facts = Self {
            now,
            from,
            to: to.min(now),
            axis,
            events: Series::new(axis.buckets),
            bytes: Series::new(axis.buckets),
            dead: Series::new(axis.buckets),
            retries: Series::new(axis.buckets),
            destinations: BTreeMap::new(),
            traffic: BTreeMap::new(),
            types: BTreeMap::new(),
            producers: BTreeMap::new(),
            causes: Vec::new(),
            sources: app.sources(),
            groups: app.standing.groups(&[], &[]).groups,
            alerts: firing(app),
            replays: running(app),
            known: app.standing.destinations(),
            gaps: app.standing.gaps(),
            damaged: figures.damaged,
            paused: app.archive.pause_reason(),
            unwritten: app.archive.write_fault(),
            disk: figures.disk_free.map(|free| (free, app.archive.options().disk_reserve)),
            rows: figures.rows + figures.hot_rows,
        };
        let begin = axis.from.saturating_sub(axis.to().saturating_sub(axis.from));
        for rollup in app.rollups.between(&view, begin, axis.to(), stop)? {
            for (lane, cell) in rollup.cells(begin.div_euclid(CELL), axis.to().div_euclid(CELL)) {
                facts.count(lane, cell);
            }
        }
        let causes = waiting(app, &view, (begin, axis.to()), stop)?.into_iter().map(|known| facts.dead_of(known));
        facts.causes = causes.filter(|dead| dead.activity.total() > 0).collect();
        facts.causes.sort_by_key(|dead| std::cmp::Reverse((dead.waiting, dead.activity.total())));
        Ok(facts)
    }

    fn dead_of(&self, known: Waiting) -> Dead {
        let Waiting { heap, regrouped, waits } = known;
        let (mut activity, mut waiting) = (Activity::new(self.axis.buckets), 0);
        for (time, waits) in heap.times.into_iter().zip(waits) {
            let Some(slot) = self.slot(time) else { continue };
            activity.see(slot, 1, time);
            waiting += u64::from(waits && matches!(slot, Slot::Point(_)));
        }
        Dead { cause: heap.cause, regrouped, sample: heap.sample, activity, waiting }
    }

    fn slot(&self, time: i64) -> Option<Slot> {
        let width = self.axis.to().saturating_sub(self.axis.from);
        let point = self.axis.bucket(time).map(Slot::Point);
        point.or_else(|| self.axis.bucket(time.saturating_add(width)).map(Slot::Before))
    }

    fn count(&mut self, lane: &Lane, cell: Cell) {
        let Some(slot) = self.slot(cell.begin()) else { return };
        let events = u64::from(cell.events);
        let points = self.axis.buckets;
        add(&mut self.events, slot, events);
        add(&mut self.bytes, slot, cell.bytes);
        if lane.retry {
            add(&mut self.retries, slot, events);
        }
        if let Slot::Point(_) = slot {
            let traffic = self.traffic.entry(destination_id(&lane.source, &lane.destination)).or_default();
            traffic.events += events;
            traffic.dead += if lane.dead { events } else { 0 };
            traffic.retries += if lane.retry { events } else { 0 };
        }
        let place = (lane.source.clone(), lane.destination.clone());
        see(self.destinations.entry(place).or_insert_with(|| Activity::new(points)), slot, cell);
        for (map, word) in [(&mut self.types, &lane.event_type), (&mut self.producers, &lane.producer)] {
            if let Some(word) = word {
                see(map.entry(word.clone()).or_insert_with(|| Activity::new(points)), slot, cell);
            }
        }
        if lane.dead {
            add(&mut self.dead, slot, events);
        }
    }

    /// Before the first event was archived.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether anything was archived in the period before: without it nothing can be called new.
    pub(super) fn has_past(&self) -> bool {
        self.events.total_before() > 0
    }

    /// Whether the range ends now: only then does what has stopped matter.
    pub(super) fn is_live(&self) -> bool {
        self.now - self.to < 2 * self.axis.step.max(60_000_000)
    }

    /// Whether a source is read without a fault, so that silence is the producers'.
    pub(super) fn is_up(&self, source: &str) -> bool {
        self.sources.iter().any(|known| known.name == source && known.state == SourceState::Up)
    }
}

fn firing(app: &App) -> Vec<Alert> {
    let mut alerts = app.alerts.alive();
    alerts.retain(|alert| alert.state == AlertState::Firing && alert.muted.is_none());
    alerts
}

/// Of the newest; without a state that can be read none: the page of replays says so.
fn running(app: &App) -> Vec<Replay> {
    let (mut replays, _) = app.replays.list(None, REPLAYS).unwrap_or_default();
    replays.retain(|replay| replay.state == ReplayState::Running);
    replays
}

fn add(series: &mut Series, slot: Slot, events: u64) {
    match slot {
        Slot::Point(at) => series.points[at] += events,
        Slot::Before(at) => series.before[at] += events,
    }
}

fn see(activity: &mut Activity, slot: Slot, cell: Cell) {
    activity.see(slot, u64::from(cell.events), cell.begin());
    activity.archived = activity.archived.into_iter().chain([cell.archived]).max();
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tapline_api::DestinationKind;
    use tapline_model::time;

    pub(in crate::overview) const MINUTE: i64 = 60_000_000;

    /// An hour that ends now, one source that is up, nothing wrong.
    pub(in crate::overview) fn facts() -> Facts {
        let now = 1_795_230_720_000_000;
        let axis = Axis::over(now - 60 * MINUTE, now, POINTS);
        Facts {
            now,
            from: now - 60 * MINUTE,
            to: now,
            axis,
            events: Series::new(axis.buckets),
            bytes: Series::new(axis.buckets),
            dead: Series::new(axis.buckets),
            retries: Series::new(axis.buckets),
            destinations: BTreeMap::new(),
            traffic: BTreeMap::new(),
            types: BTreeMap::new(),
            producers: BTreeMap::new(),
            causes: Vec::new(),
            sources: vec![source("shop")],
            groups: Vec::new(),
            alerts: Vec::new(),
            replays: Vec::new(),
            known: Vec::new(),
            gaps: Vec::new(),
            damaged: Vec::new(),
            paused: None,
            unwritten: None,
            disk: None,
            rows: 1,
        }
    }

    pub(in crate::overview) fn source(name: &str) -> SourceInfo {
        SourceInfo {
            name: name.to_owned(),
            system: "kafka".to_owned(),
            state: SourceState::Up,
            problems: Vec::new(),
            capabilities: Vec::new(),
            cluster: None,
            destinations: 1,
            partitions: 1,
            lag: Some(0),
            rate: 10.0,
            bytes_rate: 1_000.0,
            backfill: None,
            rows: 1,
            newest: None,
            left_out: Vec::new(),
        }
    }

    pub(in crate::overview) fn destination(name: &str, first: i64) -> DestinationInfo {
        DestinationInfo {
            source: "shop".to_owned(),
            name: name.to_owned(),
            incarnation: 1,
            kind: DestinationKind::Topic,
            origins: Vec::new(),
            rows: 1,
            bytes: 1,
            first: Some(time::format(first)),
            last: None,
            places: Vec::new(),
        }
    }

    /// Dead letters of a card type that is not known, none counted yet.
    pub(in crate::overview) fn dead(destination: &str, origin: Option<&str>) -> Dead {
        let message =
            "Listener failed; Cannot deserialize value of type `a.CardType` from String \"CARTE_BANCAIRE\": no";
        let sample = Sample {
            fingerprint: "f1".to_owned(),
            source: "shop".to_owned(),
            destination: destination.to_owned(),
            origin: origin.map(str::to_owned),
            group: Some("payments".to_owned()),
            root_cause: Some("com.fasterxml.jackson.databind.exc.InvalidFormatException".to_owned()),
            message: Some(message.to_owned()),
            ..Sample::default()
        };
        Dead { cause: "f1".to_owned(), regrouped: false, sample, activity: Activity::new(60), waiting: 0 }
    }

    /// So many died then, and all of them wait.
    pub(in crate::overview) fn died(dead: &mut Dead, point: usize, events: u64) {
        dead.activity.series.points[point] += events;
        dead.waiting += events;
    }

    /// Seen so often between two times; all of it counted at the first.
    pub(in crate::overview) fn active(facts: &Facts, events: u64, first: i64, last: i64) -> Activity {
        let mut activity = Activity {
            first: Some(first),
            last: Some(last),
            archived: Some(last),
            ..Activity::new(facts.axis.buckets)
        };
        if let Some(slot) = facts.slot(first) {
            add(&mut activity.series, slot, events);
        }
        activity
    }
}
