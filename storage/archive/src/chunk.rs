//! Rows in memory: searchable, found by ID, not committed yet.

use arrow::array::{Array, RecordBatch};
use tapline_index::{Entry, Names, keys};
use tapline_model::columns::{ColumnError, EventColumns};

use crate::ledger::Tallies;

/// Rows that arrived together, with the index that finds them.
#[derive(Debug)]
pub struct Chunk {
    /// Rows of `events`, in order of arrival.
    pub batch: RecordBatch,
    /// Sorted by hash.
    pub entries: Vec<Entry>,
    /// Names under which identifiers were seen.
    pub names: Names,
    /// Oldest and newest `timestamp`, microseconds; `None` without one.
    pub times: Option<(i64, i64)>,
    /// Newest `archived_at`, microseconds: decides the day of the partition.
    pub archived_at: i64,
    /// Rises by one with every chunk of this process, from 1; 0 before it is searchable.
    pub sequence: u64,
    /// Memory held, bytes.
    pub bytes: usize,
}

impl Chunk {
    /// Indexes a batch of `events`.
    pub fn new(batch: RecordBatch) -> Result<Self, ColumnError> {
        let mut names = Names::default();
        let entries = keys(&batch, 0, &mut names)?;
        let columns = EventColumns::new(&batch);
        let times = bounds(columns.micros("timestamp")?.iter().flatten());
        let archived_at = bounds(columns.micros("archived_at")?.iter().flatten()).map_or(0, |(_, last)| last);
        let bytes = batch.get_array_memory_size() + entries.capacity() * size_of::<Entry>();
        Ok(Self { batch, entries, names, times, archived_at, sequence: 0, bytes })
    }

    /// Rows found under `hash`, ascending.
    pub fn rows(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let first = self.entries.partition_point(|entry| entry.hash < hash);
        self.entries[first..].iter().take_while(move |entry| entry.hash == hash).map(|entry| entry.row)
    }

    /// Adds rows and bytes by destination, incarnation and partition.
    pub fn tally(&self, tallies: &mut Tallies) -> Result<(), ColumnError> {
        let columns = EventColumns::new(&self.batch);
        let (destinations, incarnations) = (columns.text("destination")?, columns.int("incarnation")?);
        let (partitions, sizes) = (columns.int("partition")?, columns.int("size")?);
        let times = columns.micros("timestamp")?;
        let (dead_letters, retries) = (columns.record("dead_letter")?, columns.record("retry")?);
        // A producer's clock may say anything: one record of the year 9999 must not be "the newest" for ever.
        let plausible = 0..=self.archived_at.saturating_add(DAY);
        let mut row = 0;
        while row < columns.len() {
            // Rows of a partition arrive in runs: one look-up a run.
            let place = |row: usize| {
                let partition = partitions.is_valid(row).then(|| partitions.value(row));
                (destinations.value(row), incarnations.value(row), partition)
            };
            let run = place(row);
            let tally = tallies.entry((run.0.to_owned(), run.1, run.2)).or_default();
            while row < columns.len() && place(row) == run {
                tally.rows += 1;
                tally.dead_letters += u64::from(dead_letters.is_valid(row));
                tally.retries += u64::from(retries.is_valid(row));
                tally.bytes += u64::try_from(sizes.value(row)).unwrap_or(0);
                let time = times.is_valid(row).then(|| times.value(row)).filter(|at| plausible.contains(at));
                tally.first = tally.first.into_iter().chain(time).min();
                tally.last = tally.last.into_iter().chain(time).max();
                row += 1;
            }
        }
        Ok(())
    }
}

/// A producer's clock may run ahead by this much, microseconds.
const DAY: i64 = 86_400_000_000;

/// Least and greatest.
pub(crate) fn bounds(values: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    values.fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((least, greatest)) => Some((least.min(value), greatest.max(value))),
    })
}
