//! Reading a chunk back: typed columns of a [`RecordBatch`] and rows borrowed from it.

use arrow::array::{
    Array, AsArray, BinaryViewArray, Int32Array, Int64Array, ListArray, RecordBatch, StringViewArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};

use crate::Address;
use crate::address::{self, Position};

/// A batch that lacks a column of [`crate::schema::EVENTS`], or holds it with another type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{0}` is missing or of another type; the file is damaged or not an events file")]
pub struct ColumnError(pub &'static str);

/// A header's name and value; `None` is a null value.
pub type HeaderPair<'a> = (&'a str, Option<&'a [u8]>);

/// The columns of a batch of `events`. Every column may be absent from a projected batch but those asked for.
///
/// Cheap to make: it borrows, and is made once a batch, not once a row.
#[derive(Clone, Copy)]
pub struct EventColumns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> EventColumns<'a> {
    /// Wraps a batch; columns are looked up by name when used.
    pub fn new(batch: &'a RecordBatch) -> Self {
        Self { batch }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A text column such as `destination`, `type`, `message_id`.
    pub fn text(&self, name: &'static str) -> Result<&'a StringViewArray, ColumnError> {
        self.column(name)?.as_string_view_opt().ok_or(ColumnError(name))
    }

    /// `key` or `payload`.
    pub fn binary(&self, name: &'static str) -> Result<&'a BinaryViewArray, ColumnError> {
        self.column(name)?.as_binary_view_opt().ok_or(ColumnError(name))
    }

    /// `partition`, `incarnation`, `leader_epoch`, `schema_id`, `ids_dropped`, `size`.
    pub fn int(&self, name: &'static str) -> Result<&'a Int32Array, ColumnError> {
        self.column(name)?.as_primitive_opt::<Int32Type>().ok_or(ColumnError(name))
    }

    /// `offset`.
    pub fn long(&self, name: &'static str) -> Result<&'a Int64Array, ColumnError> {
        self.column(name)?.as_primitive_opt::<Int64Type>().ok_or(ColumnError(name))
    }

    /// `timestamp`, `archived_at`.
    pub fn micros(&self, name: &'static str) -> Result<&'a TimestampMicrosecondArray, ColumnError> {
        self.column(name)?.as_primitive_opt::<TimestampMicrosecondType>().ok_or(ColumnError(name))
    }

    /// `headers`, `ids`.
    pub fn list(&self, name: &'static str) -> Result<&'a ListArray, ColumnError> {
        self.column(name)?.as_list_opt::<i32>().ok_or(ColumnError(name))
    }

    /// `dead_letter`, `retry`.
    pub fn record(&self, name: &'static str) -> Result<&'a StructArray, ColumnError> {
        self.column(name)?.as_struct_opt().ok_or(ColumnError(name))
    }

    /// All `name=value` identifiers of a row's `ids`.
    pub fn ids(&self, row: usize) -> Result<Vec<(&'a str, &'a str)>, ColumnError> {
        let (list, row_ids) = (self.list("ids")?, |text: &'a str| text.split_once('='));
        let values = list.values().as_string_view_opt().ok_or(ColumnError("ids"))?;
        let (from, to) = bounds(list, row);
        Ok((from..to).filter_map(|at| row_ids(values.value(at))).collect())
    }

    /// All headers of a row, in order; `None` is a null value.
    pub fn headers(&self, row: usize) -> Result<Vec<HeaderPair<'a>>, ColumnError> {
        Ok(self.header_columns()?.of(row))
    }

    /// The same for many rows.
    pub fn header_columns(&self) -> Result<HeaderColumns<'a>, ColumnError> {
        let fault = ColumnError("headers");
        let list = self.list("headers")?;
        let pairs = list.values().as_struct_opt().ok_or(fault.clone())?;
        let names = pairs.column_by_name("name").and_then(|a| a.as_string_view_opt()).ok_or(fault.clone())?;
        let values = pairs.column_by_name("value").and_then(|a| a.as_binary_view_opt()).ok_or(fault)?;
        Ok(HeaderColumns { list, names, values })
    }

    /// The address of a row.
    pub fn address(&self, row: usize) -> Result<Address, ColumnError> {
        let (partition, offset, position) = (self.int("partition")?, self.long("offset")?, self.text("position")?);
        Ok(Address {
            source: self.text("source")?.value(row).to_owned(),
            destination: self.text("destination")?.value(row).to_owned(),
            incarnation: self.int("incarnation")?.value(row),
            partition: partition.is_valid(row).then(|| partition.value(row)),
            position: if offset.is_valid(row) {
                offset.value(row).to_string()
            } else {
                get(position, row).unwrap_or("-").to_owned()
            },
        })
    }

    fn column(&self, name: &'static str) -> Result<&'a dyn Array, ColumnError> {
        Ok(self.batch.column_by_name(name).ok_or(ColumnError(name))?.as_ref())
    }
}

/// Headers of the rows of a batch.
#[derive(Debug, Clone, Copy)]
pub struct HeaderColumns<'a> {
    /// Which of them are of which row.
    pub list: &'a ListArray,
    /// Of all rows.
    pub names: &'a StringViewArray,
    /// Of all rows.
    pub values: &'a BinaryViewArray,
}

impl<'a> HeaderColumns<'a> {
    /// Those of a row, in order; `None` is a null value.
    pub fn of(&self, row: usize) -> Vec<HeaderPair<'a>> {
        let (names, values) = (self.names, self.values);
        let (from, to) = bounds(self.list, row);
        (from..to).map(|at| (names.value(at), values.is_valid(at).then(|| values.value(at)))).collect()
    }
}

/// A row's text, `None` when null.
pub fn get(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// A text field of `dead_letter` or `retry`, `None` where the row has no such record.
pub fn field<'a>(record: &'a StructArray, name: &str, row: usize) -> Option<&'a str> {
    if record.is_null(row) {
        return None;
    }
    get(record.column_by_name(name)?.as_string_view_opt()?, row)
}

/// A whole number of `dead_letter` or `retry`.
pub fn number(record: &StructArray, name: &str, row: usize) -> Option<i64> {
    let column = record.column_by_name(name)?;
    if record.is_null(row) || column.is_null(row) {
        return None;
    }
    let int = || column.as_primitive_opt::<Int32Type>().map(|column| i64::from(column.value(row)));
    column.as_primitive_opt::<Int64Type>().map(|column| column.value(row)).or_else(int)
}

/// The columns that make an address: hashes it without building it, row after row.
#[derive(Clone, Copy)]
pub struct AddressColumns<'a> {
    sources: &'a StringViewArray,
    destinations: &'a StringViewArray,
    incarnations: &'a Int32Array,
    partitions: &'a Int32Array,
    offsets: &'a Int64Array,
    positions: &'a StringViewArray,
}

impl<'a> AddressColumns<'a> {
    /// What is read.
    pub const NAMES: [&'static str; 6] = ["source", "destination", "incarnation", "partition", "offset", "position"];

    /// Looks the columns up, once a batch.
    ///
    /// # Errors
    /// [`ColumnError`] for one that is missing.
    pub fn new(columns: &EventColumns<'a>) -> Result<Self, ColumnError> {
        Ok(Self {
            sources: columns.text("source")?,
            destinations: columns.text("destination")?,
            incarnations: columns.int("incarnation")?,
            partitions: columns.int("partition")?,
            offsets: columns.long("offset")?,
            positions: columns.text("position")?,
        })
    }

    /// [`Address::hash`] of a row's address.
    #[inline]
    pub fn hash(&self, row: usize) -> u64 {
        let position = if self.offsets.is_valid(row) {
            Position::Offset(self.offsets.value(row))
        } else {
            Position::Text(get(self.positions, row).unwrap_or("-"))
        };
        let partition = self.partitions.is_valid(row).then(|| self.partitions.value(row));
        let (source, destination) = (self.sources.value(row), self.destinations.value(row));
        address::hash(source, destination, self.incarnations.value(row), partition, position)
    }
}

fn bounds(list: &ListArray, row: usize) -> (usize, usize) {
    let offsets = list.value_offsets();
    // Offsets of a list array are never negative and never fall.
    (usize::try_from(offsets[row]).unwrap_or(0), usize::try_from(offsets[row + 1]).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::row::{EventBuilder, EventRow, Header, IdPair, TimestampKind};

    fn row<'a>(
        key: Option<&'a [u8]>,
        payload: Option<&'a [u8]>,
        headers: &'a [Header<'a>],
        ids: &'a [IdPair<'a>],
    ) -> EventRow<'a> {
        EventRow {
            source: "shop",
            system: "kafka",
            destination: "orders",
            partition: Some(3),
            offset: Some(42),
            incarnation: 1,
            timestamp: Some(-1),
            timestamp_kind: Some(TimestampKind::Created),
            archived_at: 7,
            key,
            payload,
            headers,
            format: "json",
            ids,
            size: 1,
            ..EventRow::default()
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back_as_they_were(
            rows in proptest::collection::vec((
                proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
                proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
                proptest::collection::vec(("\\PC{0,20}", proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20))), 0..6),
                proptest::collection::vec(("[a-z]{1,8}", "\\PC{0,20}"), 0..6),
            ), 0..20)
        ) {
            let mut builder = EventBuilder::new();
            for (key, payload, headers, ids) in &rows {
                let headers: Vec<Header<'_>> = headers.iter()
                    .map(|(name, value)| Header { name, value: value.as_deref() }).collect();
                let ids: Vec<IdPair<'_>> = ids.iter().map(|(name, value)| IdPair { name, value }).collect();
                builder.append(&row(key.as_deref(), payload.as_deref(), &headers, &ids));
            }
            let batch = builder.finish();
            prop_assert!(builder.is_empty());
            let columns = EventColumns::new(&batch);
            let (keys, payloads) = (columns.binary("key").unwrap(), columns.binary("payload").unwrap());
            for (at, (key, payload, headers, ids)) in rows.iter().enumerate() {
                prop_assert_eq!(keys.is_valid(at).then(|| keys.value(at)), key.as_deref());
                prop_assert_eq!(payloads.is_valid(at).then(|| payloads.value(at)), payload.as_deref());
                let read = columns.headers(at).unwrap();
                let wrote: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
                prop_assert_eq!(read, wrote);
                let wrote: Vec<_> = ids.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                prop_assert_eq!(columns.ids(at).unwrap(), wrote);
                prop_assert_eq!(columns.address(at).unwrap().to_string(), "shop/orders/3/42");
            }
        }
    }

    #[test]
    fn a_missing_column_is_named() {
        let batch = RecordBatch::new_empty(std::sync::Arc::new(arrow::datatypes::Schema::empty()));
        assert_eq!(EventColumns::new(&batch).text("type").unwrap_err(), ColumnError("type"));
    }
}
