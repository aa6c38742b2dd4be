//! `groups`: consumer groups, one row a group.

use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::DataType;
use tapline_api::{Drain, Group};

use super::Table;
use super::system::{Rows, SystemTable, TEXT, count};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "groups",
    description: "consumer groups and how they stand, one row a group; empty without a running server",
    columns: &[
        ("source", "name of the source"),
        ("name", "its id"),
        (
            "state",
            "`ok`, `warn`, `stall`, `stop`, `rewind`, `never_committed`, `data_loss`, `ahead`: as its worst partition",
        ),
        ("sentence", "how it stands"),
        ("protocol", "`classic` or `consumer`; null where the broker does not say"),
        (
            "broker_state",
            "`stable`, `empty`, `preparing_rebalance`, `completing_rebalance`, `dead`; null where not told",
        ),
        ("members", "consumers in it; null where they are not told"),
        ("partitions", "partitions that it reads"),
        ("lag", "records not read yet; null where nothing was committed"),
        ("seconds_behind", "since the first of them was written, on the partition that is furthest behind"),
        ("written_rate", "records a second that are written to what it reads"),
        ("read_rate", "records a second that it reads"),
        (
            "drain_seconds",
            "until it has caught up, at the pace of the last minutes; null where that is never or not known",
        ),
        ("retention_margin_seconds", "until the first record that it has not read may be deleted"),
        ("lost", "records that were deleted before it read them"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 15] {
    [
        ("source", TEXT),
        ("name", TEXT),
        ("state", TEXT),
        ("sentence", TEXT),
        ("protocol", TEXT),
        ("broker_state", TEXT),
        ("members", DataType::Int64),
        ("partitions", DataType::Int64),
        ("lag", DataType::Int64),
        ("seconds_behind", DataType::Float64),
        ("written_rate", DataType::Float64),
        ("read_rate", DataType::Float64),
        ("drain_seconds", DataType::Float64),
        ("retention_margin_seconds", DataType::Float64),
        ("lost", DataType::Int64),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let groups = facts.groups(&[], &[]).groups;
    let all = || groups.iter();
    let number =
        |of: fn(&Group) -> Option<u64>| Arc::new(all().map(|it| of(it).map(count)).collect::<Int64Array>()) as _;
    let real = |of: fn(&Group) -> Option<f64>| Arc::new(all().map(of).collect::<Float64Array>()) as _;
    vec![
        Arc::new(all().map(|group| Some(&group.source)).collect::<StringViewArray>()),
        Arc::new(all().map(|group| Some(&group.name)).collect::<StringViewArray>()),
        Arc::new(all().map(|group| Some(group.state.as_str())).collect::<StringViewArray>()),
        Arc::new(all().map(|group| Some(&group.sentence)).collect::<StringViewArray>()),
        Arc::new(all().map(|group| group.protocol.as_ref()).collect::<StringViewArray>()),
        Arc::new(all().map(|group| group.broker_state.as_ref()).collect::<StringViewArray>()),
        number(|group| group.members.map(|members| members as u64)),
        number(|group| Some(group.partitions as u64)),
        number(|group| group.lag),
        real(|group| group.behind.as_ref().map(|behind| behind.seconds)),
        real(|group| group.written),
        real(|group| group.read),
        real(|group| seconds(&group.drain)),
        real(|group| group.retention_margin),
        number(|group| Some(group.lost)),
    ]
}

/// Until it is drained.
pub(super) fn seconds(drain: &Drain) -> Option<f64> {
    match drain {
        Drain::Done => Some(0.0),
        Drain::In { seconds, .. } => Some(*seconds),
        Drain::Never | Drain::Unknown => None,
    }
}
