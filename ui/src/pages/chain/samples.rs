//! Small chains for the tests of this folder.

use std::sync::Arc;

use tapline_api::{Chain, ChainState, Edge, EdgeRule, Kind, Member, chain::DeadLetterBrief};

use super::story::Story;
use crate::format::time;

/// An event at a second.
pub(crate) fn event(name: &str, destination: &str, second: i64, service: Option<&str>) -> Member {
    Member {
        address: format!("k/{destination}/0/{name}"),
        kind: Kind::Event,
        source: "k".into(),
        destination: destination.into(),
        partition: Some(0),
        position: name.into(),
        timestamp: Some(time::rfc3339(second * 1_000_000)),
        event_type: Some(name.into()),
        service: service.map(str::to_owned),
        ids: Vec::new(),
        size: 100,
        dead_letter: None,
        retry: None,
        replay: None,
        distance: 0,
    }
}

/// A dead letter at a second.
pub(crate) fn dead(name: &str, second: i64, group: &str) -> Member {
    Member {
        dead_letter: Some(DeadLetterBrief {
            consumer_group: Some(group.into()),
            root_cause: Some("Bad".into()),
            message: None,
            attempts: Some(3),
            origin: None,
        }),
        ..event(name, "orders-dlt", second, None)
    }
}

/// A chain; edges by index.
pub(crate) fn chain(state: ChainState, members: Vec<Member>, edges: &[(usize, usize, EdgeRule, f64)]) -> Arc<Chain> {
    let edges = edges
        .iter()
        .map(|&(from, to, rule, confidence)| Edge {
            from: members[from].address.clone(),
            to: members[to].address.clone(),
            rule,
            confidence,
            evidence: String::new(),
        })
        .collect();
    Arc::new(Chain {
        one_story: true,
        query: "orderId=1".into(),
        state,
        headline: String::new(),
        detail: String::new(),
        started_at: None,
        ended_at: None,
        members,
        edges,
        missing: Vec::new(),
        findings: Vec::new(),
        hubs: Vec::new(),
        also: Vec::new(),
        truncated: false,
        elapsed_ms: 1.0,
    })
}

/// Placed, given up, put back, paid, waiting for a shipment at second 2,000.
pub(crate) fn order() -> Story {
    let members = vec![
        event("OrderPlaced", "orders", 100, Some("orders")),
        event("StockReserved", "inventory", 101, Some("inventory")),
        dead("OrderPlaced-dead", 106, "payments"),
        event("OrderPlaced-again", "orders", 1300, None),
        event("PaymentAuthorized", "payments", 1301, Some("payments")),
    ];
    let edges = [
        (0, 1, EdgeRule::Causation, 1.0),
        (0, 2, EdgeRule::DeadLetter, 1.0),
        (2, 3, EdgeRule::Replay, 1.0),
        (3, 4, EdgeRule::Causation, 1.0),
        (0, 4, EdgeRule::Id, 0.6),
    ];
    Story::new(chain(ChainState::Stuck, members, &edges), 2_000_000_000)
}
