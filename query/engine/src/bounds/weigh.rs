//! How long rows are.

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, StructArray, make_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use std::sync::Arc;

/// What counts of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Views {
    /// The text they show.
    Shown,
    /// Only the view: the text is shared.
    Shared,
}

/// Whether values differ in length.
pub(crate) fn is_long(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8View | DataType::BinaryView) || is_copied(kind)
}

/// Whether values differ in length and are copied with their row.
pub(crate) fn is_copied(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => true,
        DataType::List(_) | DataType::LargeList(_) | DataType::Map(..) | DataType::FixedSizeList(..) => true,
        DataType::ListView(_) | DataType::LargeListView(_) => true,
        DataType::FixedSizeBinary(size) => *size > 64,
        DataType::Struct(fields) => fields.iter().any(|field| is_copied(field.data_type())),
        DataType::Union(fields, _) => fields.iter().any(|(_, field)| is_copied(field.data_type())),
        DataType::Dictionary(_, values) => is_copied(values),
        _ => false,
    }
}

/// Bytes of all rows of a batch, as they would be written.
pub(crate) fn batch(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| total(column, Views::Shown)).fold(0, usize::saturating_add)
}

/// Bytes of all values of an array.
pub(crate) fn total(array: &ArrayRef, views: Views) -> usize {
    match array.data_type() {
        DataType::Utf8View => shown(array.as_string_view().views(), views),
        DataType::BinaryView => shown(array.as_binary_view().views(), views),
        DataType::Null | DataType::Boolean => array.len(),
        kind => match kind.primitive_width() {
            Some(width) => width * array.len(),
            None => rows(array, views).into_iter().fold(0, usize::saturating_add),
        },
    }
}

fn shown(all: &[u128], views: Views) -> usize {
    match views {
        Views::Shown => all.iter().map(|view| view_length(*view)).fold(0, usize::saturating_add),
        Views::Shared => all.len() * 16,
    }
}

fn view_length(view: u128) -> usize {
    // The low half of a view is its length.
    16 + (view & 0xffff_ffff) as usize
}

/// Bytes of each row of a batch.
pub(crate) fn batch_rows(batch: &RecordBatch) -> Vec<usize> {
    let mut sum = vec![0; batch.num_rows()];
    batch.columns().iter().for_each(|column| add(column, Views::Shown, &mut sum));
    sum
}

/// Bytes of each value.
pub(crate) fn rows(array: &ArrayRef, views: Views) -> Vec<usize> {
    let mut sum = vec![0; array.len()];
    add(array, views, &mut sum);
    sum
}

/// Adds the bytes of each value.
pub(crate) fn add(array: &ArrayRef, views: Views, sum: &mut [usize]) {
    fn each(sum: &mut [usize], bytes: impl Iterator<Item = usize>) {
        sum.iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum = sum.saturating_add(bytes));
    }
    match array.data_type() {
        DataType::Utf8View => match views {
            Views::Shown => each(sum, array.as_string_view().views().iter().map(|view| view_length(*view))),
            Views::Shared => each(sum, std::iter::repeat(16)),
        },
        DataType::BinaryView => match views {
            Views::Shown => each(sum, array.as_binary_view().views().iter().map(|view| view_length(*view))),
            Views::Shared => each(sum, std::iter::repeat(16)),
        },
        DataType::Utf8 => each(sum, lengths(array.as_string::<i32>().value_offsets())),
        DataType::Binary => each(sum, lengths(array.as_binary::<i32>().value_offsets())),
        DataType::LargeUtf8 => each(sum, lengths(array.as_string::<i64>().value_offsets())),
        DataType::LargeBinary => each(sum, lengths(array.as_binary::<i64>().value_offsets())),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            each(sum, nested(list.value_offsets(), list.values(), views));
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            each(sum, nested(list.value_offsets(), list.values(), views));
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries = Arc::new(map.entries().clone()) as ArrayRef;
            each(sum, nested(map.value_offsets(), &entries, views));
        }
        DataType::Struct(_) => array.as_struct().columns().iter().for_each(|column| add(column, views, sum)),
        DataType::Union(fields, _) => {
            let union = array.as_union();
            match union.offsets() {
                None => fields.iter().for_each(|(id, _)| add(union.child(id), views, sum)),
                Some(_) => (0..array.len()).zip(sum).for_each(|(row, sum)| {
                    *sum = sum.saturating_add(total(&union.value(row), views));
                }),
            }
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = rows(dictionary.values(), views);
            let keys = dictionary.normalized_keys();
            each(sum, keys.into_iter().map(|key| 8 + values.get(key).copied().unwrap_or(0)));
        }
        kind => {
            let width = kind.primitive_width().unwrap_or(match kind {
                DataType::Null | DataType::Boolean => 1,
                // What is left has one width for all its values, or is not made by any query.
                _ => array.to_data().get_slice_memory_size().unwrap_or(0).div_ceil(array.len().max(1)),
            });
            each(sum, std::iter::repeat(width));
        }
    }
}

