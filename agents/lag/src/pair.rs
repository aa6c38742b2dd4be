//! One group on one partition: what it committed, how that stands to the partition's ends, and what follows.

use tapline_adapter::PartitionEnds;
use tapline_api::LagState;

use crate::burrow::{Commit, Judgement, judge};
use crate::partition::Partition;
use crate::record::Recorded;
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
    /// When records were seen to be lost last, microseconds.
    lost_at: Option<i64>,
    /// The last time it went back.
    rewound: Option<Rewound>,
    state: LagState,
    /// Its newest row in the history.
    pub(crate) recorded: Option<Recorded>,
}

/// A look at a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Microseconds.
    pub(crate) at: i64,
    /// How fast what was is forgotten, seconds.
    pub(crate) memory: f64,
    /// How long nothing may be committed where how often it commits is not known yet, microseconds. Some commit with
    /// checkpoints, minutes apart.
    pub(crate) patience: i64,
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
    /// Records deleted unread: those it jumped over, and those it will.
    pub(crate) lost: i64,
    /// When that was seen last, microseconds.
    pub(crate) lost_at: Option<i64>,
    /// Lately.
    pub(crate) rewound: Option<Rewound>,
}

impl Pair {
    /// Takes in what is committed against a partition that was looked at just after.
    pub(crate) fn look(&mut self, look: Look, committed: Option<i64>, partition: &Partition) {
        let at = look.at;
        if self.life != partition.life {
            *self = self.anew(partition.life);
        }
        let Some(offset) = committed else {
            // Where there has never been a record there is nothing to commit.
            let is_empty = ends_at_its_start(partition.now);
            let state = if is_empty { LagState::Ok } else { LagState::NeverCommitted };
            *self = Self { state, ..self.anew(self.life) };
            return;
        };
        let ends = partition.now;
        // Who waits for a transaction to end is not behind for it.
        let lag = ends.stable.or(ends.end).map(|end| behind(offset, end, ends.start));
        if self.committed != Some(offset) {
            self.moved(at, offset, lag, partition);
        }
        self.read.add(at, offset, look.memory);
        if let Some(lag) = lag {
            self.lag.add(at, lag, look.memory);
        }
        self.state = self.judged(look, offset, lag, partition);
        if self.state == LagState::DataLoss {
            self.lost_at = Some(at);
        }
    }

    /// Takes in that between what is committed and the end there is no record, only markers of transactions: a lag of one
    /// that would never go (Burrow #570).
    pub(crate) fn nothing_unread(&mut self) {
        self.commits.was_at_the_end();
        self.state = LagState::Ok;
    }

    fn anew(&self, life: u32) -> Self {
        Self { life, recorded: self.recorded, lost: self.lost, lost_at: self.lost_at, ..Self::default() }
    }

    fn moved(&mut self, at: i64, offset: i64, lag: Option<i64>, partition: &Partition) {
        // Offsets beyond the end belong to what was there before.
        if self.committed.zip(partition.now.end).is_some_and(|(from, end)| from > end) {
            *self = self.anew(self.life);
        }
        if let Some(from) = self.committed {
            if offset < from {
                self.rewound = Some(Rewound { at, from, to: offset });
                // What is read once more is not read faster.
                (self.read, self.lag) = (Trend::default(), Trend::default());
            }
            // Not by what is deleted by now: it may have read that in time.
            let lost = partition.start_before.map_or(0, |start| start.min(offset).saturating_sub(from).max(0));
            if lost > 0 {
                self.lost = self.lost.saturating_add(lost);
                self.lost_at = Some(at);
            }
        }
        self.commits.add(Commit { offset, at, lag });
        (self.committed, self.since) = (Some(offset), at);
    }

    fn judged(&mut self, look: Look, offset: i64, lag: Option<i64>, partition: &Partition) -> LagState {
        if partition.now.end.is_some_and(|end| offset > end) {
            return LagState::Ahead;
        }
        if partition.start_before.is_some_and(|start| offset < start) {
            return LagState::DataLoss;
        }
        let Some(lag) = lag else { return LagState::Ok };
        let whole = self.commits.are_enough();
        let ends = partition.ends.whole().filter(|_| whole || look.at - self.since >= look.patience);
        match judge(self.commits.all(), ends, lag, look.at) {
            Judgement::Stop => LagState::Stop,
            Judgement::Rewind => LagState::Rewind,
            Judgement::Stall if whole => LagState::Stall,
            Judgement::Warn if whole && self.is_late(lag, partition) => LagState::Warn,
            _ => LagState::Ok,
        }
    }

