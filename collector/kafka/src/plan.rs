//! Where reading goes on in one partition, given what the archive holds and what the broker still has. Pure.

use tapline_adapter::ResumePoint;

/// A live lane that resumes at most this far behind simply catches up. More becomes backfill, so that fresh rows of
/// other partitions do not wait for it.
pub(crate) const CATCH_UP: i64 = 500;

/// What a broker says about a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    /// Identity of the topic, where the broker tells it.
    pub(crate) id: Option<String>,
    /// Oldest offset kept.
    pub(crate) low: i64,
    /// Where committed records end.
    pub(crate) end: i64,
    /// Where a partition without a resume point begins.
    pub(crate) since: i64,
}

/// How to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) at: ResumePoint,
    /// Incarnation and range of what retention removed before it was read.
    pub(crate) expired: Vec<(i32, i64, i64)>,
    /// The log ends before what was read already: the broker lost records that were acknowledged.
    pub(crate) truncated: Option<(i64, i64)>,
}

/// Plans a partition. `moving` says that its live lane is being read at this moment, so that a `next` beyond `end` only
/// means that `end` is a little old.
pub(crate) fn plan(resume: Option<&ResumePoint>, found: &Found, moving: bool) -> Plan {
    match resume {
        None => fresh(1, found.since, found),
        Some(resume) if is_recreated(resume, found, moving) => {
            Plan { expired: left_over(resume), ..fresh(resume.incarnation.saturating_add(1), found.low, found) }
        }
        Some(resume) => go_on(resume, found, moving),
    }
}

fn is_recreated(resume: &ResumePoint, found: &Found, moving: bool) -> bool {
    match (&resume.destination_id, &found.id) {
        (Some(known), Some(now)) => known != now,
        // Without identities a log that is shorter than what was read is the only sign.
        _ => !moving && resume.next > found.end,
    }
}

fn fresh(incarnation: i32, since: i64, found: &Found) -> Plan {
    let since = since.clamp(found.low.min(found.end), found.end);
    let (next, backfill) = split(since, found.end);
    let at = ResumePoint { destination_id: found.id.clone(), incarnation, next, backfill };
    Plan { at, expired: Vec::new(), truncated: None }
}

fn go_on(resume: &ResumePoint, found: &Found, moving: bool) -> Plan {
    let incarnation = resume.incarnation;
    let mut expired = Vec::new();
    let backfill = resume.backfill.filter(|(from, to)| from < to).and_then(|(from, to)| {
        if from < found.low {
            expired.push((incarnation, from, to.min(found.low)));
        }
        (to > found.low).then(|| (from.max(found.low), to))
    });
    let truncated = (!moving && resume.next > found.end).then_some((resume.next, found.end));
    let mut next = if truncated.is_some() { found.end } else { resume.next };
    if next < found.low {
        expired.push((incarnation, next, found.low));
        next = found.low;
    }
    // A resume point has room for one range behind the live lane, so while one is open the live lane itself catches up.
    let (next, backfill) = if backfill.is_none() { split(next, found.end) } else { (next, backfill) };
    let destination_id = found.id.clone().or_else(|| resume.destination_id.clone());
    Plan { at: ResumePoint { destination_id, incarnation, next, backfill }, expired, truncated }
}

fn split(next: i64, end: i64) -> (i64, Option<(i64, i64)>) {
    if end - next > CATCH_UP { (end, Some((next, end))) } else { (next, None) }
}

