//! `replay_items`: what became of each event that was put back.

use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;

use super::Table;
use super::system::{Rows, SystemTable, TEXT, micros};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "replay_items",
    description: "what became of each event that was put back; empty without a running server",
    columns: &[
        ("replay_id", "the replay, such as `r-33`"),
        ("number", "in the order of sending, from 0"),
        ("address", "the event that is put back"),
        ("destination", "where it goes"),
        ("partition", "its partition there"),
        ("delivery", "`planned`, `sending`, `confirmed`, `uncertain`, `rejected`"),
        ("outcome", "of the confirmed: `pending`, `reprocessed`, `failed_again`, `unknown`"),
        ("written_offset", "its offset there"),
        ("confirmed_at", "when that was confirmed"),
        ("evidence", "the event that shows the outcome"),
        ("why", "why it is rejected, uncertain or unknown"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 11] {
    [
        ("replay_id", TEXT),
        ("number", DataType::Int64),
        ("address", TEXT),
        ("destination", TEXT),
        ("partition", DataType::Int32),
        ("delivery", TEXT),
        ("outcome", TEXT),
        ("written_offset", DataType::Int64),
        ("confirmed_at", micros()),
        ("evidence", TEXT),
        ("why", TEXT),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let items = facts.replay_items();
    let all = || items.iter();
    let confirmed: TimestampMicrosecondArray = all().map(|item| item.confirmed_at).collect();
    vec![
        Arc::new(all().map(|item| Some(format!("r-{}", item.replay))).collect::<StringViewArray>()),
        Arc::new(all().map(|item| i64::from(item.number)).collect::<Int64Array>()),
        Arc::new(all().map(|item| Some(&item.address)).collect::<StringViewArray>()),
        Arc::new(all().map(|item| Some(item.destination.as_ref())).collect::<StringViewArray>()),
        Arc::new(all().map(|item| item.partition).collect::<Int32Array>()),
        Arc::new(all().map(|item| Some(item.delivery)).collect::<StringViewArray>()),
        Arc::new(all().map(|item| item.outcome).collect::<StringViewArray>()),
        Arc::new(all().map(|item| item.written_offset).collect::<Int64Array>()),
        Arc::new(confirmed.with_data_type(micros())),
        Arc::new(all().map(|item| item.evidence.as_ref()).collect::<StringViewArray>()),
        Arc::new(all().map(|item| item.why.as_ref()).collect::<StringViewArray>()),
    ]
}
