//! Text columns that are told to Arrow in fewer calls than rows: its builder takes as long for `kafka` or for nothing
//! as for a long text.

use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, StringViewArray, StringViewBuilder, UInt32Builder};
use arrow::compute::take;

/// More values than this are not looked for among those that are there already; they are written again.
const KNOWN: usize = 32;

/// Collects rows of which most are null.
#[derive(Default)]
pub(crate) struct Sparse {
    builder: StringViewBuilder,
    /// Nulls not yet appended.
    absent: usize,
}

impl Sparse {
    pub(crate) fn append(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.absent += 1 };
        self.settle();
        self.builder.append_value(text);
    }

    pub(crate) fn append_nulls(&mut self, rows: usize) {
        self.absent += rows;
    }

    fn settle(&mut self) {
        (0..std::mem::take(&mut self.absent)).for_each(|_| self.builder.append_null());
    }

    /// Yields the rows as a `Utf8View` array and empties the builder.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        if self.builder.is_empty() {
            return Arc::new(StringViewArray::new_null(std::mem::take(&mut self.absent)));
        }
        self.settle();
        Arc::new(self.builder.finish())
    }
}

/// Collects rows of which most repeat a value. Looked for first is the one that came next when values were new: header
/// names have the same order in one record after the other.
#[derive(Default)]
pub(crate) struct Repeated {
    values: StringViewBuilder,
    /// The first of `values`.
    known: Vec<String>,
    /// Index of each row's value.
    rows: UInt32Builder,
    /// Index of the value that is expected.
    next: usize,
}

impl Repeated {
    pub(crate) fn append(&mut self, text: &str) {
        let at = match self.find(text) {
            Some(at) => at,
            None => self.add(text),
        };
        // A chunk is cut by rows and bytes, far below 2^32 values.
        self.rows.append_value(u32::try_from(at).unwrap_or(u32::MAX));
    }

    pub(crate) fn append_option(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.append(text),
            None => self.rows.append_null(),
        }
    }

    #[inline]
    fn find(&mut self, text: &str) -> Option<usize> {
        let expected = self.known.get(self.next).is_some_and(|known| known == text).then_some(self.next);
        let at = expected.or_else(|| self.known.iter().position(|known| known == text))?;
        self.next = if at + 1 < self.known.len() { at + 1 } else { 0 };
        Some(at)
    }

    #[cold]
    fn add(&mut self, text: &str) -> usize {
        let at = self.values.len();
        self.values.append_value(text);
        if self.known.len() < KNOWN {
            self.known.push(text.to_owned());
        }
        at
    }

    /// Yields the rows as a `Utf8View` array and empties the builder.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        self.known.clear();
        let (values, rows) = (self.values.finish(), self.rows.finish());
        #[expect(clippy::expect_used, reason = "each index is that of a value that was appended")]
        take(&values, &rows, None).expect("indexes of values that are there")
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(
            rows in proptest::collection::vec(proptest::option::of("[a-c]{0,2}|[a-z]{13,16}"), 0..200)
        ) {
            let (mut repeated, mut sparse) = (Repeated::default(), Sparse::default());
            // Twice: nothing of the first time is left.
            for _ in 0..2 {
                for row in &rows {
                    repeated.append_option(row.as_deref());
                    sparse.append(row.as_deref());
                }
                for array in [repeated.finish(), sparse.finish()] {
                    let read: Vec<_> = array.as_string_view().iter().collect();
                    prop_assert_eq!(read, rows.iter().map(Option::as_deref).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn a_value_is_written_once() {
        let mut column = Repeated::default();
        (0..1_000).for_each(|row| column.append(["correlation-id-of-the-shop", "traceparent"][row % 2]));
        let array = column.finish();
        let bytes: usize = array.as_string_view().data_buffers().iter().map(|buffer| buffer.len()).sum();
        assert_eq!(bytes, "correlation-id-of-the-shop".len());
    }
}
