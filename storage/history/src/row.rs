//! Rows as they are read back.

use arrow::array::{Array, AsArray, Decimal128Array, Float32Array, PrimitiveArray, RecordBatch, StringViewArray};
use arrow::datatypes::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;

use crate::error::HistoryError;

/// A row as it is read: see [`Sample`](crate::Sample).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// Id of the group.
    pub group: &'a str,
    /// Empty for all of the group together.
    pub destination: &'a str,
    /// [`WHOLE`](crate::WHOLE) for all of the group together.
    pub partition: i32,
    /// Microseconds since 1970.
    pub at: i64,
    /// The contract's word.
    pub state: &'a str,
    /// The next offset that it reads.
    pub committed: Option<i64>,
    /// Records not read.
    pub lag: Option<i64>,
    /// Since the first of these was written, seconds.
    pub behind: Option<f64>,
    /// Records a second.
    pub written: Option<f64>,
    /// Records a second.
    pub read: Option<f64>,
    /// How often its members shared anew.
    pub rebalances: Option<i32>,
}

/// The rows of a batch, in their order.
///
/// # Errors
/// When its columns are not those of the history.
pub fn rows(batch: &RecordBatch) -> Result<impl Iterator<Item = Row<'_>>, HistoryError> {
    let (groups, destinations, states) = (text(batch, 1)?, text(batch, 2)?, text(batch, 5)?);
    let partitions = numbers::<Int32Type>(batch, 3)?;
    let times = numbers::<TimestampMicrosecondType>(batch, 4)?;
    let (committed, lags) = (numbers::<Int64Type>(batch, 6)?, numbers::<Int64Type>(batch, 7)?);
    let behind: &Decimal128Array = numbers::<Decimal128Type>(batch, 8)?;
    let (written, read): (&Float32Array, _) = (numbers::<Float32Type>(batch, 9)?, numbers::<Float32Type>(batch, 10)?);
    let rebalances = numbers::<Int32Type>(batch, 11)?;
    Ok((0..batch.num_rows()).map(move |row| Row {
        group: groups.value(row),
        destination: destinations.value(row),
        partition: partitions.value(row),
        at: times.value(row),
        state: states.value(row),
        committed: at(committed, row),
        lag: at(lags, row),
        behind: at(behind, row).map(seconds),
        written: at(written, row).map(f64::from),
        read: at(read, row).map(f64::from),
        rebalances: at(rebalances, row),
    }))
}

/// Of tenths.
#[expect(clippy::cast_precision_loss, reason = "nine digits")]
pub fn seconds(tenths: i128) -> f64 {
    tenths as f64 / 10.0
}

fn at<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

fn text(batch: &RecordBatch, column: usize) -> Result<&StringViewArray, HistoryError> {
    let found = batch.columns().get(column).and_then(|column| column.as_string_view_opt());
    Ok(found.ok_or_else(|| mistaken(column))?)
}

fn numbers<T: ArrowPrimitiveType>(batch: &RecordBatch, column: usize) -> Result<&PrimitiveArray<T>, HistoryError> {
    let found = batch.columns().get(column).and_then(|column| column.as_primitive_opt::<T>());
    Ok(found.ok_or_else(|| mistaken(column))?)
}

fn mistaken(column: usize) -> ArrowError {
    ArrowError::SchemaError(format!("column {column} of the lag history is not what it should be"))
}
