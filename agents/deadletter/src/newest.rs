//! What a list of causes shows of the newest member of each, read again: the index keeps no stack traces.

use std::collections::HashMap;

use tapline_archive::{Hit, View};
use tapline_decode::own_place;
use tapline_model::Address;
use tapline_model::columns::EventColumns;
use tapline_model::columns::field;

use crate::error::DeadLetterError;

/// The newest member of a cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newest {
    /// Where it stands.
    pub address: Option<Address>,
    /// First frame of one's own code, `OrderPlacedListener.java:58`.
    pub frame: Option<String>,
}

const COLUMNS: [&str; 7] = ["source", "destination", "incarnation", "partition", "offset", "position", "dead_letter"];

/// Reads rows of a view. Those of a damaged file are left out.
pub fn read_newest(view: &View, hits: &[Hit]) -> Result<HashMap<Hit, Newest>, DeadLetterError> {
    let mut found = HashMap::new();
    for fetched in view.fetch(hits, &COLUMNS).0 {
        let columns = EventColumns::new(&fetched.batch);
        let dead = columns.record("dead_letter")?;
        for (at, row) in fetched.rows.iter().enumerate() {
            let frame = field(dead, "stack", at).and_then(own_place).map(str::to_owned);
            let newest = Newest { address: Some(columns.address(at)?), frame };
            found.insert(Hit { place: fetched.place, row: *row }, newest);
        }
    }
    Ok(found)
}
