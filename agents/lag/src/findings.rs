//! What is wrong with a group or was lately, in the contract's words.

use tapline_api::{GroupFinding, LagState, Level, duration, thousands};
use tapline_model::Address;
use tapline_model::time;

use crate::board::{GroupStanding, Row};
use crate::words;

/// What happened longer ago is history, microseconds.
const LATELY: i64 = 24 * 3_600 * 1_000_000;

/// Rebalances in an hour that are too many.
const REBALANCES: usize = 3;

const HOUR: i64 = 3_600 * 1_000_000;

/// A transaction that is open for so long is told, microseconds: Kafka's `transaction.timeout.ms` ends it by default.
const HELD: i64 = 60 * 1_000_000;

/// Partitions that went back are told one by one up to so many.
const REWINDS: usize = 5;

/// Partitions that share a lag evenly enough.
const HOT: f64 = 0.8;

/// All findings of a group, worst first.
pub(crate) fn findings(group: &GroupStanding, source: &str) -> Vec<GroupFinding> {
    let found = [data_loss(group, source), still(group, source), rebalances(group)];
    let rewinds = group.rows.iter().filter_map(|row| rewind(group, row)).take(REWINDS);
    let mut all: Vec<GroupFinding> = found
        .into_iter()
        .flatten()
        .chain(rewinds)
        .chain(hot(group))
        .chain(held_back(group))
        .chain(nobody(group))
        .collect();
    all.sort_by(|one, other| (other.level, &other.at).cmp(&(one.level, &one.at)));
    all
}

fn finding(kind: &str, level: Level, at: i64, sentence: String) -> GroupFinding {
    GroupFinding { kind: kind.to_owned(), level, sentence, at: time::format(at), evidence: None }
}

/// Where the event stands that would be read next.
fn next(row: &Row, source: &str) -> Option<String> {
    let address = Address {
        source: source.to_owned(),
        destination: row.place.0.to_string(),
        incarnation: row.incarnation,
        partition: Some(row.place.1),
        position: row.standing.committed?.to_string(),
    };
    Some(address.to_string())
}

fn data_loss(group: &GroupStanding, source: &str) -> Option<GroupFinding> {
    let is_lately = |at: i64| group.at - at < LATELY;
    let lost = |row: &&Row| row.standing.lost > 0 && row.standing.lost_at.is_some_and(is_lately);
    let rows: Vec<&Row> = group.rows.iter().filter(lost).collect();
    let worst = rows.iter().max_by_key(|row| row.standing.lost)?;
    let count = rows.iter().map(|row| row.standing.lost).fold(0, i64::saturating_add);
    let count = thousands(u64::try_from(count).unwrap_or(0));
    let at = rows.iter().filter_map(|row| row.standing.lost_at).max()?;
    let sentence =
        format!("{count} events of {}{} were deleted before they were read.", words::place(worst), more(&rows));
    Some(GroupFinding { evidence: next(worst, source), ..finding("data_loss", Level::Bad, at, sentence) })
}

/// One event again and again or for longer than it should take, and somebody who reads it.
fn still(group: &GroupStanding, source: &str) -> Option<GroupFinding> {
    if group.members.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    let stands = |row: &&Row| matches!(row.standing.state, LagState::Stop | LagState::Stall);
    let rows: Vec<&Row> = group.rows.iter().filter(stands).collect();
    // Who waits longest holds up the others.
    let worst = rows.iter().min_by_key(|row| row.standing.since)?;
    let (since, offset) = (worst.standing.since?, worst.standing.committed?);
    let others = match rows.len() {
        1 => String::new(),
        2 => ", and one more partition stands too".to_owned(),
        count => format!(", and {} more partitions stand too", count - 1),
    };
    let stood = duration(group.at - since);
    let sentence = format!("{} stands at offset {offset} for {stood}{others}.", words::place(worst));
    Some(GroupFinding { evidence: next(worst, source), ..finding("standing_still", Level::Bad, group.at, sentence) })
}

/// ` and 2 more partitions`, of several.
fn more(rows: &[&Row]) -> String {
    match rows.len() {
        0 | 1 => String::new(),
        2 => " and one more partition".to_owned(),
        count => format!(" and {} more partitions", count - 1),
    }
}

fn rewind(group: &GroupStanding, row: &Row) -> Option<GroupFinding> {
    let back = row.standing.rewound.filter(|back| group.at - back.at < LATELY)?;
    let by = thousands(u64::try_from(back.from - back.to).unwrap_or(0));
    let level = if row.standing.state == LagState::Rewind { Level::Warn } else { Level::Mute };
    let sentence = format!("{} went back by {by} offsets, from {} to {}.", words::place(row), back.from, back.to);
    Some(finding("rewind", level, back.at, sentence))
}

fn rebalances(group: &GroupStanding) -> Option<GroupFinding> {
    let lately = group.rebalances.iter().filter(|at| group.at - **at < HOUR);
    let (count, last) = (lately.clone().count(), *lately.max()?);
    let level = if count > REBALANCES { Level::Warn } else { Level::Mute };
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    Some(finding("rebalances", level, last, format!("Its members shared partitions anew {times} in the last hour.")))
}

/// Most of the lag on one of several partitions.
#[expect(clippy::cast_precision_loss, reason = "a share")]
fn hot(group: &GroupStanding) -> Option<GroupFinding> {
    let total = group.lag()? as f64;
    let of_same = |row: &Row| group.rows.iter().filter(|other| other.place.0 == row.place.0).count();
    let worst = group.rows.iter().max_by_key(|row| row.standing.lag)?;
    let share = worst.standing.lag? as f64 / total;
    if total < 1_000.0 || share < HOT || of_same(worst) < 3 {
        return None;
    }
    let sentence = format!("{:.0} % of what is not read stands on {}.", share * 100.0, words::place(worst));
    Some(finding("hot_partition", Level::Warn, group.at, sentence))
}

/// Records of transactions that are not ended: who reads committed ones only cannot get on.
fn held_back(group: &GroupStanding) -> Option<GroupFinding> {
    // Of producers that are busy some transaction is always open.
    let stays = |row: &Row| row.held_since.is_some_and(|since| group.at - since >= HELD);
    let held = |row: &&Row| row.standing.lag > Some(0) && row.standing.stable_lag == Some(0) && stays(row);
    let rows: Vec<&Row> = group.rows.iter().filter(held).collect();
    let first = rows.first()?;
    let lag = rows.iter().filter_map(|row| row.standing.lag).fold(0, i64::saturating_add);
    let sentence = format!(
        "{} events of {}{} belong to transactions that are not ended: who reads committed events only has read \
         everything there is.",
        thousands(u64::try_from(lag).unwrap_or(0)),
        words::place(first),
        more(&rows),
    );
    Some(finding("open_transaction", Level::Warn, group.at, sentence))
}

fn nobody(group: &GroupStanding) -> Option<GroupFinding> {
    let lag = group.lag().filter(|lag| *lag > 0)?;
    group.members.as_ref().filter(|members| members.is_empty())?;
    let lag = thousands(u64::try_from(lag).unwrap_or(0));
    Some(finding("no_member", Level::Bad, group.at, format!("Nobody reads: it has no member, and {lag} events wait.")))
}
