//! Rows for the history, and what is known again of them after a restart.

use std::collections::HashMap;
use std::sync::Arc;

use tapline_adapter::{Group, PartitionEnds};
use tapline_api::LagState;
use tapline_history::{History, HistoryError, Row, Sample, WHOLE, Wanted, rows};

use super::{Watch, Watched};
use crate::board::{self, Board, GroupStanding};
use crate::clock::Place;
use crate::pair::Look;
use crate::record::{MINUTE, Recorded, minute};

/// How far back is looked after a restart, microseconds: far enough for who had stopped to have stopped.
const BACK: i64 = 30 * MINUTE;

impl Watch {
    /// Rows of what changed.
    pub(crate) fn record(&mut self, board: &Board) -> Vec<Sample> {
        let mut samples = Vec::new();
        if minute(board.at) == minute(self.recorded_at) {
            return samples;
        }
        self.recorded_at = board.at;
        let source: Arc<str> = Arc::from(self.source.as_str());
        for standing in board.groups.iter().filter(|standing| standing.at == board.at) {
            let Some(watched) = self.groups.get_mut(&standing.name) else { continue };
            let group: Arc<str> = Arc::from(standing.name.as_str());
            let sample = |recorded: Recorded| Sample {
                at: board.at,
                source: Arc::clone(&source),
                group: Arc::clone(&group),
                place: None,
                state: recorded.state.as_str(),
                committed: recorded.committed,
                lag: recorded.lag,
                behind: None,
                written: None,
                read: None,
                rebalances: None,
            };
            if let Some(recorded) = watched.record(standing) {
                let before = watched.recorded.replace(recorded).map_or(i64::MIN, |before| before.at);
                samples.push(whole(sample(recorded), standing, before));
            }
            // What was not told now is of before.
            let is_told = |place: &Place| self.partitions.get(place).is_some_and(|it| it.looked_at == board.at);
            for row in standing.rows.iter().filter(|row| is_told(&row.place)) {
                let Some(pair) = watched.pairs.get_mut(&row.place) else { continue };
                let recorded = recorded(board.at, row);
                if recorded.is_worth(pair.recorded) {
                    pair.recorded = Some(recorded);
                    let behind = row.behind(board.at).map(|(seconds, _)| seconds);
                    samples.push(Sample { place: Some(row.place.clone()), behind, ..sample(recorded) });
                }
            }
        }
        samples
    }

    /// Looks once more at what was recorded lately, so that who had stopped before a restart has not begun anew. Nothing is
    /// shown of it until the broker was asked.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub(crate) fn restore(&mut self, history: &History, now: i64) -> Result<(), HistoryError> {
        let wanted = Wanted {
            source: Some(self.source.clone()),
            from: Some(now - BACK),
            whole: Some(false),
            ..Wanted::default()
        };
        let (mut looks, mut groups) = (Vec::new(), HashMap::<String, Arc<str>>::new());
        for part in history.parts(&wanted)? {
            for batch in part.read(&wanted)? {
                let batch = batch?;
                // What is ahead says nothing of where the partition ends.
                let told = |row: &Row<'_>| row.partition != WHOLE && row.state != LagState::Ahead.as_str();
                for row in rows(&batch)?.filter(told) {
                    let Some((committed, lag)) = row.committed.zip(row.lag) else { continue };
                    let group = groups.entry(row.group.to_owned()).or_insert_with(|| Arc::from(row.group));
                    looks.push((
                        row.at,
                        Arc::clone(group),
                        (self.name(row.destination), row.partition),
                        committed,
                        lag,
                    ));
                }
            }
        }
        looks.sort_by_key(|(at, ..)| *at);
        for (at, group, place, committed, lag) in looks {
            self.look_back(at, &group, place, committed, lag);
        }
        Ok(())
    }

    fn look_back(&mut self, at: i64, group: &str, place: Place, committed: i64, lag: i64) {
        let partition = self.partitions.entry(place.clone()).or_default();
        // Markers of transactions make it less than it was.
        let end = committed.saturating_add(lag).max(partition.now.end.unwrap_or(0));
        if partition.looked_at < at {
            let ends = PartitionEnds { end: Some(end), ..PartitionEnds::default() };
            // Where nothing changed there was no row.
            let missing = minute(at) - minute(partition.looked_at) - 1;
            if partition.now.end == Some(end) && partition.looked_at > 0 {
                (0..missing.min(10)).for_each(|_| partition.ends.add(end));
            }
            partition.look(at, ends, self.memory);
        }
        let unknown = || Watched::new(Group { name: group.to_owned(), kind: None, state: None });
        let watched = self.groups.entry(group.to_owned()).or_insert_with(unknown);
        let look = Look { at, memory: self.memory, patience: self.patience };
        watched.pairs.entry(place).or_default().look(look, Some(committed), partition);
    }
}

fn recorded(at: i64, row: &board::Row) -> Recorded {
    let standing = row.standing;
    Recorded { at, state: standing.state, committed: standing.committed, lag: standing.lag }
}

fn whole(sample: Sample, standing: &GroupStanding, before: i64) -> Sample {
    let (written, read) = standing.rates();
    let rebalances = standing.rebalances.iter().filter(|at| **at > before).count();
    let rebalances = i32::try_from(rebalances).ok().filter(|count| *count > 0);
    Sample { behind: standing.behind().map(|(seconds, _)| seconds), written, read, rebalances, ..sample }
}

impl Watched {
    /// A row of all of it together, if it is worth one.
    fn record(&self, standing: &GroupStanding) -> Option<Recorded> {
        let recorded = Recorded { at: standing.at, state: standing.worst(), committed: None, lag: standing.lag() };
        recorded.is_worth(self.recorded).then_some(recorded)
    }
}
