//! How the groups of one broker stood after a pass. What readers are shown is made of it when they ask.

use tapline_adapter::{GroupKind, GroupMember, GroupState, PartitionEnds};
use tapline_api::{GroupProblem, LagState};

use crate::clock::{Place, Written};
use crate::forecast::Drain;
use crate::pair::Standing;

/// One broker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    pub(crate) source: String,
    /// When its groups were asked, microseconds; 0 before the first time.
    pub(crate) at: i64,
    /// By name.
    pub(crate) groups: Vec<GroupStanding>,
    pub(crate) problems: Vec<GroupProblem>,
    /// Groups that are there and could never be asked.
    pub(crate) unasked: usize,
    /// Between two looks, microseconds.
    pub(crate) period: i64,
}

impl Board {
    /// For how long nothing was heard, microseconds, where that is longer than it should be.
    pub(crate) fn silent_for(&self, now: i64) -> Option<i64> {
        let silent = now - self.at;
        (self.at > 0 && silent > (5 * self.period).max(SILENT)).then_some(silent)
    }
}

/// A broker that was not heard for longer is told of, microseconds.
const SILENT: i64 = 60 * 1_000_000;

/// One group.
#[derive(Debug, Clone)]
pub(crate) struct GroupStanding {
    /// When it was asked, microseconds.
    pub(crate) at: i64,
    pub(crate) name: String,
    pub(crate) kind: Option<GroupKind>,
    pub(crate) state: Option<GroupState>,
    /// By client; `None` where they are not told.
    pub(crate) members: Option<Vec<GroupMember>>,
    /// By destination and number.
    pub(crate) rows: Vec<Row>,
    /// Why it could not be asked since.
    pub(crate) fault: Option<String>,
    /// When all its partitions together have caught up.
    pub(crate) drain: Drain,
    /// Lag of all its partitions at each look, oldest first.
    pub(crate) trend: Vec<Option<u64>>,
    /// When its members were seen to share anew, microseconds, oldest first.
    pub(crate) rebalances: Vec<i64>,
}

/// One partition that a group reads.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) standing: Standing,
    pub(crate) ends: PartitionEnds,
    /// Since when open transactions hold back the same record, microseconds.
    pub(crate) held_since: Option<i64>,
    /// Records a second.
    pub(crate) written: Option<f64>,
    /// Records a second.
    pub(crate) read: Option<f64>,
    /// Which life of the destination it is.
    pub(crate) incarnation: i32,
    /// `None` without a lag to be known.
    pub(crate) drain: Option<Drain>,
    /// When the first record was written that is not read; `None` without one.
    pub(crate) first_unread: Option<Written>,
    /// Seconds; `None` where nothing is deleted, or that is not known.
    pub(crate) retention_margin: Option<f64>,
    /// Whether that is known.
    pub(crate) retention_known: bool,
    /// Which of the members has it.
    pub(crate) member: Option<usize>,
}

impl Row {
    /// Seconds since the first record that is not read was written, and whether by its own time.
    #[expect(clippy::cast_precision_loss, reason = "seconds that are shown")]
    pub(crate) fn behind(&self, at: i64) -> Option<(f64, bool)> {
        let since = |written: i64| ((at - written) as f64 / 1e6).max(0.0);
        match (self.first_unread, self.standing.lag) {
            (Some(Written::At(written)), _) => Some((since(written), true)),
            (Some(Written::About(written)), _) => Some((since(written), false)),
            (None, Some(0)) => Some((0.0, true)),
            _ => None,
        }
    }
}

impl GroupStanding {
    /// As its worst partition. Without any it has committed nothing.
    pub(crate) fn worst(&self) -> LagState {
        self.rows.iter().map(|row| row.standing.state).max().unwrap_or(LagState::NeverCommitted)
    }

    /// Records not read; `None` where nothing was committed.
    pub(crate) fn lag(&self) -> Option<i64> {
        self.rows.iter().filter_map(|row| row.standing.lag).reduce(i64::saturating_add)
    }

    /// Of the partition that is furthest behind. Those that have read everything say nothing of one whose time is not known.
    pub(crate) fn behind(&self) -> Option<(f64, bool)> {
        let late = self.rows.iter().filter(|row| row.standing.lag > Some(0));
        let known = late.clone().filter_map(|row| row.behind(self.at)).max_by(|one, other| one.0.total_cmp(&other.0));
        let is_done = || self.rows.iter().any(|row| row.standing.lag == Some(0)) && late.count() == 0;
        known.or_else(|| is_done().then_some((0.0, true)))
    }

    /// Partitions with something committed whose end was never told: how far it is behind there nobody knows.
    pub(crate) fn unknown(&self) -> usize {
        self.rows.iter().filter(|row| row.standing.committed.is_some() && row.standing.lag.is_none()).count()
    }

    /// Whether it is known of every partition with something unread until when that is kept.
    pub(crate) fn retention_known(&self) -> bool {
        self.rows.iter().all(|row| row.standing.lag == Some(0) || row.retention_known)
    }

    /// Records a second, written and read.
    pub(crate) fn rates(&self) -> (Option<f64>, Option<f64>) {
        let sum = |rate: fn(&Row) -> Option<f64>| self.rows.iter().filter_map(rate).reduce(|sum, rate| sum + rate);
        (sum(|row| row.written), sum(|row| row.read))
    }

    /// The least of its partitions.
    pub(crate) fn retention_margin(&self) -> Option<f64> {
        self.rows.iter().filter_map(|row| row.retention_margin).reduce(f64::min)
    }

    /// Records deleted unread.
    pub(crate) fn lost(&self) -> u64 {
        let lost = self.rows.iter().map(|row| u64::try_from(row.standing.lost).unwrap_or(0));
        lost.fold(0, u64::saturating_add)
    }

    /// What it reads.
    pub(crate) fn destinations(&self) -> Vec<String> {
        let mut names: Vec<String> = self.rows.iter().map(|row| row.place.0.to_string()).collect();
        names.dedup();
        names
    }
}
