//! What is remembered of one broker's groups between passes, and how they stand after each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tapline_adapter::{
    Committed, Group, GroupDetail, GroupFault, GroupList, GroupMember, GroupState, PartitionEnds, Remedy,
};
use tapline_api::{GroupProblem, LagState};
use tapline_archive::{Ledger, View};

use crate::ask::Asked;
use crate::board::{Board, GroupStanding, Row};
use crate::clock::{Clock, Place, Written};
use crate::forecast::{Drain, Keeping, drain, retention_margin};
use crate::pair::Pair;
use crate::partition::Partition;

/// Looks that are drawn beside a group.
const TREND: usize = 60;

/// Rebalances that are remembered of a group.
const REBALANCES: usize = 64;

/// One broker.
#[derive(Default)]
pub(crate) struct Watch {
    source: String,
    groups: BTreeMap<String, Watched>,
    partitions: HashMap<Place, Partition>,
    names: HashSet<Arc<str>>,
    clock: Clock,
    /// Seconds that destinations keep their records, of those whose settings are known.
    pub(crate) retention: HashMap<String, Option<f64>>,
}

/// One group.
struct Watched {
    group: Group,
    /// As told last; `None` where they are not told.
    members: Option<Vec<GroupMember>>,
    pairs: HashMap<Place, Pair>,
    trend: VecDeque<Option<u64>>,
    /// When members were seen to be given other partitions, microseconds, oldest first.
    rebalances: VecDeque<i64>,
    /// Why it could not be asked.
    fault: Option<GroupFault>,
}

