//! Items as an Arrow file, which other tools read too.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    UInt8Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;

use crate::item::{Item, Items, Stand};

pub(super) fn write(items: &Items, to: &mut impl Write) -> io::Result<()> {
    let batch = batch(items).map_err(io::Error::other)?;
    let written = FileWriter::try_new(to, &batch.schema()).and_then(|mut writer| {
        writer.write(&batch)?;
        writer.finish()
    });
    written.map_err(|error| match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    })
}

fn batch(items: &Items) -> Result<RecordBatch, ArrowError> {
    let all = &items.items;
    let long = |get: fn(&Item) -> i64| Arc::new(Int64Array::from_iter_values(all.iter().map(get))) as ArrayRef;
    let int = |get: fn(&Item) -> i32| Arc::new(Int32Array::from_iter_values(all.iter().map(get))) as ArrayRef;
    let number = |get: fn(&Item) -> u32| Arc::new(UInt32Array::from_iter_values(all.iter().map(get))) as ArrayRef;
    let hash = |get: fn(&Item) -> u64| Arc::new(UInt64Array::from_iter_values(all.iter().map(get))) as ArrayRef;
    let word = |get: fn(&Item) -> u32| text(all, get, items.words.iter().map(String::as_str));
    let stand = |get: fn(&Item) -> u32, of: fn(&Stand) -> &str| text(all, get, items.stands.iter().map(of));
    let life = |get: fn(&Item) -> u32| {
        let lives = all.iter().map(|item| items.stands[get(item) as usize].incarnation);
        Arc::new(Int32Array::from_iter_values(lives)) as ArrayRef
    };
    RecordBatch::try_from_iter([
        ("source", stand(|item| item.from, |stand| &stand.source)?),
        ("destination", stand(|item| item.from, |stand| &stand.destination)?),
        ("incarnation", life(|item| item.from)),
        ("partition", int(|item| item.partition)),
        ("offset", long(|item| item.offset)),
        ("target_source", stand(|item| item.to, |stand| &stand.source)?),
        ("target_destination", stand(|item| item.to, |stand| &stand.destination)?),
        ("target_incarnation", life(|item| item.to)),
        ("target_partition", int(|item| item.to_partition)),
        ("timestamp", long(|item| item.timestamp)),
        ("due", long(|item| item.due)),
        ("key", hash(|item| item.key)),
        ("story", hash(|item| item.story)),
        ("type", word(|item| item.kind)?),
        ("cause", word(|item| item.cause)?),
        ("group", word(|item| item.group)?),
        ("size", number(|item| item.size)),
        ("attempt", Arc::new(UInt8Array::from_iter_values(all.iter().map(|item| item.attempt))) as ArrayRef),
        ("now", Arc::new(all.iter().map(|item| Some(item.now)).collect::<BooleanArray>()) as ArrayRef),
        ("file", word(|item| item.file)?),
        ("row", number(|item| item.row)),
        ("body", word(|item| item.body)?),
    ])
}

/// Few texts for many items. The first word, which is empty, stands for none.
fn text<'a>(
    items: &[Item],
    get: fn(&Item) -> u32,
    words: impl Iterator<Item = &'a str>,
) -> Result<ArrayRef, ArrowError> {
    let keys = items.iter().map(|item| i32::try_from(get(item)).unwrap_or(i32::MAX));
    let words: StringArray = words.map(Some).collect();
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from_iter_values(keys), Arc::new(words))?))
}

pub(super) fn read(file: File) -> Result<Items, String> {
    let mut reader = FileReader::try_new(file, None).map_err(|error| error.to_string())?;
    match (reader.next(), reader.next()) {
        (Some(batch), None) => of(&batch.map_err(|error| error.to_string())?),
        _ => Err("it does not hold one batch".to_owned()),
    }
}

