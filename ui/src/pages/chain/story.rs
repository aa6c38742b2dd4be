//! A chain by index: times as numbers, edges between places in the list, who caused whom. Owns no layout; what is drawn
//! of it belongs to [`super::steps`] and [`super::lanes`].

use std::{collections::HashMap, sync::Arc};

use tapline_api::{Chain, ChainState, EdgeRule, Kind, Member};

use crate::format::time;

/// An edge between two members of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// The cause, or the earlier one.
    pub(crate) from: usize,
    /// The effect, or the later one.
    pub(crate) to: usize,
    /// Index in [`Chain::edges`].
    pub(crate) edge: usize,
}

/// A chain, ready to be drawn.
pub(crate) struct Story {
    /// As it came.
    pub(crate) chain: Arc<Chain>,
    /// Microseconds since 1970 for each member; one without a time stands where its predecessor does.
    pub(crate) at: Vec<i64>,
    /// Edges whose ends are both in the list, in the order of the answer.
    pub(crate) links: Vec<Link>,
    /// The first moment.
    pub(crate) start: i64,
    /// The last moment: now, while something may still come.
    pub(crate) end: i64,
    /// For each member the strongest edge that leads to it.
    cause: Vec<Option<Link>>,
    places: HashMap<String, usize>,
}

impl Story {
    /// Reads an answer; `now` in microseconds since 1970.
    pub(crate) fn new(chain: Arc<Chain>, now: i64) -> Self {
        let at = times(&chain.members, now);
        let places: HashMap<_, _> =
            chain.members.iter().enumerate().map(|(index, member)| (member.address.clone(), index)).collect();
        let links = links(&chain, &places);
        let cause = causes(&chain, &links, &at);
        let start = at.iter().copied().min().unwrap_or(now);
        let last = at.iter().copied().max().unwrap_or(now);
        let open = matches!(chain.state, ChainState::Running | ChainState::Stuck | ChainState::Failed);
        let end = if open { last.max(now) } else { last };
        Self { chain, at, links, start, end, cause, places }
    }

    /// The members.
    pub(crate) fn members(&self) -> &[Member] {
        &self.chain.members
    }

    /// Time of the last member.
    pub(crate) fn last(&self) -> i64 {
        self.at.iter().copied().max().unwrap_or(self.end)
    }

    /// Where an address stands in the list.
    pub(crate) fn place(&self, address: &str) -> Option<usize> {
        self.places.get(address).copied()
    }

    /// The strongest edge that leads to a member.
    pub(crate) fn cause(&self, member: usize) -> Option<Link> {
        self.cause.get(member).copied().flatten()
    }

    /// The rule of an edge.
    pub(crate) fn rule(&self, link: Link) -> EdgeRule {
        self.chain.edges.get(link.edge).map_or(EdgeRule::Time, |edge| edge.rule)
    }

    /// How sure an edge is, 0 to 1.
    pub(crate) fn confidence(&self, link: Link) -> f64 {
        self.chain.edges.get(link.edge).map_or(0.0, |edge| edge.confidence)
    }

    /// Whether a member is a span: it lasts, while events and logs are moments.
    pub(crate) fn is_span(&self, member: usize) -> bool {
        self.members().get(member).is_some_and(|member| member.kind == Kind::Span)
    }

    /// Whether a member is what a replay put back.
    pub(crate) fn is_replayed(&self, member: usize) -> bool {
        self.cause(member).is_some_and(|link| self.rule(link) == EdgeRule::Replay)
    }
}

fn times(members: &[Member], now: i64) -> Vec<i64> {
    let known = |member: &Member| member.came().and_then(time::parse);
    let mut before = members.iter().find_map(known).unwrap_or(now);
    members
        .iter()
        .map(|member| {
            before = known(member).unwrap_or(before);
            before
        })
        .collect()
}

fn links(chain: &Chain, places: &HashMap<String, usize>) -> Vec<Link> {
    let link = |(edge, ends): (usize, &tapline_api::Edge)| {
        let (from, to) = (*places.get(&ends.from)?, *places.get(&ends.to)?);
        (from != to).then_some(Link { from, to, edge })
    };
    chain.edges.iter().enumerate().filter_map(link).collect()
}

/// The surest edge; of two that are equally sure the one from the nearest cause.
fn causes(chain: &Chain, links: &[Link], at: &[i64]) -> Vec<Option<Link>> {
    let mut causes: Vec<Option<Link>> = vec![None; chain.members.len()];
    let weight = |link: &Link| (chain.edges[link.edge].confidence, at[link.from]);
    for link in links {
        let best = &mut causes[link.to];
        if best.as_ref().is_none_or(|best| weight(link) > weight(best)) {
            *best = Some(*link);
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::{super::samples::*, *};

    #[test]
    fn the_surest_edge_is_the_cause() {
        let story = order();
        assert_eq!(story.cause(4).map(|link| link.from), Some(3));
        assert_eq!(story.cause(0), None);
        assert!(story.is_replayed(3) && !story.is_replayed(4));
    }

    #[test]
    fn an_open_chain_ends_now_and_a_complete_one_with_its_last_member() {
        assert_eq!((order().start, order().end), (100_000_000, 2_000_000_000));
        let done = chain(ChainState::Complete, vec![event("A", "a", 5, None), event("B", "a", 9, None)], &[]);
        assert_eq!(Story::new(done, 50_000_000).end, 9_000_000);
    }

    #[test]
    fn a_member_without_time_stands_where_its_predecessor_does() {
        let mut late = event("B", "a", 9, None);
        late.timestamp = None;
        let story = Story::new(chain(ChainState::Complete, vec![event("A", "a", 5, None), late], &[]), 0);
        assert_eq!(story.at, [5_000_000, 5_000_000]);
    }

    #[test]
    fn edges_to_members_that_are_not_listed_are_left_out() {
        let mut one = (*chain(ChainState::Complete, vec![event("A", "a", 5, None)], &[])).clone();
        one.edges.push(tapline_api::Edge {
            from: "gone".into(),
            to: one.members[0].address.clone(),
            rule: EdgeRule::Id,
            confidence: 0.6,
            evidence: String::new(),
        });
        assert!(Story::new(Arc::new(one), 0).links.is_empty());
    }
}
