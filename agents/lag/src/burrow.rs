//! Burrow's judgement of one partition: the rules of its evaluator in its order, the first that holds is the answer.
//!
//! They tell a consumer that is slow from one that stands still without any threshold to be chosen, by what it has
//! committed lately. Source: `core/internal/evaluator/caching.go` of linkedin/Burrow, whose published cases are the tests.
//! Owns the rules alone; which commits are looked at belongs to [`crate::window`].

/// What a group has committed for a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The next offset that is read.
    pub(crate) offset: i64,
    /// When, microseconds since 1970.
    pub(crate) at: i64,
    /// Offsets between it and the end of the partition then; `None` where that is not known.
    pub(crate) lag: Option<i64>,
}

/// How a partition stands by what was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Keeps up, or catches up.
    Ok,
    /// Reads, and does not get nearer to the end.
    Warn,
    /// Went back, and has not been where it was since.
    Rewind,
    /// Has not committed for longer than all its last commits took.
    Stop,
    /// Commits the same offset again and again.
    Stall,
}

/// Judges by commits, oldest first, and by the ends that the partition had lately; `None` while these do not reach back
/// far enough to tell who was at the end a moment ago, and then nobody has stopped. `lag` is that of `now`, microseconds.
/// No commits are no judgement.
pub(crate) fn judge(commits: &[Commit], ends: Option<&[i64]>, lag: i64, now: i64) -> Judgement {
    let (Some(first), Some(last)) = (commits.first(), commits.last()) else { return Judgement::Ok };
    if lag <= 0 {
        return Judgement::Ok;
    }
    let has_stopped = now - last.at > last.at - first.at;
    // Who was at the end a moment ago did not stop: there was nothing to read.
    if has_stopped && ends.is_some_and(|ends| ends.iter().all(|end| *end > last.offset)) {
        return Judgement::Stop;
    }
    if is_rewound(commits) {
        return Judgement::Rewind;
    }
    if commits.iter().any(|commit| commit.lag.is_some_and(|lag| lag <= 0)) {
        return Judgement::Ok;
    }
    if commits.iter().all(|commit| commit.offset == first.offset) {
        return Judgement::Stall;
    }
    let lags: Vec<i64> = commits.iter().filter_map(|commit| commit.lag).collect();
    if lags.is_sorted() { Judgement::Warn } else { Judgement::Ok }
}

