//! The system as it ran in the range: which service sent to which destination, and where events of it died.

use std::collections::{BTreeMap, BTreeSet};

use tapline_api::{DestinationKind, FlowEdge, FlowMap, FlowNode, Level};

use super::facts::Facts;
use crate::words::thousands;

/// Nodes of a map that can still be read; the busiest are shown.
const MOST_NODES: usize = 60;

pub(super) fn map(facts: &Facts) -> FlowMap {
    let mut edges = sent(facts);
    edges.extend(died(facts));
    edges.sort_by_key(|edge| std::cmp::Reverse(edge.events));
    let mut ids = BTreeSet::new();
    edges.retain(|edge| {
        let fits = ids.len() + 2 <= MOST_NODES || (ids.contains(&edge.from) && ids.contains(&edge.to));
        if fits {
            ids.extend([edge.from.clone(), edge.to.clone()]);
        }
        fits
    });
    FlowMap { nodes: nodes(facts, &edges), edges }
}

fn sent(facts: &Facts) -> Vec<FlowEdge> {
    let edge = |((producer, destination), events): (&(String, String), &u64)| FlowEdge {
        from: service_id(producer),
        to: destination_id(destination),
        events: *events,
        level: Level::Mute,
        label: None,
    };
    facts.sent.iter().map(edge).collect()
}

/// From where events failed to where they wait.
fn died(facts: &Facts) -> Vec<FlowEdge> {
    let mut dead = BTreeMap::<(&str, &str), u64>::new();
    for cause in &facts.causes {
        if let Some(origin) = cause.cause.origin.as_deref() {
            *dead.entry((origin, &cause.destination)).or_default() += cause.activity.total();
        }
    }
    let edge = |((origin, destination), events): ((&str, &str), u64)| FlowEdge {
        from: destination_id(origin),
        to: destination_id(destination),
        events,
        level: Level::Bad,
        label: Some(format!("{} dead", thousands(events))),
    };
    dead.into_iter().map(edge).collect()
}

fn nodes(facts: &Facts, edges: &[FlowEdge]) -> Vec<FlowNode> {
    let mut rows = BTreeMap::<u32, u32>::new();
    let mut seen = BTreeSet::new();
    // Edges come busiest first, so nodes do.
    let ids = edges.iter().flat_map(|edge| [&edge.from, &edge.to]).filter(|id| seen.insert((*id).clone()));
    ids.map(|id| {
        let (name, kind) = described(facts, id);
        let column = match kind {
            "service" => 0,
            "destination" => 1,
            "retry" => 2,
            _ => 3,
        };
        let row = rows.entry(column).and_modify(|row| *row += 1).or_insert(0);
        let level = if kind == "dead_letter" { Level::Bad } else { Level::Mute };
        FlowNode { id: id.clone(), name, kind: kind.to_owned(), level, column, row: *row }
    })
    .collect()
}

fn described(facts: &Facts, id: &str) -> (String, &'static str) {
    if let Some(service) = id.strip_prefix("service/") {
        return (service.to_owned(), "service");
    }
    let name = id.strip_prefix("destination/").unwrap_or(id);
    let dead = facts.causes.iter().any(|cause| cause.destination == name);
    let known = facts.known.iter().find(|known| known.name == name).map(|known| known.kind);
    let kind = match known {
        _ if dead => "dead_letter",
        Some(DestinationKind::DeadLetter) => "dead_letter",
        Some(DestinationKind::Retry) => "retry",
        Some(DestinationKind::Topic) | None => "destination",
    };
    (name.to_owned(), kind)
}

fn service_id(name: &str) -> String {
    format!("service/{name}")
}

fn destination_id(name: &str) -> String {
    format!("destination/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overview::facts::tests::{dead, facts};

    #[test]
    fn the_map_shows_who_sends_where_and_where_it_dies() {
        let mut facts = facts();
        facts.sent.insert(("storefront".into(), "orders".into()), 4_000);
        // A service may have the name of its topic.
        facts.sent.insert(("orders".into(), "orders".into()), 10);
        let mut burst = dead("orders-dlt", Some("orders"));
        burst.activity.series.points[3] = 1_284;
        facts.causes = vec![burst];
        let map = map(&facts);
        let ids: Vec<(&str, u32, u32)> =
            map.nodes.iter().map(|node| (node.id.as_str(), node.column, node.row)).collect();
        assert_eq!(
            ids,
            [
                ("service/storefront", 0, 0),
                ("destination/orders", 1, 0),
                ("destination/orders-dlt", 3, 0),
                ("service/orders", 0, 1)
            ]
        );
        let died = map.edges.iter().find(|edge| edge.level == Level::Bad).unwrap();
        assert_eq!((died.label.as_deref(), died.events), (Some("1,284 dead"), 1_284));
    }

    #[test]
    fn a_map_stays_readable() {
        let mut facts = facts();
        for n in 0..500 {
            facts.sent.insert((format!("s{n}"), format!("d{n}")), n);
        }
        assert!(map(&facts).nodes.len() <= MOST_NODES);
    }
}
