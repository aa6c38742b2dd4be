//! What the columns of a data file are to us: views where the file says text and bytes; and in files that another engine
//! wrote, by an OPTIMIZE or a rewrite, the same columns in other Arrow types.
//!
//! Text may come as `Utf8`, `LargeUtf8`, views or dictionaries, times in other units, every field nullable, the item of
//! a list under another name. Columns are told apart by name and given our types; what holds a null where we have none
//! is refused when it is met.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema};
use parquet::basic::Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};
use tapline_model::schema;

/// The Arrow types with which a file of ours is read. They do not stand in it: engines that find views in a file (pyarrow
/// among them) make columns of them that they cannot compare with their own text.
static VIEWS: LazyLock<KeyValue> =
    LazyLock::new(|| KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), encode_arrow_schema(&schema::EVENTS)));

/// The footer by which a file is read: everybody who gets it reads views from files that can be read so.
pub(crate) fn footer(
    metadata: ParquetMetaData,
    options: ArrowReaderOptions,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let metadata = Arc::new(metadata);
    let footer = ArrowReaderMetadata::try_new(Arc::clone(&metadata), options.clone())?;
    let with_views: Fields = footer.schema().fields().iter().map(with_views).collect();
    if is_ours(footer.schema()) || with_views != *schema::EVENTS.fields() {
        return with_all_times(footer, options);
    }
    drop(footer);
    ArrowReaderMetadata::try_new(Arc::new(told_as_views(Arc::unwrap_or_clone(metadata))), options)
}

fn with_views(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::List(item) => DataType::List(with_views(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(with_views).collect()),
        same => same.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

fn told_as_views(metadata: ParquetMetaData) -> ParquetMetaData {
    let file = metadata.file_metadata();
    let others = file.key_value_metadata().into_iter().flatten().filter(|pair| pair.key != ARROW_SCHEMA_META_KEY);
    let told = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        Some(others.chain([&*VIEWS]).cloned().collect()),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    let mut read = metadata.into_builder();
    ParquetMetaDataBuilder::new(told)
        .set_row_groups(read.take_row_groups())
        .set_column_index(read.take_column_index())
        .set_offset_index(read.take_offset_index())
        .build()
}

/// Whether a file has the types that we work with.
pub(crate) fn is_ours(found: &Schema) -> bool {
    found.fields() == schema::EVENTS.fields()
}

/// Says which column is missing or means something else.
pub(crate) fn check(found: &Schema) -> Result<(), String> {
    match schema::EVENTS.fields().iter().find(|field| !has(found.fields(), field)) {
        Some(field) => Err(format!("its columns are not those of events: `{}` is missing or differs", field.name())),
        None => Ok(()),
    }
}

fn has(found: &Fields, wanted: &Field) -> bool {
    found.iter().any(|field| field.name() == wanted.name() && means(field.data_type(), wanted.data_type()))
}

/// Whether values of one type are values of the other in another form.
fn means(found: &DataType, wanted: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Dictionary, Int8, Int16, Int32, Int64, LargeBinary, LargeList, LargeUtf8, List, Struct,
        Timestamp, Utf8, Utf8View,
    };
    match (found, wanted) {
        (Dictionary(_, value), _) => means(value, wanted),
        (Utf8 | LargeUtf8, Utf8View) | (Binary | LargeBinary, BinaryView) => true,
        (Int8 | Int16, Int32) | (Int8 | Int16 | Int32, Int64) | (Timestamp(..), Timestamp(..)) => true,
        (List(found) | LargeList(found), List(wanted)) => means(found.data_type(), wanted.data_type()),
        (Struct(found), Struct(wanted)) => wanted.iter().all(|field| has(found, field)),
        (Utf8View, Utf8View) | (BinaryView, BinaryView) | (Int32, Int32) | (Int64, Int64) => true,
        _ => false,
    }
}

/// Times as Spark writes them by default: Arrow takes INT96 for nanoseconds, of which only six centuries fit, and turns
/// the others into something else. One engine writes all its times alike.
fn with_all_times(
    footer: ArrowReaderMetadata,
    options: ArrowReaderOptions,
) -> Result<ArrowReaderMetadata, ParquetError> {
    if footer.parquet_schema().columns().iter().all(|column| column.physical_type() != Type::INT96) {
        return Ok(footer);
    }
    let fields: Fields = footer.schema().fields().iter().map(in_micros).collect();
    let schema = Schema::new_with_metadata(fields, footer.schema().metadata().clone());
    ArrowReaderMetadata::try_new(Arc::clone(footer.metadata()), options.with_schema(Arc::new(schema)))
}

fn in_micros(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, None) => schema::micros_type(),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(in_micros).collect()),
        same => same.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

/// The rows with our types; columns and parts of columns that were not read stay away.
pub(crate) fn as_ours(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let (fields, columns) = named(batch.schema().fields(), batch.columns(), schema::EVENTS.fields())?;
    // Rows are counted without any column, too.
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
}

