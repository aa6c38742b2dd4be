//! Checksums of a data file's blocks: taken while it is written, held against every byte that is read from it.
//!
//! Parquet's own page checksums are not written by arrow-rs 59, and a flipped bit in a compressed page mostly decodes to
//! other values without a word. The sums stand in the file's sidecar; a file that came without one (another engine wrote
//! it) gets them with its index, and is believed until then.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::file::reader::{ChunkReader, Length};
use tapline_index::Sidecar;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::file::DataFile;

/// Bytes under one sum: a page of a compacted file, so that reading one row reads little more than its pages.
const BLOCK: u64 = 16 << 10;

/// The lower half is kept: four bytes a block find all but one of 2^32 kinds of damage.
const fn short(sum: u64) -> u32 {
    sum as u32
}

/// Passes on what is written and sums it.
pub(crate) struct Summing<W> {
    inner: W,
    sums: Vec<u32>,
    block: Xxh3Default,
    /// Bytes in the block so far.
    filled: u64,
}

impl<W> Summing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, sums: Vec::new(), block: Xxh3Default::new(), filled: 0 }
    }

    pub(crate) fn inner(&mut self) -> &mut W {
        &mut self.inner
    }

    /// The sums of all that was written; the last one may be of a shorter block.
    pub(crate) fn sums(&self) -> Vec<u32> {
        let last = (self.filled > 0).then(|| short(self.block.digest()));
        self.sums.iter().copied().chain(last).collect()
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK - self.filled).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.block.update(now);
            self.filled += now.len() as u64;
            bytes = later;
            if self.filled == BLOCK {
                self.sums.push(short(self.block.digest()));
                self.block.reset();
                self.filled = 0;
            }
        }
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The sums of a file as it stands on the disk.
pub(crate) fn of_file(file: &DataFile) -> io::Result<Vec<u32>> {
    let mut summing = Summing::new(io::sink());
    io::copy(&mut File::open(&file.location)?, &mut summing)?;
    Ok(summing.sums())
}

/// A data file, open for reading, whose bytes are checked. Clones share the handle.
#[derive(Debug, Clone)]
pub struct CheckedFile {
    handle: Arc<File>,
    length: u64,
    sums: Option<Arc<Sidecar>>,
}

impl CheckedFile {
    /// Opens the file.
    pub fn open(file: &DataFile) -> io::Result<Self> {
        let handle = File::open(&file.location)?;
        let length = handle.metadata()?.len();
        Ok(Self { handle: Arc::new(handle), length, sums: file.sidecar() })
    }

    /// The bytes of a range; an error of kind [`io::ErrorKind::InvalidData`] if they are not what was written.
    pub fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        // Before memory is asked for: a length may come from rotten bytes.
        if range.start > range.end || range.end > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(sidecar) = &self.sums else { return self.read_plain(range) };
        let from = range.start / BLOCK * BLOCK;
        let to = range.end.div_ceil(BLOCK).saturating_mul(BLOCK).min(self.length);
        let mut bytes = self.read_plain(from..to)?;
        let first = usize::try_from(from / BLOCK).map_err(io::Error::other)?;
        let sums = sidecar.sums().get(first..).unwrap_or_default();
        for (at, block) in bytes.chunks(usize::try_from(BLOCK).unwrap_or(usize::MAX)).enumerate() {
            if sums.get(at) != Some(&short(xxh3_64(block))) {
                let place = from + at as u64 * BLOCK;
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("other bytes than were written at {place}"),
                ));
            }
        }
        bytes.advance(usize::try_from(range.start - from).map_err(io::Error::other)?);
        bytes.truncate(usize::try_from(range.end - range.start).map_err(io::Error::other)?);
        Ok(bytes)
    }

    fn read_plain(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.handle.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.into())
    }
}

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for CheckedFile {
    type T = Onward;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Onward> {
        Ok(Onward { file: self.clone(), at: start, block: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        Ok(self.read(start..start.saturating_add(length as u64))?)
    }
}

/// Reads on from a place, block by block.
#[derive(Debug)]
pub struct Onward {
    file: CheckedFile,
    at: u64,
    block: Bytes,
}

impl Read for Onward {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.block.is_empty() {
            let end = (self.at / BLOCK + 1).saturating_mul(BLOCK).min(self.file.length).max(self.at);
            self.block = self.file.read(self.at..end)?;
            self.at = end;
        }
        let count = into.len().min(self.block.len());
        self.block.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tapline_index::Names;

    use super::*;

    fn checked(content: &[u8], pieces: usize) -> (tempfile::TempDir, DataFile) {
        let folder = tempfile::tempdir().unwrap();
        let file =
            DataFile::new(folder.path(), "a".to_owned(), String::new(), content.len() as u64, Default::default());
        let mut summing = Summing::new(File::create(&file.location).unwrap());
        content.chunks(pieces).for_each(|piece| summing.write_all(piece).unwrap());
        let sidecar = folder.path().join("a.ids");
        tapline_index::write(&sidecar, &[], &Names::default(), &summing.sums()).unwrap();
        assert_eq!(of_file(&file).unwrap(), summing.sums());
        file.attach(Sidecar::open(&sidecar).unwrap());
        (folder, file)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_range_is_read_and_any_flip_noticed(
            length in 1..100_000usize, pieces in 1..40_000usize, a in any::<usize>(), b in any::<usize>(), bit in 0..8u32,
        ) {
            let content: Vec<u8> = (0..length).map(|at| (at * 31 / 7) as u8).collect();
            let (_folder, data) = checked(&content, pieces);
            let (from, to) = ((a % (length + 1)).min(b % (length + 1)), (a % (length + 1)).max(b % (length + 1)));
            let file = CheckedFile::open(&data).unwrap();
            prop_assert_eq!(file.read(from as u64..to as u64).unwrap(), &content[from..to]);
            let mut onward = Vec::new();
            file.get_read(from as u64).unwrap().read_to_end(&mut onward).unwrap();
            prop_assert_eq!(&onward, &content[from..]);
            prop_assert!(file.read(from as u64..length as u64 + 1).is_err());

            let at = a % length;
            let mut rotten = content.clone();
            rotten[at] ^= 1u8 << bit;
            std::fs::write(&data.location, &rotten).unwrap();
            let file = CheckedFile::open(&data).unwrap();
            prop_assert!(file.read(at as u64..at as u64 + 1).is_err());
            prop_assert!(file.read(0..length as u64).is_err());
        }
    }
}
