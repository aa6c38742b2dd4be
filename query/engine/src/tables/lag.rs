//! `lag`: how far consumer groups have read, one row a group and partition.

use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array, Int32Array, Int64Array, StringViewArray};
use arrow::datatypes::DataType;
use tapline_api::{GroupDetail, GroupPartition};

use super::Table;
use super::groups::seconds;
use super::system::{Rows, SystemTable, TEXT, count, micros, times};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "lag",
    description: "how far consumer groups have read, one row a group and partition; empty without a running server",
    columns: &[
        ("source", "name of the source"),
        ("group_name", "id of the group"),
        ("destination", "what it reads"),
        ("partition", "and of that"),
        ("state", "`ok`, `warn`, `stall`, `stop`, `rewind`, `never_committed`, `data_loss`, `ahead`"),
        ("committed", "the next offset that it reads; null where it never committed"),
        ("committed_at", "when that was seen first"),
        ("log_start", "the oldest offset kept"),
        ("stable_end", "where committed transactions end"),
        ("log_end", "where the next record will be written"),
        ("lag", "records not read yet; null where it never committed"),
        ("stable_lag", "the same up to `stable_end`, where that is another"),
        ("seconds_behind", "since the first of them was written; null where nobody knows"),
        ("exact", "whether that record's own time is known; else it lies between the times of others"),
        ("why_unknown", "why `seconds_behind` is null though there is a lag"),
        ("written_rate", "records a second that are written"),
        ("read_rate", "records a second that are read"),
        ("drain_seconds", "until it is read, at the pace of the last minutes; null where that is never or not known"),
        ("retention_margin_seconds", "until the first record not read may be deleted"),
        ("lost", "records that were deleted before they were read"),
        ("member", "the consumer that has it"),
        ("asked_at", "when the broker was asked"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 22] {
    [
        ("source", TEXT),
        ("group_name", TEXT),
        ("destination", TEXT),
        ("partition", DataType::Int32),
        ("state", TEXT),
        ("committed", DataType::Int64),
        ("committed_at", micros()),
        ("log_start", DataType::Int64),
        ("stable_end", DataType::Int64),
        ("log_end", DataType::Int64),
        ("lag", DataType::Int64),
        ("stable_lag", DataType::Int64),
        ("seconds_behind", DataType::Float64),
        ("exact", DataType::Boolean),
        ("why_unknown", TEXT),
        ("written_rate", DataType::Float64),
        ("read_rate", DataType::Float64),
        ("drain_seconds", DataType::Float64),
        ("retention_margin_seconds", DataType::Float64),
        ("lost", DataType::Int64),
        ("member", TEXT),
        ("asked_at", micros()),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let details = facts.group_details();
    let pair = |detail: &'_ GroupDetail| detail.partitions.len();
    let mut all: Vec<(&GroupDetail, &GroupPartition)> = Vec::with_capacity(details.iter().map(pair).sum());
    for detail in &details {
        all.extend(detail.partitions.iter().map(|partition| (detail, partition)));
    }
    let text = |of: fn(&GroupPartition) -> Option<&String>| {
        Arc::new(all.iter().map(|(_, it)| of(it)).collect::<StringViewArray>()) as _
    };
    let long = |of: fn(&GroupPartition) -> Option<i64>| {
        Arc::new(all.iter().map(|(_, it)| of(it)).collect::<Int64Array>()) as _
    };
    let real = |of: fn(&GroupPartition) -> Option<f64>| {
        Arc::new(all.iter().map(|(_, it)| of(it)).collect::<Float64Array>()) as _
    };
    vec![
        Arc::new(all.iter().map(|(of, _)| Some(&of.group.source)).collect::<StringViewArray>()),
        Arc::new(all.iter().map(|(of, _)| Some(&of.group.name)).collect::<StringViewArray>()),
        text(|it| Some(&it.destination)),
        Arc::new(all.iter().map(|(_, it)| Some(it.partition)).collect::<Int32Array>()),
        Arc::new(all.iter().map(|(_, it)| Some(it.state.as_str())).collect::<StringViewArray>()),
        long(|it| it.committed),
        times(all.iter().map(|(_, it)| it.committed_at.as_deref())),
        long(|it| it.start),
        long(|it| it.stable_end),
        long(|it| it.end),
        long(|it| it.lag.map(count)),
        long(|it| it.stable_lag.map(count)),
        real(|it| it.behind.as_ref().map(|behind| behind.seconds)),
        Arc::new(all.iter().map(|(_, it)| it.behind.as_ref().map(|behind| behind.exact)).collect::<BooleanArray>()),
        text(|it| it.behind_why.as_ref()),
        real(|it| it.written),
        real(|it| it.read),
        real(|it| seconds(&it.drain)),
        real(|it| it.retention_margin),
        long(|it| Some(count(it.lost))),
        Arc::new(all.iter().map(|(of, it)| of.owner(it).map(|member| &member.client)).collect::<StringViewArray>()),
        times(all.iter().map(|(of, _)| Some(of.asked_at.as_str()))),
    ]
}
