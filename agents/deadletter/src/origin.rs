//! Where a dead letter came from, and which story it belongs to.

use arrow::array::StructArray;
use tapline_model::columns::{ColumnError, EventColumns, field, get, number};
use tapline_model::{Address, id};

/// Address of the event that failed, when the row's `dead_letter` names it. Headers know no incarnation: the origin is
/// named in the first life of its destination.
pub fn origin_address(source: &str, dead: &StructArray, row: usize) -> Option<Address> {
    let offset = number(dead, "origin_offset", row).filter(|offset| *offset >= 0)?;
    let partition = number(dead, "origin_partition", row).and_then(|partition| i32::try_from(partition).ok())?;
    let destination = field(dead, "origin_destination", row).filter(|name| !name.is_empty())?;
    Some(Address {
        source: source.to_owned(),
        destination: destination.to_owned(),
        incarnation: 1,
        partition: Some(partition),
        position: offset.to_string(),
    })
}

/// Hash of what tells the story of an event from other stories: its correlation, conversation or trace.
///
/// # Errors
/// [`ColumnError`] when the batch is not of events.
pub fn story(columns: &EventColumns<'_>, row: usize) -> Result<Option<u64>, ColumnError> {
    for name in ["correlation_id", "conversation_id", "trace_id"] {
        if let Some(value) = get(columns.text(name)?, row) {
            return Ok(Some(id::hash_value(value).max(1)));
        }
    }
    Ok(None)
}
