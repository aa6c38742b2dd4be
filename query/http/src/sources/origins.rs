//! Where the events of retry and dead-letter destinations failed: pinned, told by their headers, or suggested by names.

use std::collections::BTreeMap;

use tapline_api::{DestinationInfo, DestinationKind, Origin};
use tapline_model::TopicRole;
use tapline_model::pairing::{Observed, Pair, Pin, confirm, pair};

use crate::events::search::Stop;
use crate::problem::Refusal;
use crate::rollup::Lane;
use crate::state::App;

/// Origins of one destination: what headers name is anybody's.
const MOST: usize = 20;

/// How often rows of a source's destination name an origin.
type Seen = BTreeMap<(String, String, TopicRole, String), u64>;

/// Fills in the origins of destinations, of which there are some of every source.
pub(super) fn fill(app: &App, destinations: &mut [DestinationInfo], stop: &Stop) -> Result<(), Refusal> {
    let seen = seen(app, stop)?;
    let mut by_source = BTreeMap::<String, Vec<&mut DestinationInfo>>::new();
    for destination in destinations {
        by_source.entry(destination.source.clone()).or_default().push(destination);
    }
    for (source, destinations) in by_source {
        let pins = app.options.pins.get(&source).map(Vec::as_slice).unwrap_or_default();
        let pairs = pairs(&source, &destinations, pins, &seen);
        for destination in destinations {
            destination.origins = origins(&pairs, &destination.name);
        }
    }
    Ok(())
}

fn seen(app: &App, stop: &Stop) -> Result<Seen, Refusal> {
    let view = app.archive.view();
    let mut counted = BTreeMap::<(String, String, TopicRole), BTreeMap<String, u64>>::new();
    for rollup in app.rollups.recent(&view, stop)? {
        stop.check()?;
        for (lane, events) in rollup.lanes() {
            let (Some(role), Some(origin)) = (role(lane), &lane.origin) else { continue };
            let place = (lane.source.clone(), lane.destination.clone(), role);
            *counted.entry(place).or_default().entry(origin.clone()).or_default() += events;
        }
    }
    let most = counted.into_iter().flat_map(|((source, destination, role), origins)| {
        let mut origins: Vec<(String, u64)> = origins.into_iter().collect();
        origins.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        origins.truncate(MOST);
        let key = move |origin| (source.clone(), destination.clone(), role, origin);
        origins.into_iter().map(move |(origin, count)| (key(origin), count))
    });
    Ok(most.collect())
}

fn role(lane: &Lane) -> Option<TopicRole> {
    if lane.dead { Some(TopicRole::DeadLetter) } else { lane.retry.then_some(TopicRole::Retry) }
}

fn pairs(source: &str, destinations: &[&mut DestinationInfo], pins: &[Pin], seen: &Seen) -> Vec<Pair> {
    let names: BTreeMap<&str, Option<TopicRole>> =
        destinations.iter().map(|known| (known.name.as_str(), of_kind(known.kind))).collect();
    let observed = seen.iter().filter(|((of, ..), _)| of == source);
    let observed = observed.map(|((_, destination, role, origin), count)| Observed {
        destination,
        role: *role,
        origin,
        count: *count,
    });
    confirm(pair(names, pins), observed)
}

fn of_kind(kind: DestinationKind) -> Option<TopicRole> {
    match kind {
        DestinationKind::Topic => None,
        DestinationKind::Retry => Some(TopicRole::Retry),
        DestinationKind::DeadLetter => Some(TopicRole::DeadLetter),
    }
}

/// Most first.
fn origins(pairs: &[Pair], destination: &str) -> Vec<Origin> {
    let pairs = pairs.iter().filter(|pair| pair.destination == destination);
    let origin = |pair: &Pair| Origin {
        destination: pair.origin.clone(),
        reason: pair.reason.as_str().to_owned(),
        seen: pair.seen,
    };
    let mut origins: Vec<Origin> = pairs.map(origin).collect();
    origins.sort_by_key(|origin| std::cmp::Reverse(origin.seen));
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, kind: DestinationKind) -> DestinationInfo {
        DestinationInfo {
            source: "shop".to_owned(),
            name: name.to_owned(),
            incarnation: 1,
            kind,
            origins: Vec::new(),
            rows: 1,
            bytes: 1,
            first: None,
            last: None,
            places: Vec::new(),
        }
    }

    fn of(list: &mut [DestinationInfo], pins: &[Pin], seen: &Seen) -> Vec<Vec<(String, String, u64)>> {
        let pairs = pairs("shop", &list.iter_mut().collect::<Vec<_>>(), pins, seen);
        let told = |origin: Origin| (origin.destination, origin.reason, origin.seen);
        list.iter().map(|known| origins(&pairs, &known.name).into_iter().map(told).collect()).collect()
    }

    fn line(origin: &str, reason: &str, seen: u64) -> (String, String, u64) {
        (origin.to_owned(), reason.to_owned(), seen)
    }

    #[test]
    fn names_make_candidates_and_headers_confirm() {
        let mut list = [
            known("orders", DestinationKind::Topic),
            known("orders-retry", DestinationKind::Retry),
            known("orders-dlt", DestinationKind::DeadLetter),
            known("morgue", DestinationKind::DeadLetter),
        ];
        let none = Seen::new();
        let by_name = of(&mut list, &[], &none);
        assert_eq!(by_name, [vec![], vec![line("orders", "name", 0)], vec![line("orders", "name", 0)], vec![]]);
        let key = |destination: &str, origin: &str| {
            ("shop".to_owned(), destination.to_owned(), TopicRole::DeadLetter, origin.to_owned())
        };
        let seen = Seen::from([
            (key("orders-dlt", "orders"), 7),
            (key("morgue", "payments"), 2),
            (key("morgue", "orders"), 3),
        ]);
        let confirmed = of(&mut list, &[], &seen);
        assert_eq!(confirmed[2], [line("orders", "headers", 7)]);
        assert_eq!(confirmed[3], [line("orders", "headers", 3), line("payments", "headers", 2)]);
        let pin = Pin { origin: "orders".to_owned(), dead_letter: Some("morgue".to_owned()), retry: None };
        assert_eq!(of(&mut list, &[pin], &none)[3], [line("orders", "pinned", 0)]);
    }
}
