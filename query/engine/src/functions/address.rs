//! `address(...)`: the text form of [`tapline_model::Address`], behind the column of that name.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::{as_int32_array, as_int64_array, as_string_view_array};
use datafusion::logical_expr::ScalarUDF;
use tapline_model::Address;
use tapline_model::columns::get;

use super::{ADDRESS, function};

/// The stored columns that make an address, in the order of the arguments.
pub(crate) const COLUMNS: [&str; 6] = ["source", "destination", "incarnation", "partition", "offset", "position"];

/// Null where source, destination or incarnation is, or neither offset nor position is known.
pub(crate) fn address() -> ScalarUDF {
    let arguments = vec![
        DataType::Utf8View,
        DataType::Utf8View,
        DataType::Int32,
        DataType::Int32,
        DataType::Int64,
        DataType::Utf8View,
    ];
    function(ADDRESS, arguments, DataType::Utf8View, addresses)
}

fn addresses(arguments: &[ArrayRef]) -> Result<ArrayRef> {
    let (sources, destinations) = (as_string_view_array(&arguments[0])?, as_string_view_array(&arguments[1])?);
    let (incarnations, partitions) = (as_int32_array(&arguments[2])?, as_int32_array(&arguments[3])?);
    let (offsets, positions) = (as_int64_array(&arguments[4])?, as_string_view_array(&arguments[5])?);
    let mut texts = StringViewBuilder::with_capacity(sources.len());
    let mut text = String::new();
    for row in 0..sources.len() {
        let position = if offsets.is_valid(row) {
            Some(offsets.value(row).to_string())
        } else {
            get(positions, row).map(str::to_owned)
        };
        let named = get(sources, row).zip(get(destinations, row)).filter(|_| incarnations.is_valid(row));
        let Some(((source, destination), position)) = named.zip(position) else {
            texts.append_null();
            continue;
        };
        let address = Address {
            source: source.to_owned(),
            destination: destination.to_owned(),
            incarnation: incarnations.value(row),
            partition: partitions.is_valid(row).then(|| partitions.value(row)),
            position,
        };
        text.clear();
        // Writing to a String cannot fail.
        let _ = write!(text, "{address}");
        texts.append_value(&text);
    }
    Ok(Arc::new(texts.finish()))
}
