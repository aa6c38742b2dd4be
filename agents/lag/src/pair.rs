//! One group on one partition: what it committed, how that stands to the partition's ends, and what follows.

use tapline_adapter::PartitionEnds;
use tapline_api::LagState;

use crate::burrow::{Commit, Judgement, judge};
use crate::partition::Partition;
use crate::trend::Trend;
use crate::window::Commits;

/// What is remembered of a group on a partition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair {
    commits: Commits,
    committed: Option<i64>,
    /// When `committed` was seen first, microseconds.
    since: i64,
    /// How the committed offset moves.
    pub(crate) read: Trend,
    /// How the lag moves.
    pub(crate) lag: Trend,
    life: u32,
    /// Records that were deleted unread, of those that it has jumped over since.
    lost: i64,
    /// The last time it went back.
    rewound: Option<Rewound>,
    state: LagState,
}

/// A group went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rewound {
    /// When that was seen, microseconds.
    pub(crate) at: i64,
    /// Where it had been.
    pub(crate) from: i64,
    /// Where it went.
    pub(crate) to: i64,
}

/// How a group stands on a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: LagState,
    pub(crate) committed: Option<i64>,
    /// When that was seen first, microseconds.
    pub(crate) since: Option<i64>,
    /// Offsets not read up to the end; `None` when it never committed, or no end is known.
    pub(crate) lag: Option<i64>,
    /// The same up to where committed transactions end.
    pub(crate) stable_lag: Option<i64>,
    /// Records deleted unread: those it jumped over, and those it would.
    pub(crate) lost: i64,
    /// Lately.
    pub(crate) rewound: Option<Rewound>,
}

impl Pair {
    /// Takes in what is committed at a time, microseconds, against a partition that was looked at just after.
    pub(crate) fn look(&mut self, at: i64, committed: Option<i64>, partition: &Partition) {
        if self.life != partition.life {
            *self = Self { life: partition.life, ..Self::default() };
        }
        let Some(offset) = committed else {
            *self = Self { life: self.life, state: LagState::NeverCommitted, ..Self::default() };
            return;
        };
        let ends = partition.now;
        let lag = ends.end.map(|end| behind(offset, end, ends.start));
        if self.committed != Some(offset) {
            self.moved(at, offset, lag, ends);
        }
        self.read.add(at, offset);
        if let Some(lag) = lag {
            self.lag.add(at, lag);
        }
        self.state = self.judged(at, offset, lag, partition);
    }

    /// Takes in that between what is committed and the end there is no record, only markers of transactions: a lag of one
    /// that would never go (Burrow #570).
    pub(crate) fn nothing_unread(&mut self) {
        self.commits.was_at_the_end();
        self.state = LagState::Ok;
    }

    fn moved(&mut self, at: i64, offset: i64, lag: Option<i64>, ends: PartitionEnds) {
        // Offsets beyond the end belong to what was there before.
        if self.committed.zip(ends.end).is_some_and(|(from, end)| from > end) {
            *self = Self { life: self.life, ..Self::default() };
        }
        if let Some(from) = self.committed {
            if offset < from {
                self.rewound = Some(Rewound { at, from, to: offset });
                // What is read once more is not read faster.
                (self.read, self.lag) = (Trend::default(), Trend::default());
            }
            self.lost += ends.start.map_or(0, |start| (start.min(offset) - from).max(0));
        }
        self.commits.add(Commit { offset, at, lag });
        (self.committed, self.since) = (Some(offset), at);
    }

    fn judged(&mut self, at: i64, offset: i64, lag: Option<i64>, partition: &Partition) -> LagState {
        let ends = partition.now;
        if ends.end.is_some_and(|end| offset > end) {
            return LagState::Ahead;
        }
        if ends.start.is_some_and(|start| offset < start) {
            return LagState::DataLoss;
        }
        let Some(lag) = lag else { return LagState::Ok };
        let whole = self.commits.enough().is_some();
        match judge(self.commits.all(), partition.ends.whole(), lag, at) {
            Judgement::Stop => LagState::Stop,
            Judgement::Rewind => LagState::Rewind,
            Judgement::Stall if whole => LagState::Stall,
            Judgement::Warn if whole => LagState::Warn,
            _ => LagState::Ok,
        }
    }

    /// How it stands to a partition as that was looked at last.
    pub(crate) fn standing(&self, ends: PartitionEnds) -> Standing {
        let up_to = |end: Option<i64>| Some(behind(self.committed?, end?, ends.start));
        let would_lose = ends.start.zip(self.committed).map_or(0, |(start, offset)| (start - offset).max(0));
        Standing {
            state: self.state,
            committed: self.committed,
            since: self.committed.map(|_| self.since),
            lag: up_to(ends.end),
            stable_lag: up_to(ends.stable),
            lost: self.lost + would_lose,
            rewound: self.rewound,
        }
    }
}