fn of(batch: &RecordBatch) -> Result<Items, String> {
    let words = |name| words(batch, name);
    let (source, destination, life) =
        (words("source")?, words("destination")?, column::<Int32Type>(batch, "incarnation")?);
    let (to_source, to_destination) = (words("target_source")?, words("target_destination")?);
    let to_life = column::<Int32Type>(batch, "target_incarnation")?;
    let (partition, to_partition) =
        (column::<Int32Type>(batch, "partition")?, column::<Int32Type>(batch, "target_partition")?);
    let long = |name| column::<Int64Type>(batch, name);
    let (offset, timestamp, due) = (long("offset")?, long("timestamp")?, long("due")?);
    let (key, story) = (column::<UInt64Type>(batch, "key")?, column::<UInt64Type>(batch, "story")?);
    let (kind, cause, group) = (words("type")?, words("cause")?, words("group")?);
    // Replays that were planned before there were pointers have no column of bodies.
    let (file, body) = (words("file")?, words("body").ok());
    let (size, row) = (column::<UInt32Type>(batch, "size")?, column::<UInt32Type>(batch, "row")?);
    let attempt = column::<UInt8Type>(batch, "attempt")?;
    let now = batch.column_by_name("now").and_then(|now| now.as_boolean_opt()).ok_or("column `now` is missing")?;
    let mut numbers = crate::item::Numbers::default();
    let stand = |source: &Words<'_>, destination: &Words<'_>, incarnation: i32, at: usize| Stand {
        source: source.get(at).to_owned(),
        destination: destination.get(at).to_owned(),
        incarnation,
    };
    let items = (0..batch.num_rows()).map(|at| Item {
        from: numbers.stand(&stand(&source, &destination, life[at], at)),
        partition: partition[at],
        offset: offset[at],
        to: numbers.stand(&stand(&to_source, &to_destination, to_life[at], at)),
        to_partition: to_partition[at],
        timestamp: timestamp[at],
        due: due[at],
        key: key[at],
        story: story[at],
        kind: numbers.word(kind.some(at)),
        cause: numbers.word(cause.some(at)),
        group: numbers.word(group.some(at)),
        size: size[at],
        attempt: attempt[at],
        now: now.value(at),
        file: numbers.word(file.some(at)),
        row: row[at],
        body: numbers.word(body.as_ref().and_then(|body| body.some(at))),
    });
    let items: Vec<Item> = items.collect();
    Ok(numbers.finish(items))
}

fn column<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Result<&'a [T::Native], String> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<T>());
    Ok(column.ok_or_else(|| format!("column `{name}` is missing"))?.values())
}

/// A column of few texts.
struct Words<'a> {
    keys: &'a [i32],
    words: &'a StringArray,
}

fn words<'a>(batch: &'a RecordBatch, name: &str) -> Result<Words<'a>, String> {
    let missing = || format!("column `{name}` is missing");
    let column = batch.column_by_name(name).and_then(|column| column.as_dictionary_opt::<Int32Type>());
    let column = column.ok_or_else(missing)?;
    let words = column.values().as_string_opt::<i32>().ok_or_else(missing)?;
    Ok(Words { keys: column.keys().values(), words })
}

impl<'a> Words<'a> {
    fn get(&self, at: usize) -> &'a str {
        let key = usize::try_from(self.keys[at]).unwrap_or(usize::MAX);
        if key < self.words.len() { self.words.value(key) } else { "" }
    }

    fn some(&self, at: usize) -> Option<&'a str> {
        Some(self.get(at)).filter(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Numbers;

    #[test]
    fn items_come_back_as_they_were() {
        let mut numbers = Numbers::default();
        let stand =
            |name: &str, incarnation| Stand { source: "k".to_owned(), destination: name.to_owned(), incarnation };
        let item = Item {
            from: numbers.stand(&stand("orders-dlt", 1)),
            partition: 3,
            offset: 77,
            to: numbers.stand(&stand("orders", 2)),
            to_partition: 5,
            timestamp: i64::MIN,
            due: 9,
            key: u64::MAX,
            story: 4,
            kind: numbers.word(Some("OrderPlaced")),
            cause: numbers.word(Some("f1")),
            group: numbers.word(None),
            size: 400,
            attempt: 2,
            now: true,
            file: numbers.word(Some("archived_day=2026-11-22/a.parquet")),
            row: 12,
            body: numbers.word(Some("k/orders/3/1")),
        };
        let items = numbers.finish(vec![item, Item { kind: 0, offset: 78, now: false, body: 0, ..item }]);
        let mut file = tempfile::tempfile().unwrap();
        write(&items, &mut file).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let read = read(file).unwrap();
        assert_eq!(read, items);
        assert_eq!(read.word(read.items[1].kind), None);
        assert_eq!(read.body_hash(&read.items[0]), tapline_model::Address::parse("k/orders/3/1").unwrap().hash());
        assert_eq!(read.written(&read.items[0], 8).to_string(), "k/orders~2/5/8");
    }

    #[test]
    fn what_is_no_items_file_is_told() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"garbage").unwrap();
        assert!(read(file).is_err());
    }
}