impl Watch {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), clock: Clock::new(source), ..Self::default() }
    }

    /// Partitions that members have.
    pub(crate) fn assigned(&self) -> BTreeSet<(String, i32)> {
        let members = self.groups.values().flat_map(|watched| watched.members.iter().flatten());
        members.flat_map(|member| member.partitions.iter().cloned()).collect()
    }

    /// Whether the members of a group are not known, or changed.
    pub(crate) fn is_news(&self, group: &Group) -> bool {
        self.groups.get(&group.name).is_none_or(|watched| watched.group.state != group.state)
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
        let Asked { at, list, committed, mut details, ends } = asked;
        let GroupList { groups, hidden, unseen, problems: told, listed } = list;
        self.look_at_ends(at, ends);
        let gone = |known: &String| told.is_empty() && groups.iter().all(|group| group.name != *known);
        self.groups.retain(|name, _| !gone(name));
        let mut standings = Vec::with_capacity(groups.len());
        for (group, committed) in groups.into_iter().zip(committed) {
            let detail = details.remove(&group.name);
            standings.push(self.look_at_group(at, group, committed, detail, tapped));
        }
        self.date(at, &mut standings, view, ledger);
        let problems = self.problems(told, &hidden, &unseen, listed);
        Board { source: self.source.clone(), at, groups: standings, problems }
    }

    fn look_at_ends(&mut self, at: i64, ends: BTreeMap<(String, i32), PartitionEnds>) {
        for ((name, partition), told) in ends {
            let place = (self.name(&name), partition);
            self.partitions.entry(place).or_default().look(at, told);
        }
        let known = self.partitions.iter().filter_map(|(place, partition)| Some((place, partition.now.end?)));
        self.clock.look(at, known);
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
    ) -> GroupStanding {
        let mut watched = self.groups.remove(&group.name).unwrap_or_else(|| Watched::new(group.clone()));
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
                watched.fault = None;
                self.look_at_pairs(at, &mut watched, &committed, tapped);
            }
            Err(fault) => watched.fault = Some(fault),
        }
        let standing = self.standing(at, &mut watched);
        self.groups.insert(standing.name.clone(), watched);
        standing
    }

    /// Every partition that the group has committed or was given, and of the destinations that it has committed anything
    /// of the others too: a partition without an offset is not one without lag.
    fn look_at_pairs(
        &mut self,
        at: i64,
        watched: &mut Watched,
        committed: &Committed,
        tapped: &BTreeSet<(String, i32)>,
    ) {
        let read: BTreeSet<&str> = committed.keys().map(|(name, _)| name.as_str()).collect();
        let given = watched.members.iter().flatten().flat_map(|member| &member.partitions);
        let beside =
            read.iter().flat_map(|name| tapped.range(((*name).to_owned(), 0)..=((*name).to_owned(), i32::MAX)));
        let all: BTreeSet<(String, i32)> = committed.keys().chain(given).chain(beside).cloned().collect();
        let mut pairs = HashMap::with_capacity(all.len());
        for place in all {
            let offset = committed.get(&place).copied();
            let place = (self.name(&place.0), place.1);
            let mut pair = watched.pairs.remove(&place).unwrap_or_default();
            let unknown = Partition::default();
            pair.look(at, offset, self.partitions.get(&place).unwrap_or(&unknown));
            pairs.insert(place, pair);
        }
        watched.pairs = pairs;
    }

    fn standing(&self, at: i64, watched: &mut Watched) -> GroupStanding {
        let owners = owners(watched.members.as_deref().unwrap_or_default());
        let mut rows: Vec<Row> = watched.pairs.iter().map(|(place, pair)| self.row(place, pair, &owners)).collect();
        rows.sort_by(|one, other| one.place.cmp(&other.place));
        let lag = rows.iter().filter_map(|row| row.standing.lag).reduce(|sum, lag| sum + lag);
        if watched.trend.len() == TREND {
            watched.trend.pop_front();
        }
        watched.trend.push_back(lag.filter(|_| watched.fault.is_none()).and_then(|lag| u64::try_from(lag).ok()));
        GroupStanding {
            at,
            name: watched.group.name.clone(),
            kind: watched.group.kind,
            state: watched.group.state,
            members: watched.members.clone(),
            rows,
            trend: watched.trend.iter().copied().collect(),
            rebalances: watched.rebalances.iter().copied().collect(),
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
            written: partition.and_then(|partition| partition.written.slope()).map(|slope| slope.a_second.max(0.0)),
            read: pair.read.slope().map(|slope| slope.a_second.max(0.0)),
            drain: standing.lag.map(|lag| drain(lag, pair.lag.slope())),
            first_unread: None,
            retention_margin: None,
            member: owners.get(&(&*place.0, place.1)).copied(),
        }
    }

    /// When what is not read was written, of all groups at once; those with most to read first.
    fn date(&mut self, at: i64, standings: &mut [GroupStanding], view: &View, ledger: &Ledger) {
        let mut behind: Vec<(i64, usize, usize)> = Vec::new();
        for (group, standing) in standings.iter().enumerate() {
            let rows = standing.rows.iter().enumerate();
            behind.extend(rows.filter_map(|(row, it)| Some((it.standing.lag.filter(|lag| *lag > 0)?, group, row))));
        }
        behind.sort_unstable_by(|one, other| other.cmp(one));
        let next = |row: &Row| row.standing.committed.unwrap_or(0).max(row.ends.start.unwrap_or(0));
        let wanted: Vec<(Place, i64)> = behind
            .iter()
            .map(|(_, group, row)| &standings[*group].rows[*row])
            .map(|row| (row.place.clone(), next(row)))
            .collect();
        let told = self.clock.tell(view, ledger, &wanted);
        self.find_nothing_unread(standings, &behind, view, ledger);
        for ((_, group, row), written) in behind.into_iter().zip(told) {
            let row = &mut standings[group].rows[row];
            if row.standing.lag == Some(0) {
                continue;
            }
            row.first_unread = Some(written);
            row.retention_margin = self.margin(at, row, next(row), written);
        }
    }

    /// Where only markers of transactions stand between what is committed and the end, nothing is unread.
    fn find_nothing_unread(
        &mut self,
        standings: &mut [GroupStanding],
        behind: &[(i64, usize, usize)],
        view: &View,
        ledger: &Ledger,
    ) {
        let range = |(lag, group, row): &(i64, usize, usize)| {
            let row = &standings[*group].rows[*row];
            let end = row.ends.end.unwrap_or(0);
            (row.place.clone(), end - lag, end)
        };
        let doubted: Vec<_> = behind.iter().map(range).collect();
        let nothing = self.clock.hold_nothing(view, ledger, &doubted);
        for ((_, group, row), _) in behind.iter().zip(nothing).filter(|(_, nothing)| *nothing) {
            let GroupStanding { name, rows, .. } = &mut standings[*group];
            let row = &mut rows[*row];
            if let Some(pair) = self.groups.get_mut(name).and_then(|watched| watched.pairs.get_mut(&row.place)) {
                pair.nothing_unread();
            }
            (row.standing.lag, row.standing.stable_lag, row.standing.state) = (Some(0), Some(0), LagState::Ok);
            row.drain = Some(Drain::Empty);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
    fn margin(&self, at: i64, row: &Row, next: i64, written: Written) -> Option<f64> {
        let age = match written {
            Written::At(written) | Written::About(written) => Some((at - written) as f64 / 1e6),
            Written::Unknown(_) => None,
        };
        let partition = self.partitions.get(&row.place)?;
        let start = partition.now.start.map(|start| (start, partition.deleted.slope()));
        let seconds = self.retention.get(&*row.place.0).copied().flatten();
        retention_margin(next, age, Keeping { start, seconds })
    }

    fn problems(&self, told: Vec<Remedy>, hidden: &[String], unseen: &[String], listed: bool) -> Vec<GroupProblem> {
        let problem = |sentence, command| GroupProblem { source: self.source.clone(), sentence, command };
        let unasked = self.groups.values().filter(|watched| !hidden.contains(&watched.group.name));
        let faults = unasked.filter_map(|watched| {
            let fault = watched.fault.as_ref()?;
            Some(problem(format!("`{}` cannot be asked: {fault}", watched.group.name), None))
        });
        let unlisted = (!listed).then(|| {
            let sentence = "the broker does not list groups: only those that `groups` names are asked for, and neither their \
                            members nor how they stand are told";
            problem(sentence.to_owned(), None)
        });
        let missing =
            unseen.iter().map(|name| problem(format!("there is no group `{name}`, or it may not be seen"), None));
        let told = told.into_iter().map(|remedy| problem(remedy.sentence, remedy.command));
        told.chain(unlisted).chain(missing).chain(faults).collect()
    }
}

impl Watched {
    fn new(group: Group) -> Self {
        Self {
            group,
            members: None,
            pairs: HashMap::new(),
            trend: VecDeque::new(),
            rebalances: VecDeque::new(),
            fault: None,
        }
    }

    /// Takes in its members.
    fn describe(&mut self, at: i64, detail: GroupDetail) -> Group {
        let GroupDetail { group, mut members } = detail;
        members.sort_by(|one, other| (&one.client, &one.host, &one.id).cmp(&(&other.client, &other.host, &other.id)));
        let moves = matches!(group.state, Some(GroupState::PreparingRebalance | GroupState::CompletingRebalance));
        let others = self.members.as_ref().is_some_and(|before| *before != members);
        if moves || others {
            if self.rebalances.len() == REBALANCES {
                self.rebalances.pop_front();
            }
            self.rebalances.push_back(at);
        }
        self.members = Some(members);
        group
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
