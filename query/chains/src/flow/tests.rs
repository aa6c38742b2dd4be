//! Maps of small worlds.

use super::*;
use crate::world::{Event, S, T0, event, world};

fn shop() -> Vec<Event> {
    let mut events = Vec::new();
    for order in 0..4i64 {
        let at = order * 10 * S;
        let ids = |message: &str, cause: &str| format!("key=ORD-{order:04} message={message}-{order:04}{cause}");
        let caused = |by: &str| format!(" cause={by}-{order:04}");
        events.push(event("orders OrderPlaced storefront", at).with(&ids("placed", "")));
        events.push(event("payments Paid payments", at + S).with(&ids("paid", &caused("placed"))));
        events.push(event("shipping Shipped shipping", at + 2 * S).with(&ids("shipped", &caused("paid"))));
        events.push(event("orders Completed storefront", at + 3 * S).with(&ids("done", &caused("shipped"))));
    }
    let dead = event("orders-dlt OrderPlaced storefront", 50 * S).with("message=placed-0001");
    events.push(dead.dead(("orders", 0, 2), "payments", "Bad", 3));
    events.push(
        event("orders-retry OrderPlaced storefront", 49 * S).with("message=placed-0001").retry(("orders", 0, 2), 2),
    );
    events
}

fn lines(map: &FlowMap) -> Vec<String> {
    let short = |id: &str| id.replace("destination:shop/", "").replace("service:", "@");
    let mut lines: Vec<String> =
        map.edges.iter().map(|edge| format!("{} → {} {}", short(&edge.from), short(&edge.to), edge.events)).collect();
    lines.sort();
    lines
}

#[test]
fn services_stand_between_what_they_read_and_write() {
    let world = world(&shop());
    let map = flow(&world.view, T0, T0 + 3_600 * S, 1_000).map(|_| None);
    assert_eq!(
        lines(&map),
        [
            "@payments → orders-dlt 1",
            "@payments → payments 4",
            "@shipping → shipping 4",
            "@storefront → orders 8",
            "orders → @payments 4",
            "orders → orders-retry 1",
            "payments → @shipping 4",
            "shipping → @storefront 4",
        ]
    );
    let node = |name: &str| map.nodes.iter().find(|node| node.id.ends_with(name)).unwrap();
    assert_eq!(node("orders-dlt").kind, "dead_letter");
    assert_eq!(node("orders-retry").kind, "retry");
    let columns = ["service:storefront", "/orders", "service:payments", "/payments", "service:shipping"];
    assert_eq!(columns.map(|name| node(name).column), [0, 1, 2, 3, 4]);
    let label = map.edges.iter().find(|edge| edge.to.ends_with("orders-dlt")).unwrap();
    assert_eq!((label.label.as_deref(), label.level), (Some("1 dead"), Level::Bad));
}

#[test]
fn without_causation_the_trace_tells_who_reads() {
    let world = world(&[
        event("orders OrderPlaced storefront", 0).with("trace=a1"),
        event("payments Paid payments", S).with("trace=a1"),
    ]);
    let map = flow(&world.view, T0, T0 + 60 * S, 1_000).map(|_| None);
    assert_eq!(lines(&map), ["@payments → payments 1", "@storefront → orders 1", "orders → @payments 1"]);
}

#[test]
fn only_the_time_asked_for_counts() {
    let world = world(&shop());
    let map = flow(&world.view, T0 + 10 * S, T0 + 20 * S, 1_000).map(|_| None);
    assert!(lines(&map).contains(&"@payments → payments 1".to_owned()));
    assert_eq!(flow(&world.view, T0 - 10, T0, 1_000).map(|_| None), FlowMap::default());
    assert_eq!(flow(&world.view, T0, T0 + 3_600 * S, 0).map(|_| None), FlowMap::default());
}

#[test]
fn counts_are_those_of_the_whole_where_it_is_known() {
    let world = world(&shop());
    let flow = flow(&world.view, T0, T0 + 3_600 * S, 1_000);
    let whole = |id: &str| {
        let dead = Traffic { events: 40, dead: 40, retries: 0 };
        let orders = Traffic { events: 80, dead: 0, retries: 0 };
        [("orders-dlt", dead), ("orders", orders)]
            .into_iter()
            .find_map(|(n, t)| (id == destination_id("shop", n)).then_some(t))
    };
    let map = flow.map(whole);
    let label = |to: &str| map.edges.iter().find(|edge| edge.to.ends_with(to)).and_then(|edge| edge.label.clone());
    assert_eq!(label("/orders-dlt").as_deref(), Some("40 dead"));
    assert_eq!(label("/orders-retry").as_deref(), Some("1 retried"), "nothing is known of it");
    assert!(lines(&map).contains(&"@storefront → orders 80".to_owned()), "{:?}", lines(&map));
}

#[test]
fn who_begins_most_flows_stands_on_the_left_whatever_the_range() {
    let world = world(&shop());
    for from in [T0, T0 + S, T0 + 2 * S] {
        let map = flow(&world.view, from, T0 + 3_600 * S, 1_000).map(|_| None);
        let first: Vec<_> = map.nodes.iter().filter(|node| node.column == 0).map(|node| node.name.as_str()).collect();
        assert_eq!(first, ["storefront"]);
    }
}
