//! From addresses to rows: few by the index, many by looking through the files.

use std::collections::{HashMap, HashSet};

use arrow::array::RecordBatch;
use tapline_model::columns::{AddressColumns, ColumnError, EventColumns};

use crate::error::ArchiveError;
use crate::lookup::{Hit, Place};
use crate::view::View;

/// More addresses than this are not looked up one by one: a look-up asks every file.
pub const FEW: usize = 300;

/// Rows at a time when a file is looked through.
const STEP: usize = 65_536;

impl View {
    /// Where the events with these address hashes stand, by hash; `None` once `stop` says so. Those that are not there
    /// are missing from the answer; files in `skipped` are known not to hold any. Blocks on the disk.
    ///
    /// # Errors
    /// When a file cannot be read that has to be looked through.
    pub fn find(
        &self,
        wanted: &HashSet<u64>,
        skipped: &HashSet<&str>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<HashMap<u64, Hit>>, ArchiveError> {
        if wanted.len() <= FEW { self.find_few(wanted).map(Some) } else { self.find_many(wanted, skipped, stop) }
    }

    fn find_few(&self, wanted: &HashSet<u64>) -> Result<HashMap<u64, Hit>, ArchiveError> {
        let mut found = HashMap::new();
        for hash in wanted {
            // Dead letters are filed under the hash of their origin too: whose own address it is, is told by the row.
            let hits = self.lookup(*hash, FEW).hits;
            for fetched in self.fetch(&hits, &AddressColumns::NAMES).0 {
                let hashes = hashes(&fetched.batch)?;
                if let Some(at) = hashes.iter().position(|found| found == hash) {
                    found.entry(*hash).or_insert(Hit { place: fetched.place, row: fetched.rows[at] });
                }
            }
        }
        Ok(found)
    }

    fn find_many(
        &self,
        wanted: &HashSet<u64>,
        skipped: &HashSet<&str>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<HashMap<u64, Hit>>, ArchiveError> {
        let mut found = HashMap::with_capacity(wanted.len());
        let mut take = |place: Place, first: u32, batch: &RecordBatch| -> Result<(), ArchiveError> {
            for (hash, row) in hashes(batch)?.into_iter().zip(first..) {
                if wanted.contains(&hash) {
                    found.insert(hash, Hit { place, row });
                }
            }
            Ok(())
        };
        for (at, chunk) in self.hot.iter().enumerate() {
            take(Place::Hot(at), 0, &chunk.batch)?;
        }
        let asked = |path: &str| !skipped.contains(path);
        let files = self.files.iter().enumerate().filter(|(_, file)| asked(&file.path) && file.damage().is_none());
        for (at, file) in files {
            let mut first = 0;
            for batch in self.reader.scan(file, &AddressColumns::NAMES, STEP, None)? {
                if stop() {
                    return Ok(None);
                }
                let batch = batch?;
                take(Place::File(at), first, &batch)?;
                first += u32::try_from(batch.num_rows()).unwrap_or(0);
            }
        }
        if let Some(beside) = &self.beside {
            let Some(others) = beside.find_many(wanted, skipped, stop)? else { return Ok(None) };
            for (hash, hit) in others {
                found.entry(hash).or_insert(self.behind_own(hit));
            }
        }
        Ok(Some(found))
    }
}

/// Hashes of the addresses of a batch's rows.
///
/// # Errors
/// When a column is missing ([`AddressColumns::NAMES`]).
pub fn hashes(batch: &RecordBatch) -> Result<Vec<u64>, ColumnError> {
    let columns = EventColumns::new(batch);
    let addresses = AddressColumns::new(&columns)?;
    Ok((0..columns.len()).map(|row| addresses.hash(row)).collect())
}
