//! Why members are connected, as few edges as tell it, and the causal order that follows from them.
//!
//! Declared edges first: causation, the origin of a dead letter or retry, a replay, the same message again. A member
//! that none of them leads to is tied to its best predecessor: the latest earlier member with the same trace,
//! conversation or correlation, else with the same business id. Groups of n members get n − 1 edges, not n².

mod declared;
mod grouped;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};

use tapline_api::EdgeRule;

use crate::book::{Book, RowAt, TokenAt};

pub(crate) use declared::declared;

/// An edge between two members.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) from: RowAt,
    pub(crate) to: RowAt,
    pub(crate) rule: EdgeRule,
    pub(crate) evidence: String,
}

impl Link {
    /// 0 to 1.
    pub(crate) fn confidence(&self) -> f64 {
        match self.rule {
            EdgeRule::Causation | EdgeRule::Link | EdgeRule::Parent => 0.99,
            EdgeRule::DeadLetter | EdgeRule::Replay => 0.97,
            EdgeRule::MessageId => 0.95,
            EdgeRule::Correlation => 0.8,
            EdgeRule::Id => 0.6,
            EdgeRule::Time => 0.2,
        }
    }
}

/// Members in causal order with their edges.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Causes before effects, ties by time, then address.
    pub(crate) order: Vec<RowAt>,
    /// Strongest first for each member.
    pub(crate) links: Vec<Link>,
}

impl Graph {
    /// Connects members. `connecting` are the tokens that the walk went through.
    pub(crate) fn new(book: &Book<'_>, members: &[RowAt], connecting: &BTreeSet<TokenAt>) -> Self {
        let mut links = declared(book, members);
        let order = causal_order(book, members, &links);
        let led_to: BTreeSet<RowAt> = links.iter().map(|link| link.to).collect();
        links.extend(grouped::grouped(book, &order, connecting, &led_to));
        let place: HashMap<RowAt, usize> = order.iter().enumerate().map(|(place, row)| (*row, place)).collect();
        links.sort_by_key(|link| (place[&link.to], link.rule, place[&link.from]));
        Self { order, links }
    }

    /// Steps from the rows asked for, over edges in both directions; `else_` where no edge leads.
    pub(crate) fn distances(&self, start: &[RowAt], else_: &BTreeMap<RowAt, u32>) -> HashMap<RowAt, u32> {
        let mut near = HashMap::<RowAt, Vec<RowAt>>::new();
        for link in &self.links {
            near.entry(link.from).or_default().push(link.to);
            near.entry(link.to).or_default().push(link.from);
        }
        let mut distances: HashMap<RowAt, u32> = start.iter().map(|row| (*row, 0)).collect();
        let mut queue: VecDeque<RowAt> = start.iter().copied().collect();
        while let Some(row) = queue.pop_front() {
            let next = distances.get(&row).map_or(1, |distance| distance + 1);
            for other in near.get(&row).into_iter().flatten() {
                if !distances.contains_key(other) {
                    distances.insert(*other, next);
                    queue.push_back(*other);
                }
            }
        }
        for (row, depth) in else_ {
            distances.entry(*row).or_insert(*depth);
        }
        distances
    }
}

/// Causes before effects; among those whose causes are all listed the earliest first. Causes that declare each other
/// in a circle are cut at the earliest.
fn causal_order(book: &Book<'_>, members: &[RowAt], links: &[Link]) -> Vec<RowAt> {
    let mut by_time = members.to_vec();
    book.sort(&mut by_time);
    let place: HashMap<RowAt, usize> = by_time.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let mut effects = vec![Vec::new(); by_time.len()];
    let mut waits = vec![0usize; by_time.len()];
    for link in links {
        effects[place[&link.from]].push(place[&link.to]);
        waits[place[&link.to]] += 1;
    }
    let mut ready: BinaryHeap<std::cmp::Reverse<usize>> =
        (0..by_time.len()).filter(|at| waits[*at] == 0).map(std::cmp::Reverse).collect();
    let (mut order, mut done, mut first_open) = (Vec::with_capacity(by_time.len()), vec![false; by_time.len()], 0);
    while order.len() < by_time.len() {
        while first_open < by_time.len() && done[first_open] {
            first_open += 1;
        }
        let at = ready.pop().map_or(first_open, |std::cmp::Reverse(at)| at);
        if std::mem::replace(&mut done[at], true) {
            continue;
        }
        order.push(by_time[at]);
        for effect in &effects[at] {
            waits[*effect] = waits[*effect].saturating_sub(1);
            if waits[*effect] == 0 {
                ready.push(std::cmp::Reverse(*effect));
            }
        }
    }
    order
}
