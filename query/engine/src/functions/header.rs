//! `header(headers, name)` and its kin. Names are compared as they are: Kafka keeps case apart.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BinaryViewBuilder, ListArray, ListBuilder, StringViewArray,
    StringViewBuilder,
};
use arrow::datatypes::{DataType, Field};
use datafusion::common::cast::{as_list_array, as_string_view_array};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::ScalarUDF;
use tapline_model::schema::headers_type;

use super::{binary, function};

/// Text of the last value: the one that a producer's own client would read (`lastHeader`).
pub(super) fn header() -> ScalarUDF {
    function("header", vec![headers_type(), DataType::Utf8View], DataType::Utf8View, |arguments| {
        Ok(Arc::new(binary::as_text(&last(arguments)?)) as ArrayRef)
    })
}

/// Bytes of the last value.
pub(super) fn header_bytes() -> ScalarUDF {
    function("header_bytes", vec![headers_type(), DataType::Utf8View], DataType::BinaryView, |arguments| {
        Ok(Arc::new(last(arguments)?) as ArrayRef)
    })
}

/// Texts of all values, in order. Null values and bytes that are not text are null.
pub(super) fn headers() -> ScalarUDF {
    let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
    function("headers", vec![headers_type(), DataType::Utf8View], DataType::List(item), |arguments| {
        let headers = Headers::new(arguments)?;
        let mut all = ListBuilder::new(StringViewBuilder::new());
        for row in 0..headers.list.len() {
            for at in headers.found(row) {
                let value = headers.values.is_valid(at).then(|| headers.values.value(at));
                all.values().append_option(value.and_then(|bytes| std::str::from_utf8(bytes).ok()));
            }
            all.append(headers.list.is_valid(row));
        }
        Ok(Arc::new(all.finish()) as ArrayRef)
    })
}

/// All headers as lines, so that words can be looked for in names and values alike.
pub(super) fn headers_text() -> ScalarUDF {
    function("headers_text", vec![headers_type()], DataType::Utf8View, |arguments| {
        let list = as_list_array(&arguments[0])?;
        let fault = || exec_datafusion_err!("the argument is not the column `headers`");
        let pairs = list.values().as_struct_opt().ok_or_else(fault)?;
        let names = pairs.column_by_name("name").and_then(|names| names.as_string_view_opt()).ok_or_else(fault)?;
        let values = pairs.column_by_name("value").and_then(|values| values.as_binary_view_opt()).ok_or_else(fault)?;
        let mut texts = StringViewBuilder::with_capacity(list.len());
        let mut text = String::new();
        for row in 0..list.len() {
            text.clear();
            let ends = list.value_offsets();
            // Offsets of a list array are never negative and never fall.
            for at in usize::try_from(ends[row]).unwrap_or(0)..usize::try_from(ends[row + 1]).unwrap_or(0) {
                let value = values.is_valid(at).then(|| std::str::from_utf8(values.value(at)).ok()).flatten();
                text.extend([names.value(at), ": ", value.unwrap_or_default(), "\n"]);
            }
            texts.append_option(list.is_valid(row).then_some(&text));
        }
        Ok(Arc::new(texts.finish()) as ArrayRef)
    })
}

fn last(arguments: &[ArrayRef]) -> Result<BinaryViewArray> {
    let headers = Headers::new(arguments)?;
    let mut values = BinaryViewBuilder::with_capacity(headers.list.len());
    for row in 0..headers.list.len() {
        let at = headers.found(row).last();
        values.append_option(at.filter(|at| headers.values.is_valid(*at)).map(|at| headers.values.value(at)));
    }
    Ok(values.finish())
}

/// The two arguments, with the parts of the list at hand.
struct Headers<'a> {
    list: &'a ListArray,
    names: &'a StringViewArray,
    values: &'a BinaryViewArray,
    wanted: &'a StringViewArray,
}

impl<'a> Headers<'a> {
    fn new(arguments: &'a [ArrayRef]) -> Result<Self> {
        let list = as_list_array(&arguments[0])?;
        let fault = || exec_datafusion_err!("the first argument is not the column `headers`");
        let pairs = list.values().as_struct_opt().ok_or_else(fault)?;
        let names = pairs.column_by_name("name").and_then(|names| names.as_string_view_opt()).ok_or_else(fault)?;
        let values = pairs.column_by_name("value").and_then(|values| values.as_binary_view_opt()).ok_or_else(fault)?;
        Ok(Self { list, names, values, wanted: as_string_view_array(&arguments[1])? })
    }

    /// Places of the wanted name among the values of a row.
    fn found(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        let known = self.list.is_valid(row) && self.wanted.is_valid(row);
        let ends = self.list.value_offsets();
        // Offsets of a list array are never negative and never fall.
        let place = |at: usize| usize::try_from(ends[at]).unwrap_or(0);
        let range = if known { place(row)..place(row + 1) } else { 0..0 };
        range.filter(move |at| self.names.value(*at) == self.wanted.value(row))
    }
}
