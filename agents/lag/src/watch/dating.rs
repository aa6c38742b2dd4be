//! Since when what a group has not read waits, and until when it is kept.

use tapline_api::LagState;
use tapline_archive::{Ledger, View};

use super::Watch;
use crate::board::{GroupStanding, Row};
use crate::clock::{Place, Written};
use crate::forecast::{Drain, Keeping, retention_margin};

impl Watch {
    /// When what is not read was written, of all groups at once; those with most to read first.
    pub(super) fn date(&mut self, standings: &mut [GroupStanding], view: &View, ledger: &Ledger) {
        let mut behind: Vec<(i64, usize, usize)> = Vec::new();
        for (group, standing) in standings.iter().enumerate() {
            let rows = standing.rows.iter().enumerate();
            behind.extend(rows.filter_map(|(row, it)| Some((it.standing.lag.filter(|lag| *lag > 0)?, group, row))));
        }
        behind.sort_unstable_by(|one, other| other.cmp(one));
        let next = |row: &Row| row.standing.committed.unwrap_or(0).max(row.ends.start.unwrap_or(0));
        let wanted: Vec<(Place, i64)> = behind
            .iter()
            .map(|(_, group, row)| &standings[*group].rows[*row])
            .map(|row| (row.place.clone(), next(row)))
            .collect();
        let told = self.clock.tell(view, ledger, &wanted);
        self.find_nothing_unread(standings, &behind, view, ledger);
        for ((_, group, row), written) in behind.into_iter().zip(told) {
            let (at, row) = (standings[group].at, &mut standings[group].rows[row]);
            if row.standing.lag == Some(0) {
                continue;
            }
            row.first_unread = Some(written);
            row.incarnation = self.clock.incarnation(ledger, &row.place);
            row.retention_margin = self.margin(at, row, next(row), written);
            let retention = self.retention.get(&*row.place.0).copied().unwrap_or_default();
            let is_dated = !matches!(written, Written::Unknown(_));
            row.retention_known = retention.told && (retention.seconds.is_none() || is_dated);
        }
    }

    /// Where only markers of transactions stand between what is committed and the end, nothing is unread.
    fn find_nothing_unread(
        &mut self,
        standings: &mut [GroupStanding],
        behind: &[(i64, usize, usize)],
        view: &View,
        ledger: &Ledger,
    ) {
        let range = |(lag, group, row): &(i64, usize, usize)| {
            let row = &standings[*group].rows[*row];
            let end = row.ends.end.unwrap_or(0);
            (row.place.clone(), end - lag, end)
        };
        // Only so many are looked up at once, and to whom it matters comes first.
        let mut behind = behind.to_vec();
        behind.sort_by_key(|(_, group, row)| std::cmp::Reverse(standings[*group].rows[*row].standing.state));
        let doubted: Vec<_> = behind.iter().map(range).collect();
        let nothing = self.clock.hold_nothing(view, ledger, &doubted);
        for ((_, group, row), _) in behind.iter().zip(nothing).filter(|(_, nothing)| *nothing) {
            let GroupStanding { name, rows, .. } = &mut standings[*group];
            let row = &mut rows[*row];
            if let Some(pair) = self.groups.get_mut(name).and_then(|watched| watched.pairs.get_mut(&row.place)) {
                pair.nothing_unread();
            }
            (row.standing.lag, row.standing.stable_lag, row.standing.state) = (Some(0), Some(0), LagState::Ok);
            row.drain = Some(Drain::Empty);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate of seconds")]
    fn margin(&self, at: i64, row: &Row, next: i64, written: Written) -> Option<f64> {
        let age = match written {
            Written::At(written) | Written::About(written) => Some((at - written) as f64 / 1e6),
            Written::Unknown(_) => None,
        };
        let partition = self.partitions.get(&row.place)?;
        let retention = self.retention.get(&*row.place.0).copied().unwrap_or_default();
        let start = partition.now.start.filter(|_| retention.by_size);
        let start = start.map(|start| (start, partition.deleted.slope()));
        retention_margin(next, age, Keeping { start, seconds: retention.seconds })
    }
}
