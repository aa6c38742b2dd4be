//! `id(ids, name)`: one identifier out of the list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::cast::{as_list_array, as_string_view_array};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::ScalarUDF;
use tapline_model::id::normal_name;

use super::{ID, function};

/// The first value whose name is equal when normalised: `orderId`, `order_id`, `OrderID`.
pub(super) fn id() -> ScalarUDF {
    let list = DataType::List(Arc::new(Field::new("item", DataType::Utf8View, false)));
    function(ID, vec![list, DataType::Utf8View], DataType::Utf8View, first_named)
}

fn first_named(arguments: &[ArrayRef]) -> Result<ArrayRef> {
    let (ids, wanted) = (as_list_array(&arguments[0])?, as_string_view_array(&arguments[1])?);
    let fault = || exec_datafusion_err!("the first argument is not the column `ids`");
    let pairs = ids.values().as_string_view_opt().ok_or_else(fault)?;
    let mut values = StringViewBuilder::with_capacity(ids.len());
    let mut last: Option<(&str, String)> = None;
    for row in 0..ids.len() {
        if !ids.is_valid(row) || !wanted.is_valid(row) {
            values.append_null();
            continue;
        }
        // The name is nearly always one literal: normalised once.
        let spelled = wanted.value(row);
        let normal = match &last {
            Some((same, normal)) if *same == spelled => normal,
            _ => &last.insert((spelled, normal_name(spelled).into_owned())).1,
        };
        let ends = &ids.value_offsets()[row..row + 2];
        // Offsets of a list array are never negative.
        let range = usize::try_from(ends[0]).unwrap_or(0)..usize::try_from(ends[1]).unwrap_or(0);
        let found =
            range.filter_map(|at| pairs.value(at).split_once('=')).find(|(name, _)| normal_name(name) == *normal);
        values.append_option(found.map(|(_, value)| value));
    }
    Ok(Arc::new(values.finish()))
}
