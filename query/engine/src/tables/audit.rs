//! `audit`: who did what, when and why.

use std::sync::Arc;

use arrow::array::{Int64Array, StringViewArray};
use arrow::datatypes::DataType;

use super::Table;
use super::system::{Rows, SystemTable, TEXT, micros, times};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "audit",
    description: "who did what, when and why; empty without a running server",
    columns: &[
        ("number", "rises by one with each entry"),
        ("at", "when"),
        ("who", "who"),
        ("action", "a word such as `cause.state`, `replay.start`"),
        ("subject", "a fingerprint, the id of a replay"),
        ("reason", "why"),
        ("before", "how the subject stood"),
        ("after", "how it stands"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 8] {
    [
        ("number", DataType::Int64),
        ("at", micros()),
        ("who", TEXT),
        ("action", TEXT),
        ("subject", TEXT),
        ("reason", TEXT),
        ("before", TEXT),
        ("after", TEXT),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let audit = facts.audit();
    let all = || audit.iter();
    vec![
        Arc::new(all().map(|entry| entry.number).collect::<Int64Array>()),
        times(all().map(|entry| Some(entry.at.as_str()))),
        Arc::new(all().map(|entry| Some(&entry.who)).collect::<StringViewArray>()),
        Arc::new(all().map(|entry| Some(&entry.action)).collect::<StringViewArray>()),
        Arc::new(all().map(|entry| Some(&entry.subject)).collect::<StringViewArray>()),
        Arc::new(all().map(|entry| entry.reason.as_ref()).collect::<StringViewArray>()),
        Arc::new(all().map(|entry| entry.before.as_ref()).collect::<StringViewArray>()),
        Arc::new(all().map(|entry| entry.after.as_ref()).collect::<StringViewArray>()),
    ]
}