fn is_rewound(commits: &[Commit]) -> bool {
    let back = commits.windows(2).position(|pair| pair[1].offset < pair[0].offset);
    back.is_some_and(|at| commits[at + 1..].iter().all(|later| later.offset < commits[at].offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset, milliseconds, lag.
    type Seen = (i64, i64, Option<i64>);

    fn judged(seen: &[Seen], ends: &[i64], lag: i64, seconds: i64) -> Judgement {
        let commits: Vec<Commit> =
            seen.iter().map(|&(offset, at, lag)| Commit { offset, at: at * 1000, lag }).collect();
        judge(&commits, Some(ends), lag, seconds * 1_000_000)
    }

    /// Five commits a hundred seconds apart, with these lags.
    fn reading(lags: [i64; 5]) -> Vec<Seen> {
        (1..).zip(lags).map(|(n, lag)| (n * 1000, n * 100_000, Some(lag))).collect()
    }

    /// The same without getting on.
    fn standing(lags: [i64; 5]) -> Vec<Seen> {
        reading(lags).into_iter().map(|(_, at, lag)| (1000, at, lag)).collect()
    }

    fn idle() -> Vec<Seen> {
        let times = [
            18_356, 19_362, 20_366, 21_367, 22_370, 23_373, 24_378, 25_379, 26_383, 27_383, 28_383, 29_388, 30_391,
            31_394, 32_397,
        ];
        (792_748_079..).zip(times).map(|(offset, at)| (offset, 1_512_224_600_000 + at, Some(0))).collect()
    }

    #[test]
    fn burrows_case_0_lag_was_zero() {
        assert_eq!(judged(&reading([0, 50, 100, 150, 200]), &[5200], 200, 600), Judgement::Ok);
    }

    #[test]
    fn burrows_case_1_as_long_as_its_commits_took_is_not_stopped() {
        assert_eq!(judged(&reading([0, 50, 100, 150, 200]), &[5200], 200, 900), Judgement::Ok);
    }

    #[test]
    fn burrows_case_2_stopped_though_lag_was_zero() {
        assert_eq!(judged(&reading([0, 50, 100, 150, 200]), &[5200], 200, 1000), Judgement::Stop);
    }

    #[test]
    fn burrows_case_3_stopped() {
        assert_eq!(judged(&reading([50, 100, 150, 200, 250]), &[5250], 250, 1000), Judgement::Stop);
    }

    #[test]
    fn burrows_case_4_the_same_offset_and_lag_was_zero() {
        assert_eq!(judged(&standing([0, 50, 100, 150, 200]), &[1200], 200, 600), Judgement::Ok);
    }

    #[test]
    fn burrows_case_5_stalled() {
        assert_eq!(judged(&standing([100, 150, 200, 250, 300]), &[1300], 300, 600), Judgement::Stall);
    }

    #[test]
    fn burrows_case_6_stalled_with_steady_lag() {
        assert_eq!(judged(&standing([100; 5]), &[1100], 100, 600), Judgement::Stall);
    }

    fn back_and_on(last: i64) -> Vec<Seen> {
        let offsets = [(1000, 100), (2000, 150), (3000, 200), (2000, 1250), (last, 300)];
        (1..).zip(offsets).map(|(n, (offset, lag))| (offset, n * 100_000, Some(lag))).collect()
    }

    /// Burrow said rewound here until its rule learnt that a consumer may be back where it was.
    #[test]
    fn burrows_case_7_went_back_and_is_beyond_where_it_was() {
        assert_eq!(judged(&back_and_on(4000), &[4300], 300, 600), Judgement::Ok);
        assert_eq!(judged(&back_and_on(3000), &[4300], 300, 600), Judgement::Ok);
    }

    #[test]
    fn went_back_and_is_not_where_it_was() {
        assert_eq!(judged(&back_and_on(2900), &[4300], 300, 600), Judgement::Rewind);
    }

    #[test]
    fn burrows_case_8_no_lag_now() {
        assert_eq!(judged(&reading([50, 100, 150, 200, 250]), &[5250], 0, 1000), Judgement::Ok);
    }

    #[test]
    fn burrows_case_9_stopped_with_lag_of_zero_before_new_records() {
        let ends = [792_749_024, 792_749_000, 792_748_800, 792_748_600, 792_748_500];
        assert_eq!(judged(&idle(), &ends, 931, 1_512_224_650), Judgement::Stop);
    }

    #[test]
    fn burrows_case_10_was_at_the_end_a_moment_ago() {
        let ends = [792_748_094, 792_748_093, 792_748_093, 792_748_093];
        assert_eq!(judged(&idle(), &ends, 1, 1_512_224_650), Judgement::Ok);
    }

    #[test]
    fn burrows_case_11_lags_that_are_not_known_change_nothing() {
        let known = reading([0, 50, 100, 150, 200]);
        let between = |(offset, at, _): &Seen| (offset + 500, at + 50_000, None);
        let all: Vec<Seen> = known.iter().flat_map(|seen| [*seen, between(seen)]).collect();
        assert_eq!(judged(&all, &[5700], 200, 600), Judgement::Ok);
    }

    #[test]
    fn slower_than_what_is_written_is_a_warning() {
        assert_eq!(judged(&reading([50, 100, 100, 150, 250]), &[5250], 250, 600), Judgement::Warn);
        assert_eq!(judged(&reading([50, 100, 90, 150, 250]), &[5250], 250, 600), Judgement::Ok);
    }

    #[test]
    fn as_long_as_ends_are_not_known_nobody_has_stopped() {
        let commits = [Commit { offset: 5, at: 0, lag: Some(3) }, Commit { offset: 2, at: 1, lag: Some(6) }];
        assert_eq!(judge(&commits, None, 6, 1_000_000), Judgement::Rewind);
        assert_eq!(judge(&commits, Some(&[8]), 6, 1_000_000), Judgement::Stop);
    }

    #[test]
    fn without_commits_nothing_is_judged() {
        assert_eq!(judged(&[], &[10], 10, 600), Judgement::Ok);
    }
}
