//! `replays`: events that were put back, one row a replay.

use std::sync::Arc;

use arrow::array::{Int64Array, StringViewArray};
use arrow::datatypes::DataType;

use super::Table;
use super::system::{Rows, SystemTable, TEXT, micros, times};
use crate::facts::SystemTables;

pub(super) const TABLE: Table = Table {
    name: "replays",
    description: "events that were put back, one row a replay; empty without a running server",
    columns: &[
        ("id", "its name, such as `r-33`"),
        ("state", "`planned`, `running`, `paused`, `stopped`, `cancelled`, `done`"),
        ("why", "why it stands so, where that is not plain"),
        ("sentence", "what it does"),
        ("who", "who planned it"),
        ("reason", "and why"),
        ("fingerprint", "the cause whose dead letters were chosen, if one was"),
        ("planned_at", "when it was planned"),
        ("started_at", "when it was first started"),
        ("ended_at", "when nothing more was sent"),
        ("items", "events"),
        ("confirmed", "of them: on the target"),
        ("uncertain", "of them: perhaps on the target"),
        ("rejected", "of them: refused for good"),
        ("reprocessed", "of the confirmed: processed"),
        ("failed_again", "of the confirmed: dead again"),
        ("unknown", "of the confirmed: nothing was heard of them in time"),
    ],
    make: |_, facts| Ok(SystemTable::provider(&columns(), facts, rows)),
};

fn columns() -> [(&'static str, DataType); 17] {
    [
        ("id", TEXT),
        ("state", TEXT),
        ("why", TEXT),
        ("sentence", TEXT),
        ("who", TEXT),
        ("reason", TEXT),
        ("fingerprint", TEXT),
        ("planned_at", micros()),
        ("started_at", micros()),
        ("ended_at", micros()),
        ("items", DataType::Int64),
        ("confirmed", DataType::Int64),
        ("uncertain", DataType::Int64),
        ("rejected", DataType::Int64),
        ("reprocessed", DataType::Int64),
        ("failed_again", DataType::Int64),
        ("unknown", DataType::Int64),
    ]
}

fn rows(facts: &dyn SystemTables) -> Rows {
    let replays = facts.replays();
    let all = || replays.iter();
    let count = |of: fn(&tapline_api::Progress) -> u64| {
        let counts = all().map(|replay| i64::try_from(of(&replay.progress)).unwrap_or(i64::MAX));
        Arc::new(counts.collect::<Int64Array>()) as _
    };
    vec![
        Arc::new(all().map(|replay| Some(&replay.id)).collect::<StringViewArray>()),
        Arc::new(all().map(|replay| Some(replay.state.as_str())).collect::<StringViewArray>()),
        Arc::new(all().map(|replay| replay.why.as_ref()).collect::<StringViewArray>()),
        Arc::new(all().map(|replay| Some(&replay.sentence)).collect::<StringViewArray>()),
        Arc::new(all().map(|replay| Some(&replay.who)).collect::<StringViewArray>()),
        Arc::new(all().map(|replay| Some(&replay.reason)).collect::<StringViewArray>()),
        Arc::new(all().map(|replay| replay.fingerprint.as_ref()).collect::<StringViewArray>()),
        times(all().map(|replay| Some(replay.planned_at.as_str()))),
        times(all().map(|replay| replay.started_at.as_deref())),
        times(all().map(|replay| replay.ended_at.as_deref())),
        count(|progress| progress.items),
        count(|progress| progress.confirmed),
        count(|progress| progress.uncertain),
        count(|progress| progress.rejected),
        count(|progress| progress.reprocessed),
        count(|progress| progress.failed_again),
        count(|progress| progress.unknown),
    ]
}
