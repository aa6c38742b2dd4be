//! Where every partition stands: the next offset of each lane, holes between what arrived, and what hinders it.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use tapline_adapter::{Lane, Place, Polled, Positions, ResumePoint, Undelivered, UndeliveredReason};

use crate::ffi::{ErrorCode, Message};
use crate::fresh::Fresh;
use crate::plan::{Found, Life, Past, Plan, left_over, plan};

/// All partitions of a tap. Topics are numbered in the order in which they were found.
pub(crate) struct Places {
    topics: Vec<TopicState>,
    numbers: HashMap<String, usize>,
    /// From the archive, until the topic is found on the broker.
    resume: Positions,
    moved: Vec<(usize, i32)>,
    pub(crate) troubles: Troubles,
}

/// What went wrong with single partitions, for the page.
#[derive(Default)]
pub(crate) struct Troubles {
    /// Partitions whose log became shorter: topic, partition, read up to, now ending at.
    pub(crate) truncated: BTreeMap<(String, i32), (i64, i64)>,
    /// Topics that were made anew more than once between two looks, and how many lives ended unread.
    pub(crate) unread_lives: BTreeMap<String, usize>,
    /// Topics for which brokers tell different identities, and since when.
    pub(crate) unsettled: BTreeMap<String, Instant>,
}

struct TopicState {
    name: String,
    /// The newest; `None` until the topic was found, unless the archive knows it.
    life: Option<Life>,
    /// Identities of lives that are over.
    former: Vec<String>,
    archived: bool,
    partitions: BTreeMap<i32, PartitionState>,
}

/// Where a partition stands in the last life in which it was seen.
#[derive(Debug, Default)]
struct PartitionState {
    life: Life,
    next: i64,
    backfill: Option<(i64, i64)>,
    /// As heard when the partition was planned.
    low: i64,
    end: i64,
    reading: bool,
    /// The lane's offset is gone; where to go on is being asked for.
    stalled: Option<Lane>,
    trouble: Option<(ErrorCode, String)>,
    moved: bool,
}

/// What the arrival of an offset means.
#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    /// Belongs to this lane and was not seen before.
    wanted: bool,
    hole: Option<(i64, i64)>,
    /// The backfill has reached its end.
    finished: bool,
}

/// What a lane must do after a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    StopBackfill,
    AskWhereToGoOn,
}

/// What follows from a partition that was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) number: usize,
    /// Partitions of the topic that were being read and no longer are at the place where they were.
    pub(crate) halted: Vec<i32>,
    /// Brokers do not yet agree on the topic's identity: to be asked for again.
    pub(crate) unsettled: bool,
    /// Where to ask again, since nobody else will tell that they have another life too.
    pub(crate) doubted: Vec<i32>,
}

/// Where the lanes are to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    pub(crate) number: usize,
    pub(crate) partition: i32,
    pub(crate) live: i64,
    pub(crate) backfill: Option<i64>,
}

impl Places {
    pub(crate) fn new(resume: Positions) -> Self {
        let (topics, numbers, moved) = (Vec::new(), HashMap::new(), Vec::new());
        Self { topics, numbers, resume, moved, troubles: Troubles::default() }
    }

    pub(crate) fn name(&self, number: usize) -> &str {
        &self.topics[number].name
    }

    pub(crate) fn is_backfilling(&self) -> bool {
        self.topics.iter().flat_map(|topic| topic.partitions.values()).any(|at| at.reading && at.backfill.is_some())
    }

