//! The sidecar file: `<data file>.ids`.
//!
//! ```text
//! magic "TAPIDS02" | filter descriptor | fingerprints | hashes u64 × n | rows u32 × n | names | sums u32 × m | footer
//! footer: lengths of the sections u64 × 6 | xxh3 of all before u64 | magic
//! ```
//! All numbers little-endian. The filter, the names, and of each block of [`FENCE`] entries the first hash and two
//! checksums are kept in memory (about 9.3 bits a key); a look-up that passes the filter costs one read of at most
//! [`FENCE`] hashes and one of as many rows. What is read is held against the checksums, which were taken when the
//! whole file was found intact: what rots later is noticed. The sums are the data file's own, kept for who reads it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use xorf::{BinaryFuse8, BinaryFuse8Ref, DmaSerializable, Filter, FilterRef};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::keys::Entry;
use crate::names::Names;

const MAGIC: &[u8; 8] = b"TAPIDS02";
const SECTIONS: usize = 6;
const FOOTER: usize = (SECTIONS + 2) * 8;
/// Hashes between two that are kept in memory: 8 KiB, two pages of the file cache.
const FENCE: usize = 1024;

/// Why a sidecar cannot be used. It can be rebuilt from its data file, so none of these loses anything.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The file system's fault.
    #[error("cannot read or write the id index {path}")]
    Io {
        /// The sidecar.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not what was written.
    #[error("the id index {path} is damaged ({what}); it is rebuilt from its data file")]
    Damaged {
        /// The sidecar.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// Nine bits a key cannot be found for these keys; does not happen with distinct 64-bit hashes.
    #[error("cannot build the filter of the id index {path}: {what}")]
    Filter {
        /// The sidecar.
        path: PathBuf,
        /// The library's words.
        what: &'static str,
    },
}

/// Writes a sidecar and syncs it. `entries` are sorted by hash then row, none twice; `sums` are checksums of the data
/// file. Returns its size in bytes.
pub fn write(path: &Path, entries: &[Entry], names: &Names, sums: &[u32]) -> Result<u64, SidecarError> {
    let mut unique: Vec<u64> = entries.iter().map(|entry| entry.hash).collect();
    unique.dedup();
    let filter = BinaryFuse8::try_from(unique.as_slice())
        .map_err(|what| SidecarError::Filter { path: path.to_owned(), what })?;
    drop(unique);
    let sections = sections(&filter, entries, names, sums);
    let io = |source| SidecarError::Io { path: path.to_owned(), source };
    write_sections(path, &sections).map_err(io)
}

fn sections(filter: &BinaryFuse8, entries: &[Entry], names: &Names, sums: &[u32]) -> [Vec<u8>; SECTIONS] {
    let mut descriptor = vec![0; <BinaryFuse8 as DmaSerializable>::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut descriptor);
    let hashes = entries.iter().flat_map(|entry| entry.hash.to_le_bytes()).collect();
    let rows = entries.iter().flat_map(|entry| entry.row.to_le_bytes()).collect();
    let mut spelled = Vec::new();
    names.encode(&mut spelled);
    let sums = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    [descriptor, filter.dma_fingerprints().to_vec(), hashes, rows, spelled, sums]
}

fn write_sections(path: &Path, sections: &[Vec<u8>; SECTIONS]) -> io::Result<u64> {
    let mut hasher = Xxh3Default::new();
    let mut footer = Vec::with_capacity(FOOTER);
    // Who reads the old one goes on reading it.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::create_new(path)?;
    file.write_all(MAGIC)?;
    for section in sections {
        hasher.update(section);
        footer.extend_from_slice(&(section.len() as u64).to_le_bytes());
        file.write_all(section)?;
    }
    footer.extend_from_slice(&hasher.digest().to_le_bytes());
    footer.extend_from_slice(MAGIC);
    file.write_all(&footer)?;
    file.sync_all()?;
    Ok(sections.iter().map(|section| section.len() as u64).sum::<u64>() + (MAGIC.len() + FOOTER) as u64)
}

/// An open sidecar: filter, names and fences in memory, the table on disk.
#[derive(Debug)]
pub struct Sidecar {
    path: PathBuf,
    file: File,
    descriptor: Vec<u8>,
    fingerprints: Vec<u8>,
    fences: Vec<u64>,
    names: Names,
    sums: Vec<u32>,
    hashes: Table,
    rows: Table,
    entries: usize,
    size: u64,
}

/// One of the two tables on disk.
#[derive(Debug)]
struct Table {
    /// Where it begins.
    at: u64,
    /// Bytes of an entry.
    width: usize,
    /// Checksum of each block.
    sums: Vec<u64>,
}

impl Table {
    fn new(bytes: &[u8], at: u64, width: usize) -> Self {
        Self { at, width, sums: bytes.chunks(FENCE * width).map(xxh3_64).collect() }
    }
}

impl Sidecar {
    /// Opens and checks a sidecar. Reads it once from end to end.
    pub fn open(path: &Path) -> Result<Self, SidecarError> {
        let io = |source| SidecarError::Io { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let mut file = File::open(path).map_err(io)?;
        file.read_to_end(&mut bytes).map_err(io)?;
        Self::parse(path, file, &bytes).map_err(|what| SidecarError::Damaged { path: path.to_owned(), what })
    }

    fn parse(path: &Path, file: File, bytes: &[u8]) -> Result<Self, &'static str> {
        let body = bytes.strip_prefix(MAGIC).and_then(|rest| rest.strip_suffix(MAGIC)).ok_or("magic number")?;
        let (body, footer) = body.split_at_checked(body.len().wrapping_sub(FOOTER - 8)).ok_or("footer")?;
        let numbers: Vec<u64> = footer.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let mut hasher = Xxh3Default::new();
        hasher.update(body);
        if numbers.get(SECTIONS) != Some(&hasher.digest()) {
            return Err("checksum");
        }
        let (mut rest, mut parts) = (body, Vec::new());
        for length in &numbers[..SECTIONS] {
            let length = usize::try_from(*length).map_err(|_| "lengths")?;
            let (part, tail) = rest.split_at_checked(length).ok_or("lengths")?;
            parts.push(part);
            rest = tail;
        }
        let [descriptor, fingerprints, hashes, rows, names, sums] = parts[..] else { return Err("sections") };
        if hashes.len() / 8 != rows.len() / 4 || descriptor.len() != <BinaryFuse8 as DmaSerializable>::DESCRIPTOR_LEN {
            return Err("table");
        }
        let hashes_at = (MAGIC.len() + descriptor.len() + fingerprints.len()) as u64;
        Ok(Self {
            path: path.to_owned(),
            file,
            descriptor: descriptor.to_vec(),
            fingerprints: fingerprints.to_vec(),
            fences: hashes.as_chunks().0.iter().step_by(FENCE).map(|word| u64::from_le_bytes(*word)).collect(),
            names: Names::decode(names).ok_or("names")?,
            sums: sums.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect(),
            rows: Table::new(rows, hashes_at + hashes.len() as u64, 4),
            hashes: Table::new(hashes, hashes_at, 8),
            entries: hashes.len() / 8,
            size: bytes.len() as u64,
        })
    }

    /// False when no row of the file is found under `hash`; true is right in more than 99.6 % of cases. No I/O.
    pub fn may_contain(&self, hash: u64) -> bool {
        self.entries > 0 && BinaryFuse8Ref::from_dma(&self.descriptor, &self.fingerprints).contains(&hash)
    }

    /// The first `limit` rows found under `hash`, ascending, and how many there are.
    pub fn rows(&self, hash: u64, limit: usize) -> Result<(Vec<u32>, usize), SidecarError> {
        if !self.may_contain(hash) {
            return Ok((Vec::new(), 0));
        }
        let (first, end) = (self.first(hash)?, self.end(hash)?);
        let last = end.min(first.saturating_add(limit));
        let mut rows = Vec::with_capacity(last - first);
        while first + rows.len() < last {
            let at = first + rows.len();
            let block = self.block(&self.rows, at / FENCE)?;
            let wanted = block.as_chunks().0.iter().skip(at % FENCE).take(last - at);
            rows.extend(wanted.map(|word| u32::from_le_bytes(*word)));
        }
        Ok((rows, end - first))
    }

    /// Names under which the file's identifiers were seen.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Checksums of the data file, as they were given to [`write`].
    pub fn sums(&self) -> &[u32] {
        &self.sums
    }

    /// Number of (hash, row) pairs.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// True for a file without rows.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Size of the file, bytes.
    pub fn bytes(&self) -> u64 {
        self.size
    }

    /// Bytes that this sidecar keeps in memory.
    pub fn resident_bytes(&self) -> usize {
        let words = self.fences.len() + self.hashes.sums.len() + self.rows.sums.len();
        self.fingerprints.len() + words * 8 + self.sums.len() * 4
    }

    /// Index of the first entry whose hash is not below `hash`.
    fn first(&self, hash: u64) -> Result<usize, SidecarError> {
        self.partition_point(self.fences.partition_point(|fence| *fence < hash), |entry| entry < hash)
    }

    /// Index of the first entry whose hash is above `hash`.
    fn end(&self, hash: u64) -> Result<usize, SidecarError> {
        self.partition_point(self.fences.partition_point(|fence| *fence <= hash), |entry| entry <= hash)
    }

    /// The point lies in the block before fence number `fence`: reads that block and searches it.
    fn partition_point(&self, fence: usize, before: impl Fn(u64) -> bool) -> Result<usize, SidecarError> {
        let number = fence.saturating_sub(1);
        let block = self.block(&self.hashes, number)?;
        Ok(number * FENCE + block.as_chunks().0.partition_point(|word| before(u64::from_le_bytes(*word))))
    }

    /// Reads one block of a table.
    fn block(&self, table: &Table, number: usize) -> Result<Vec<u8>, SidecarError> {
        let from = number * FENCE;
        let mut bytes = vec![0; self.entries.saturating_sub(from).min(FENCE) * table.width];
        self.file
            .read_exact_at(&mut bytes, table.at + (from * table.width) as u64)
            .map_err(|source| SidecarError::Io { path: self.path.clone(), source })?;
        if table.sums.get(number) != Some(&xxh3_64(&bytes)) {
            return Err(SidecarError::Damaged { path: self.path.clone(), what: "checksum of a block" });
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(pairs: &[(u64, u32)]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = pairs.iter().map(|(hash, row)| Entry { hash: *hash, row: *row }).collect();
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    fn written(entries: &[Entry]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ids");
        let mut names = Names::default();
        names.count("orderId");
        write(&path, entries, &names, &[7, u32::MAX]).unwrap();
        (folder, path)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn finds_what_was_written_and_nothing_else(pairs in proptest::collection::vec((0..5_000u64, 0..9_000u32), 0..6_000)) {
            let entries = sorted(&pairs);
            let (_folder, path) = written(&entries);
            let sidecar = Sidecar::open(&path).unwrap();
            prop_assert_eq!(sidecar.len(), entries.len());
            prop_assert!(sidecar.names().contains("orderid"));
            prop_assert_eq!(sidecar.sums(), [7, u32::MAX]);
            for hash in (0..5_200).step_by(7) {
                let rows: Vec<u32> = entries.iter().filter(|e| e.hash == hash).map(|e| e.row).collect();
                let count = rows.len();
                prop_assert_eq!(sidecar.rows(hash, usize::MAX).unwrap(), (rows, count));
            }
        }

        #[test]
        fn damage_is_noticed(at in 0..2_000usize, flip in 1..255u8) {
            let pairs: Vec<(u64, u32)> = (0..100).map(|n| (n * 977, n as u32)).collect();
            let (_folder, path) = written(&sorted(&pairs));
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            std::fs::write(&path, &bytes).unwrap();
            prop_assert!(Sidecar::open(&path).is_err());
            std::fs::write(&path, &bytes[..at]).unwrap();
            prop_assert!(Sidecar::open(&path).is_err());
        }
    }

    /// A sidecar is read whole when it is opened; what rotted later was once believed.
    #[test]
    fn damage_after_opening_is_noticed() {
        let pairs: Vec<(u64, u32)> = (0..5_000).map(|n| (n * 977, n as u32)).collect();
        let (_folder, path) = written(&sorted(&pairs));
        let sidecar = Sidecar::open(&path).unwrap();
        let handle = File::options().write(true).open(&path).unwrap();
        for at in [sidecar.hashes.at + 2_500 * 8, sidecar.rows.at + 2_500 * 4] {
            let mut byte = [0];
            sidecar.file.read_exact_at(&mut byte, at).unwrap();
            handle.write_all_at(&[byte[0] ^ 1], at).unwrap();
            let found = sidecar.rows(2_500 * 977, 9);
            assert!(matches!(found, Err(SidecarError::Damaged { .. })), "{found:?}");
            assert_eq!(sidecar.rows(7 * 977, 9).unwrap(), (vec![7], 1), "other blocks stay readable");
            handle.write_all_at(&byte, at).unwrap();
            assert_eq!(sidecar.rows(2_500 * 977, 9).unwrap(), (vec![2_500], 1));
        }
        handle.set_len(100).unwrap();
        assert!(sidecar.rows(2_500 * 977, 9).is_err());
    }

    /// An index that is built anew must not pull the file away under who still reads the old one.
    #[test]
    fn an_open_sidecar_outlives_its_replacement() {
        let (_folder, path) = written(&sorted(&[(1, 1), (2, 2)]));
        let old = Sidecar::open(&path).unwrap();
        write(&path, &sorted(&[(3, 3)]), &Names::default(), &[]).unwrap();
        assert_eq!(old.rows(2, 9).unwrap(), (vec![2], 1));
        assert_eq!(Sidecar::open(&path).unwrap().rows(3, 9).unwrap(), (vec![3], 1));
    }

    #[test]
    fn a_hub_is_counted_and_cut() {
        let pairs: Vec<(u64, u32)> = (0..10_000).map(|row| (42, row)).collect();
        let (_folder, path) = written(&sorted(&pairs));
        let (rows, count) = Sidecar::open(&path).unwrap().rows(42, 3).unwrap();
        assert_eq!((rows, count), (vec![0, 1, 2], 10_000));
    }
}
