//! The last commits of a group for one partition, and the last ends of a partition: what is judged.

use std::collections::VecDeque;

use crate::burrow::Commit;

/// Commits and ends that are looked at, as Burrow's `intervals`.
pub(crate) const INTERVALS: usize = 10;

/// Commits closer than this are one, microseconds: Burrow's `min-distance`.
const APART: i64 = 1_000_000;

/// The last commits, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Commits(VecDeque<Commit>);

impl Commits {
    /// Takes one in. One that follows another at once replaces it and keeps its time: a group that commits each event
    /// would otherwise be judged by its last second. Not if it goes back, which must not be overlooked.
    pub(crate) fn add(&mut self, commit: Commit) {
        let follows = |last: &&mut Commit| commit.at - last.at < APART && commit.offset >= last.offset;
        if let Some(last) = self.0.back_mut().filter(follows) {
            *last = Commit { at: last.at, ..commit };
            return;
        }
        if self.0.len() == INTERVALS {
            self.0.pop_front();
        }
        self.0.push_back(commit);
    }

    /// Whether they may be warned by: half of a window. Two commits with lag would be a warning.
    pub(crate) fn are_enough(&self) -> bool {
        self.0.len() >= INTERVALS / 2
    }

    /// What is known since of the newest: there was nothing left to read.
    pub(crate) fn was_at_the_end(&mut self) {
        if let Some(last) = self.0.back_mut() {
            last.lag = Some(0);
        }
    }

    /// All of them.
    pub(crate) fn all(&mut self) -> &[Commit] {
        self.0.make_contiguous()
    }
}

/// The last ends of a partition, oldest first, one a look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ends(Vec<i64>);

impl Ends {
    /// Takes the newest in.
    pub(crate) fn add(&mut self, end: i64) {
        if self.0.len() == INTERVALS {
            self.0.remove(0);
        }
        self.0.push(end);
    }

    /// All of them, once they reach back far enough to tell who was at the end a moment ago.
    pub(crate) fn whole(&self) -> Option<&[i64]> {
        (self.0.len() == INTERVALS).then_some(self.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(offset: i64, at: i64) -> Commit {
        Commit { offset, at, lag: None }
    }

    #[test]
    fn commits_in_one_second_are_one_at_its_beginning() {
        let mut commits = Commits::default();
        [(1, 0), (2, 400_000), (3, 999_999), (4, APART)]
            .into_iter()
            .for_each(|(offset, at)| commits.add(commit(offset, at)));
        assert_eq!(commits.all(), [commit(3, 0), commit(4, APART)]);
    }

    #[test]
    fn who_goes_back_at_once_is_seen_to() {
        let mut commits = Commits::default();
        [(90, 0), (30, 400_000)].into_iter().for_each(|(offset, at)| commits.add(commit(offset, at)));
        assert_eq!(commits.all(), [commit(90, 0), commit(30, 400_000)]);
    }

    #[test]
    fn the_oldest_make_room() {
        let (mut commits, mut ends) = (Commits::default(), Ends::default());
        for n in 0..25 {
            commits.add(commit(n, n * 5 * APART));
            ends.add(n);
        }
        assert_eq!(commits.all().iter().map(|commit| commit.offset).collect::<Vec<_>>(), (15..25).collect::<Vec<_>>());
        assert_eq!(ends.whole(), Some((15..25).collect::<Vec<_>>().as_slice()));
    }

    #[test]
    fn less_than_half_a_window_is_not_judged() {
        let mut commits = Commits::default();
        (0..4).for_each(|n| commits.add(commit(n, n * 5 * APART)));
        assert!(!commits.are_enough());
        commits.add(commit(4, 20 * APART));
        assert!(commits.are_enough());
    }
}
