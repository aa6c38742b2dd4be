//! What is remembered of one broker's groups between passes, and how they stand after each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tapline_adapter::{Committed, Group, GroupDetail, GroupFault, GroupList, GroupMember, PartitionEnds, Remedy};
use tapline_api::{GroupProblem, Level};
use tapline_archive::{Ledger, View};

use crate::ask::Asked;
use crate::board::{Board, GroupStanding, Row};
use crate::clock::{Clock, Place};
use crate::forecast::{Drain, Retention, drain};
use crate::pair::{Look, Pair};
use crate::partition::Partition;
use group::Watched;

mod dating;
mod group;
mod markers;
mod recording;
#[cfg(test)]
mod tests;

/// After so many seconds a look counts half: the last ten minutes decide.
const MEMORY: f64 = 150.0;

/// Not sooner than after so many looks.
const REMEMBERED: u32 = 5;

/// Who has hardly committed while we look has stopped after so many of them: ten minutes by default.
const PATIENCE: i64 = 40;

/// A partition that was not told for so long is forgotten, microseconds.
const FORGOTTEN: i64 = 3_600 * 1_000_000;

/// One broker.
#[derive(Default)]
pub(crate) struct Watch {
    source: String,
    groups: BTreeMap<String, Watched>,
    partitions: HashMap<Place, Partition>,
    names: HashSet<Arc<str>>,
    clock: Clock,
    /// How long destinations keep their records, of those that were asked for.
    pub(crate) retention: HashMap<String, Retention>,
    /// Offsets up to an end that were looked up: partition and first offset, and that end.
    doubts: HashMap<(Place, i64), i64>,
    /// Between two looks, microseconds.
    period: i64,
    /// When rows were made for the history last, microseconds.
    recorded_at: i64,
    /// How fast what was is forgotten, seconds.
    memory: f64,
    /// How long nothing may be committed where little is known, microseconds.
    patience: i64,
}

impl Watch {
    pub(crate) fn new(source: &str, period: Duration) -> Self {
        let memory = (period * REMEMBERED).as_secs_f64().max(MEMORY);
        let period = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
        let patience = period.saturating_mul(PATIENCE);
        Self { source: source.to_owned(), clock: Clock::new(source), memory, patience, period, ..Self::default() }
    }

    /// Partitions that members have.
    pub(crate) fn assigned(&self) -> BTreeSet<(String, i32)> {
        let members = self.groups.values().flat_map(|watched| watched.members.iter().flatten());
        members.flat_map(|member| member.partitions.iter().cloned()).collect()
    }

    /// Whether the members of a group are not known, or changed.
    pub(crate) fn is_news(&self, group: &Group) -> bool {
        self.groups.get(&group.name).is_none_or(|watched| watched.listed != group.state)
    }

    /// Destinations that groups read.
    pub(crate) fn destinations(&self) -> BTreeSet<String> {
        self.partitions.keys().map(|(name, _)| name.to_string()).collect()
    }

    /// Takes in what a broker told, and says how its groups stand.
    pub(crate) fn take(
        &mut self,
        asked: Asked,
        tapped: &BTreeSet<(String, i32)>,
        view: &View,
        ledger: &Ledger,
    ) -> Board {
        let Asked { at, list, committed, mut details, ends, untold } = asked;
        let GroupList { groups, hidden, unseen, problems: told, partial, listed } = list;
        self.look_at_ends(at, ends);
        let names: BTreeSet<String> = groups.iter().map(|group| group.name.clone()).collect();
        if !partial {
            self.groups.retain(|name, _| names.contains(name));
        }
        for (group, committed) in groups.into_iter().zip(committed) {
            let detail = details.remove(&group.name);
            self.look_at_group(at, group, committed, detail, tapped);
        }
        for (_, watched) in self.groups.iter_mut().filter(|(name, _)| !names.contains(*name)) {
            watched.fault = Some(GroupFault::Other("its broker did not answer".to_owned()));
        }
        // Of a group that could never be asked there is nothing to be shown but why.
        let mut standings: Vec<GroupStanding> =
            self.groups.values().filter(|watched| watched.asked_at > 0).map(|watched| self.standing(watched)).collect();
        self.date(&mut standings, view, ledger);
        for standing in &mut standings {
            if let Some(watched) = self.groups.get_mut(&standing.name) {
                let lag = standing.lag();
                standing.trend = watched.draw(at, lag, self.memory);
                standing.drain = lag.map_or(Drain::Unknown, |lag| drain(lag, watched.lag.slope()));
            }
        }
        let problems = self.problems(told, &hidden, &unseen, listed, untold);
        let unasked = self.groups.len() - standings.len();
        Board { source: self.source.clone(), at, groups: standings, problems, unasked, period: self.period }
    }

