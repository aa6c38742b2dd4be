//! `sources`: how each source stands.

use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, ListBuilder, StringViewArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use tapline_api::{SourceInfo, SourceState};

use super::Table;
use super::system::{Rows, SystemTable, TEXT, count, micros, times};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "sources",
    description: "the brokers and receivers that are read, and how they stand",
    columns: &[
        ("name", "configured name"),
        ("system", "kind, in OpenTelemetry's spelling"),
        (
            "state",
            "`starting`, `up`, `degraded`, `down`, `paused`; `archived` when it is not configured in this process",
        ),
        ("problems", "what is wrong, worst first, with what to do"),
        ("cluster", "cluster ID, where known"),
        ("destinations", "destinations read"),
        ("partitions", "partitions read"),
        ("lag", "records on the broker that are not read yet; null when unknown"),
        ("rate", "records a second, over the last ten seconds"),
        ("bytes_rate", "bytes a second, over the last ten seconds"),
        ("backfill_left", "records of the past still to be read; 0 when done"),
        ("rows", "rows archived or hot"),
        ("newest", "broker's time of the newest row"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 13] {
    let long = || DataType::Int64;
    [
        ("name", TEXT),
        ("system", TEXT),
        ("state", TEXT),
        ("problems", DataType::List(Arc::new(Field::new_list_field(TEXT, true)))),
        ("cluster", TEXT),
        ("destinations", long()),
        ("partitions", long()),
        ("lag", long()),
        ("rate", DataType::Float64),
        ("bytes_rate", DataType::Float64),
        ("backfill_left", long()),
        ("rows", long()),
        ("newest", micros()),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let sources = facts.sources();
    let all = || sources.iter();
    let long = |value: fn(&SourceInfo) -> Option<u64>| -> Int64Array {
        sources.iter().map(|source| value(source).map(count)).collect()
    };
    let mut problems = ListBuilder::new(StringViewBuilder::new());
    for source in &sources {
        problems.append_value(source.problems.iter().map(Some));
    }
    vec![
        Arc::new(all().map(|source| Some(&source.name)).collect::<StringViewArray>()),
        Arc::new(all().map(|source| Some(&source.system)).collect::<StringViewArray>()),
        Arc::new(all().map(|source| Some(state(source.state))).collect::<StringViewArray>()),
        Arc::new(problems.finish()),
        Arc::new(all().map(|source| source.cluster.as_ref()).collect::<StringViewArray>()),
        Arc::new(long(|source| Some(source.destinations as u64))),
        Arc::new(long(|source| Some(source.partitions as u64))),
        Arc::new(long(|source| source.lag)),
        Arc::new(all().map(|source| Some(source.rate)).collect::<Float64Array>()),
        Arc::new(all().map(|source| Some(source.bytes_rate)).collect::<Float64Array>()),
        Arc::new(long(|source| Some(source.backfill.as_ref().map_or(0, |backfill| backfill.left)))),
        Arc::new(long(|source| Some(source.rows))),
        times(all().map(|source| source.newest.as_deref())),
    ]
}

fn state(state: SourceState) -> &'static str {
    match state {
        SourceState::Starting => "starting",
        SourceState::Up => "up",
        SourceState::Degraded => "degraded",
        SourceState::Down => "down",
        SourceState::Paused => "paused",
        SourceState::Archived => "archived",
    }
}
