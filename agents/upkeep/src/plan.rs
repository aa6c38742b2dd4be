//! Which files are rewritten together: size-tiered, within one day.
//!
//! A row is rewritten once a tier, so write amplification grows with the logarithm of the day's data. Files above
//! [`Limits::final_bytes`] are left alone until their rows are erased or expire.

use std::collections::BTreeMap;
use std::sync::Arc;

use tapline_archive::DataFile;
use tapline_archive::writer::day;

/// Bounds of a rewrite.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files of one tier that make a rewrite worth while.
    pub files: usize,
    /// Bytes of memory for the rows rewritten together: they are sorted there, unpacked.
    pub group_bytes: u64,
    /// Files that take so much memory are not rewritten any more.
    pub final_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 8, group_bytes: 200 << 20, final_bytes: 120 << 20 }
    }
}

/// Memory that a file's rows take, about: Parquet packs realistic events five times, and a row costs this much whatever
/// is in it: views, offsets and index entries of some fifty columns.
fn unpacked(file: &DataFile) -> u64 {
    const ROW: u64 = 1_700;
    file.size.saturating_mul(5).max(file.rows.saturating_mul(ROW))
}

/// The next files to rewrite, oldest first; `None` when there is nothing to do. `now` in microseconds.
pub fn plan(files: &[Arc<DataFile>], limits: &Limits, now: i64) -> Option<Vec<Arc<DataFile>>> {
    let today = day(now);
    let mut tiers = BTreeMap::<(&str, u32), Vec<&Arc<DataFile>>>::new();
    for file in files.iter().filter(|file| file.damage().is_none() && unpacked(file) < limits.final_bytes) {
        // A day that is over gets no new files: all that is left small is joined, whatever its tier.
        let tier = if file.day == today { tier(file.size) } else { 0 };
        tiers.entry((&file.day, tier)).or_default().push(file);
    }
    tiers.into_iter().find_map(|((day, _), files)| {
        let least = if day == today { limits.files } else { 2 };
        let group = group(&files, limits);
        (files.len() >= least && group.len() >= 2).then_some(group)
    })
}

/// Sizes within a factor of four are one tier.
fn tier(size: u64) -> u32 {
    (size >> 14).checked_ilog2().map_or(0, |power| 1 + power / 2)
}

fn group(files: &[&Arc<DataFile>], limits: &Limits) -> Vec<Arc<DataFile>> {
    let mut bytes = 0;
    let fits = files.iter().take_while(|file| {
        bytes += unpacked(file);
        bytes <= limits.group_bytes
    });
    fits.map(|file| Arc::clone(file)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const NOW: i64 = 1_790_000_000_000_000;

    fn tiny_rows(day: &str, path: &str, rows: u64) -> Arc<DataFile> {
        let stats = tapline_archive::file::Stats { num_records: rows, ..Default::default() };
        Arc::new(DataFile::new(Path::new("/nowhere"), path.to_owned(), day.to_owned(), 300_000, stats))
    }

    fn file(day: &str, name: &str, size: u64) -> Arc<DataFile> {
        let path = format!("archived_day={day}/{name}.parquet");
        Arc::new(DataFile::new(
            Path::new("/nowhere"),
            path,
            day.to_owned(),
            size,
            tapline_archive::file::Stats::default(),
        ))
    }

    fn sizes(files: &[Arc<DataFile>]) -> Option<Vec<u64>> {
        Some(plan(files, &Limits::default(), NOW)?.iter().map(|file| file.size).collect())
    }

    #[test]
    fn few_files_of_today_wait() {
        let today = day(NOW);
        let files: Vec<_> = (0..7).map(|n| file(&today, &n.to_string(), 20_000)).collect();
        assert_eq!(sizes(&files), None);
    }

    #[test]
    fn a_full_tier_is_joined_and_large_files_rest() {
        let today = day(NOW);
        let mut files: Vec<_> = (0..8).map(|n| file(&today, &n.to_string(), 20_000)).collect();
        files.push(file(&today, "large", 100 << 20));
        assert_eq!(sizes(&files), Some(vec![20_000; 8]));
    }

    #[test]
    fn a_rewrite_is_bounded_by_bytes() {
        let today = day(NOW);
        let files: Vec<_> = (0..20).map(|n| file(&today, &n.to_string(), 10 << 20)).collect();
        assert_eq!(sizes(&files).unwrap().len(), 4);
    }

    /// Files of tiny events are small and many-rowed: their number once decided how many were sorted at once, which took
    /// gigabytes.
    #[test]
    fn a_rewrite_is_bounded_by_rows() {
        let today = day(NOW);
        let files: Vec<_> = (0..20).map(|n| tiny_rows(&today, &n.to_string(), 40_000)).collect();
        let group = plan(&files, &Limits::default(), NOW).unwrap();
        assert_eq!(group.iter().map(|file| file.rows).sum::<u64>(), 120_000);
        assert!(plan(&[tiny_rows(&today, "a", 90_000)], &Limits { files: 1, ..Limits::default() }, NOW).is_none());
    }

    #[test]
    fn a_day_that_is_over_is_joined_whatever_the_tier() {
        let files = [file("2020-01-01", "a", 100), file("2020-01-01", "b", 5 << 20), file("2020-01-02", "c", 9)];
        assert_eq!(sizes(&files), Some(vec![100, 5 << 20]));
    }
}