    /// Takes what the broker says about a partition. `ids` are the identities that the live lane took the topic for,
    /// `heard_end` where the partition ended when last heard of before it had another life.
    pub(crate) fn found(&mut self, found: &Found, ids: &[String], ends: Ends<'_>, polled: &mut Polled) -> Turn {
        let number = self.number(&found.topic);
        let topic = &self.topics[number];
        if topic.is_unsettled(found.id.as_ref(), ids) {
            self.troubles.unsettled.entry(found.topic.clone()).or_insert_with(Instant::now);
            return Turn { number, unsettled: true, ..Turn::default() };
        }
        self.troubles.unsettled.remove(&found.topic);
        let unread: Vec<String> = topic.unread(found.id.as_ref(), ids).cloned().collect();
        let state = topic.partitions.get(&found.partition);
        let resume = state.map(PartitionState::resume_point);
        let past = Past {
            life: topic.life.as_ref(),
            unseen: i32::try_from(unread.len()).unwrap_or(i32::MAX),
            resume: resume.as_ref(),
            archived: topic.archived,
            moving: state.is_some_and(|state| state.reading && state.stalled != Some(Lane::Live)),
        };
        let Plan { at, expired, truncated } = plan(past, found);
        let mut turn = Turn { number, ..Turn::default() };
        if topic.life.as_ref().is_some_and(|life| life.incarnation < at.incarnation) {
            turn.halted = self.end_life(number, unread, ends, polled);
            if found.id.is_none() {
                turn.doubted = turn.halted.iter().copied().filter(|halted| *halted != found.partition).collect();
            }
        }
        let (name, partition) = (&found.topic, found.partition);
        polled.undelivered.extend(lost(name, partition, at.incarnation, expired));
        if let Some(lengths) = truncated {
            self.troubles.truncated.insert((name.clone(), partition), lengths);
        }
        let topic = &mut self.topics[number];
        let life = Life { id: at.destination_id, incarnation: at.incarnation };
        topic.life = Some(life.clone());
        let state = topic.partitions.entry(partition).or_default();
        if state.reading {
            turn.halted.push(partition);
        }
        *state = PartitionState {
            life,
            next: at.next,
            backfill: at.backfill,
            low: found.low,
            end: found.end,
            reading: true,
            moved: state.moved,
            ..PartitionState::default()
        };
        mark(&mut self.moved, state, number, partition);
        turn
    }

    /// The topic has another life: closes the accounts of the former one in each partition. Those that were being read.
    fn end_life(&mut self, number: usize, unread: Vec<String>, ends: Ends<'_>, polled: &mut Polled) -> Vec<i32> {
        let topic = &mut self.topics[number];
        let name = &topic.name;
        tracing::info!(topic = name, "a topic was deleted and made anew");
        if !unread.is_empty() {
            *self.troubles.unread_lives.entry(name.clone()).or_default() += unread.len();
        }
        topic.former.extend(topic.life.iter().filter_map(|life| life.id.clone()).chain(unread));
        // What is known of a log that is no more helps nobody.
        self.troubles.truncated.retain(|(truncated, _), _| truncated != name);
        let mut halted = Vec::new();
        for (&partition, state) in &mut topic.partitions {
            let end = if state.reading { ends(name, partition).unwrap_or(0).max(state.end) } else { state.end };
            let left: Vec<(i64, i64)> = left_over(state.next, state.backfill.take(), end).collect();
            polled.undelivered.extend(lost(name, partition, state.life.incarnation, left));
            state.next = state.next.max(end);
            polled.moved.push(((name.clone(), partition), state.resume_point()));
            if std::mem::take(&mut state.reading) {
                halted.push(partition);
            }
        }
        halted
    }

    /// The topic is no longer there, or the lanes turned to another life of it. Where it stood is kept: with the same
    /// identity it would go on. The partitions that were being read.
    pub(crate) fn halt(&mut self, number: usize, ends: Ends<'_>) -> Vec<i32> {
        let TopicState { name, partitions, .. } = &mut self.topics[number];
        let mut halted = Vec::new();
        for (&partition, state) in partitions.iter_mut().filter(|(_, state)| state.reading) {
            state.reading = false;
            state.end = state.end.max(ends(name, partition).unwrap_or(0));
            halted.push(partition);
        }
        halted
    }

