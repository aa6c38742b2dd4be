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

/// What goes from one node to another.
#[derive(Debug, Clone, Copy, Default)]
struct Traffic {
    events: u64,
    dead: u64,
    retries: u64,
}

/// Traffic between nodes.
type Edges<'a> = BTreeMap<(Node<'a>, Node<'a>), Traffic>;

/// Services and destinations with events between `from` and `to` (microseconds, half-open), learnt from at most
/// `sample_limit` of the newest rows there; counts are of these rows. Blocks on the disk.
pub fn flow_map(view: &View, from: i64, to: i64, sample_limit: usize) -> FlowMap {
    let mut rows = sample::between(view, sample_limit, from, to);
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut edges = Edges::new();
    produced(&rows, &mut edges);
    consumed(&rows, &mut edges);
    let mut edges: Vec<_> = edges.into_iter().collect();
    edges.sort_by_key(|(ends, traffic)| (std::cmp::Reverse(traffic.events), *ends));
    edges.truncate(MAX_EDGES);
    draw(&rows, &edges)
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
        let traffic = edges.entry((from, destination(row))).or_default();
        traffic.events += 1;
        traffic.dead += u64::from(row.dead.is_some());
        traffic.retries += u64::from(row.retry.is_some());
    }
}

/// Who read what: the declared cause of an event, else what came before it in its trace or correlation.
fn consumed<'a>(rows: &'a [Row], edges: &mut Edges<'a>) {
    let mut by_message = HashMap::<&str, &Row>::new();
    let mut sizes = HashMap::<&str, usize>::new();
    for row in rows.iter().filter(|row| !row.is_copy()) {
        if let Some(message) = row.id(Role::Message) {
            by_message.entry(message).or_insert(row);
        }
        scopes(row).for_each(|scope| *sizes.entry(scope).or_default() += 1);
    }
    let mut latest = HashMap::<&str, &Row>::new();
    for row in rows.iter().filter(|row| !row.is_copy()) {
        let declared = row.id(Role::Causation).map(|cause| by_message.get(cause).copied());
        // A cause outside the sample is not replaced by a guess.
        let before =
            || scopes(row).filter(|scope| sizes[scope] <= MAX_SCOPE).find_map(|scope| latest.get(scope).copied());
        let cause = declared.unwrap_or_else(before);
        let is_other = |cause: &&Row| cause.text != row.text && cause.service != row.service;
        if let (Some(cause), Some(service)) = (cause.filter(is_other), row.service.as_deref()) {
            edges.entry((destination(cause), Node::Service(service))).or_default().events += 1;
        }
        latest.extend(scopes(row).map(|scope| (scope, row)));
    }
}

fn scopes(row: &Row) -> impl Iterator<Item = &str> {
    [Role::Trace, Role::Conversation, Role::Correlation].into_iter().filter_map(|role| row.id(role))
}

fn draw(rows: &[Row], edges: &[((Node<'_>, Node<'_>), Traffic)]) -> FlowMap {
    // Nodes in the order in which they were first seen: flows begin on the left.
    let mut seen = Vec::<Node<'_>>::new();
    let mut kinds = HashMap::<Node<'_>, (u64, u64, u64)>::new();
    let drawn: std::collections::HashSet<Node<'_>> = edges.iter().flat_map(|((from, to), _)| [*from, *to]).collect();
    for row in rows {
        let service = row.service.as_deref().filter(|_| !row.is_copy()).map(Node::Service);
        for node in service.into_iter().chain([destination(row)]).filter(|node| drawn.contains(node)) {
            let kind = kinds.entry(node).or_insert_with(|| {
                seen.push(node);
                (0, 0, 0)
            });
            kind.0 += 1;
            kind.1 += u64::from(row.dead.is_some());
            kind.2 += u64::from(row.retry.is_some());
        }
    }
    // An origin that only its copies name.
    for node in edges.iter().flat_map(|((from, to), _)| [*from, *to]) {
        kinds.entry(node).or_insert_with(|| {
            seen.push(node);
            (0, 0, 0)
        });
    }
    let place: HashMap<Node<'_>, usize> = seen.iter().enumerate().map(|(at, node)| (*node, at)).collect();
    let arrows: Vec<(usize, usize)> = edges.iter().map(|((from, to), _)| (place[from], place[to])).collect();
    let spots = layout::layers(seen.len(), &arrows);
    let nodes = seen.iter().zip(spots).map(|(node, spot)| flow_node(*node, kinds[node], spot));
    FlowMap { nodes: nodes.collect(), edges: edges.iter().map(|(ends, traffic)| flow_edge(ends, traffic)).collect() }
}

fn flow_node(node: Node<'_>, (rows, dead, retries): (u64, u64, u64), spot: layout::Spot) -> FlowNode {
    let (name, kind) = match node {
        Node::Service(name) => (name, "service"),
        // Most rows decide: a stray header does not make a dead-letter topic.
        Node::Destination(_, name) if dead * 2 > rows => (name, "dead_letter"),
        Node::Destination(_, name) if retries * 2 > rows => (name, "retry"),
        Node::Destination(_, name) => (name, "destination"),
    };
    let level = if kind == "dead_letter" { Level::Bad } else { Level::Mute };
    FlowNode { id: id(node), name: name.to_owned(), kind: kind.to_owned(), level, column: spot.column, row: spot.row }
}

fn flow_edge((from, to): &(Node<'_>, Node<'_>), traffic: &Traffic) -> FlowEdge {
    let count = |number: u64| wording::count(usize::try_from(number).unwrap_or(usize::MAX));
    let (level, label) = match traffic {
        Traffic { dead: 1.., .. } => (Level::Bad, Some(format!("{} dead", count(traffic.dead)))),
        Traffic { retries: 1.., .. } => (Level::Warn, Some(format!("{} retried", count(traffic.retries)))),
        _ => (Level::Mute, None),
    };
    FlowEdge { from: id(*from), to: id(*to), events: traffic.events, level, label }
}

fn id(node: Node<'_>) -> String {
    match node {
        Node::Service(name) => format!("service:{name}"),
        Node::Destination(source, name) => format!("destination:{source}/{name}"),
    }
}