    fn look_at_ends(&mut self, at: i64, ends: BTreeMap<(String, i32), PartitionEnds>) {
        for ((name, partition), told) in ends {
            let place = (self.name(&name), partition);
            self.partitions.entry(place).or_default().look(at, told, self.memory);
        }
        self.partitions.retain(|_, partition| at - partition.looked_at < FORGOTTEN);
        let told = self.partitions.iter().filter(|(_, partition)| partition.looked_at == at);
        let known = told.filter_map(|(place, partition)| Some((place, partition.now.end?)));
        self.clock.look(at, known);
        self.clock.keep(|place| self.partitions.contains_key(place));
        self.retention.retain(|name, _| self.names.contains(name.as_str()));
        self.names.retain(|name| Arc::strong_count(name) > 1);
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.names.insert(Arc::clone(&name));
        name
    }

    fn look_at_group(
        &mut self,
        at: i64,
        group: Group,
        committed: Result<Committed, GroupFault>,
        detail: Option<Result<GroupDetail, GroupFault>>,
        tapped: &BTreeSet<(String, i32)>,
    ) {
        let mut watched = self.groups.remove(&group.name).unwrap_or_else(|| Watched::new(group.clone()));
        watched.listed = group.state;
        let group = match detail {
            Some(Ok(detail)) => watched.describe(at, detail),
            Some(Err(_)) => {
                watched.members = None;
                group
            }
            None => group,
        };
        watched.group = group;
        match committed {
            Ok(committed) => {
                (watched.fault, watched.asked_at) = (None, at);
                self.look_at_pairs(at, &mut watched, &committed, tapped);
            }
            Err(fault) => watched.fault = Some(fault),
        }
        self.groups.insert(watched.group.name.clone(), watched);
    }

    /// Every partition that the group has committed or was given. Where it has no members to be given any, also the others
    /// of the destinations that it has committed: a partition without an offset is not one without lag.
    fn look_at_pairs(
        &mut self,
        at: i64,
        watched: &mut Watched,
        committed: &Committed,
        tapped: &BTreeSet<(String, i32)>,
    ) {
        let read: BTreeSet<&str> = committed.keys().map(|(name, _)| name.as_str()).collect();
        let given = watched.members.iter().flatten().flat_map(|member| &member.partitions);
        let shared = watched.members.as_ref().is_some_and(|members| !members.is_empty());
        let beside = read
            .iter()
            .filter(|_| !shared)
            .flat_map(|name| tapped.range(((*name).to_owned(), 0)..=((*name).to_owned(), i32::MAX)));
        let all: BTreeSet<(String, i32)> = committed.keys().chain(given).chain(beside).cloned().collect();
        let look = Look { at, memory: self.memory, patience: self.patience };
        let unknown = Partition::default();
        let mut pairs = HashMap::with_capacity(all.len());
        for place in all {
            let offset = committed.get(&place).copied();
            let place = (self.name(&place.0), place.1);
            let before = watched.pairs.remove(&place);
            let partition = self.partitions.get(&place).unwrap_or(&unknown);
            // Against an end of before it would be ahead of what it has read since.
            let is_told = partition.looked_at == at || before.is_none();
            let mut pair = before.unwrap_or_default();
            if is_told {
                pair.look(look, offset, partition);
            }
            pairs.insert(place, pair);
        }
        watched.pairs = pairs;
    }

