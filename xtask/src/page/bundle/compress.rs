//! Compressed variants of the page's files, what they weigh, and the limit on their weight.

use std::{
    fmt,
    io::{self, Write},
};

use anyhow::{Result, ensure};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// What the whole page may weigh, compressed with Brotli: in bytes.
const LIMIT: usize = 700_000;

/// One file, compressed in the ways that every browser reads.
pub(super) struct Variants {
    pub(super) brotli: Vec<u8>,
    pub(super) gzip: Vec<u8>,
}

impl Variants {
    /// Whether both are smaller than the original.
    pub(super) fn gain(&self, content: &[u8]) -> bool {
        self.brotli.len() < content.len() && self.gzip.len() < content.len()
    }
}

pub(super) fn variants(content: &[u8]) -> io::Result<Variants> {
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut brotli, &BrotliEncoderParams::default())?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(content)?;
    Ok(Variants { brotli, gzip: gzip.finish()? })
}

/// The weight of a bundle, file by file; shown as a table.
#[derive(Default)]
pub(crate) struct Sizes {
    rows: Vec<Row>,
}

struct Row {
    path: String,
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Sizes {
    /// A file that compression makes larger is sent, and counted, as it is.
    pub(super) fn add(&mut self, path: &str, content: &[u8], variants: &Variants) {
        let gain = variants.gain(content);
        let sent = |compressed: &[u8]| if gain { compressed.len() } else { content.len() };
        let (gzip, brotli) = (sent(&variants.gzip), sent(&variants.brotli));
        self.rows.push(Row { path: path.to_owned(), raw: content.len(), gzip, brotli });
    }

    fn total(&self) -> Row {
        let sum = |column: fn(&Row) -> usize| self.rows.iter().map(column).sum();
        Row {
            path: "the page".to_owned(),
            raw: sum(|row| row.raw),
            gzip: sum(|row| row.gzip),
            brotli: sum(|row| row.brotli),
        }
    }

    /// Fails when the page is heavier than it may be.
    pub(crate) fn check(&self) -> Result<()> {
        let weight = self.total().brotli;
        ensure!(weight <= LIMIT, "the page weighs {weight} bytes compressed and may weigh {LIMIT}");
        Ok(())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.path.len()).max().unwrap_or(0);
        writeln!(f, "{:width$} {:>9} {:>9} {:>9}  kB", "file", "raw", "gzip", "brotli")?;
        let kilobytes = |bytes: usize| format!("{}.{}", bytes / 1000, bytes % 1000 / 100);
        for row in self.rows.iter().chain([&self.total()]) {
            let (raw, gzip, brotli) = (kilobytes(row.raw), kilobytes(row.gzip), kilobytes(row.brotli));
            writeln!(f, "{:width$} {raw:>9} {gzip:>9} {brotli:>9}", row.path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn page(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn both_variants_give_the_content_back() {
        let content = page(10_000);
        let variants = variants(&content).unwrap();
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &variants.brotli[..], &mut plain).unwrap();
        assert_eq!(plain, content);
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&variants.gzip[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, content);
        assert!(variants.gain(&content));
    }

    #[test]
    fn what_compression_enlarges_is_counted_as_it_is() {
        let mut sizes = Sizes::default();
        sizes.add("dot.txt", b".", &variants(b".").unwrap());
        assert_eq!(sizes.total().brotli, 1);
    }

    #[test]
    fn a_page_over_the_limit_is_refused() {
        let heavy = |brotli| Sizes { rows: vec![Row { path: String::new(), raw: 0, gzip: 0, brotli }] };
        assert!(heavy(LIMIT).check().is_ok());
        let error = heavy(LIMIT + 1).check().unwrap_err().to_string();
        assert_eq!(error, "the page weighs 700001 bytes compressed and may weigh 700000");
    }
}
