//! What happened between members: a service that handled one event and wrote the next, attempts that failed, time that
//! an event lay until something followed, in a dead letter queue, or lies unread. Derived from edges; drawn by
//! [`super::lanes`]. When a service began nobody knows without spans: a step lasts from event to event.

use std::collections::{HashMap, HashSet};

use tapline_api::{ChainState, EdgeRule, Kind};

use super::{
    story::{Link, Story},
    writers::{tried, writers},
};

use crate::order::sort_by_key;

/// Below that an edge is a guess: what follows is said to come after, not to be read.
pub(crate) const SURE: f64 = 0.8;

/// A service at work: from the event it was given to the last it wrote for it, the wait in the broker included.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Who.
    pub(crate) service: String,
    /// The event it was given; absent for the first of a chain.
    pub(crate) cause: Option<usize>,
    /// What it wrote.
    pub(crate) effects: Vec<usize>,
    /// Microseconds.
    pub(crate) from: i64,
    /// Microseconds; before `from` when clocks disagree.
    pub(crate) to: i64,
    /// It failed; how often, when that is known.
    pub(crate) failed: Option<Option<i32>>,
    /// Whether the edge is sure.
    pub(crate) sure: bool,
}

/// Why an event lies where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lying {
    /// Until something followed that nobody known wrote.
    Broker,
    /// The chain stands before its next step.
    Waiting,
    /// Given up.
    Dead,
}

/// Time that an event lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    /// Why.
    pub(crate) why: Lying,
    /// Until when, microseconds.
    pub(crate) until: i64,
    /// Whether it still lies there.
    pub(crate) open: bool,
}

/// Everything between members.
#[derive(Debug, Default)]
pub(crate) struct Between {
    /// In the order in which they began.
    pub(crate) steps: Vec<Step>,
    /// For each member.
    pub(crate) stays: Vec<Option<Stay>>,
    /// For each member the step that wrote it.
    pub(crate) by: Vec<Option<usize>>,
}

/// Derives what happened between the members of a chain.
pub(crate) fn between(story: &Story) -> Between {
    let count = story.members().len();
    let mut between = Between { steps: Vec::new(), stays: vec![None; count], by: vec![None; count] };
    let mut known: HashMap<(String, Option<usize>, bool), usize> = HashMap::new();
    let writers = writers(story);
    for member in 0..count {
        if let Some((service, failed)) = worker(story, &writers, member) {
            let link = if failed.is_some() { tried(story, &writers, member) } else { story.cause(member) };
            add_step(story, &mut between, &mut known, (member, link), (service, failed));
        } else if let Some(link) = story.cause(member).filter(|_| story.members()[member].retry.is_none()) {
            let why = if is_dead(story, link.from) { Lying::Dead } else { Lying::Broker };
            stay(&mut between.stays[link.from], Stay { why, until: story.at[member], open: false });
        }
    }
    lie_dead(story, &mut between);
    wait(story, &mut between);
    between.order();
    between
}

/// Who wrote a member, and whether that was giving up or trying again later.
fn worker(story: &Story, writers: &[Option<String>], member: usize) -> Option<(String, Option<Option<i32>>)> {
    let what = &story.members()[member];
    let link = story.cause(member);
    if what.kind != Kind::Event || link.is_some_and(|link| story.is_span(link.from)) {
        return None;
    }
    if link.is_some_and(|link| story.rule(link) == EdgeRule::Replay) {
        return None;
    }
    let failed = match &what.dead_letter {
        Some(dead) => Some(dead.attempts),
        None => what.retry.is_some().then_some(None),
    };
    writers[member].clone().map(|service| (service, failed))
}

fn add_step(
    story: &Story,
    between: &mut Between,
    known: &mut HashMap<(String, Option<usize>, bool), usize>,
    (member, link): (usize, Option<Link>),
    (service, failed): (String, Option<Option<i32>>),
) {
    let cause = link.map(|link| link.from);
    let at = story.at[member];
    // What begins a chain has no step to share: two first events are two.
    let key = (service.clone(), cause.or(Some(usize::MAX - member)), failed.is_some());
    let step = *known.entry(key).or_insert_with(|| {
        let from = cause.map_or(at, |cause| story.at[cause]);
        let sure = link.is_none_or(|link| story.confidence(link) >= SURE);
        between.steps.push(Step { service, cause, effects: Vec::new(), from, to: at, failed, sure });
        between.steps.len() - 1
    });
    between.by[member] = Some(step);
    let step = &mut between.steps[step];
    step.effects.push(member);
    step.to = if step.effects.len() == 1 { at } else { step.to.max(at) };
    step.failed = step.failed.map(|attempts| attempts.max(failed.flatten()));
}

