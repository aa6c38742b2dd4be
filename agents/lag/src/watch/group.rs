//! What is remembered of one group between passes.

use std::collections::{HashMap, VecDeque};

use tapline_adapter::{Group, GroupDetail, GroupFault, GroupMember, GroupState};

use crate::clock::Place;
use crate::pair::Pair;
use crate::record::Recorded;
use crate::trend::Trend;

/// Looks that are drawn beside a group.
const TREND: usize = 60;

/// Rebalances that are remembered of a group.
const REBALANCES: usize = 64;

/// One group.
pub(super) struct Watched {
    pub(super) group: Group,
    /// How it stood by the list: brokers may say more when they are asked for the group alone.
    pub(super) listed: Option<GroupState>,
    /// As told last; `None` where they are not told.
    pub(super) members: Option<Vec<GroupMember>>,
    pub(super) pairs: HashMap<Place, Pair>,
    trend: VecDeque<Option<u64>>,
    /// When members were seen to be given other partitions, microseconds, oldest first.
    pub(super) rebalances: VecDeque<i64>,
    /// How the lag of all its partitions together moves.
    pub(super) lag: Trend,
    /// Its newest row in the history.
    pub(super) recorded: Option<Recorded>,
    /// Whether its members were sharing anew when it was looked at last.
    moving: bool,
    /// When it could be asked last, microseconds; 0 if never.
    pub(super) asked_at: i64,
    /// Why it could not be asked since.
    pub(super) fault: Option<GroupFault>,
}

impl Watched {
    pub(super) fn new(group: Group) -> Self {
        Self {
            listed: group.state,
            group,
            members: None,
            pairs: HashMap::new(),
            trend: VecDeque::new(),
            rebalances: VecDeque::new(),
            lag: Trend::default(),
            recorded: None,
            moving: false,
            asked_at: 0,
            fault: None,
        }
    }

    /// What is drawn beside it, with how far it is behind now.
    pub(super) fn draw(&mut self, at: i64, lag: Option<i64>, memory: f64) -> Vec<Option<u64>> {
        if self.trend.len() == TREND {
            self.trend.pop_front();
        }
        let lag = lag.filter(|_| self.fault.is_none());
        if let Some(lag) = lag {
            self.lag.add(at, lag, memory);
        }
        self.trend.push_back(lag.and_then(|lag| u64::try_from(lag).ok()));
        self.trend.iter().copied().collect()
    }

    /// Takes in its members.
    pub(super) fn describe(&mut self, at: i64, detail: GroupDetail) -> Group {
        let GroupDetail { group, mut members } = detail;
        members.sort_by(|one, other| (&one.client, &one.host, &one.id).cmp(&(&other.client, &other.host, &other.id)));
        let moves = matches!(group.state, Some(GroupState::PreparingRebalance | GroupState::CompletingRebalance));
        let others = self.members.as_ref().is_some_and(|before| *before != members);
        // One that was seen under way is not another when it is done.
        let counts = (moves || others) && !self.moving;
        self.moving = moves;
        if counts {
            if self.rebalances.len() == REBALANCES {
                self.rebalances.pop_front();
            }
            self.rebalances.push_back(at);
        }
        self.members = Some(members);
        group
    }
}
