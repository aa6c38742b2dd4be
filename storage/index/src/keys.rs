//! Which hashes a row is found under.

use arrow::array::{Array, AsArray, RecordBatch};

use tapline_model::Address;
use tapline_model::address::{self, Position};
use tapline_model::columns::{AddressColumns, ColumnError, EventColumns, get};
use tapline_model::id;

use crate::names::Names;

/// A hash and the row that holds its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// [`id::hash_value`] of an identifier, or [`address::hash`].
    pub hash: u64,
    /// Row in the batch or file.
    pub row: u32,
}

/// Identifier columns that hold one normalised value a row, found under it as it stands.
pub const COLUMNS: [&str; 7] =
    ["message_id", "causation_id", "correlation_id", "conversation_id", "trace_id", "origin_trace_id", "replay_id"];

/// The columns that [`keys`] reads.
pub fn columns_read() -> Vec<&'static str> {
    let others = ["source", "destination", "partition", "offset", "incarnation", "position", "key", "ids"];
    [&others[..], &COLUMNS, &["dead_letter", "retry"]].concat()
}

/// All entries of a batch of `events`, sorted by hash then row, none twice; rows count from `first_row`.
///
/// A row is found under each of its identifiers, its key when that is text, its own address, and the address of the
/// event it failed for (dead letters and retries) or repeats (replays), so that an origin leads to what became of it.
pub fn keys(batch: &RecordBatch, first_row: u32, names: &mut Names) -> Result<Vec<Entry>, ColumnError> {
    let columns = EventColumns::new(batch);
    let mut entries = Vec::with_capacity(batch.num_rows() * 6);
    column_entries(&columns, &mut entries)?;
    key_entries(&columns, &mut entries)?;
    list_entries(&columns, names, &mut entries)?;
    address_entries(&columns, &mut entries)?;
    origin_entries(&columns, "dead_letter", &mut entries)?;
    origin_entries(&columns, "retry", &mut entries)?;
    let mut entries = sorted(entries);
    entries.dedup();
    for entry in &mut entries {
        entry.row += first_row;
    }
    Ok(entries)
}

/// Hashes are spread evenly: shared out by their first bits they stand nearly in order, a handful to a share. What many
/// rows have in common (a hub) makes one share large, and is sorted as ever.
fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    const HANDFUL: usize = 2;
    const FEW: usize = 512;
    // The counts of more shares would not stay in the cache.
    const MOST_SHARES: usize = 1 << 16;
    let shares = (entries.len() / HANDFUL).next_power_of_two().min(MOST_SHARES);
    if entries.len() < FEW {
        entries.sort_unstable();
        return entries;
    }
    let share = |entry: &Entry| (entry.hash >> (u64::BITS - shares.ilog2())) as usize;
    let mut next = vec![0; shares];
    entries.iter().for_each(|entry| next[share(entry)] += 1);
    let mut start = 0;
    for count in &mut next {
        start += std::mem::replace(count, start);
    }
    let mut shared = vec![Entry { hash: 0, row: 0 }; entries.len()];
    for entry in entries {
        let place = &mut next[share(&entry)];
        shared[*place] = entry;
        *place += 1;
    }
    let mut rest = shared.as_mut_slice();
    let mut from = 0;
    for end in next {
        let (part, others) = rest.split_at_mut(end - from);
        part.sort_unstable();
        (rest, from) = (others, end);
    }
    shared
}

/// A batch has far fewer rows than 2^32: it is cut by rows and bytes.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn entry(hash: u64, row: usize) -> Entry {
    Entry { hash, row: row as u32 }
}

fn column_entries(columns: &EventColumns<'_>, entries: &mut Vec<Entry>) -> Result<(), ColumnError> {
    for name in COLUMNS {
        let column = columns.text(name)?;
        if column.null_count() == column.len() {
            continue;
        }
        let values = column.iter().enumerate();
        entries.extend(values.filter_map(|(row, value)| Some(entry(id::hash_value(value?), row))));
    }
    Ok(())
}

fn key_entries(columns: &EventColumns<'_>, entries: &mut Vec<Entry>) -> Result<(), ColumnError> {
    let keys = columns.binary("key")?.iter().enumerate();
    entries.extend(keys.filter_map(|(row, key)| Some(entry(id::hash_value(&id::key_text(key?)?), row))));
    Ok(())
}

