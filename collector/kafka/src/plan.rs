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

/// One life of a topic, from its creation to its deletion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Life {
    /// The broker's identity of it, where it tells one.
    pub(crate) id: Option<String>,
    /// 1 for the first.
    pub(crate) incarnation: i32,
}

/// What is known of a partition and its topic from before.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Past<'a> {
    /// The newest life of the topic, whichever partition it was seen in.
    pub(crate) life: Option<&'a Life>,
    /// Lives after that one which ended before anything of them was read.
    pub(crate) unseen: i32,
    pub(crate) resume: Option<&'a ResumePoint>,
    /// The archive knew the topic when the tap began, so a partition that it does not know came later.
    pub(crate) archived: bool,
    /// The live lane is being read at this moment, so that a `next` beyond `end` only means that `end` is a little old.
    pub(crate) moving: bool,
}

/// How to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) at: ResumePoint,
    /// Range of what retention removed before it was read.
    pub(crate) expired: Vec<(i64, i64)>,
    /// The log ends before what was read already: the broker lost records that were acknowledged.
    pub(crate) truncated: Option<(i64, i64)>,
}

/// Plans a partition. In another life than the resume point's it is read from its beginning; what is left of the former
/// life is not the plan's.
pub(crate) fn plan(past: Past<'_>, found: &Found) -> Plan {
    let newest = newest(past, found);
    match past.resume {
        None if past.archived || newest.incarnation > 1 => fresh(&newest, found.low, found),
        None => fresh(&newest, found.since, found),
        Some(resume) if resume.incarnation < newest.incarnation => fresh(&newest, found.low, found),
        Some(resume) if is_another(resume, found, past.moving) => fresh(&next(&newest, past, found), found.low, found),
        Some(resume) => go_on(resume, found, past.moving),
    }
}

/// The life that a topic has now, as far as identities tell.
fn newest(past: Past<'_>, found: &Found) -> Life {
    match past.life {
        None => Life { id: found.id.clone(), incarnation: 1 },
        Some(life) if life.id.is_some() && found.id.is_some() && life.id != found.id => next(life, past, found),
        Some(life) => Life { id: found.id.clone().or_else(|| life.id.clone()), incarnation: life.incarnation },
    }
}

fn next(life: &Life, past: Past<'_>, found: &Found) -> Life {
    Life { id: found.id.clone(), incarnation: life.incarnation.saturating_add(1).saturating_add(past.unseen) }
}

/// Without identities a log that is shorter than what was read is the only sign.
fn is_another(resume: &ResumePoint, found: &Found, moving: bool) -> bool {
    let told = resume.destination_id.is_some() && found.id.is_some();
    !told && !moving && resume.next > found.end
}

fn fresh(life: &Life, since: i64, found: &Found) -> Plan {
    let since = since.clamp(found.low.min(found.end), found.end);
    let (next, backfill) = split(since, found.end);
    let at = ResumePoint { destination_id: life.id.clone(), incarnation: life.incarnation, next, backfill };
    Plan { at, expired: Vec::new(), truncated: None }
}

fn go_on(resume: &ResumePoint, found: &Found, moving: bool) -> Plan {
    let incarnation = resume.incarnation;
    let mut expired = Vec::new();
    let backfill = resume.backfill.filter(|(from, to)| from < to).and_then(|(from, to)| {
        if from < found.low {
            expired.push((from, to.min(found.low)));
        }
        (to > found.low).then(|| (from.max(found.low), to))
    });
    let truncated = (!moving && resume.next > found.end).then_some((resume.next, found.end));
    let mut next = if truncated.is_some() { found.end } else { resume.next };
    if next < found.low {
        expired.push((next, found.low));
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

/// What of a life that is over was still to be read and never will be, given where its log ended as far as was heard.
pub(crate) fn left_over(next: i64, backfill: Option<(i64, i64)>, end: i64) -> impl Iterator<Item = (i64, i64)> {
    backfill.into_iter().chain([(next, end)]).filter(|(from, to)| from < to)
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

    fn life(id: &str, incarnation: i32) -> Life {
        Life { id: Some(id.into()), incarnation }
    }

    /// Within the first life of a topic.
    fn plan(resume: Option<&ResumePoint>, found: &Found, moving: bool) -> Plan {
        let life = resume.map(|resume| Life { id: resume.destination_id.clone(), incarnation: resume.incarnation });
        super::plan(Past { life: life.as_ref(), resume, moving, ..Past::default() }, found)
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
        let short = plan(Some(&resume(50, None)), &found(400, 410), false);
        assert_eq!((short.at, short.expired), (resume(400, None), vec![(50, 400)]));
        let both = plan(Some(&resume(5_000, Some((10, 1_000)))), &found(6_000, 6_010), false);
        assert_eq!((both.at, both.expired), (resume(6_000, None), vec![(10, 1_000), (5_000, 6_000)]));
    }

    #[test]
    fn another_identity_is_another_incarnation_read_from_its_beginning() {
        let recreated = Found { id: Some("b".into()), ..found(0, 3) };
        let plan = plan(Some(&resume(900, Some((10, 20)))), &recreated, true);
        assert_eq!((plan.at.incarnation, plan.at.next, plan.at.backfill), (2, 0, None));
        assert_eq!(plan.at.destination_id.as_deref(), Some("b"));
        assert!(plan.expired.is_empty());
        assert_eq!(left_over(900, Some((10, 20)), 950).collect::<Vec<_>>(), [(10, 20), (900, 950)]);
    }

    #[test]
    fn a_partition_follows_its_topic_into_the_life_that_another_partition_told() {
        let recreated = Found { id: Some("c".into()), ..found(0, 3) };
        for resume in [resume(2, None), resume(900, None)] {
            let past = Past { life: Some(&life("c", 4)), resume: Some(&resume), ..Past::default() };
            assert_eq!(super::plan(past, &recreated).at, fresh(&life("c", 4), 0, &recreated).at);
        }
        // Without a resume point as well: a partition that only the new life has.
        let past = Past { life: Some(&life("c", 4)), ..Past::default() };
        assert_eq!(super::plan(past, &recreated).at, fresh(&life("c", 4), 0, &recreated).at);
    }

    #[test]
    fn lives_that_ended_unread_are_counted() {
        let recreated = Found { id: Some("d".into()), ..found(0, 3) };
        let resume = resume(2, None);
        let past = Past { life: Some(&life("a", 1)), resume: Some(&resume), unseen: 2, ..Past::default() };
        assert_eq!(super::plan(past, &recreated).at, fresh(&life("d", 4), 0, &recreated).at);
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
                    + plan.expired.iter().filter(|range| inside(range, at)).count();
                prop_assert_eq!(fates, usize::from(unread), "offset {} of {:?}", at, plan);
            }
        }
    }
}
