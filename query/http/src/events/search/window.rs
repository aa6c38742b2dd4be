//! Which rows of a place come into question by their time, and how many of them are read at once.

use arrow::array::{Array, RecordBatch};
use tapline_archive::{Place, View};
use tapline_model::columns::EventColumns;

use super::Part;
use crate::events::filter::Filter;
use crate::problem::Refusal;

/// Rows read at once, at most.
const MOST_ROWS: usize = 65_536;

/// Bytes of keys, headers and payloads read at once; a single row may have more.
const MOST_BYTES: i64 = 64 << 20;

/// Rows of a file whose times are looked at in one step.
const STEP: usize = 65_536;

/// A row whose time is in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) time: Option<i64>,
    pub(crate) row: u32,
    size: i32,
}

/// Rows of a part whose time is wanted, in order. `column` is the time: `timestamp` or `archived_at`.
pub(crate) fn candidates(
    view: &View,
    part: &Part,
    column: &'static str,
    wanted: impl Fn(Option<i64>) -> bool,
) -> Result<Vec<Candidate>, Refusal> {
    let mut found = Vec::new();
    match part.place {
        Place::Hot(at) => collect(&view.hot[at].batch, 0, part, column, &wanted, &mut found)?,
        Place::File(at) => {
            // A file that cannot be read was marked and is named on the System page; the others go on.
            let batches = view.reader.scan(&view.files[at], &[column, "size"], STEP, None);
            let Ok(batches) = batches else { return Ok(found) };
            let mut first = 0;
            for batch in batches {
                let Ok(batch) = batch else { return Ok(found) };
                collect(&batch, first, part, column, &wanted, &mut found)?;
                first += u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
            }
        }
    }
    Ok(found)
}

fn collect(
    batch: &RecordBatch,
    first: u32,
    part: &Part,
    column: &'static str,
    wanted: &impl Fn(Option<i64>) -> bool,
    found: &mut Vec<Candidate>,
) -> Result<(), Refusal> {
    let columns = EventColumns::new(batch);
    let (times, sizes) = (columns.micros(column)?, columns.int("size")?);
    for (row, at) in (first..).zip(0..batch.num_rows()) {
        let time = times.is_valid(at).then(|| times.value(at));
        let listed = part.rows.as_ref().is_none_or(|rows| rows.binary_search(&row).is_ok());
        if listed && wanted(time) {
            found.push(Candidate { time, row, size: sizes.value(at) });
        }
    }
    Ok(())
}

/// Cuts candidates into pieces that grow from `first` rows on: the first page is often in the first piece.
pub(crate) fn windows<'a>(
    candidates: &'a [Candidate],
    first: usize,
    filter: &Filter,
) -> impl Iterator<Item = &'a [Candidate]> {
    let heavy = filter.columns().iter().any(|column| matches!(*column, "payload" | "decoded" | "headers" | "key"));
    let (mut rest, mut rows) = (candidates, first);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (window, later) = rest.split_at(fitting(rest, rows, heavy));
        rest = later;
        rows = (rows * 4).min(MOST_ROWS);
        Some(window)
    })
}

/// How many of the first candidates are read at once: at least one.
fn fitting(candidates: &[Candidate], rows: usize, heavy: bool) -> usize {
    let most = candidates.len().min(rows).max(1);
    if !heavy {
        return most;
    }
    let mut bytes = 0i64;
    let fits = candidates[..most].iter().take_while(|candidate| {
        bytes += i64::from(candidate.size);
        bytes <= MOST_BYTES
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(sizes: &[i32]) -> Vec<Candidate> {
        (0..).zip(sizes).map(|(row, size)| Candidate { time: None, row, size: *size }).collect()
    }

    #[test]
    fn windows_grow_and_cover_every_row_once() {
        let candidates = rows(&vec![1; 5_000]);
        let lengths: Vec<usize> = windows(&candidates, 256, &Filter::default()).map(<[_]>::len).collect();
        assert_eq!(lengths, [256, 1_024, 3_720]);
    }

    #[test]
    fn large_rows_are_read_a_few_at_a_time() {
        let candidates = rows(&[100 << 20, 10 << 20, 50 << 20, 10 << 20, i32::MAX]);
        let by_text = Filter { text: Some("x".into()), ..Filter::default() };
        let lengths: Vec<usize> = windows(&candidates, 256, &by_text).map(<[_]>::len).collect();
        assert_eq!(lengths, [1, 2, 1, 1]);
    }
}
