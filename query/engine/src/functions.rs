//! SQL functions of our own: headers, identifiers, bytes as text, time in UUIDs. Documented in docs/sql.md.

mod address;
mod binary;
mod clock;
mod elapsed;
mod header;
mod ids;
mod to_char;
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

/// All of them, in the order of docs/sql.md.
pub(crate) fn own() -> [ScalarUDF; 9] {
    [
        header::header(),
        header::header_bytes(),
        header::headers(),
        header::headers_text(),
        ids::id(),
        text(),
        binary::hex(),
        uuid_time::uuid_time(),
        address(),
    ]
}

/// Adds them to a session.
pub(crate) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    registry.register_function_rewrite(Arc::new(clock::GuardTimes))?;
    registry.register_function_rewrite(Arc::new(elapsed::Elapsed))?;
    registry.register_function_rewrite(Arc::new(to_char::Patterns))?;
    own().into_iter().try_for_each(|function| registry.register_udf(Arc::new(function)).map(drop))
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
