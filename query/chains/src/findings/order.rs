//! Time that runs the wrong way.

use std::collections::BTreeMap;

use tapline_api::{Finding, FindingKind};

use super::{caused, finding};
use crate::row::{Role, Row};
use crate::story::Story;
use crate::wording::{counted, duration};

/// Clocks of machines in one data centre differ by less than this, microseconds.
const TOLERANCE: i64 = 1_000;

/// What a service made later stands before what it made earlier: in one partition, under one key.
pub(super) fn out_of_order(story: &Story<'_>) -> Vec<Finding> {
    let mut lanes = BTreeMap::<_, Vec<(i64, &Row)>>::new();
    for row in story.members().filter(|row| !row.is_copy() && row.id(Role::Replay).is_none()) {
        let address = &row.address;
        if let (Some(key), Ok(offset)) = (row.id(Role::Key), address.position.parse::<i64>()) {
            let lane =
                (&address.source, &address.destination, address.incarnation, address.partition, key, &row.service);
            lanes.entry(lane).or_default().push((offset, row));
        }
    }
    let mut found: Vec<Finding> = lanes.into_values().filter_map(late).collect();
    found.extend(caused(story).filter(|(cause, effect)| cause.service == effect.service).filter_map(before_cause));
    found
}

/// The event of a lane that came latest against its time.
fn late(mut rows: Vec<(i64, &Row)>) -> Option<Finding> {
    rows.sort_by_key(|(offset, _)| *offset);
    let (mut newest, mut worst): (Option<&Row>, Option<(i64, &Row, &Row)>) = (None, None);
    for (_, row) in rows {
        let Some(time) = row.time else { continue };
        match newest.and_then(|newest| Some((newest.time? - time, newest))) {
            Some((by, before)) if by > TOLERANCE && worst.is_none_or(|(worst, ..)| by > worst) => {
                // The same message delivered again is a duplicate, not a disorder.
                if before.id(Role::Message).is_none() || before.id(Role::Message) != row.id(Role::Message) {
                    worst = Some((by, before, row));
                }
            }
            Some((by, _)) if by > 0 => {}
            _ => newest = Some(row),
        }
    }
    let (by, before, row) = worst?;
    let (kind, other, destination) = (row.short_type(), before.short_type(), &row.address.destination);
    let sentence =
        format!("`{kind}` stands behind `{other}` in `{destination}` although it was made {} earlier.", duration(by));
    Some(finding(FindingKind::OutOfOrder, sentence, [before, row]))
}

fn before_cause((cause, effect): (&Row, &Row)) -> Option<Finding> {
    let by = cause.time? - effect.time?;
    if by <= TOLERANCE {
        return None;
    }
    let (kind, other) = (effect.short_type(), cause.short_type());
    let sentence = format!("`{kind}` carries a time {} before its cause `{other}`.", duration(by));
    Some(finding(FindingKind::OutOfOrder, sentence, [cause, effect]))
}

/// Effects that carry an earlier time than their cause, from another service: its clock is behind.
pub(super) fn clock_skew(story: &Story<'_>) -> Vec<Finding> {
    let mut pairs = BTreeMap::<(&str, &str), Vec<(i64, &Row, &Row)>>::new();
    for (cause, effect) in caused(story) {
        let (Some(from), Some(to)) = (cause.service.as_deref(), effect.service.as_deref()) else { continue };
        let by = cause.time.zip(effect.time).map_or(0, |(cause, effect)| cause - effect);
        if from != to && by > TOLERANCE {
            pairs.entry((to, from)).or_default().push((by, cause, effect));
        }
    }
    let found = pairs.into_iter().map(|((to, from), rows)| {
        let most = rows.iter().map(|(by, ..)| *by).max().unwrap_or(0);
        let several = if rows.len() > 1 { format!(" ({})", counted(rows.len(), "event")) } else { String::new() };
        let sentence = format!("The clock of `{to}` is at least {} behind that of `{from}`{several}.", duration(most));
        finding(FindingKind::ClockSkew, sentence, rows.into_iter().flat_map(|(_, cause, effect)| [cause, effect]))
    });
    found.collect()
}