    /// The number of a topic that was found.
    pub(crate) fn number_of(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The newest life of a topic.
    pub(crate) fn life(&self, number: usize) -> Option<&Life> {
        self.topics[number].life.as_ref()
    }

    /// Everything to be read.
    pub(crate) fn begins(&self) -> Vec<Begin> {
        let numbers = self.topics.iter().enumerate();
        numbers
            .flat_map(|(number, topic)| topic.partitions.keys().filter_map(move |at| self.begin(number, *at)))
            .collect()
    }

    /// Where a partition is to be read, if it is.
    pub(crate) fn begin(&self, number: usize, partition: i32) -> Option<Begin> {
        let state = self.topics[number].partitions.get(&partition).filter(|state| state.reading)?;
        Some(Begin { number, partition, live: state.next, backfill: state.backfill.map(|(from, _)| from) })
    }

    /// Takes one message of a lane. A record that was not seen before is added to `fresh`.
    pub(crate) fn take<'q>(
        &mut self,
        lane: Lane,
        number: usize,
        message: Message<'q>,
        fresh: &mut Vec<Fresh<'q>>,
        polled: &mut Polled,
    ) -> Next {
        let Self { topics, moved, .. } = self;
        let topic = &mut topics[number];
        let partition = message.partition();
        let Some(state) = topic.partitions.get_mut(&partition).filter(|state| state.reading) else {
            return Next::GoOn;
        };
        let step = match message.error() {
            None => state.arrive(lane, message.offset(), true),
            Some(ErrorCode::END_OF_PARTITION) => state.arrive(lane, message.offset(), false),
            Some(code) => return state.report(lane, code, &message),
        };
        state.trouble = None;
        if let Some((from, to)) = step.hole {
            let (destination, incarnation) = (topic.name.clone(), state.life.incarnation);
            let reason = UndeliveredReason::NotDelivered;
            polled.undelivered.push(Undelivered { destination, partition, incarnation, from, to, reason });
        }
        if step.wanted || step.hole.is_some() || step.finished {
            mark(moved, state, number, partition);
        }
        if step.wanted && message.error().is_none() {
            fresh.push(Fresh { number, incarnation: state.life.incarnation, message });
        }
        if step.finished { Next::StopBackfill } else { Next::GoOn }
    }

    /// Resume points of what moved since the last call.
    pub(crate) fn take_moved(&mut self) -> Vec<((String, i32), ResumePoint)> {
        let moved = std::mem::take(&mut self.moved);
        moved
            .iter()
            .filter_map(|&(number, partition)| {
                let topic = &mut self.topics[number];
                let state = topic.partitions.get_mut(&partition)?;
                state.moved = false;
                Some(((topic.name.clone(), partition), state.resume_point()))
            })
            .collect()
    }

    /// Every partition read, with newer marks where `marks` has them: oldest and end offset.
    pub(crate) fn places(&self, marks: impl Fn(&str, i32) -> Option<(i64, i64)>) -> Vec<Place> {
        let mut places = Vec::new();
        for topic in &self.topics {
            for (&partition, state) in topic.partitions.iter().filter(|(_, state)| state.reading) {
                let (low, end) = marks(&topic.name, partition).unwrap_or((state.low, state.end));
                places.push(Place {
                    destination: topic.name.clone(),
                    partition,
                    next: state.next,
                    end: Some(end.max(state.end).max(state.next)),
                    start: Some(low.max(state.low)),
                    backfill_left: state.backfill.map_or(0, |(from, to)| to - from),
                });
            }
        }
        places
    }

