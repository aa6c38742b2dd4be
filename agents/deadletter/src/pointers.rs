//! Dead letters that only tell of the event that failed: a share group's holds neither key nor payload, unless the group
//! was told to copy them.

use arrow::array::{Array, StructArray};
use tapline_archive::{Place, View};
use tapline_model::Address;
use tapline_model::columns::{EventColumns, field};

use crate::error::DeadLetterError;
use crate::origin::origin_address;
use crate::read;

/// Rows at a time: those that are no pointers come with their payloads.
const STEP: usize = 1_024;

/// Whose dead letters may be pointers.
const FRAMEWORK: &str = "share_group";

const COLUMNS: [&str; 7] = [
    "source",
    "timestamp",
    "key",
    "payload",
    "dead_letter.origin_destination",
    "dead_letter.origin_partition",
    "dead_letter.origin_offset",
];

/// Whether a row's dead letter may be a pointer: it is one if it has neither key nor payload.
pub fn may_point(dead: &StructArray, row: usize) -> bool {
    field(dead, "framework", row) == Some(FRAMEWORK)
}

/// What a dead letter without bytes of its own tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The event that failed, in the first life of its destination: headers know no other.
    pub origin: Address,
    /// When the dead letter was written, microseconds: the event is older.
    pub timestamp: Option<i64>,
}

/// The pointers of a file or chunk. Blocks on the disk.
///
/// # Errors
/// When it cannot be read.
pub fn pointers(view: &View, place: Place) -> Result<Vec<Pointer>, DeadLetterError> {
    let rows = read::rows_where(view, place, may_point)?;
    let mut found = Vec::new();
    for rows in rows.chunks(STEP) {
        let Some(batch) = read::rows(view, place, rows, &COLUMNS)? else { continue };
        let columns = EventColumns::new(&batch);
        let (sources, times) = (columns.text("source")?, columns.micros("timestamp")?);
        let (keys, payloads) = (columns.binary("key")?, columns.binary("payload")?);
        let dead = columns.record("dead_letter")?;
        for at in (0..columns.len()).filter(|at| keys.is_null(*at) && payloads.is_null(*at)) {
            let timestamp = times.is_valid(at).then(|| times.value(at));
            let origin = origin_address(sources.value(at), dead, at);
            found.extend(origin.map(|origin| Pointer { origin, timestamp }));
        }
    }
    Ok(found)
}
