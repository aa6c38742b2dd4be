//! `destinations`: what is archived of each topic, stream and queue.

use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, StringViewArray};
use arrow::datatypes::DataType;
use tapline_api::DestinationKind;

use super::Table;
use super::system::{Rows, SystemTable, TEXT, count, micros, times};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "destinations",
    description: "topics, streams and queues, each life of one apart",
    columns: &[
        ("source", "configured name of its source"),
        ("destination", "topic, stream, queue"),
        ("incarnation", "1 for its first life"),
        (
            "kind",
            "`topic`, `retry`, `dead_letter`: what most of its rows are, before there is one what its name looks like",
        ),
        ("partitions", "partitions read"),
        ("rows", "rows archived or hot"),
        ("bytes", "bytes of keys, headers and payloads"),
        ("first", "broker's time of the oldest row"),
        ("last", "broker's time of the newest row"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 9] {
    [
        ("source", TEXT),
        ("destination", TEXT),
        ("incarnation", DataType::Int32),
        ("kind", TEXT),
        ("partitions", DataType::Int64),
        ("rows", DataType::Int64),
        ("bytes", DataType::Int64),
        ("first", micros()),
        ("last", micros()),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let destinations = facts.destinations();
    let all = || destinations.iter();
    vec![
        Arc::new(all().map(|destination| Some(&destination.source)).collect::<StringViewArray>()),
        Arc::new(all().map(|destination| Some(&destination.name)).collect::<StringViewArray>()),
        Arc::new(all().map(|destination| destination.incarnation).collect::<Int32Array>()),
        Arc::new(all().map(|destination| Some(kind(destination.kind))).collect::<StringViewArray>()),
        Arc::new(all().map(|destination| count(destination.places.len() as u64)).collect::<Int64Array>()),
        Arc::new(all().map(|destination| count(destination.rows)).collect::<Int64Array>()),
        Arc::new(all().map(|destination| count(destination.bytes)).collect::<Int64Array>()),
        times(all().map(|destination| destination.first.as_deref())),
        times(all().map(|destination| destination.last.as_deref())),
    ]
}

fn kind(kind: DestinationKind) -> &'static str {
    match kind {
        DestinationKind::Topic => "topic",
        DestinationKind::Retry => "retry",
        DestinationKind::DeadLetter => "dead_letter",
    }
}