fn is_dead(story: &Story, member: usize) -> bool {
    story.members()[member].dead_letter.is_some()
}

/// The worst reason counts; of two equal ones the first that ended it.
fn stay(place: &mut Option<Stay>, new: Stay) {
    let better = place.is_none_or(|old| (new.why, -new.until) > (old.why, -old.until));
    if better {
        *place = Some(new);
    }
}

/// Dead letters that nobody put back lie there until now.
fn lie_dead(story: &Story, between: &mut Between) {
    let replayed: HashSet<usize> =
        story.links.iter().filter(|link| story.rule(**link) == EdgeRule::Replay).map(|link| link.from).collect();
    for member in 0..story.members().len() {
        if is_dead(story, member) && !replayed.contains(&member) && story.chain.state != ChainState::Complete {
            between.stays[member] = Some(Stay { why: Lying::Dead, until: story.end, open: true });
        }
    }
}

/// A chain that is stuck waits at its last event.
fn wait(story: &Story, between: &mut Between) {
    let last = (0..story.members().len())
        .filter(|member| story.members()[*member].kind == Kind::Event && !is_dead(story, *member))
        .max_by_key(|member| story.at[*member]);
    if let Some(member) = last.filter(|_| story.chain.state == ChainState::Stuck) {
        stay(&mut between.stays[member], Stay { why: Lying::Waiting, until: story.end, open: true });
    }
}

impl Between {
    fn order(&mut self) {
        let mut order: Vec<usize> = (0..self.steps.len()).collect();
        sort_by_key(&mut order, |index| (self.steps[*index].from, *index));
        let mut new_place = vec![0; order.len()];
        for (place, old) in order.iter().enumerate() {
            new_place[*old] = place;
        }
        for by in self.by.iter_mut().flatten() {
            *by = new_place[*by];
        }
        let mut steps = std::mem::take(&mut self.steps).into_iter().map(Some).collect::<Vec<_>>();
        self.steps = order.into_iter().filter_map(|index| steps[index].take()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};

    const S: i64 = 1_000_000;

    #[test]
    fn a_service_works_from_what_it_read_to_what_it_wrote() {
        let story = order();
        let between = between(&story);
        let paid = &between.steps[between.by[4].unwrap()];
        assert_eq!((paid.service.as_str(), paid.cause, paid.from, paid.to), ("payments", Some(3), 1300 * S, 1301 * S));
        assert!(paid.sure && paid.failed.is_none());
    }

    #[test]
    fn giving_up_is_failed_work_of_the_group() {
        let between = between(&order());
        let failed = &between.steps[between.by[2].unwrap()];
        assert_eq!(
            (failed.service.as_str(), failed.failed, failed.to - failed.from),
            ("payments", Some(Some(3)), 6 * S)
        );
    }

    #[test]
    fn a_dead_letter_lies_until_it_is_put_back_and_a_stuck_chain_waits_at_its_end() {
        let between = between(&order());
        assert_eq!(between.stays[2], Some(Stay { why: Lying::Dead, until: 1300 * S, open: false }));
        assert_eq!(between.stays[4], Some(Stay { why: Lying::Waiting, until: 2000 * S, open: true }));
        assert_eq!(between.stays[1], None);
    }

    #[test]
    fn without_a_replay_a_dead_letter_still_lies_there() {
        let members = vec![event("A", "orders", 1, Some("orders")), dead("D", 2, "payments")];
        let chain = chain(ChainState::Failed, members, &[(0, 1, EdgeRule::DeadLetter, 1.0)]);
        let between = between(&Story::new(chain, 60 * S));
        assert_eq!(between.stays[1], Some(Stay { why: Lying::Dead, until: 60 * S, open: true }));
    }

    #[test]
    fn what_one_event_made_a_service_write_is_one_step_and_guesses_say_so() {
        let members = vec![
            event("A", "a", 1, None),
            event("B", "b", 2, Some("s")),
            event("C", "c", 4, Some("s")),
            event("D", "d", 5, None),
        ];
        let edges = [(0, 1, EdgeRule::Id, 0.6), (0, 2, EdgeRule::Id, 0.6), (2, 3, EdgeRule::Id, 0.6)];
        let between = between(&Story::new(chain(ChainState::Complete, members, &edges), 0));
        assert_eq!(between.steps.len(), 1);
        let step = &between.steps[0];
        assert_eq!((step.effects.as_slice(), step.to, step.sure), ([1, 2].as_slice(), 4 * S, false));
        assert_eq!(between.stays[2], Some(Stay { why: Lying::Broker, until: 5 * S, open: false }));
    }
}
