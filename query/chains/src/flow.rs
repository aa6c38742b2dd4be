//! The system as it runs: which service produces where, who consumes it, what dies. Inferred from recent rows.
//!
//! That a service consumes a destination is never announced on a broker that we read unnoticed; it shows in what the
//! service makes of it: an event of `payments` caused by an event in `orders` says that `payments` reads `orders`.

mod layout;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use tapline_api::{FlowEdge, FlowMap, FlowNode, Level};
use tapline_archive::View;

use crate::row::{Role, Row};
use crate::sample;
use crate::wording;

/// Edges drawn, the most travelled first: a map of more is not read.
const MAX_EDGES: usize = 200;
/// A trace or correlation with more rows in the sample does not say who caused what.
const MAX_SCOPE: usize = 500;

/// A service or a destination of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node<'a> {
    Service(&'a str),
    Destination(&'a str, &'a str),
}

/// What goes from one node to another, or stands on a destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// All events.
    pub events: u64,
    /// Dead letters among them.
    pub dead: u64,
    /// Those on their way to another attempt.
    pub retries: u64,
}

impl Traffic {
    fn add(&mut self, row: &Row) {
        self.events += 1;
        self.dead += u64::from(row.dead.is_some());
        self.retries += u64::from(row.retry.is_some());
    }

    /// What of a sample stands for how much of the whole.
    fn scaled(self, sample: Self, whole: Self) -> Self {
        let scale = |part: u64, of: u64, all: u64| match of {
            0 => part,
            of => u64::try_from((u128::from(part) * u128::from(all) + u128::from(of) / 2) / u128::from(of))
                .unwrap_or(part),
        };
        Self {
            events: scale(self.events, sample.events, whole.events),
            dead: scale(self.dead, sample.dead, whole.dead),
            retries: scale(self.retries, sample.retries, whole.retries),
        }
    }
}

/// Who hands what to whom, as a sample of rows tells.
#[derive(Debug, Default)]
pub struct Flow {
    nodes: Vec<FlowNode>,
    /// Ids of two nodes, what goes between them, and the destination of the two.
    edges: Vec<(String, String, Traffic, String)>,
    /// What the sample holds of each destination, by its node's id.
    sample: HashMap<String, Traffic>,
}

impl Flow {
    /// The map, in which what goes to and from a destination is as much as `whole` says of it (by the id of its node,
    /// see [`destination_id`]); where it says nothing, as much as the sample holds.
    pub fn map(&self, whole: impl Fn(&str) -> Option<Traffic>) -> FlowMap {
        let scaled = |traffic: Traffic, destination: &str| match (self.sample.get(destination), whole(destination)) {
            (Some(sample), Some(whole)) => traffic.scaled(*sample, whole),
            _ => traffic,
        };
        let edges = self.edges.iter().map(|(from, to, traffic, at)| flow_edge(from, to, scaled(*traffic, at)));
        FlowMap { nodes: self.nodes.clone(), edges: edges.collect() }
    }
}

/// Traffic between nodes.
type Edges<'a> = BTreeMap<(Node<'a>, Node<'a>), Traffic>;

/// Services and destinations with events between `from` and `to` (microseconds, half-open), learnt from at most
/// `sample_limit` of the newest rows there. Blocks on the disk.
pub fn flow(view: &View, from: i64, to: i64, sample_limit: usize) -> Flow {
    let mut rows = sample::between(view, sample_limit, from, to);
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut edges = Edges::new();
    produced(&rows, &mut edges);
    let begins = consumed(&rows, &mut edges);
    let mut edges: Vec<_> = edges.into_iter().collect();
    edges.sort_by_key(|(ends, traffic)| (std::cmp::Reverse(traffic.events), *ends));
    edges.truncate(MAX_EDGES);
    draw(&rows, &edges, &begins)
}

fn destination(row: &Row) -> Node<'_> {
    Node::Destination(&row.address.source, &row.address.destination)
}

/// Who wrote what where. A dead letter or retry was written by who gave up, not by who made the event.
fn produced<'a>(rows: &'a [Row], edges: &mut Edges<'a>) {
    let services: Vec<&str> = rows.iter().filter_map(|row| row.service.as_deref()).collect();
    let known: std::collections::BTreeSet<&str> = services.into_iter().collect();
    for row in rows {
        let from = match (&row.origin, row.is_copy()) {
            (_, false) => row.service.as_deref().map(Node::Service),
            (origin, true) => {
                let group = row.dead.as_ref().and_then(|dead| dead.group.as_deref());
                let service = group.and_then(|group| known.get(group)).map(|service| Node::Service(service));
                let origin = origin.as_ref().map(|origin| Node::Destination(&row.address.source, &origin.destination));
                service.or(origin)
            }
        };
        let Some(from) = from.filter(|from| *from != destination(row)) else { continue };
        edges.entry((from, destination(row))).or_default().add(row);
    }
}

