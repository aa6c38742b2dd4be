//! Arrow values as JSON, by the contract: times in RFC 3339 with microseconds and `Z`, integers outside ±2^53 as
//! text, binary as text if it is UTF-8 and else as `{"base64": "..."}`.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tapline_model::time;

/// Integers beyond are changed by readers that keep every number as a double.
const SAFE: i64 = 1 << 53;

/// One row of a batch. `row` is within it.
pub fn row(batch: &RecordBatch, row: usize) -> Result<Vec<Value>, ArrowError> {
    batch.columns().iter().map(|column| value(column, row)).collect()
}

/// Bytes of a value in memory or as text, whichever are more.
pub(crate) fn bytes_of(value: &Value) -> usize {
    const EACH: usize = size_of::<Value>();
    EACH + match value {
        Value::String(text) => text.len() + text.bytes().map(escaped).sum::<usize>(),
        Value::Array(items) => items.iter().map(bytes_of).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| EACH + name.len() + bytes_of(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// What a byte of text takes more in JSON.
fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 1,
        0..0x20 => 5,
        _ => 0,
    }
}

/// One value. `row` is within the array.
pub fn value(array: &ArrayRef, row: usize) -> Result<Value, ArrowError> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => {
            let number = array.as_primitive::<UInt64Type>().value(row);
            i64::try_from(number).map_or_else(|_| number.to_string().into(), integer)
        }
        DataType::Float16 => float(array.as_primitive::<Float16Type>().value(row).into()),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row)),
        DataType::Timestamp(unit, _) => timestamp(array, *unit, row),
        DataType::List(_) => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) => list(&array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let members = columns.map(|(field, column)| Ok((field.name().clone(), value(column, row)?)));
            Value::Object(members.collect::<Result<Map<_, _>, ArrowError>>()?)
        }
        DataType::Map(..) => list(&(std::sync::Arc::new(array.as_map().value(row)) as ArrayRef))?,
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            value(dictionary.values(), dictionary.normalized_keys()[row])?
        }
        DataType::Decimal128(_, scale) => decimal(array.as_primitive::<Decimal128Type>().value_as_string(row), *scale),
        DataType::Decimal256(_, scale) => decimal(array.as_primitive::<Decimal256Type>().value_as_string(row), *scale),
        DataType::Date32 => array.as_primitive::<Date32Type>().value_as_date(row).map(|day| day.to_string()).into(),
        DataType::Date64 => array.as_primitive::<Date64Type>().value_as_date(row).map(|day| day.to_string()).into(),
        _ => ArrayFormatter::try_new(array, &FormatOptions::default())?.value(row).try_to_string()?.into(),
    })
}

fn integer(number: i64) -> Value {
    if (-SAFE..=SAFE).contains(&number) { number.into() } else { number.to_string().into() }
}

/// JSON has no words for infinity and not-a-number.
fn float(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

/// Decimals are exact, doubles are not: a short one is a number, a long one is text.
fn decimal(text: String, scale: i8) -> Value {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits > 15 {
        return text.into();
    }
    let number = if scale <= 0 { text.parse::<i64>().ok().map(Value::from) } else { text.parse().ok().map(float) };
    number.unwrap_or_else(|| text.into())
}

fn bytes(value: &[u8]) -> Value {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => Value::Object(Map::from_iter([("base64".to_owned(), STANDARD.encode(value).into())])),
    }
}

fn timestamp(array: &ArrayRef, unit: TimeUnit, row: usize) -> Value {
    let micros = match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1_000),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000),
    };
    time::format(micros).into()
}

fn list(items: &ArrayRef) -> Result<Value, ArrowError> {
    (0..items.len()).map(|item| value(items, item)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}
