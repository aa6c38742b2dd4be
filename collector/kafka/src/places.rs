//! Where every partition stands: the next offset of each lane, holes between what arrived, and what hinders it.

use std::collections::{BTreeMap, HashMap};

use tapline_adapter::{
    Lane, Place, Polled, Positions, RawRecord, RecordSink, ResumePoint, Undelivered, UndeliveredReason,
};

use crate::ffi::{ErrorCode, Message};
use crate::plan::{Found, Plan, plan};

/// All partitions of a tap. Topics are numbered in the order in which they were found.
pub(crate) struct Places {
    topics: Vec<TopicState>,
    numbers: HashMap<String, usize>,
    /// From the archive, until the partition is found on the broker.
    resume: Positions,
    moved: Vec<(usize, i32)>,
    pub(crate) troubles: Troubles,
}

/// What went wrong with single partitions and records, for the page.
#[derive(Default)]
pub(crate) struct Troubles {
    /// Header names that were not UTF-8.
    pub(crate) repaired_names: u64,
    /// Partitions whose log became shorter: topic, partition, read up to, now ending at.
    pub(crate) truncated: BTreeMap<(String, i32), (i64, i64)>,
}

struct TopicState {
    name: String,
    id: Option<String>,
    incarnation: i32,
    partitions: BTreeMap<i32, PartitionState>,
}

#[derive(Debug, Default)]
struct PartitionState {
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

/// Where a lane must be started.
pub(crate) struct Begin {
    pub(crate) number: usize,
    pub(crate) was_reading: bool,
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

    /// Takes what the broker says about a partition; tells where to read it from.
    pub(crate) fn found(&mut self, found: &Found, polled: &mut Polled) -> Begin {
        let number = self.number(&found.topic);
        let resume = self.resume_point(number, found.partition);
        let state = self.topics[number].partitions.get(&found.partition);
        let was_reading = state.is_some_and(|state| state.reading);
        let moving = state.is_some_and(|state| state.reading && state.stalled != Some(Lane::Live));
        let Plan { at, expired, truncated } = plan(resume.as_ref(), found, moving);
        for (incarnation, from, to) in expired {
            let reason = UndeliveredReason::Expired;
            let (destination, partition) = (found.topic.clone(), found.partition);
            polled.undelivered.push(Undelivered { destination, partition, incarnation, from, to, reason });
        }
        if let Some(lengths) = truncated {
            self.troubles.truncated.insert((found.topic.clone(), found.partition), lengths);
        }
        let topic = &mut self.topics[number];
        topic.id.clone_from(&at.destination_id);
        topic.incarnation = at.incarnation;
        let state = topic.partitions.entry(found.partition).or_default();
        *state = PartitionState {
            next: at.next,
            backfill: at.backfill,
            low: found.low,
            end: found.end,
            reading: true,
            moved: state.moved,
            ..PartitionState::default()
        };
        mark(&mut self.moved, state, number, found.partition);
        Begin { number, was_reading, live: at.next, backfill: at.backfill.map(|(from, _)| from) }
    }

    /// The topic is no longer there. Where it stood is kept: with the same identity it would go on.
    pub(crate) fn gone(&mut self, name: &str) -> Vec<(usize, i32)> {
        let Some(&number) = self.numbers.get(name) else { return Vec::new() };
        let states = self.topics[number].partitions.iter_mut().filter(|(_, state)| state.reading);
        states
            .map(|(partition, state)| {
                state.reading = false;
                (number, *partition)
            })
            .collect()
    }

    /// Takes one message of a lane and hands a record on.
    pub(crate) fn take(
        &mut self,
        lane: Lane,
        number: usize,
        message: &Message<'_>,
        sink: &mut dyn RecordSink,
        polled: &mut Polled,
    ) -> Next {
        let Self { topics, moved, troubles, .. } = self;
        let topic = &mut topics[number];
        let partition = message.partition();
        let Some(state) = topic.partitions.get_mut(&partition).filter(|state| state.reading) else {
            return Next::GoOn;
        };
        let step = match message.error() {
            None => state.arrive(lane, message.offset(), true),
            Some(ErrorCode::END_OF_PARTITION) => state.arrive(lane, message.offset(), false),
            Some(code) => return state.report(lane, code, message),
        };
        state.trouble = None;
        if let Some((from, to)) = step.hole {
            let (destination, incarnation) = (topic.name.clone(), topic.incarnation);
            let reason = UndeliveredReason::NotDelivered;
            polled.undelivered.push(Undelivered { destination, partition, incarnation, from, to, reason });
        }
        if step.wanted || step.hole.is_some() || step.finished {
            mark(moved, state, number, partition);
        }
        if step.wanted && message.error().is_none() {
            polled.records += 1;
            polled.bytes += hand_on(&topic.name, topic.incarnation, message, sink, troubles);
        }
        if step.finished { Next::StopBackfill } else { Next::GoOn }
    }

    /// Resume points of what moved since the last call.
    pub(crate) fn take_moved(&mut self) -> Vec<((String, i32), ResumePoint)> {
        let moved = std::mem::take(&mut self.moved);
        moved
            .iter()
            .filter_map(|&(number, partition)| {
                self.topics[number].partitions.get_mut(&partition)?.moved = false;
                let at = self.resume_point(number, partition)?;
                Some(((self.topics[number].name.clone(), partition), at))
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
        let partitions = BTreeMap::new();
        self.topics.push(TopicState { name: name.to_owned(), id: None, incarnation: 1, partitions });
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// As read so far, else as the archive says.
    fn resume_point(&mut self, number: usize, partition: i32) -> Option<ResumePoint> {
        let topic = &self.topics[number];
        match topic.partitions.get(&partition) {
            Some(state) => Some(ResumePoint {
                destination_id: topic.id.clone(),
                incarnation: topic.incarnation,
                next: state.next,
                backfill: state.backfill,
            }),
            None => self.resume.remove(&(topic.name.clone(), partition)),
        }
    }
}

impl PartitionState {
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

fn mark(moved: &mut Vec<(usize, i32)>, state: &mut PartitionState, number: usize, partition: i32) {
    if !std::mem::replace(&mut state.moved, true) {
        moved.push((number, partition));
    }
}

/// Hands a record to the sink; its size in bytes.
fn hand_on(
    topic: &str,
    incarnation: i32,
    message: &Message<'_>,
    sink: &mut dyn RecordSink,
    troubles: &mut Troubles,
) -> usize {
    let (timestamp, timestamp_kind) = message.timestamp();
    let (key, payload) = (message.key(), message.payload());
    let mut size = key.map_or(0, <[u8]>::len) + payload.map_or(0, <[u8]>::len);
    message.with_headers(|headers, repaired| {
        troubles.repaired_names += repaired as u64;
        size += headers.iter().map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len)).sum::<usize>();
        sink.record(&RawRecord {
            destination: topic,
            partition: Some(message.partition()),
            offset: Some(message.offset()),
            position: None,
            incarnation,
            leader_epoch: message.leader_epoch(),
            timestamp,
            timestamp_kind,
            key,
            payload,
            headers,
        });
    });
    size
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