/// Offsets never fall.
fn lengths<T: Copy + Into<i64>>(offsets: &[T]) -> impl Iterator<Item = usize> {
    offsets.windows(2).map(|pair| 8 + place(pair[1]) - place(pair[0]))
}

fn place<T: Into<i64>>(offset: T) -> usize {
    usize::try_from(offset.into()).unwrap_or(0)
}

fn nested<T: Copy + Into<i64>>(offsets: &[T], values: &ArrayRef, views: Views) -> impl Iterator<Item = usize> {
    let first = offsets.first().map_or(0, |offset| place(*offset));
    let last = offsets.last().map_or(0, |offset| place(*offset));
    let mut before = Vec::with_capacity(last - first + 1);
    before.push(0usize);
    let each = rows(&values.slice(first, last - first), views);
    before.extend(each.into_iter().scan(0usize, |sum, bytes| {
        *sum = sum.saturating_add(bytes);
        Some(*sum)
    }));
    offsets.windows(2).map(move |pair| 8 + before[place(pair[1]) - first] - before[place(pair[0]) - first])
}

/// The same values in buffers of their own, without what a slice left behind.
pub(crate) fn compact(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        DataType::List(field) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
            let values = compact(&list.values().slice(place(first), place(last) - place(first)))?;
            let offsets = OffsetBuffer::new(offsets.iter().map(|offset| offset - first).collect());
            Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, list.nulls().cloned())?)
        }
        DataType::Struct(fields) => {
            let record = array.as_struct();
            let columns = record.columns().iter().map(compact).collect::<Result<Vec<_>, _>>()?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, record.nulls().cloned(), record.len())?)
        }
        kind if is_copied(kind) => {
            let places = arrow::array::UInt64Array::from_iter_values(0..array.len() as u64);
            take(array, &places, None)?
        }
        _ => make_array(array.to_data()),
    })
}

/// A batch of compact columns.
pub(crate) fn compact_batch(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(compact).collect::<Result<Vec<_>, _>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StringArray, StringViewArray};
    use arrow::buffer::NullBuffer;
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn rows_weigh_what_they_show_and_lists_what_is_in_them() {
        let long = "x".repeat(1_000);
        let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some(long.as_str()), None, Some("y")]));
        assert_eq!(rows(&views, Views::Shown), [1_016, 16, 17]);
        assert_eq!(rows(&views, Views::Shared), [16, 16, 16]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(long.as_str()), None, Some("y")]));
        assert_eq!(rows(&texts.slice(1, 2), Views::Shared), [8, 9]);
        let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        let offsets = OffsetBuffer::new(vec![0, 2, 2, 3].into());
        let nulls = NullBuffer::from(vec![true, false, true]);
        let list: ArrayRef = Arc::new(ListArray::try_new(field, offsets, views, Some(nulls)).unwrap());
        assert_eq!(rows(&list, Views::Shown), [1_040, 8, 25]);
        assert_eq!(rows(&list.slice(2, 1), Views::Shown), [25]);
        let last = compact(&list.slice(2, 1)).unwrap();
        assert_eq!((last.as_list::<i32>().values().len(), &last), (1, &list.slice(2, 1)));
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        assert_eq!((rows(&numbers, Views::Shown), total(&numbers, Views::Shown)), (vec![4, 4], 8));
    }
}
