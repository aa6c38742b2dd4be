//! A stretch of the history in columns of one width, as it is drawn.

use std::collections::{HashMap, HashSet};

use arrow::array::RecordBatch;
use tapline_api::{GroupHistory, LagState, PartitionHistory};
use tapline_history::{History, HistoryError, Row, WHOLE, Wanted, rows};
use tapline_model::time;

use crate::board::GroupStanding;
use crate::record::{HEARTBEAT, MINUTE};
use crate::show::count;

/// Columns at most.
const COLUMNS: i64 = 180;

/// Partitions at most.
const PARTITIONS: usize = 64;

/// Widths, minutes: such that people can count them.
const WIDTHS: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440];

/// Rows of a day that is thinned most are so far apart, microseconds.
const APART: i64 = 30 * MINUTE;

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Microseconds.
    from: i64,
    /// Microseconds.
    width: i64,
    columns: usize,
    /// What was not looked at yet has no value.
    now: i64,
}

impl Grid {
    /// Columns that hold both moments, microseconds.
    pub(crate) fn new(from: i64, to: i64, now: i64) -> Self {
        let length = to.saturating_sub(from).max(MINUTE);
        let fits = |minutes: &i64| length / (minutes * MINUTE) <= COLUMNS;
        let width = WIDTHS.into_iter().find(fits).map_or(length / COLUMNS, |minutes| minutes * MINUTE);
        let from = from.div_euclid(width) * width;
        let columns = to.saturating_sub(from).max(width) as u64;
        let columns = columns.div_ceil(width.unsigned_abs());
        Self { from, width, columns: usize::try_from(columns).unwrap_or(1), now }
    }

    fn column(&self, at: i64) -> Option<usize> {
        usize::try_from((at - self.from).div_euclid(self.width)).ok().filter(|column| *column < self.columns)
    }

    fn to(&self) -> i64 {
        self.from + self.width * self.columns as i64
    }

    /// Columns from one moment up to another.
    fn between(&self, from: i64, to: i64) -> std::ops::Range<usize> {
        let (from, to) = (from.max(self.from), to.min(self.to()).min(self.now));
        match (self.column(from), self.column(to - 1)) {
            (Some(first), Some(last)) if from < to => first..last + 1,
            _ => 0..0,
        }
    }
}

/// Values in columns. Each holds until the next, but not for long: nobody may have looked.
struct Line<T> {
    columns: Vec<Option<T>>,
    last: Option<(i64, T)>,
}

impl<T: Copy> Line<T> {
    fn new(grid: &Grid) -> Self {
        Self { columns: vec![None; grid.columns], last: None }
    }

    fn add(&mut self, grid: &Grid, at: i64, value: Option<T>, joined: fn(T, T) -> T) {
        self.hold(grid, at, joined);
        self.last = value.map(|value| (at, value));
    }

    fn hold(&mut self, grid: &Grid, until: i64, joined: fn(T, T) -> T) {
        let Some((at, value)) = self.last else { return };
        let holds = if grid.now - at > 2 * 24 * 60 * MINUTE { 2 * APART } else { HEARTBEAT };
        let until = until.min(at + holds + 2 * MINUTE);
        for column in &mut self.columns[grid.between(at, until)] {
            *column = Some(column.map_or(value, |before| joined(before, value)));
        }
    }

    fn done(mut self, grid: &Grid, joined: fn(T, T) -> T) -> Vec<Option<T>> {
        self.hold(grid, i64::MAX, joined);
        self.columns
    }
}

/// The lines of a group.
struct Lines {
    state: Line<LagState>,
    lag: Line<u64>,
    behind: Line<f64>,
    written: Line<f64>,
    read: Line<f64>,
    rebalances: Vec<u32>,
}

fn latest<T>(_: T, value: T) -> T {
    value
}

impl Lines {
    fn new(grid: &Grid) -> Self {
        Self {
            state: Line::new(grid),
            lag: Line::new(grid),
            behind: Line::new(grid),
            written: Line::new(grid),
            read: Line::new(grid),
            rebalances: vec![0; grid.columns],
        }
    }

    fn add(&mut self, grid: &Grid, row: &Row<'_>) {
        self.state.add(grid, row.at, LagState::parse(row.state), LagState::max);
        self.lag.add(grid, row.at, count(row.lag), u64::max);
        self.behind.add(grid, row.at, row.behind, f64::max);
        self.written.add(grid, row.at, row.written, latest);
        self.read.add(grid, row.at, row.read, latest);
        if let Some(column) = grid.column(row.at) {
            self.rebalances[column] += row.rebalances.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        }
    }
}

