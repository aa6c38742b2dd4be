//! A chain as a sequence: who handed what to whom, in the order in which it happened. Owns the rows; [`super::sequence`]
//! draws them.

use std::collections::{HashMap, HashSet};

use tapline_api::Kind;

use super::{
    lanes::{Lane, LaneKind, Layout},
    steps::{Between, SURE},
    story::Story,
    time_scale::Fold,
};

use crate::order::sort_by_key;

/// What happens in a row; lanes by their place in [`Sequence::lanes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A service got an event from where it lay; `sure` unless the edge is a guess.
    Read { from: usize, to: usize, sure: bool },
    /// An event was written; by whom is not always known.
    Written { from: Option<usize>, to: usize },
    /// Nothing happened for so long, microseconds.
    Idle(i64),
    /// Something has not come, by its place in the answer.
    Missing(usize),
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Act {
    /// The member that it is about.
    pub(crate) member: Option<usize>,
    /// What happens.
    pub(crate) what: What,
}

/// All rows, from the first to the last.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Sequence {
    /// Who takes part, from left to right.
    pub(crate) lanes: Vec<Lane>,
    /// What happens.
    pub(crate) acts: Vec<Act>,
    /// For each member the row in which it was written.
    pub(crate) row: Vec<Option<usize>>,
}

/// The sequence of what a layout shows.
pub(crate) fn sequence(story: &Story, between: &Between, layout: &Layout, folds: &[Fold]) -> Sequence {
    let lanes: Vec<Lane> = layout.lanes.iter().filter(|lane| lane.kind != LaneKind::Missing).cloned().collect();
    let mut order: Vec<usize> =
        (0..story.members().len()).filter(|member| layout.member_row[*member].is_some()).collect();
    sort_by_key(&mut order, |member| (story.at[*member], *member));
    let (mut acts, mut row) = (Vec::new(), vec![None; story.members().len()]);
    let places = Places::of(&lanes);
    let (mut read, mut folds) = (HashSet::new(), folds.iter().peekable());
    for member in order {
        while let Some(fold) = folds.next_if(|fold| fold.to <= story.at[member]) {
            acts.push(Act::aside(What::Idle(fold.to - fold.from)));
        }
        let step = between.by[member];
        let service = step.and_then(|step| places.service(&between.steps[step].service));
        if let (Some(step), Some(to)) = (step, service)
            && let Some(from) = between.steps[step].cause.and_then(|cause| places.of_member(story, cause))
            && read.insert(step)
        {
            let sure = story.cause(member).is_none_or(|link| story.confidence(link) >= SURE);
            acts.push(Act { member: Some(member), what: What::Read { from, to, sure } });
        }
        let Some(to) = places.of_member(story, member) else { continue };
        // What was put back or given up by nobody known comes from where it lay.
        let lay = || story.cause(member).and_then(|link| places.of_member(story, link.from));
        let from = service.or_else(lay).filter(|from| *from != to);
        row[member] = Some(acts.len());
        acts.push(Act { member: Some(member), what: What::Written { from, to } });
    }
    for fold in folds {
        acts.push(Act::aside(What::Idle(fold.to - fold.from)));
    }
    for missing in 0..story.chain.missing.len() {
        acts.push(Act::aside(What::Missing(missing)));
    }
    Sequence { lanes, acts, row }
}

impl Act {
    fn aside(what: What) -> Self {
        Self { member: None, what }
    }
}

impl Sequence {
    /// Members in the order of the rows.
    pub(crate) fn order(&self) -> Vec<usize> {
        let written = |act: &Act| act.member.filter(|_| matches!(act.what, What::Written { .. }));
        self.acts.iter().filter_map(written).collect()
    }
}

/// Where lanes stand.
struct Places<'a> {
    services: HashMap<&'a str, usize>,
    destinations: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Places<'a> {
    fn of(lanes: &'a [Lane]) -> Self {
        let mut places = Self { services: HashMap::new(), destinations: HashMap::new() };
        for (index, lane) in lanes.iter().enumerate() {
            match lane.kind {
                LaneKind::Service => drop(places.services.insert(&lane.name, index)),
                LaneKind::Destination => drop(places.destinations.insert((&lane.source, &lane.name), index)),
                LaneKind::Missing => {}
            }
        }
        places
    }

    fn service(&self, name: &str) -> Option<usize> {
        self.services.get(name).copied()
    }

    /// Where a member lies; a span belongs to its service.
    fn of_member(&self, story: &Story, member: usize) -> Option<usize> {
        let member = &story.members()[member];
        match member.kind {
            Kind::Event => self.destinations.get(&(member.source.as_str(), member.destination.as_str())).copied(),
            _ => self.service(member.service.as_deref().unwrap_or(&member.source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{lanes, samples::*, steps::between, time_scale::TimeScale},
        *,
    };

    fn said(find: &str) -> Vec<String> {
        let story = order();
        let between = between(&story);
        let wish = lanes::Wish { find: find.to_owned(), ..lanes::Wish::default() };
        let layout = lanes::lay_out(&story, &between, &wish);
        let mut moments = story.at.clone();
        moments.push(story.end);
        let sequence = sequence(&story, &between, &layout, &TimeScale::new(moments, true).folds());
        let name = |lane: usize| {
            let lane = &sequence.lanes[lane];
            if lane.kind == LaneKind::Service { lane.name.to_uppercase() } else { lane.name.clone() }
        };
        let line = |act: &Act| match act.what {
            What::Read { from, to, .. } => format!("{} > {}", name(from), name(to)),
            What::Written { from, to } => format!("{} -> {}", from.map(name).unwrap_or_default(), name(to)),
            What::Idle(micros) => format!("idle {} s", micros / 1_000_000),
            What::Missing(_) => "missing".to_owned(),
        };
        sequence.acts.iter().map(line).collect()
    }

    #[test]
    fn events_go_from_hand_to_hand_in_the_order_of_time() {
        let want = [
            "ORDERS -> orders",
            "orders > INVENTORY",
            "INVENTORY -> inventory",
            "orders > PAYMENTS",
            "PAYMENTS -> orders-dlt",
            "idle 1194 s",
            "orders-dlt -> orders",
            "orders > PAYMENTS",
            "PAYMENTS -> payments",
        ];
        assert_eq!(said("")[..9], want);
    }

    #[test]
    fn a_filter_leaves_what_it_keeps() {
        assert_eq!(said("stock")[..1], ["INVENTORY -> inventory"]);
    }
}