/// Records between what is committed and an end: those that are deleted will never be read.
fn behind(committed: i64, end: i64, start: Option<i64>) -> i64 {
    (end - committed.max(start.unwrap_or(0))).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: i64 = 15_000_000;

    /// A broker and a group, looked at every fifteen seconds.
    #[derive(Default)]
    struct World {
        partition: Partition,
        pair: Pair,
        now: i64,
    }

    impl World {
        fn look(&mut self, start: i64, committed: Option<i64>, end: i64) -> Standing {
            self.now += LOOK;
            self.partition.look(self.now, PartitionEnds { start: Some(start), stable: Some(end), end: Some(end) });
            self.pair.look(self.now, committed, &self.partition);
            self.pair.standing(self.partition.now)
        }

        fn looks(&mut self, times: i64, committed: impl Fn(i64) -> i64, end: impl Fn(i64) -> i64) -> Vec<LagState> {
            (0..times).map(|n| self.look(0, Some(committed(n)), end(n)).state).collect()
        }
    }

    #[test]
    fn who_never_committed_has_no_lag() {
        let standing = World::default().look(0, None, 100);
        assert_eq!((standing.state, standing.lag, standing.since), (LagState::NeverCommitted, None, None));
    }

    #[test]
    fn who_keeps_up_is_well() {
        let states = World::default().looks(40, |n| n * 100, |n| n * 100 + 1 + n % 3);
        assert!(states.iter().all(|state| *state == LagState::Ok), "{states:?}");
    }

    #[test]
    fn who_stops_is_told_within_minutes_and_not_before() {
        let mut world = World::default();
        world.looks(20, |n| n * 100, |n| n * 100 + 3);
        let states = world.looks(30, |_| 1_900, |n| 2_000 + n * 100);
        let stopped = states.iter().position(|state| *state == LagState::Stop);
        assert!(stopped.is_some_and(|at| (8..=12).contains(&at)), "{states:?}");
        assert!(states[stopped.unwrap()..].iter().all(|state| *state == LagState::Stop), "{states:?}");
    }

    #[test]
    fn who_had_stopped_before_we_looked_is_told_after_a_window() {
        let states = World::default().looks(12, |_| 500, |n| 1_000 + n);
        assert_eq!(states.iter().position(|state| *state == LagState::Stop), Some(9), "{states:?}");
    }

    #[test]
    fn who_is_slower_than_the_producers_is_warned_of() {
        let states = World::default().looks(30, |n| n * 50, |n| n * 100 + 200);
        assert_eq!(states.last(), Some(&LagState::Warn), "{states:?}");
        assert!(states[..4].iter().all(|state| *state == LagState::Ok), "{states:?}");
    }

    /// LinkedIn's users asked for it: Burrow #38, #195, #303.
    #[test]
    fn low_traffic_and_rare_commits_do_not_flap() {
        // An event every ten minutes, read a minute later.
        let rare = World::default().looks(400, |n| (n - 4) / 40, |n| n / 40);
        assert!(rare.iter().all(|state| *state == LagState::Ok), "{rare:?}");
        // Steady traffic, a commit every five minutes.
        let slow = World::default().looks(400, |n| n / 20 * 20, |n| n);
        assert!(slow[200..].iter().all(|state| *state == LagState::Ok), "{slow:?}");
    }

    #[test]
    fn what_is_deleted_unread_is_lost_and_counted() {
        let mut world = World::default();
        world.look(0, Some(100), 1_000);
        let losing = world.look(400, Some(100), 1_000);
        assert_eq!((losing.state, losing.lost, losing.lag), (LagState::DataLoss, 300, Some(600)));
        let jumped = world.look(450, Some(460), 1_000);
        assert_eq!((jumped.state, jumped.lost), (LagState::Ok, 350));
        assert_eq!(world.look(450, Some(900), 1_000).lost, 350);
    }

    #[test]
    fn who_goes_back_is_told_until_it_is_where_it_was() {
        let mut world = World::default();
        world.looks(20, |n| n * 100, |n| n * 100 + 50);
        let back = world.look(0, Some(200), 2_100);
        assert_eq!((back.state, back.rewound.map(|back| (back.from, back.to))), (LagState::Rewind, Some((1_900, 200))));
        assert_eq!(world.look(0, Some(1_200), 2_200).state, LagState::Rewind);
        assert_eq!(world.look(0, Some(1_950), 2_200).state, LagState::Ok);
    }

    #[test]
    fn offsets_of_a_topic_that_was_made_anew_are_ahead() {
        let mut world = World::default();
        world.looks(20, |n| n * 100, |n| n * 100);
        let ahead = world.look(0, Some(1_900), 7);
        assert_eq!((ahead.state, ahead.lag), (LagState::Ahead, Some(0)));
        assert_eq!(world.look(0, Some(3), 9).state, LagState::Ok);
    }

    #[test]
    fn an_open_transaction_holds_back_only_those_who_wait_for_it() {
        let mut world = World::default();
        let ends = PartitionEnds { start: Some(0), stable: Some(100), end: Some(150) };
        world.partition.look(1, ends);
        world.pair.look(1, Some(100), &world.partition);
        let standing = world.pair.standing(ends);
        assert_eq!((standing.lag, standing.stable_lag), (Some(50), Some(0)));
    }
}