    /// Topics and partitions that report an error, with it.
    pub(crate) fn reported(&self) -> impl Iterator<Item = (&str, i32, ErrorCode, &str)> {
        self.topics.iter().flat_map(|topic| {
            topic.partitions.iter().filter(|(_, state)| state.reading).filter_map(|(partition, state)| {
                let (code, text) = state.trouble.as_ref()?;
                Some((topic.name.as_str(), *partition, *code, text.as_str()))
            })
        })
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.topics.len();
        let places = (name.to_owned(), i32::MIN)..=(name.to_owned(), i32::MAX);
        let partitions: Vec<i32> = self.resume.range(places).map(|((_, partition), _)| *partition).collect();
        let known = partitions.into_iter().filter_map(|partition| {
            let point = self.resume.remove(&(name.to_owned(), partition))?;
            Some((partition, PartitionState::resumed(point)))
        });
        let partitions = known.collect();
        self.topics.push(TopicState::known(name, partitions));
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// Where a partition of the life that is read ended when last heard of.
pub(crate) type Ends<'a> = &'a dyn Fn(&str, i32) -> Option<i64>;

impl TopicState {
    /// As the archive knows it, if it does.
    fn known(name: &str, partitions: BTreeMap<i32, PartitionState>) -> Self {
        let newest = partitions.values().map(|state| state.life.incarnation).max();
        let is_newest = |state: &&PartitionState| Some(state.life.incarnation) == newest;
        let id = partitions.values().filter(is_newest).find_map(|state| state.life.id.clone());
        let others = partitions.values().filter(|state| !is_newest(state)).filter_map(|state| state.life.id.clone());
        Self {
            name: name.to_owned(),
            former: others.filter(|other| Some(other) != id.as_ref()).collect(),
            life: newest.map(|incarnation| Life { id, incarnation }),
            archived: newest.is_some(),
            partitions,
        }
    }

    /// A broker that is late tells of a life that is over, or not yet of the one that the lane has turned to.
    fn is_unsettled(&self, found: Option<&String>, ids: &[String]) -> bool {
        found.is_some_and(|id| self.former.contains(id) || ids.last().is_some_and(|last| last != id))
    }

    /// Lives that the lane's client saw and that were over before they were found.
    fn unread<'a>(&'a self, found: Option<&'a String>, ids: &'a [String]) -> impl Iterator<Item = &'a String> {
        let known = self.life.as_ref().and_then(|life| life.id.as_ref());
        ids.iter().filter(move |id| Some(*id) != known && Some(*id) != found && !self.former.contains(id))
    }
}

impl PartitionState {
    fn resumed(point: ResumePoint) -> Self {
        let ResumePoint { destination_id: id, incarnation, next, backfill } = point;
        Self { life: Life { id, incarnation }, next, backfill, ..Self::default() }
    }

    fn resume_point(&self) -> ResumePoint {
        let Life { id, incarnation } = self.life.clone();
        ResumePoint { destination_id: id, incarnation, next: self.next, backfill: self.backfill }
    }

    /// An offset arrived: of a record, or of the end that was reached (where a record would stand next).
    fn arrive(&mut self, lane: Lane, offset: i64, record: bool) -> Step {
        let after = offset + i64::from(record);
        match (lane, self.backfill) {
            (Lane::Live, _) if offset >= self.next => {
                let hole = (offset > self.next).then_some((self.next, offset));
                self.next = after;
                Step { wanted: record, hole, finished: false }
            }
            (Lane::Backfill, Some((from, to))) if offset >= from => {
                let seen = offset.min(to);
                let hole = (seen > from).then_some((from, seen));
                self.backfill = (after < to).then_some((after, to));
                Step { wanted: record && offset < to, hole, finished: after >= to }
            }
            _ => Step::default(),
        }
    }

    fn report(&mut self, lane: Lane, code: ErrorCode, message: &Message<'_>) -> Next {
        if code == ErrorCode::OFFSET_RESET {
            self.stalled = Some(lane);
            return Next::AskWhereToGoOn;
        }
        if !code.is_passing() {
            self.trouble = Some((code, message.error_text()));
        }
        Next::GoOn
    }
}

/// Ranges that will never be delivered.
fn lost(
    topic: &str,
    partition: i32,
    incarnation: i32,
    ranges: Vec<(i64, i64)>,
) -> impl Iterator<Item = Undelivered> + use<'_> {
    ranges.into_iter().map(move |(from, to)| Undelivered {
        destination: topic.to_owned(),
        partition,
        incarnation,
        from,
        to,
        reason: UndeliveredReason::Expired,
    })
}

