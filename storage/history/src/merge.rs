//! Several sorted runs of rows as one, thinned on the way.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};

use crate::error::HistoryError;
use crate::file::BATCH;
use crate::sample::SCHEMA;

/// A sorted run of rows, with the fault that ends it.
pub type Run = Box<dyn Iterator<Item = Result<RecordBatch, HistoryError>>>;

/// Rows of one batch with what they are compared by.
struct Loaded {
    rows: RecordBatch,
    /// Source, group, destination, partition.
    keys: Rows,
    times: TimestampMicrosecondArray,
    lags: Int64Array,
}

/// One row.
#[derive(Clone)]
struct Pick(Rc<Loaded>, usize);

impl Pick {
    fn at(&self) -> i64 {
        self.0.times.value(self.1)
    }

    fn lag(&self) -> Option<i64> {
        self.0.lags.is_valid(self.1).then(|| self.0.lags.value(self.1))
    }

    fn is_of_same(&self, other: &Self) -> bool {
        self.0.keys.row(self.1) == other.0.keys.row(other.1)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.0.keys.row(self.1).cmp(&other.0.keys.row(other.1)).then_with(|| self.at().cmp(&other.at()))
    }
}

/// Where a run stands.
struct Cursor {
    run: Run,
    next: Pick,
}

/// Merges runs. Of the rows of one pair within a step, microseconds, the one with the greatest lag is kept, of those the
/// last: a peak must not vanish from a chart. With a step of 0 all are, but for those that are there twice.
pub(crate) fn merge(
    runs: Vec<Run>,
    step: i64,
    take: &mut dyn FnMut(RecordBatch) -> Result<(), HistoryError>,
) -> Result<(), HistoryError> {
    let keys = SCHEMA.fields().iter().take(4).map(|field| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(keys.collect())?;
    let mut cursors = Vec::with_capacity(runs.len());
    for mut run in runs {
        if let Some(loaded) = load(&mut run, &converter)? {
            cursors.push(Cursor { run, next: Pick(loaded, 0) });
        }
    }
    let mut thinned = Thinned { step, held: None, kept: Vec::with_capacity(BATCH), take };
    while let Some(least) = (0..cursors.len()).min_by(|one, other| cursors[*one].next.order(&cursors[*other].next)) {
        let others = cursors.iter().enumerate().filter(|(at, _)| *at != least).map(|(_, cursor)| &cursor.next);
        let bound = others.min_by(|one, other| one.order(other)).cloned();
        let Cursor { run, next } = &mut cursors[least];
        // Rows of one pair follow one another: there is no need to compare all runs for each.
        let has_more = loop {
            thinned.add(next.clone())?;
            next.1 += 1;
            if next.1 == next.0.rows.num_rows() {
                let Some(loaded) = load(run, &converter)? else { break false };
                *next = Pick(loaded, 0);
            }
            if bound.as_ref().is_some_and(|bound| next.order(bound).is_gt()) {
                break true;
            }
        };
        if !has_more {
            cursors.swap_remove(least);
        }
    }
    thinned.finish()
}

fn load(run: &mut Run, converter: &RowConverter) -> Result<Option<Rc<Loaded>>, HistoryError> {
    for rows in run {
        let rows = rows?;
        if rows.num_rows() == 0 {
            continue;
        }
        let mut keys = converter.empty_rows(rows.num_rows(), 0);
        converter.append(&mut keys, &rows.columns()[..4])?;
        let mistaken = || ArrowError::SchemaError("rows are not those of a lag history".to_owned());
        let times = rows.column(4).as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(mistaken)?.clone();
        let lags = rows.column(7).as_primitive_opt::<Int64Type>().ok_or_else(mistaken)?.clone();
        return Ok(Some(Rc::new(Loaded { rows, keys, times, lags })));
    }
    Ok(None)
}

struct Thinned<'a> {
    step: i64,
    /// The best of its step so far.
    held: Option<Pick>,
    kept: Vec<Pick>,
    take: &'a mut dyn FnMut(RecordBatch) -> Result<(), HistoryError>,
}

impl Thinned<'_> {
    fn add(&mut self, pick: Pick) -> Result<(), HistoryError> {
        let step = |at: i64| at.div_euclid(self.step.max(1));
        match self.held.take() {
            None => self.held = Some(pick),
            Some(held) if step(held.at()) == step(pick.at()) && held.is_of_same(&pick) => {
                self.held = Some(if pick.lag() >= held.lag() { pick } else { held });
            }
            Some(held) => {
                self.held = Some(pick);
                self.kept.push(held);
            }
        }
        if self.kept.len() == BATCH { self.emit() } else { Ok(()) }
    }

    fn emit(&mut self) -> Result<(), HistoryError> {
        let mut places = HashMap::new();
        let mut batches = Vec::new();
        let rows: Vec<(usize, usize)> = self
            .kept
            .iter()
            .map(|Pick(loaded, row)| {
                let place = places.entry(Rc::as_ptr(loaded)).or_insert_with(|| {
                    batches.push(&loaded.rows);
                    batches.len() - 1
                });
                (*place, *row)
            })
            .collect();
        let rows = interleave_record_batch(&batches, &rows)?;
        self.kept.clear();
        (self.take)(rows)
    }

    fn finish(mut self) -> Result<(), HistoryError> {
        self.kept.extend(self.held.take());
        if self.kept.is_empty() { Ok(()) } else { self.emit() }
    }
}