    /// Whether a lag that does not fall is more than what is always under way: it grows for sure, or is that of a minute.
    #[expect(clippy::cast_precision_loss, reason = "compared with an estimate")]
    fn is_late(&self, lag: i64, partition: &Partition) -> bool {
        let grows = self.lag.slope().is_some_and(|slope| slope.a_second > 2.0 * slope.error);
        let a_minute = partition.written.slope().map(|slope| slope.a_second * 60.0);
        grows || a_minute.is_none_or(|a_minute| lag as f64 > a_minute)
    }

    /// How it stands to a partition as that was looked at last.
    pub(crate) fn standing(&self, ends: PartitionEnds) -> Standing {
        let up_to = |end: Option<i64>| Some(behind(self.committed?, end?, ends.start));
        let is_losing = self.state == LagState::DataLoss;
        let loses = ends.start.zip(self.committed).filter(|_| is_losing);
        let will_lose = loses.map_or(0, |(start, offset)| start.saturating_sub(offset).max(0));
        Standing {
            state: self.state,
            committed: self.committed,
            since: self.committed.map(|_| self.since),
            lag: up_to(ends.end),
            stable_lag: up_to(ends.stable),
            lost: self.lost.saturating_add(will_lose),
            lost_at: self.lost_at,
            rewound: self.rewound,
        }
    }
}

fn ends_at_its_start(ends: PartitionEnds) -> bool {
    ends.end.is_some() && ends.end == ends.start
}

/// Records between what is committed and an end: those that are deleted will never be read.
fn behind(committed: i64, end: i64, start: Option<i64>) -> i64 {
    end.saturating_sub(committed.max(start.unwrap_or(0))).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: i64 = 15_000_000;

    fn at(at: i64) -> Look {
        Look { at, memory: 150.0, patience: 40 * LOOK }
    }

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
            let ends = PartitionEnds { start: Some(start), stable: Some(end), end: Some(end) };
            self.partition.look(self.now, ends, 150.0);
            self.pair.look(at(self.now), committed, &self.partition);
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
        let empty = World::default().look(7, None, 7);
        assert_eq!((empty.state, empty.lag), (LagState::Ok, None));
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
    fn who_had_stopped_before_we_looked_is_told_after_some_minutes() {
        let states = World::default().looks(60, |_| 500, |n| 1_000 + n);
        assert_eq!(states.iter().position(|state| *state == LagState::Stop), Some(40), "{states:?}");
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
        assert!(slow.iter().all(|state| *state == LagState::Ok), "{slow:?}");
    }

    #[test]
    fn what_is_deleted_unread_is_lost_and_counted() {
        let mut world = World::default();
        world.look(0, Some(100), 1_000);
        // It may be about to commit what it read before that.
        let deleted = world.look(400, Some(100), 1_000);
        assert_eq!((deleted.state, deleted.lost, deleted.lag), (LagState::Ok, 0, Some(600)));
        let losing = world.look(400, Some(100), 1_000);
        assert_eq!((losing.state, losing.lost, losing.lost_at), (LagState::DataLoss, 300, Some(3 * LOOK)));
        let jumped = world.look(450, Some(460), 1_000);
        assert_eq!((jumped.state, jumped.lost, jumped.lost_at), (LagState::Ok, 300, Some(4 * LOOK)));
        let later = world.look(450, Some(900), 1_000);
        assert_eq!((later.lost, later.lost_at), (300, Some(4 * LOOK)));
    }

    /// A quarter of an hour of retention, read within minutes: nothing was ever lost.
    #[test]
    fn what_is_deleted_after_it_was_read_is_not_lost() {
        let mut world = World::default();
        for n in 0..50 {
            let standing = world.look(n * 1_000 - 500, Some(n * 1_000), n * 1_000 + 10 + n % 3);
            assert_eq!((standing.lost, standing.state), (0, LagState::Ok), "{n}");
        }
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
        let mut standing = None;
        for now in (1..50).map(|n| n * LOOK) {
            world.partition.look(now, ends, 150.0);
            world.pair.look(at(now), Some(100), &world.partition);
            standing = Some(world.pair.standing(ends));
        }
        let standing = standing.unwrap();
        assert_eq!((standing.lag, standing.stable_lag, standing.state), (Some(50), Some(0), LagState::Ok));
    }
}
