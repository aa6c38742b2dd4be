//! How a group stands, in a sentence, and all groups in one.

use tapline_api::{LagState, span, thousands};

use crate::board::{GroupStanding, Row};
use crate::forecast::Drain;

/// Who is behind for longer than this, in seconds, does not keep up.
const LATE: f64 = 60.0;

/// One group.
pub(crate) fn sentence(group: &GroupStanding) -> String {
    let name = &group.name;
    let Some(worst) = worst(group) else { return format!("`{name}` has committed nothing.") };
    let (at, lag) = (place(worst), unread(group.lag().unwrap_or(0)));
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
        LagState::Ahead => format!("`{name}` has committed offsets of {at} that are not there: it was made anew."),
        LagState::NeverCommitted => format!("`{name}` has never committed an offset of {at}."),
        LagState::Ok if group.lag() == Some(0) => format!("`{name}` has read everything."),
        LagState::Ok => match group.behind().filter(|(seconds, _)| *seconds > LATE) {
            Some((seconds, _)) => format!("`{name}` is {} behind: {lag}{}.", span(seconds), ending(group)),
            None => format!("`{name}` keeps up: {lag}."),
        },
    }
}

/// All groups; the worst is named.
pub(crate) fn headline<'a>(groups: impl Iterator<Item = &'a GroupStanding>) -> (String, Option<String>) {
    let mut all: Vec<&GroupStanding> = groups.collect();
    all.sort_by(|one, other| badness(other).total_cmp(&badness(one)));
    let troubled: Vec<&GroupStanding> = all.iter().copied().filter(|group| group.worst() > LagState::Ahead).collect();
    let total = all.len();
    match troubled.as_slice() {
        [] if total == 0 => ("No consumer group has been seen.".to_owned(), None),
        [] => (
            format!(
                "{} up.",
                if total == 1 { "The one group keeps".to_owned() } else { format!("All {total} groups keep") }
            ),
            None,
        ),
        [first, others @ ..] => {
            let loses = first.retention_margin().filter(|_| first.lag() > Some(0)).map(loses).unwrap_or_default();
            let first = sentence(first);
            let first = first.strip_suffix('.').unwrap_or(&first);
            let fall = if troubled.len() == 1 { "falls" } else { "fall" };
            let mut detail = format!("{} of {total} {fall} behind", troubled.len());
            if !others.is_empty() {
                let names: Vec<String> = others.iter().take(3).map(|group| format!("`{}`", group.name)).collect();
                detail.push_str(&format!(": also {}", names.join(", ")));
            }
            detail.push('.');
            (format!("{first}{loses}."), Some(detail))
        }
    }
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

fn place(row: &Row) -> String {
    format!("`{}/{}`", row.place.0, row.place.1)
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
    match group.drain() {
        Drain::In { seconds, .. } => format!(", drained in {}", span(seconds)),
        Drain::Never => ", and it does not get nearer to the end".to_owned(),
        Drain::Empty | Drain::Unknown => String::new(),
    }
}