/// The wanted fields that were found, in our order.
fn named(found: &Fields, columns: &[ArrayRef], wanted: &Fields) -> Result<(Fields, Vec<ArrayRef>), ArrowError> {
    let (mut fields, mut arrays) = (Vec::<FieldRef>::new(), Vec::new());
    for field in wanted {
        if let Some((at, _)) = found.find(field.name()) {
            let array = cast(&columns[at], field.data_type())?;
            fields.push(Arc::new(field.as_ref().clone().with_data_type(array.data_type().clone())));
            arrays.push(array);
        }
    }
    Ok((fields.into(), arrays))
}

fn cast(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    match (array.data_type(), wanted) {
        (found, wanted) if found == wanted => Ok(Arc::clone(array)),
        (DataType::Struct(found), DataType::Struct(wanted)) => {
            let record = array.as_struct();
            let (fields, columns) = named(found, record.columns(), wanted)?;
            Ok(Arc::new(StructArray::try_new(fields, columns, record.nulls().cloned())?))
        }
        (DataType::LargeList(item), DataType::List(_)) => {
            cast(&plain(array, &DataType::List(Arc::clone(item)))?, wanted)
        }
        (DataType::List(_), DataType::List(item)) => {
            let list: &ListArray = array.as_list();
            let values = cast(list.values(), item.data_type())?;
            let item = Arc::new(item.as_ref().clone().with_data_type(values.data_type().clone()));
            Ok(Arc::new(ListArray::try_new(item, list.offsets().clone(), values, list.nulls().cloned())?))
        }
        _ => plain(array, wanted),
    }
}

fn plain(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    // A value that does not fit is a fault, not a null.
    cast_with_options(array, wanted, &CastOptions { safe: false, ..CastOptions::default() })
}

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, Int32Array, LargeListArray, StringArray, TimestampNanosecondArray};
    use arrow::buffer::OffsetBuffer;
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::data_type::{Int96, Int96Type};
    use parquet::file::metadata::ParquetMetaDataReader;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    #[test]
    fn other_forms_of_the_same_values_are_read() {
        let text = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let names = Field::new("name", DataType::Utf8, true);
        let values = Field::new("value", DataType::Binary, true);
        let bytes = Arc::new(BinaryArray::from(vec![Some(b"1".as_slice()), None]));
        let pairs = StructArray::from(vec![
            (Arc::new(values), bytes as ArrayRef),
            (Arc::new(names), text(&["attempt", "nothing"])),
        ]);
        let item = Arc::new(Field::new("element", pairs.data_type().clone(), true));
        let headers = LargeListArray::new(item, OffsetBuffer::from_lengths([2]), Arc::new(pairs), None);
        let found = batch(vec![
            ("headers", Arc::new(headers)),
            ("source", plain(&text(&["shop"]), &dictionary).unwrap()),
            ("timestamp", Arc::new(TimestampNanosecondArray::from(vec![7_000]))),
            ("strange", text(&["left out"])),
            ("partition", plain(&(Arc::new(Int32Array::from(vec![3])) as ArrayRef), &DataType::Int16).unwrap()),
        ]);
        let ours = as_ours(&found).unwrap();
        let schema = ours.schema();
        let named: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        let wanted = ["source", "partition", "timestamp", "headers"];
        let wanted = wanted.map(|name| schema::EVENTS.field_with_name(name).unwrap().clone());
        assert_eq!(named, wanted);
        let columns = tapline_model::EventColumns::new(&ours);
        assert_eq!(columns.headers(0).unwrap(), [("attempt", Some(b"1".as_slice())), ("nothing", None)]);
        assert_eq!((columns.micros("timestamp").unwrap().value(0), columns.int("partition").unwrap().value(0)), (7, 3));
    }

    /// Year 9999 in nanoseconds is some day of 1816.
    #[test]
    fn times_beyond_nanoseconds_survive_spark() {
        let message = "message spark { optional int96 timestamp; }";
        let message = Arc::new(parse_message_type(message).unwrap());
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, message, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        // Julian day of 9999-12-31, and no nanoseconds.
        let value = Int96::from(vec![0, 0, 5_373_484]);
        column.typed::<Int96Type>().write_batch(&[value], Some(&[1]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let (file, options) = (Bytes::from(file), ArrowReaderOptions::new());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
        let footer = footer(metadata, options).unwrap();
        let mut rows = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer).build().unwrap();
        let ours = as_ours(&rows.next().unwrap().unwrap()).unwrap();
        let times = tapline_model::EventColumns::new(&ours).micros("timestamp").unwrap().value(0);
        assert_eq!(tapline_model::time::format(times), "9999-12-31T00:00:00.000000Z");
    }

    #[test]
    fn a_null_where_there_is_none_is_a_fault() {
        let found = batch(vec![("source", Arc::new(StringArray::from(vec![None::<&str>])))]);
        assert!(as_ours(&found).is_err());
    }

    #[test]
    fn a_column_that_is_missing_or_differs_is_named() {
        let fields = |kind: DataType| {
            let all = schema::EVENTS.fields().iter().filter(|field| field.name() != "size");
            all.cloned().chain([Arc::new(Field::new("size", kind, true))]).collect::<Vec<_>>()
        };
        assert!(check(&Schema::new(fields(DataType::Int16))).is_ok());
        let told = check(&Schema::new(fields(DataType::Timestamp(TimeUnit::Second, None)))).unwrap_err();
        assert!(told.contains("`size`"), "{told}");
    }
}
