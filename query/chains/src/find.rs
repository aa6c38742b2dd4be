//! Single rows and what a value means: for the search box and the page of one event.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::RecordBatch;

use tapline_api::{Edge, IdView};
use tapline_archive::{Ledger, View};
use tapline_model::columns::EventColumns;
use tapline_model::id::IdQuery;
use tapline_model::{Address, schema, time};

use crate::answer;
use crate::error::ChainError;
use crate::options::ChainOptions;
use crate::query;
use crate::row::{self, Row};
use crate::story::Story;

/// Rows looked at to tell what a value means.
const LOOKED_AT: usize = 500;

/// What a value means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Most rows first.
    pub readings: Vec<Reading>,
    /// Rows in the archive that hold the value, under any name.
    pub rows: u64,
    /// True when only the newest rows were looked at: the numbers of the readings are then of those.
    pub sampled: bool,
}

/// A value under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// As most often spelled.
    pub id: IdView,
    /// Rows that hold it.
    pub rows: u64,
    /// Broker time of the oldest, RFC 3339.
    pub first: Option<String>,
    /// Broker time of the newest, RFC 3339.
    pub last: Option<String>,
    /// Where they stand, in alphabetical order.
    pub destinations: Vec<String>,
}

/// Rows per name under which a value was seen, at most `limit` names. Blocks on the disk.
pub fn find(view: &View, query: &IdQuery, limit: usize) -> Found {
    let total = view.lookup(query.hash(), 0).total;
    let (newest, _) = query::newest(view, query.hash(), LOOKED_AT);
    let (fetched, _) = view.fetch(&newest, &row::COLUMNS);
    let mut seen = HashSet::new();
    let rows = fetched.iter().filter_map(|part| row::read(&part.batch).ok()).flatten();
    let rows: Vec<Row> = rows.filter(|row| seen.insert(row.text.clone())).collect();
    let mut readings = BTreeMap::<&str, Vec<(&Row, &str)>>::new();
    for row in &rows {
        for id in row.ids.iter().filter(|id| query::is_meant(id, query)) {
            let held = readings.entry(&id.normal).or_default();
            if held.last().is_none_or(|(last, _)| last.text != row.text) {
                held.push((row, &id.name));
            }
        }
    }
    let mut readings: Vec<Reading> = readings.into_values().map(|held| reading(&held, &query.value)).collect();
    readings.sort_by(|a, b| (b.rows, &a.id).cmp(&(a.rows, &b.id)));
    readings.truncate(limit);
    let none = readings.is_empty();
    Found { readings, rows: if none { 0 } else { total as u64 }, sampled: total > LOOKED_AT }
}

fn reading(held: &[(&Row, &str)], value: &str) -> Reading {
    let mut spellings = BTreeMap::<&str, usize>::new();
    held.iter().for_each(|(_, name)| *spellings.entry(name).or_default() += 1);
    let name = spellings.iter().rev().max_by_key(|(_, count)| **count).map_or("", |(name, _)| name);
    let times = || held.iter().filter_map(|(row, _)| row.time);
    let destinations: BTreeSet<&str> = held.iter().map(|(row, _)| row.address.destination.as_str()).collect();
    Reading {
        id: IdView { name: name.to_owned(), value: value.to_owned() },
        rows: held.len() as u64,
        first: times().min().map(time::format),
        last: times().max().map(time::format),
        destinations: destinations.into_iter().map(str::to_owned).collect(),
    }
}

/// One event with all its columns: a batch of one row, or `None` when it is not archived. Blocks on the disk.
pub fn event(view: &View, address: &Address) -> Result<Option<RecordBatch>, ChainError> {
    let hits = view.lookup(address.hash(), 16).hits;
    let columns = schema::names();
    let (fetched, _) = view.fetch(&hits, &columns);
    for part in fetched {
        let events = EventColumns::new(&part.batch);
        for row in 0..part.batch.num_rows() {
            if events.address(row)? == *address {
                return Ok(Some(part.batch.slice(row, 1)));
            }
        }
    }
    Ok(None)
}

/// The edges of the event at an address to its direct neighbours, strongest first. Blocks on the disk.
pub fn edges_of(
    view: &View,
    ledger: &Ledger,
    address: &Address,
    options: &ChainOptions,
) -> Result<Vec<Edge>, ChainError> {
    // Which neighbour is the best can only be said among all members.
    let story = Story::connect(view, ledger, &address.to_string(), time::now(), options)?;
    let text = address.to_string();
    let of_it = |row: usize| *story.row(row).text == *text;
    let near = story.graph.links.iter().filter(|link| of_it(link.from) || of_it(link.to));
    let mut edges: Vec<Edge> = near.map(|link| answer::edge(&story.book, link)).collect();
    edges.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{S, T0, event as made, world};

    fn shop() -> crate::world::World {
        world(&[
            made("orders OrderPlaced", 0).with("key=ORD-000001 message=msg-0001 customerId=777"),
            made("payments Paid", S).with("key=PAY-000001 orderId=ORD-000001 message=msg-0002 cause=msg-0001"),
            made("payments Paid", 2 * S).with("key=PAY-000002 order_id=ORD-000001 userId=777"),
            made("payments Paid", 3 * S).with("key=PAY-000003 orderId=ORD-000001"),
        ])
    }

    #[test]
    fn a_value_is_listed_under_each_of_its_names() {
        let world = shop();
        let found = find(&world.view, &crate::parse(&world.view, "ORD-000001"), 10);
        let names: Vec<_> = found.readings.iter().map(|reading| (reading.id.name.as_str(), reading.rows)).collect();
        assert_eq!(names, [("orderId", 3), ("key", 1)]);
        assert_eq!(found.readings[0].first, Some(time::format(T0 + S)));
        assert_eq!(found.readings[0].last, Some(time::format(T0 + 3 * S)));
        assert_eq!(found.readings[0].destinations, ["payments"]);
        assert_eq!((found.rows, found.sampled), (4, false));
        assert_eq!(find(&world.view, &crate::parse(&world.view, "777"), 1).readings.len(), 1);
        assert_eq!(find(&world.view, &crate::parse(&world.view, "user_id=777"), 9).readings[0].id.name, "userId");
        assert_eq!(find(&world.view, &crate::parse(&world.view, "ORD-999999"), 9), Found::default());
    }

    #[test]
    fn an_event_is_read_whole_hot_or_archived() {
        let world = shop();
        for address in ["shop/orders/0/0", "shop/payments/0/2"] {
            let batch = event(&world.view, &Address::parse(address).unwrap()).unwrap().unwrap();
            assert_eq!((batch.num_rows(), batch.schema().fields()), (1, schema::EVENTS.fields()));
            assert_eq!(EventColumns::new(&batch).address(0).unwrap().to_string(), address);
        }
        let absent = Address::parse("shop/orders/0/9").unwrap();
        assert!(event(&world.view, &absent).unwrap().is_none());
    }

    #[test]
    fn an_event_has_the_edges_to_its_neighbours() {
        let world = shop();
        let address = Address::parse("shop/payments/0/0").unwrap();
        let edges = edges_of(&world.view, &world.ledger, &address, &world.options).unwrap();
        let ends: Vec<_> = edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
        assert_eq!(ends, [("shop/orders/0/0", "shop/payments/0/0"), ("shop/payments/0/0", "shop/payments/0/1")]);
        assert!(edges[0].confidence > edges[1].confidence);
    }
}
