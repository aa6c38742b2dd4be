//! Reading rows of one place.

use arrow::array::{Array, RecordBatch, StructArray};
use tapline_archive::{Hit, Place, View};
use tapline_model::columns::EventColumns;

use crate::error::DeadLetterError;

/// Rows at a time when a file is looked through.
const STEP: usize = 16_384;

/// The rows of a place that are dead letters, ascending. Of a file one short field is read, which is null nearly
/// everywhere and costs next to nothing there.
pub(crate) fn dead_rows(view: &View, place: Place) -> Result<Vec<u32>, DeadLetterError> {
    rows_where(view, place, |dead, at| dead.is_valid(at))
}

/// The rows of a place whose `dead_letter` is as wanted, ascending. Of a file its framework alone is read.
pub(crate) fn rows_where(
    view: &View,
    place: Place,
    wanted: impl Fn(&StructArray, usize) -> bool,
) -> Result<Vec<u32>, DeadLetterError> {
    let mut rows = Vec::new();
    match place {
        Place::Hot(at) => push(&mut rows, &view.hot[at].batch, 0, &wanted)?,
        Place::File(at) => {
            let mut first = 0;
            for batch in view.reader.scan(&view.files[at], &["dead_letter.framework"], STEP, None)? {
                let batch = batch?;
                push(&mut rows, &batch, first, &wanted)?;
                first += u32::try_from(batch.num_rows()).unwrap_or(0);
            }
        }
    }
    Ok(rows)
}

fn push(
    rows: &mut Vec<u32>,
    batch: &RecordBatch,
    first: u32,
    wanted: impl Fn(&StructArray, usize) -> bool,
) -> Result<(), DeadLetterError> {
    let dead = EventColumns::new(batch).record("dead_letter")?;
    if dead.null_count() < dead.len() {
        rows.extend((first..).zip(0..dead.len()).filter(|(_, at)| wanted(dead, *at)).map(|(row, _)| row));
    }
    Ok(())
}

/// Rows of a place, ascending as asked; `None` where none are wanted. Columns may be fields (`dead_letter.message`).
pub(crate) fn rows(
    view: &View,
    place: Place,
    rows: &[u32],
    columns: &[&str],
) -> Result<Option<RecordBatch>, DeadLetterError> {
    if rows.is_empty() {
        return Ok(None);
    }
    let hits: Vec<Hit> = rows.iter().map(|row| Hit { place, row: *row }).collect();
    let (mut fetched, faults) = view.fetch(&hits, columns);
    match (fetched.pop(), faults.into_iter().next()) {
        (Some(fetched), _) => Ok(Some(fetched.batch)),
        (None, Some(fault)) => Err(fault.into()),
        (None, None) => Ok(None),
    }
}