/// How a group went. Blocks on the disk.
///
/// # Errors
/// When the history cannot be read.
pub(crate) fn chart(
    history: &History,
    source: &str,
    group: &GroupStanding,
    grid: &Grid,
) -> Result<GroupHistory, HistoryError> {
    let (places, left_out) = places(group);
    let mut lines = Lines::new(grid);
    let mut partitions = HashMap::<&str, HashMap<i32, (Line<u64>, Line<f64>)>>::new();
    for (name, number) in &places {
        partitions.entry(name).or_default().insert(*number, (Line::new(grid), Line::new(grid)));
    }
    let whole = (String::new(), HashSet::from([WHOLE]));
    let drawn = partitions.iter().map(|(name, numbers)| ((*name).to_owned(), numbers.keys().copied().collect()));
    let drawn = drawn.chain([whole]);
    let wanted = Wanted {
        source: Some(source.to_owned()),
        group: Some(group.name.clone()),
        from: Some(grid.from.saturating_sub(2 * APART)),
        to: Some(grid.to()),
        places: Some(drawn.collect()),
        ..Wanted::default()
    };
    for part in history.parts(&wanted)? {
        for batch in readable(part.read(&wanted)) {
            for row in rows(&batch)? {
                match partitions.get_mut(row.destination).and_then(|numbers| numbers.get_mut(&row.partition)) {
                    _ if row.partition == WHOLE => lines.add(grid, &row),
                    Some((lag, behind)) => {
                        lag.add(grid, row.at, count(row.lag), u64::max);
                        behind.add(grid, row.at, row.behind, f64::max);
                    }
                    None => {}
                }
            }
        }
    }
    let mut drawn: Vec<PartitionHistory> = partitions
        .into_iter()
        .flat_map(|(name, numbers)| numbers.into_iter().map(move |(number, lines)| (name, number, lines)))
        .map(|(name, partition, (lag, behind))| PartitionHistory {
            destination: name.to_owned(),
            partition,
            lag: lag.done(grid, u64::max),
            behind: behind.done(grid, f64::max),
        })
        .collect();
    drawn.sort_by(|one, other| (&one.destination, one.partition).cmp(&(&other.destination, other.partition)));
    #[expect(clippy::cast_precision_loss, reason = "minutes")]
    let step = grid.width as f64 / 1e6;
    Ok(GroupHistory {
        from: time::format(grid.from),
        step,
        state: lines.state.done(grid, LagState::max),
        lag: lines.lag.done(grid, u64::max),
        behind: lines.behind.done(grid, f64::max),
        written: lines.written.done(grid, latest),
        read: lines.read.done(grid, latest),
        rebalances: lines.rebalances,
        // Who knows them adds them.
        alerts: Vec::new(),
        partitions: drawn,
        left_out,
    })
}

/// As far as a file can be read: what is damaged is left out, and said to the log.
fn readable(run: Result<tapline_history::Run, HistoryError>) -> impl Iterator<Item = RecordBatch> {
    let told =
        |error: HistoryError| tracing::warn!(error = &error as &dyn std::error::Error, "lag history is left out");
    run.map_err(told).into_iter().flatten().map_while(move |batch| batch.map_err(told).ok())
}

/// The partitions with most to read, and how many are not among them.
fn places(group: &GroupStanding) -> (Vec<(String, i32)>, usize) {
    let mut rows: Vec<_> = group.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.standing.state, row.standing.lag)));
    let places = rows.iter().take(PARTITIONS).map(|row| (row.place.0.to_string(), row.place.1)).collect();
    (places, rows.len().saturating_sub(PARTITIONS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_people_count() {
        let hour = 60 * MINUTE;
        for (length, width) in
            [(hour, MINUTE), (6 * hour, 2 * MINUTE), (24 * hour, 10 * MINUTE), (720 * hour, 360 * MINUTE)]
        {
            let grid = Grid::new(7 * MINUTE + 5, 7 * MINUTE + 5 + length, i64::MAX);
            assert_eq!((grid.width, grid.from % width), (width, 0), "{length}");
            assert!(grid.to() >= 7 * MINUTE + 5 + length && grid.columns <= 182, "{grid:?}");
        }
    }

    #[test]
    fn a_value_holds_until_the_next_and_not_for_ever() {
        let grid = Grid::new(0, 60 * MINUTE, 60 * MINUTE);
        let mut line = Line::new(&grid);
        line.add(&grid, MINUTE + 30_000_000, Some(7_u64), u64::max);
        line.add(&grid, 4 * MINUTE + 10_000_000, Some(9), u64::max);
        line.add(&grid, 4 * MINUTE + 40_000_000, Some(3), u64::max);
        line.add(&grid, 50 * MINUTE, Some(1), u64::max);
        let drawn = line.done(&grid, u64::max);
        assert_eq!(drawn[..6], [None, Some(7), Some(7), Some(7), Some(9), Some(3)]);
        assert_eq!((drawn[16], drawn[17], drawn[49], drawn[50], drawn[59]), (Some(3), None, None, Some(1), Some(1)));
    }

    #[test]
    fn what_is_to_come_is_empty() {
        let grid = Grid::new(0, 60 * MINUTE, 30 * MINUTE);
        let mut line = Line::new(&grid);
        line.add(&grid, 29 * MINUTE, Some(1_u64), u64::max);
        let drawn = line.done(&grid, u64::max);
        assert_eq!((drawn[28], drawn[29], drawn[30]), (None, Some(1), None));
    }
}