fn mark(moved: &mut Vec<(usize, i32)>, state: &mut PartitionState, number: usize, partition: i32) {
    if !std::mem::replace(&mut state.moved, true) {
        moved.push((number, partition));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(partition: i32, id: Option<&str>, end: i64) -> Found {
        Found { topic: "t".into(), partition, id: id.map(str::to_owned), low: 0, end, since: end }
    }

    fn point(id: Option<&str>, incarnation: i32, next: i64) -> ResumePoint {
        ResumePoint { destination_id: id.map(str::to_owned), incarnation, next, backfill: None }
    }

    /// Places that resume at these points, and what the broker then says of the topic's partitions, in this order.
    fn after(resume: &[(i32, ResumePoint)], said: &[Found]) -> (Places, Polled) {
        let resume = resume.iter().map(|(partition, point)| (("t".to_owned(), *partition), point.clone())).collect();
        let (mut places, mut polled) = (Places::new(resume), Polled::default());
        for found in said {
            places.found(found, &[], &|_, _| None, &mut polled);
        }
        (places, polled)
    }

    fn at(places: &Places, partition: i32) -> (i32, i64) {
        let state = &places.topics[0].partitions[&partition];
        (state.life.incarnation, state.next)
    }

    #[test]
    fn every_partition_of_a_new_life_begins_anew_whichever_was_found_first() {
        let said = [found(0, Some("a"), 10), found(1, Some("a"), 10), found(2, Some("a"), 10)];
        let (mut places, _) = after(&[], &said);
        let mut polled = Polled::default();
        for partition in [1, 0, 2] {
            places.found(&found(partition, Some("b"), 40), &[], &|_, _| Some(12), &mut polled);
        }
        assert_eq!([0, 1, 2].map(|partition| at(&places, partition)), [(2, 0); 3]);
        // Each partition's former life was closed once, at the end that was heard of last.
        let lost: Vec<_> = polled.undelivered.iter().map(|hole| (hole.incarnation, hole.from, hole.to)).collect();
        assert_eq!(lost, [(1, 10, 12); 3]);
        assert_eq!(polled.moved.iter().map(|(_, at)| at.clone()).collect::<Vec<_>>(), vec![point(Some("a"), 1, 12); 3]);
        assert!(places.take_moved().iter().all(|(_, at)| *at == point(Some("b"), 2, 0)));
    }

    #[test]
    fn partitions_archived_in_different_lives_go_on_in_one() {
        let resume = [(0, point(Some("b"), 3, 5)), (1, point(Some("a"), 1, 50))];
        let said = [found(1, Some("b"), 60), found(0, Some("b"), 60), found(2, Some("b"), 60)];
        let (places, _) = after(&resume, &said);
        assert_eq!([0, 1, 2].map(|partition| at(&places, partition)), [(3, 5), (3, 0), (3, 0)]);
    }

    #[test]
    fn a_partition_added_to_a_later_life_keeps_its_topics_number() {
        let (places, polled) = after(&[(0, point(Some("b"), 2, 7))], &[found(1, Some("b"), 3), found(0, Some("b"), 9)]);
        assert_eq!([0, 1].map(|partition| at(&places, partition)), [(2, 7), (2, 0)]);
        assert_eq!(polled, Polled::default());
    }

    #[test]
    fn a_partition_that_the_new_life_has_not_is_read_no_more() {
        let said = [found(0, Some("a"), 10), found(1, Some("a"), 10), found(0, Some("b"), 5)];
        let (places, _) = after(&[], &said);
        assert_eq!(places.begins(), [Begin { number: 0, partition: 0, live: 0, backfill: None }]);
    }

    #[test]
    fn a_broker_that_is_late_does_not_bring_a_life_back() {
        let said = [found(0, Some("a"), 10), found(0, Some("b"), 5), found(0, Some("a"), 10)];
        let (mut places, _) = after(&[], &said);
        assert_eq!(at(&places, 0), (2, 0));
        assert!(places.troubles.unsettled.contains_key("t"));
        // Nor does one that is late before the lane is: nothing is read until they agree.
        let (ids, polled) = (["b".to_owned(), "c".to_owned()], &mut Polled::default());
        assert!(places.found(&found(0, Some("b"), 5), &ids, &|_, _| None, polled).unsettled);
        assert!(!places.found(&found(0, Some("c"), 5), &ids, &|_, _| None, polled).unsettled);
        assert!(places.troubles.unsettled.is_empty());
    }

    #[test]
    fn a_life_that_ended_unread_is_counted_and_told() {
        let (mut places, _) = after(&[], &[found(0, Some("a"), 10)]);
        let ids = ["a", "x", "b"].map(str::to_owned);
        places.found(&found(0, Some("b"), 5), &ids, &|_, _| None, &mut Polled::default());
        assert_eq!(at(&places, 0), (3, 0));
        assert_eq!(places.troubles.unread_lives["t"], 1);
    }

    #[test]
    fn without_identities_one_shorter_log_casts_doubt_on_the_others() {
        let said = [found(0, None, 10), found(1, None, 10)];
        let (mut places, polled) = (after(&[], &said).0, &mut Polled::default());
        places.halt(0, &|_, _| None);
        places.found(&found(1, None, 30), &[], &|_, _| None, polled);
        assert_eq!(at(&places, 1), (1, 10));
        let turn = places.found(&found(0, None, 4), &[], &|_, _| None, polled);
        assert_eq!((at(&places, 0), turn.doubted), ((2, 0), vec![1]));
        places.found(&found(1, None, 30), &[], &|_, _| None, polled);
        assert_eq!(at(&places, 1), (2, 0));
    }

    fn state(next: i64, backfill: Option<(i64, i64)>) -> PartitionState {
        PartitionState { next, backfill, reading: true, ..PartitionState::default() }
    }

    #[test]
    fn a_record_seen_before_is_not_wanted() {
        let mut live = state(5, None);
        assert_eq!(live.arrive(Lane::Live, 4, true), Step::default());
        assert_eq!(live.arrive(Lane::Live, 7, true), Step { wanted: true, hole: Some((5, 7)), finished: false });
        assert_eq!(live.next, 8);
    }

    #[test]
    fn the_end_of_a_partition_passes_what_is_never_delivered() {
        let mut live = state(5, None);
        assert_eq!(live.arrive(Lane::Live, 6, false), Step { wanted: false, hole: Some((5, 6)), finished: false });
        assert_eq!(live.arrive(Lane::Live, 6, false), Step::default());
        assert_eq!(live.next, 6);
    }

    #[test]
    fn backfill_ends_at_its_end_and_takes_nothing_beyond() {
        let mut filling = state(10, Some((3, 5)));
        assert_eq!(filling.arrive(Lane::Backfill, 3, true), Step { wanted: true, hole: None, finished: false });
        assert_eq!(filling.arrive(Lane::Backfill, 6, true), Step { wanted: false, hole: Some((4, 5)), finished: true });
        assert_eq!((filling.next, filling.backfill), (10, None));
        assert_eq!(filling.arrive(Lane::Backfill, 7, true), Step::default());
    }

    #[test]
    fn backfill_that_ends_in_markers_ends_at_the_end_of_the_partition() {
        let mut filling = state(5, Some((3, 5)));
        assert_eq!(
            filling.arrive(Lane::Backfill, 5, false),
            Step { wanted: false, hole: Some((3, 5)), finished: true }
        );
    }

    proptest! {
        /// Whatever arrives, in whichever lane, each offset below the lanes' ends is delivered once or in one hole.
        #[test]
        fn delivered_and_holes_cover_everything_once(
            steps in proptest::collection::vec((any::<bool>(), 0..4i64, any::<bool>()), 1..60),
        ) {
            let (start, split) = (0, 40);
            let mut state = state(split, Some((start, split)));
            let mut fates = vec![0; 400];
            let mut at = [split, start];
            for (live, ahead, record) in steps {
                let lane = if live { Lane::Live } else { Lane::Backfill };
                let cursor = &mut at[usize::from(!live)];
                let offset = *cursor + ahead;
                *cursor = offset + 1;
                let step = state.arrive(lane, offset, record);
                if let Some((from, to)) = step.hole {
                    (from..to).for_each(|offset| fates[offset as usize] += 1);
                }
                if step.wanted {
                    fates[offset as usize] += 1;
                }
            }
            let open = state.backfill.unwrap_or((split, split));
            for (offset, fate) in fates.iter().enumerate() {
                let offset = offset as i64;
                let done = offset < open.0 || (offset >= split && offset < state.next);
                prop_assert_eq!(*fate, u8::from(done), "offset {} of {:?}", offset, state);
            }
        }
    }
}
