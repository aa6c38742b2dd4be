//! The names under which identifiers were seen, with their spellings.

use std::cmp::Reverse;
use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3Builder;

use tapline_model::id::normal_name;

/// More names than this are not remembered: they come from untrusted payloads.
const MAX_NAMES: usize = 10_000;

/// Spellings of each normalised ID name and how often each was seen.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Count by spelling: one look-up without allocation for each identifier of each row.
    counts: HashMap<String, u64, Xxh3Builder>,
    /// Spellings by normalised name.
    spellings: HashMap<String, Vec<String>>,
}

impl Names {
    /// Counts one occurrence of a spelling.
    pub fn count(&mut self, spelling: &str) {
        self.add(spelling, 1);
    }

    /// Adds what another set has seen.
    pub fn merge(&mut self, other: &Self) {
        for (spelling, count) in other.iter() {
            self.add(spelling, count);
        }
    }

    /// Whether a normalised name was seen.
    pub fn contains(&self, normal: &str) -> bool {
        self.spellings.contains_key(normal)
    }

    /// The most frequent spelling of a normalised name; the first in the alphabet where several are.
    pub fn spelling(&self, normal: &str) -> Option<&str> {
        let spellings = self.spellings.get(normal)?.iter();
        spellings.max_by_key(|spelling| (self.counts.get(*spelling), Reverse(*spelling))).map(String::as_str)
    }

    /// Every spelling with its count.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(spelling, count)| (spelling.as_str(), *count))
    }

    /// Writes the names: for each a count, a length and the text.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_unstable();
        for (spelling, count) in all {
            out.extend_from_slice(&count.to_le_bytes());
            // A name is at most as long as the identifier that holds it.
            out.extend_from_slice(&u32::try_from(spelling.len()).unwrap_or(0).to_le_bytes());
            out.extend_from_slice(spelling.as_bytes());
        }
    }

    /// Reads what [`Self::encode`] wrote; `None` when it is cut or not UTF-8.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut names = Self::default();
        while !bytes.is_empty() {
            let (count, rest) = bytes.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            names.add(std::str::from_utf8(text).ok()?, u64::from_le_bytes(*count));
            bytes = rest;
        }
        Some(names)
    }

    /// Counts a spelling that was seen so many times.
    pub(crate) fn add(&mut self, spelling: &str, count: u64) {
        if let Some(known) = self.counts.get_mut(spelling) {
            *known += count;
        } else if self.counts.len() < MAX_NAMES {
            self.counts.insert(spelling.to_owned(), count);
            self.spellings.entry(normal_name(spelling).into_owned()).or_default().push(spelling.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_spelling_is_shown() {
        let mut names = Names::default();
        for spelling in ["orderId", "order_id", "orderId"] {
            names.count(spelling);
        }
        assert_eq!(names.spelling("orderid"), Some("orderId"));
        let mut other = Names::default();
        other.count("order_id");
        other.count("order_id");
        names.merge(&other);
        assert_eq!(names.spelling("orderid"), Some("order_id"));
        assert!(!names.contains("customerid"));
    }

    #[test]
    fn names_from_untrusted_payloads_are_bounded() {
        let mut names = Names::default();
        for at in 0..MAX_NAMES + 50 {
            names.count(&format!("field{at}id"));
        }
        assert_eq!(names.iter().count(), MAX_NAMES);
    }
}