    fn standing(&self, watched: &Watched) -> GroupStanding {
        let owners = owners(watched.members.as_deref().unwrap_or_default());
        let mut rows: Vec<Row> = watched.pairs.iter().map(|(place, pair)| self.row(place, pair, &owners)).collect();
        rows.sort_by(|one, other| one.place.cmp(&other.place));
        GroupStanding {
            at: watched.asked_at,
            name: watched.group.name.clone(),
            kind: watched.group.kind,
            state: watched.group.state,
            members: watched.members.clone(),
            rows,
            trend: Vec::new(),
            rebalances: watched.rebalances.iter().copied().collect(),
            fault: watched.fault.as_ref().map(ToString::to_string),
            drain: Drain::Unknown,
        }
    }

    fn row(&self, place: &Place, pair: &Pair, owners: &HashMap<(&str, i32), usize>) -> Row {
        let partition = self.partitions.get(place);
        let ends = partition.map(|partition| partition.now).unwrap_or_default();
        let standing = pair.standing(ends);
        Row {
            place: place.clone(),
            standing,
            ends,
            held_since: partition.and_then(|partition| partition.held_since),
            written: partition.and_then(|partition| partition.written.slope()).map(|slope| slope.a_second.max(0.0)),
            read: pair.read.slope().map(|slope| slope.a_second.max(0.0)),
            incarnation: 1,
            drain: standing.lag.map(|lag| drain(lag, pair.lag.slope())),
            first_unread: None,
            retention_margin: None,
            retention_known: false,
            member: owners.get(&(&*place.0, place.1)).copied(),
        }
    }

    fn problems(
        &self,
        told: Vec<Remedy>,
        hidden: &[String],
        unseen: &[String],
        listed: bool,
        untold: usize,
    ) -> Vec<GroupProblem> {
        let problem =
            |sentence, command| GroupProblem { source: self.source.clone(), sentence, command, level: Level::Warn };
        // A broker that is away takes many groups with it, all for one reason.
        let mut unasked = BTreeMap::<String, Vec<&str>>::new();
        for watched in self.groups.values().filter(|watched| !hidden.contains(&watched.group.name)) {
            if let Some(fault) = &watched.fault {
                unasked.entry(fault.to_string()).or_default().push(&watched.group.name);
            }
        }
        let faults = unasked.into_iter().map(|(fault, names)| {
            let named: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
            let more = names.len() - named.len();
            let more = if more > 0 { format!(" and {more} more groups") } else { String::new() };
            problem(format!("{}{more} cannot be asked: {fault}", named.join(", ")), None)
        });
        let unlisted = (!listed).then(|| {
            let sentence = "the broker does not list groups: only those that `groups` names are asked for, and neither their \
                            members nor how they stand are told";
            // So it is with such brokers, and nobody can mend it.
            GroupProblem { level: Level::Mute, ..problem(sentence.to_owned(), None) }
        });
        let missing =
            unseen.iter().map(|name| problem(format!("there is no group `{name}`, or it may not be seen"), None));
        let told = told.into_iter().map(|remedy| problem(remedy.sentence, remedy.command));
        let untold = (untold > 0).then(|| {
            let partitions = if untold == 1 { "of one partition was" } else { "of {n} partitions were" };
            let partitions = partitions.replace("{n}", &untold.to_string());
            problem(
                format!("where records end {partitions} not told: what is shown there is of before, or missing"),
                None,
            )
        });
        told.chain(unlisted).chain(missing).chain(untold).chain(faults).collect()
    }
}

/// Which member has which partition.
fn owners(members: &[GroupMember]) -> HashMap<(&str, i32), usize> {
    members
        .iter()
        .enumerate()
        .flat_map(|(at, member)| member.partitions.iter().map(move |(name, number)| ((name.as_str(), *number), at)))
        .collect()
}