/// Who read what: the declared cause of an event, else what came before it in its trace or correlation. Yields how many
/// events of a service nothing came before.
fn consumed<'a>(rows: &'a [Row], edges: &mut Edges<'a>) -> HashMap<Node<'a>, u64> {
    let mut by_message = HashMap::<&str, &Row>::new();
    let mut sizes = HashMap::<&str, usize>::new();
    for row in rows.iter().filter(|row| !row.is_copy()) {
        if let Some(message) = row.id(Role::Message) {
            by_message.entry(message).or_insert(row);
        }
        scopes(row).for_each(|scope| *sizes.entry(scope).or_default() += 1);
    }
    let (mut latest, mut begins) = (HashMap::<&str, &Row>::new(), HashMap::new());
    for row in rows.iter().filter(|row| !row.is_copy()) {
        let declared = row.id(Role::Causation).map(|cause| by_message.get(cause).copied());
        // A cause outside the sample is not replaced by a guess.
        let before =
            || scopes(row).filter(|scope| sizes[scope] <= MAX_SCOPE).find_map(|scope| latest.get(scope).copied());
        let cause = declared.unwrap_or_else(before);
        if let (None, None, Some(service)) = (declared, cause, row.service.as_deref()) {
            *begins.entry(Node::Service(service)).or_default() += 1;
        }
        let is_other = |cause: &&Row| cause.text != row.text && cause.service != row.service;
        if let (Some(cause), Some(service)) = (cause.filter(is_other), row.service.as_deref()) {
            edges.entry((destination(cause), Node::Service(service))).or_default().events += 1;
        }
        latest.extend(scopes(row).map(|scope| (scope, row)));
    }
    begins
}

fn scopes(row: &Row) -> impl Iterator<Item = &str> {
    [Role::Trace, Role::Conversation, Role::Correlation].into_iter().filter_map(|role| row.id(role))
}

fn draw(rows: &[Row], edges: &[((Node<'_>, Node<'_>), Traffic)], begins: &HashMap<Node<'_>, u64>) -> Flow {
    let mut kinds: HashMap<Node<'_>, Traffic> =
        edges.iter().flat_map(|((from, to), _)| [(*from, Traffic::default()), (*to, Traffic::default())]).collect();
    for row in rows {
        let service = row.service.as_deref().filter(|_| !row.is_copy()).map(Node::Service);
        for node in service.into_iter().chain([destination(row)]) {
            kinds.entry(node).and_modify(|traffic| traffic.add(row));
        }
    }
    // On the left stands who begins most flows. Nothing here depends on which rows came first: a map that is asked for
    // again must not turn over.
    let mut seen: Vec<Node<'_>> = kinds.keys().copied().collect();
    seen.sort_by_key(|node| (std::cmp::Reverse(begins.get(node).copied().unwrap_or(0)), *node));
    let place: HashMap<Node<'_>, usize> = seen.iter().enumerate().map(|(at, node)| (*node, at)).collect();
    let arrows: Vec<(usize, usize)> = edges.iter().map(|((from, to), _)| (place[from], place[to])).collect();
    let spots = layout::layers(seen.len(), &arrows);
    let nodes = seen.iter().zip(spots).map(|(node, spot)| flow_node(*node, kinds[node], spot));
    let edges = edges.iter().map(|((from, to), traffic)| {
        let at = if matches!(to, Node::Destination(..)) { to } else { from };
        (id(*from), id(*to), *traffic, id(*at))
    });
    let sample = kinds.iter().map(|(node, traffic)| (id(*node), *traffic));
    Flow { nodes: nodes.collect(), edges: edges.collect(), sample: sample.collect() }
}

fn flow_node(node: Node<'_>, of: Traffic, spot: layout::Spot) -> FlowNode {
    let (name, kind) = match node {
        Node::Service(name) => (name, "service"),
        // Most rows decide: a stray header does not make a dead-letter topic.
        Node::Destination(_, name) if of.dead * 2 > of.events => (name, "dead_letter"),
        Node::Destination(_, name) if of.retries * 2 > of.events => (name, "retry"),
        Node::Destination(_, name) => (name, "destination"),
    };
    let level = if kind == "dead_letter" { Level::Bad } else { Level::Mute };
    FlowNode { id: id(node), name: name.to_owned(), kind: kind.to_owned(), level, column: spot.column, row: spot.row }
}

fn flow_edge(from: &str, to: &str, traffic: Traffic) -> FlowEdge {
    let count = |number: u64| wording::count(usize::try_from(number).unwrap_or(usize::MAX));
    let (level, label) = match traffic {
        Traffic { dead: 1.., .. } => (Level::Bad, Some(format!("{} dead", count(traffic.dead)))),
        Traffic { retries: 1.., .. } => (Level::Warn, Some(format!("{} retried", count(traffic.retries)))),
        _ => (Level::Mute, None),
    };
    FlowEdge { from: from.to_owned(), to: to.to_owned(), events: traffic.events, level, label }
}

/// The id of a destination's node.
pub fn destination_id(source: &str, name: &str) -> String {
    id(Node::Destination(source, name))
}

fn id(node: Node<'_>) -> String {
    match node {
        Node::Service(name) => format!("service:{name}"),
        Node::Destination(source, name) => format!("destination:{source}/{name}"),
    }
}
