//! Finding a header or field name among a few hundred known ones, without case, in a few nanoseconds.

/// Known names, grouped by their length and a few of their characters: most names of a record are told apart from
/// all known ones by two loads.
#[derive(Debug)]
pub(crate) struct NameTable<T> {
    /// Where the entries of each bucket begin; one more at the end.
    starts: Box<[u16; BUCKETS + 1]>,
    entries: Vec<(Box<str>, T)>,
}

const BUCKETS: usize = 1024;

impl<T: Copy> NameTable<T> {
    /// Of two entries with the same name the first one stands.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = (&'n str, T)>) -> Self {
        let mut entries: Vec<(Box<str>, T)> = Vec::new();
        for (name, meaning) in names {
            if !entries.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                entries.push((name.into(), meaning));
            }
        }
        entries.sort_by_key(|(name, _)| bucket(name));
        // A configuration of more than 65,535 names is cut, which only loses names.
        entries.truncate(usize::from(u16::MAX));
        let mut starts = Box::new([0u16; BUCKETS + 1]);
        for (name, _) in &entries {
            starts[bucket(name) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { starts, entries }
    }

    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<T> {
        let bucket = bucket(name);
        let (from, to) = (usize::from(self.starts[bucket]), usize::from(self.starts[bucket + 1]));
        let entries = self.entries.get(from..to)?;
        // Nearly everybody writes a name as its framework does.
        let same = |known: &str| known == name || known.eq_ignore_ascii_case(name);
        entries.iter().find(|(known, _)| same(known)).map(|(_, meaning)| *meaning)
    }
}

/// Bit 0x20 is the case of a letter; folding other characters too only makes two buckets one.
#[inline]
fn bucket(name: &str) -> usize {
    let bytes = name.as_bytes();
    let at = |index: usize| usize::from(bytes.get(index).copied().unwrap_or(0) | 0x20);
    let (first, middle, last) = (at(0), at(bytes.len() / 2), at(bytes.len().wrapping_sub(1)));
    (bytes.len() ^ first.wrapping_mul(0x35) ^ middle.wrapping_mul(0x1b) ^ last.wrapping_mul(0x0b)) % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_without_case_and_others_are_not() {
        let table = NameTable::new([("traceparent", 1), ("B3", 2), ("", 3), ("TraceParent", 4)]);
        assert_eq!(table.find("TRACEPARENT"), Some(1));
        assert_eq!(table.find("b3"), Some(2));
        assert_eq!(table.find(""), Some(3));
        assert_eq!(table.find("b4"), None);
        assert_eq!(table.find("traceparenz"), None);
    }
}