fn list_entries(columns: &EventColumns<'_>, names: &mut Names, entries: &mut Vec<Entry>) -> Result<(), ColumnError> {
    let list = columns.list("ids")?;
    let values = list.values().as_string_view_opt().ok_or(ColumnError("ids"))?;
    let mut seen = Seen::default();
    for (row, ends) in list.value_offsets().windows(2).enumerate() {
        // Offsets of a list array are never negative.
        for at in usize::try_from(ends[0]).unwrap_or(0)..usize::try_from(ends[1]).unwrap_or(0) {
            if let Some((name, value)) = values.value(at).split_once('=') {
                seen.count(name, names);
                entries.push(entry(id::hash_value(value), row));
                if name == id::REPLAY_ORIGIN {
                    entries.extend(Address::parse(value).ok().map(|address| entry(address.hash(), row)));
                }
            }
        }
    }
    seen.counts.iter().for_each(|(name, count)| names.add(name, *count));
    Ok(())
}

/// Names of one batch, counted before they are looked up: events have few, and the same ones in every row.
#[derive(Default)]
struct Seen<'a> {
    counts: Vec<(&'a str, u64)>,
}

impl<'a> Seen<'a> {
    /// More are not worth being searched.
    const MOST: usize = 16;

    fn count(&mut self, name: &'a str, names: &mut Names) {
        match self.counts.iter().position(|(known, _)| *known == name) {
            Some(at) => self.counts[at].1 += 1,
            None if self.counts.len() < Self::MOST => self.counts.push((name, 1)),
            None => names.count(name),
        }
    }
}

fn address_entries(columns: &EventColumns<'_>, entries: &mut Vec<Entry>) -> Result<(), ColumnError> {
    let addresses = AddressColumns::new(columns)?;
    entries.extend((0..columns.len()).map(|row| entry(addresses.hash(row), row)));
    Ok(())
}

/// Rows whose headers name the place of the event that failed. Headers know no incarnation, so the row is filed under
/// the first life, and looked for there (see [`origin_hash`]).
fn origin_entries(columns: &EventColumns<'_>, name: &'static str, entries: &mut Vec<Entry>) -> Result<(), ColumnError> {
    use arrow::datatypes::{Int32Type, Int64Type};
    let record = columns.record(name)?;
    if record.null_count() == record.len() {
        return Ok(());
    }
    let fault = ColumnError(name);
    let sources = columns.text("source")?;
    let destinations =
        record.column_by_name("origin_destination").and_then(|a| a.as_string_view_opt()).ok_or(fault.clone())?;
    let partitions = record
        .column_by_name("origin_partition")
        .and_then(|a| a.as_primitive_opt::<Int32Type>())
        .ok_or(fault.clone())?;
    let offsets =
        record.column_by_name("origin_offset").and_then(|a| a.as_primitive_opt::<Int64Type>()).ok_or(fault)?;
    for row in (0..record.len()).filter(|row| record.is_valid(*row)) {
        if let (Some(destination), true, true) =
            (get(destinations, row), partitions.is_valid(row), offsets.is_valid(row))
        {
            let hash = origin_hash(sources.value(row), destination, partitions.value(row), offsets.value(row));
            entries.push(entry(hash, row));
        }
    }
    Ok(())
}

/// The hash under which dead letters and retries of the event at this place are filed.
///
/// Apart from the event's own address hash, so that looking up one does not read the others.
pub fn origin_hash(source: &str, destination: &str, partition: i32, offset: i64) -> u64 {
    address::hash(source, destination, 0, Some(partition), Position::Offset(offset))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn entries_are_sorted(hashes in proptest::collection::vec(prop_oneof![any::<u64>(), Just(7), Just(u64::MAX)], 0..20_000)) {
            let entries: Vec<Entry> = hashes.iter().rev().enumerate().map(|(row, hash)| entry(*hash, row)).collect();
            let mut expected = entries.clone();
            expected.sort_unstable();
            prop_assert_eq!(sorted(entries), expected);
        }

        #[test]
        fn names_are_counted_as_if_one_by_one(rows in proptest::collection::vec("[a-e]{1,2}", 0..300)) {
            let (mut seen, mut counted, mut expected) = (Seen::default(), Names::default(), Names::default());
            for name in &rows {
                seen.count(name, &mut counted);
                expected.count(name);
            }
            seen.counts.iter().for_each(|(name, count)| counted.add(name, *count));
            let all = |names: &Names| names.iter().map(|(name, count)| (name.to_owned(), count)).collect::<std::collections::BTreeMap<_, _>>();
            prop_assert_eq!(all(&counted), all(&expected));
        }
    }
}
