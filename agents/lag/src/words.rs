//! How a group stands, in a sentence, and all groups in one.

use tapline_api::{LagState, span, thousands};

use crate::board::{GroupStanding, Row};
use crate::forecast::Drain;

/// Who is behind for longer than this, in seconds, does not keep up.
const LATE: f64 = 60.0;

/// One group.
pub(crate) fn sentence(group: &GroupStanding) -> String {
    let stands = stands(group);
    match &group.fault {
        Some(fault) => format!("{stands} Nothing newer is known: {fault}."),
        None => stands,
    }
}

fn stands(group: &GroupStanding) -> String {
    let name = &group.name;
    let Some(worst) = worst(group) else { return format!("`{name}` has committed nothing.") };
    let (at, lag) = (place(worst), unread_at(group, worst));
    match worst.standing.state {
        LagState::DataLoss => {
            let lost = thousands(group.lost());
            format!("`{name}` loses events of {at}: {lost} were deleted before it read them.")
        }
        LagState::Stop => {
            format!("`{name}` has stopped on {at}{}: {lag}{}.", since(group, worst), nobody(group))
        }
        LagState::Stall => format!("`{name}` commits {at} again and again at one event: {lag}."),
        LagState::Rewind => format!("`{name}` went back on {at}{}.", went_back(worst)),
        LagState::Warn => format!("`{name}` reads {at} more slowly than it is written: {lag}{}.", ending(group)),
        LagState::Ahead => {
            format!("`{name}` has committed offsets of {at} that are not there: it was made anew, or cut.")
        }
        LagState::NeverCommitted => format!("`{name}` has never committed an offset of {at}."),
        LagState::Ok if group.unknown() > 0 => {
            let partitions = if group.unknown() == 1 {
                "one partition".to_owned()
            } else {
                format!("{} partitions", group.unknown())
            };
            format!("How far `{name}` is behind is not known: where {partitions} end is not told.")
        }
        LagState::Ok if group.lag() == Some(0) => format!("`{name}` has read everything."),
        LagState::Ok => match group.behind().filter(|(seconds, _)| *seconds > LATE) {
            Some((seconds, _)) => {
                let lag = unread(group.lag().unwrap_or(0));
                format!("`{name}` is {} behind: {lag}{}.", span(seconds), ending(group))
            }
            None => format!("`{name}` keeps up: {}.", unread(group.lag().unwrap_or(0))),
        },
    }
}

/// All groups, worst first, and how many problems keep others from being seen; the worst is named.
pub(crate) fn headline(all: &[&GroupStanding], problems: usize) -> (String, Option<String>) {
    let count = |is: fn(LagState) -> bool| all.iter().filter(|group| is(group.worst())).count();
    let behind = count(|state| state > LagState::Ahead);
    let Some(worst) = all.first() else {
        return (
            if problems > 0 { "No consumer group can be seen." } else { "No consumer group has been seen." }.to_owned(),
            None,
        );
    };
    if behind == 0 {
        let is_well = |group: &&&GroupStanding| group.worst() == LagState::Ok && group.unknown() == 0;
        let well = all.iter().filter(is_well).count();
        let sentence = match (well, all.len()) {
            (1, 1) => "The one group keeps up.".to_owned(),
            (well, total) if well == total => format!("All {total} groups keep up."),
            (0, _) => sentence(worst),
            (well, total) => format!("{well} of {total} groups keep up."),
        };
        let unwell = all.iter().find(|group| !is_well(group)).filter(|_| well > 0).map(|group| self::sentence(group));
        return (sentence, unwell.or_else(|| furthest(all)));
    }
    let loses = worst.retention_margin().filter(|_| worst.lag() > Some(0)).map(loses).unwrap_or_default();
    let first = sentence(worst);
    let first = first.strip_suffix('.').unwrap_or(&first);
    if all.len() == 1 {
        return (format!("{first}{loses}."), None);
    }
    let mut detail = format!("{behind} of {} {} behind", all.len(), if behind == 1 { "falls" } else { "fall" });
    if behind > 1 {
        let names: Vec<String> = all[1..behind].iter().take(3).map(|group| format!("`{}`", group.name)).collect();
        detail.push_str(&format!(": also {}", names.join(", ")));
    }
    detail.push('.');
    (format!("{first}{loses}."), Some(detail))
}

/// Who is furthest behind, though not too far.
fn furthest(all: &[&GroupStanding]) -> Option<String> {
    let late = |group: &&&GroupStanding| group.behind().map_or(0.0, |(seconds, _)| seconds);
    let furthest = all.iter().max_by(|one, other| late(one).total_cmp(&late(other)))?;
    let (seconds, _) = furthest.behind().filter(|(seconds, _)| *seconds >= 1.0)?;
    let lag = unread(furthest.lag().unwrap_or(0));
    (all.len() > 1).then(|| format!("Furthest behind is `{}`, by {}: {lag}.", furthest.name, span(seconds)))
}

/// Greater is worse: by state, then by how long it is behind.
pub(crate) fn badness(group: &GroupStanding) -> f64 {
    let state = f64::from(group.worst() as u8) * 1e12;
    state + group.behind().map_or(0.0, |(seconds, _)| seconds.min(1e11))
}

fn loses(margin: f64) -> String {
    if margin < 86_400.0 {
        format!("; the first unread event may be deleted in {}", span(margin))
    } else {
        String::new()
    }
}

/// The partition that stands worst, of these the one with most to read.
fn worst(group: &GroupStanding) -> Option<&Row> {
    group.rows.iter().max_by_key(|row| (row.standing.state, row.standing.lag))
}

pub(crate) fn place(row: &Row) -> String {
    format!("`{}/{}`", row.place.0, row.place.1)
}

/// Of a partition, and of all where that is more.
fn unread_at(group: &GroupStanding, row: &Row) -> String {
    let (here, all) = (row.standing.lag.unwrap_or(0), group.lag().unwrap_or(0));
    if here == all {
        return unread(all);
    }
    format!("{}, {} in all", unread(here), thousands(u64::try_from(all).unwrap_or(0)))
}

fn unread(lag: i64) -> String {
    match u64::try_from(lag).unwrap_or(0) {
        1 => "1 event is not read".to_owned(),
        lag => format!("{} events are not read", thousands(lag)),
    }
}

fn since(group: &GroupStanding, row: &Row) -> String {
    let since = row.standing.since.map(|since| tapline_api::duration(group.at - since));
    since.map(|since| format!(" and committed nothing for {since}")).unwrap_or_default()
}

fn nobody(group: &GroupStanding) -> &'static str {
    if group.members.as_ref().is_some_and(Vec::is_empty) { ", and it has no member" } else { "" }
}

fn went_back(row: &Row) -> String {
    let back = row.standing.rewound.map(|back| back.from - back.to);
    back.and_then(|by| u64::try_from(by).ok()).map(|by| format!(" by {} offsets", thousands(by))).unwrap_or_default()
}

fn ending(group: &GroupStanding) -> String {
    match group.drain {
        Drain::In { seconds, .. } => format!(", drained in {}", span(seconds)),
        Drain::Never => ", and it does not get nearer to the end".to_owned(),
        Drain::Empty | Drain::Unknown => String::new(),
    }
}