/// What of a former life was still to be read and never will be.
fn left_over(resume: &ResumePoint) -> Vec<(i32, i64, i64)> {
    resume.backfill.iter().filter(|(from, to)| from < to).map(|&(from, to)| (resume.incarnation, from, to)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(low: i64, end: i64) -> Found {
        Found { topic: "t".into(), partition: 0, id: Some("a".into()), low, end, since: low }
    }

    fn resume(next: i64, backfill: Option<(i64, i64)>) -> ResumePoint {
        ResumePoint { destination_id: Some("a".into()), incarnation: 1, next, backfill }
    }

    #[test]
    fn first_start_reads_live_from_the_end_and_the_rest_behind_it() {
        let plan = plan(None, &Found { since: 200, ..found(100, 10_000) }, false);
        assert_eq!(plan.at, resume(10_000, Some((200, 10_000))));
        assert!(plan.expired.is_empty());
    }

    #[test]
    fn a_short_way_behind_is_caught_up_in_the_live_lane() {
        assert_eq!(plan(None, &found(0, CATCH_UP), false).at, resume(0, None));
        assert_eq!(plan(Some(&resume(7, None)), &found(0, 100), false).at, resume(7, None));
    }

    #[test]
    fn after_a_long_absence_the_missed_part_becomes_backfill() {
        assert_eq!(plan(Some(&resume(7, None)), &found(0, 90_000), false).at, resume(90_000, Some((7, 90_000))));
    }

    #[test]
    fn an_open_backfill_is_kept_and_the_live_lane_catches_up() {
        let plan = plan(Some(&resume(5_000, Some((10, 1_000)))), &found(0, 90_000), false);
        assert_eq!(plan.at, resume(5_000, Some((10, 1_000))));
    }

    #[test]
    fn retention_that_overtook_reading_is_told() {
        let plan = plan(Some(&resume(50, None)), &found(400, 410), false);
        assert_eq!((plan.at, plan.expired), (resume(400, None), vec![(1, 50, 400)]));
        let both = super::plan(Some(&resume(5_000, Some((10, 1_000)))), &found(6_000, 6_010), false);
        assert_eq!((both.at, both.expired), (resume(6_000, None), vec![(1, 10, 1_000), (1, 5_000, 6_000)]));
    }

    #[test]
    fn another_identity_is_another_incarnation_read_from_its_beginning() {
        let recreated = Found { id: Some("b".into()), ..found(0, 3) };
        let plan = plan(Some(&resume(900, Some((10, 20)))), &recreated, true);
        assert_eq!((plan.at.incarnation, plan.at.next, plan.at.backfill), (2, 0, None));
        assert_eq!(plan.at.destination_id.as_deref(), Some("b"));
        assert_eq!(plan.expired, [(1, 10, 20)]);
    }

    #[test]
    fn without_identities_a_shorter_log_is_another_incarnation() {
        let unnamed = Found { id: None, ..found(0, 3) };
        let known = ResumePoint { destination_id: None, ..resume(900, None) };
        assert_eq!(plan(Some(&known), &unnamed, false).at.incarnation, 2);
        assert_eq!(plan(Some(&known), &unnamed, true).at, ResumePoint { next: 900, ..known });
    }

    #[test]
    fn a_truncated_log_of_the_same_topic_is_read_again_from_its_end() {
        let plan = plan(Some(&resume(900, None)), &found(0, 600), false);
        assert_eq!((plan.at, plan.truncated), (resume(600, None), Some((900, 600))));
    }

    proptest! {
        /// Nothing is skipped unsaid and nothing is read twice: from the first open offset on, each is in exactly one
        /// of backfill, live lane, expired and already read.
        #[test]
        fn every_offset_has_one_fate(from in 0..2_000i64, len in 0..2_000i64, gap in 0..2_000i64,
                                     low in 0..8_000i64, more in 0..8_000i64, open in any::<bool>()) {
            let to = from + len;
            let next = to + gap;
            let resume = resume(next, open.then_some((from, to)));
            let end = next.max(low) + more;
            let plan = plan(Some(&resume), &found(low, end), false);
            let inside = |range: &(i64, i64), at: i64| range.0 <= at && at < range.1;
            for at in (0..end).step_by(7).chain([from, to, next, low, end - 1]).filter(|at| *at >= 0 && *at < end) {
                let unread = at >= next || resume.backfill.is_some_and(|range| inside(&range, at));
                let fates = usize::from(at >= plan.at.next)
                    + usize::from(plan.at.backfill.is_some_and(|range| inside(&range, at)))
                    + plan.expired.iter().filter(|(_, from, to)| inside(&(*from, *to), at)).count();
                prop_assert_eq!(fates, usize::from(unread), "offset {} of {:?}", at, plan);
            }
        }
    }
}
