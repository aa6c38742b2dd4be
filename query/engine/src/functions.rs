//! SQL functions of our own: headers, identifiers, bytes as text, time in UUIDs. Documented in docs/sql.md.

mod address;
mod binary;
mod header;
mod ids;
mod uuid_time;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

pub(crate) use address::{COLUMNS as ADDRESS_COLUMNS, address};
pub(crate) use binary::text;

/// Name of the function behind `key_text` and `body`.
pub(crate) const TEXT: &str = "text";
/// Name of the function that picks an identifier from `ids`.
pub(crate) const ID: &str = "id";
/// Name of the function behind the column `address`.
pub(crate) const ADDRESS: &str = "address";

/// Our functions with what they do, for the schema listing.
pub(crate) const DOCUMENTED: [(&str, &str); 8] = [
    ("header(headers, name)", "text of the last header of this name; null if absent, null or not UTF-8"),
    ("header_bytes(headers, name)", "bytes of the last header of this name"),
    ("headers(headers, name)", "texts of all headers of this name, in order"),
    ("id(ids, name)", "value of the first identifier of this name; `orderId` and `order_id` are one name"),
    ("text(binary)", "bytes as text; null if they are not UTF-8"),
    ("hex(binary)", "bytes as hexadecimal digits"),
    ("uuid_time(text)", "the time inside a UUID of version 1, 6 or 7; null for others"),
    ("address(source, destination, incarnation, partition, offset, position)", "the address of an event"),
];

/// Adds them to a session.
pub(crate) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    let all = [
        header::header(),
        header::header_bytes(),
        header::headers(),
        ids::id(),
        binary::text(),
        binary::hex(),
        uuid_time::uuid_time(),
        address::address(),
    ];
    for function in all {
        registry.register_udf(Arc::new(function))?;
    }
    Ok(())
}

/// A function of whole columns. Arguments of other types are cast, or the query is refused.
fn function(
    name: &'static str,
    arguments: Vec<DataType>,
    returns: DataType,
    body: fn(&[ArrayRef]) -> Result<ArrayRef>,
) -> ScalarUDF {
    let call = move |arguments: &[ColumnarValue]| {
        let scalars = arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let result = body(&ColumnarValue::values_to_arrays(arguments)?)?;
        if scalars {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    };
    create_udf(name, arguments, returns, Volatility::Immutable, Arc::new(call))
}

/// JSON as the operators of datafusion-functions-json yield it, as text.
pub(crate) fn json_text(value: datafusion::logical_expr::Expr) -> datafusion::logical_expr::Expr {
    datafusion_functions_json::udfs::json_union_to_text_udf().call(vec![value])
}
