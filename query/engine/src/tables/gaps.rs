//! `gaps`: offsets that are not in the archive and never will be.

use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, StringViewArray};
use arrow::datatypes::DataType;
use tapline_api::GapReason;

use super::Table;
use super::system::{Rows, SystemTable, TEXT, micros, times};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "gaps",
    description: "ranges of offsets that are not in the archive and never will be",
    columns: &[
        ("source", "configured name of its source"),
        ("destination", "topic"),
        ("incarnation", "1 for its first life"),
        ("partition", "partition"),
        ("from_offset", "first offset missing"),
        ("to_offset", "first offset after"),
        ("reason", "`expired`, `erased`, `excluded`, `not_delivered`"),
        ("seen_at", "when it was noticed"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 8] {
    [
        ("source", TEXT),
        ("destination", TEXT),
        ("incarnation", DataType::Int32),
        ("partition", DataType::Int32),
        ("from_offset", DataType::Int64),
        ("to_offset", DataType::Int64),
        ("reason", TEXT),
        ("seen_at", micros()),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let gaps = facts.gaps();
    let all = || gaps.iter();
    vec![
        Arc::new(all().map(|gap| Some(&gap.source)).collect::<StringViewArray>()),
        Arc::new(all().map(|gap| Some(&gap.destination)).collect::<StringViewArray>()),
        Arc::new(all().map(|gap| gap.incarnation).collect::<Int32Array>()),
        Arc::new(all().map(|gap| gap.partition).collect::<Int32Array>()),
        Arc::new(all().map(|gap| gap.from).collect::<Int64Array>()),
        Arc::new(all().map(|gap| gap.to).collect::<Int64Array>()),
        Arc::new(all().map(|gap| Some(reason(gap.reason))).collect::<StringViewArray>()),
        times(all().map(|gap| Some(gap.seen_at.as_str()))),
    ]
}

fn reason(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Expired => "expired",
        GapReason::Erased => "erased",
        GapReason::Excluded => "excluded",
        GapReason::NotDelivered => "not_delivered",
    }
}
